-- Activity: what remains of conversations in numbers ------------------------------------------------
--
-- Nothing is written here while a conversation goes on. An interaction is counted once: when its
-- session ends, or else when it is removed (expired, over a cap, cleared, evicted). What is still stored in
-- a session that has not ended is counted where it lies. So an interaction is counted by these
-- tables, or by its own row, never by both.
--
-- The keys begin with the session, or hold it: who writes here holds that session's row, so nobody waits for anybody.

CREATE TABLE @extschema@.sm_activity (
    user_id           text COLLATE "C" NOT NULL,
    hour              timestamptz NOT NULL,
    session_id        text COLLATE "C" NOT NULL,
    interactions      bigint NOT NULL,
    questions         bigint NOT NULL,
    response_times    bigint NOT NULL,
    response_time_sum double precision NOT NULL,
    confidences       bigint NOT NULL,
    confidence_sum    double precision NOT NULL,
    first_at          timestamptz NOT NULL,
    last_at           timestamptz NOT NULL,
    CONSTRAINT sm_activity_pkey PRIMARY KEY (user_id, hour, session_id)
);
CREATE INDEX sm_activity_hour_idx ON @extschema@.sm_activity (hour);

COMMENT ON TABLE @extschema@.sm_activity IS 'What users did, in numbers by session and hour; interactions that have left the memory, or whose session has ended.';
COMMENT ON COLUMN @extschema@.sm_activity.user_id IS 'The user.';
COMMENT ON COLUMN @extschema@.sm_activity.hour IS 'The hour (UTC) in which the interactions were created.';
COMMENT ON COLUMN @extschema@.sm_activity.session_id IS 'The session.';
COMMENT ON COLUMN @extschema@.sm_activity.interactions IS 'Number of interactions.';
COMMENT ON COLUMN @extschema@.sm_activity.questions IS 'How many of them begin a turn.';
COMMENT ON COLUMN @extschema@.sm_activity.response_times IS 'How many of them have a metadata.response_time.';
COMMENT ON COLUMN @extschema@.sm_activity.response_time_sum IS 'Sum of these.';
COMMENT ON COLUMN @extschema@.sm_activity.confidences IS 'How many of them have a metadata.confidence.';
COMMENT ON COLUMN @extschema@.sm_activity.confidence_sum IS 'Sum of these.';
COMMENT ON COLUMN @extschema@.sm_activity.first_at IS 'When the first of them was created.';
COMMENT ON COLUMN @extschema@.sm_activity.last_at IS 'When the last of them was created.';
COMMENT ON INDEX @extschema@.sm_activity_hour_idx IS 'What is old enough to go.';

CREATE TABLE @extschema@.sm_kb_use (
    session_id   text COLLATE "C" NOT NULL,
    entry_id     text COLLATE "C" NOT NULL,
    hour         timestamptz NOT NULL,
    user_id      text COLLATE "C",
    uses         bigint NOT NULL,
    last_used_at timestamptz NOT NULL,
    CONSTRAINT sm_kb_use_pkey PRIMARY KEY (session_id, entry_id, hour)
);
CREATE INDEX sm_kb_use_hour_idx ON @extschema@.sm_kb_use (hour);
CREATE INDEX sm_kb_use_user_id_idx ON @extschema@.sm_kb_use (user_id) WHERE user_id IS NOT NULL;

COMMENT ON TABLE @extschema@.sm_kb_use IS 'Which entries of the knowledge base were used, by session and hour; from interactions that have left the memory, or whose session has ended.';
COMMENT ON COLUMN @extschema@.sm_kb_use.session_id IS 'The session.';
COMMENT ON COLUMN @extschema@.sm_kb_use.entry_id IS 'The entry: an id in metadata.sources.';
COMMENT ON COLUMN @extschema@.sm_kb_use.hour IS 'The hour (UTC) in which the interactions were created.';
COMMENT ON COLUMN @extschema@.sm_kb_use.user_id IS 'Whose session it was; NULL: not said.';
COMMENT ON COLUMN @extschema@.sm_kb_use.uses IS 'Number of interactions that name the entry.';
COMMENT ON COLUMN @extschema@.sm_kb_use.last_used_at IS 'When the last of them was created.';
COMMENT ON INDEX @extschema@.sm_kb_use_hour_idx IS 'What was used since a time, and what is old enough to go.';
COMMENT ON INDEX @extschema@.sm_kb_use_user_id_idx IS 'What a user has used.';

SELECT pg_catalog.pg_extension_config_dump('@extschema@.sm_activity', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.sm_kb_use', '');

-- What an interaction says of itself ----------------------------------------------------------------

CREATE FUNCTION @extschema@._sm_hour("time" timestamptz)
RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN date_bin('1 hour', $1, '2000-01-01 00:00:00+00');
COMMENT ON FUNCTION @extschema@._sm_hour(timestamptz) IS 'Internal: the hour (UTC) of a time.';

CREATE FUNCTION @extschema@._sm_sources(interaction jsonb, key text)
RETURNS text[] LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_sources';
COMMENT ON FUNCTION @extschema@._sm_sources(jsonb, text) IS
'Internal: the ids under a key of the metadata, each once; NULL: none.';

CREATE FUNCTION @extschema@._sm_metric(interaction jsonb, key text, most double precision)
RETURNS double precision LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_metric';
COMMENT ON FUNCTION @extschema@._sm_metric(jsonb, text, double precision) IS
'Internal: a number of the metadata; NULL where it is none from 0 to the most.';

CREATE FUNCTION @extschema@._sm_response_time(interaction jsonb)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN @extschema@._sm_metric($1, 'response_time', 1e9);
COMMENT ON FUNCTION @extschema@._sm_response_time(jsonb) IS 'Internal: its metadata.response_time.';

CREATE FUNCTION @extschema@._sm_confidence(interaction jsonb)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN @extschema@._sm_metric($1, 'confidence', 1);
COMMENT ON FUNCTION @extschema@._sm_confidence(jsonb) IS 'Internal: its metadata.confidence.';

CREATE FUNCTION @extschema@._sm_check_limit("limit" integer, name text)
RETURNS integer LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_check_limit';
COMMENT ON FUNCTION @extschema@._sm_check_limit(integer, text) IS
'Internal: a number that must not be negative, checked.';

-- What was done -------------------------------------------------------------------------------------

CREATE FUNCTION @extschema@.sm_user_activity(user_id text)
RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH counted AS (
        SELECT a.session_id, a.hour, a.interactions, a.questions, a.response_times, a.response_time_sum,
               a.confidences, a.confidence_sum, a.first_at, a.last_at
        FROM @extschema@.sm_activity AS a
        WHERE a.user_id = @extschema@._sm_check_name($1, 'user_id')
        UNION ALL
        SELECT m.session_id, @extschema@._sm_hour(m.created_at), count(*),
               count(*) FILTER (WHERE @extschema@._sm_begins_turn(m.interaction)),
               count(@extschema@._sm_response_time(m.interaction)),
               coalesce(sum(@extschema@._sm_response_time(m.interaction)), 0),
               count(@extschema@._sm_confidence(m.interaction)),
               coalesce(sum(@extschema@._sm_confidence(m.interaction)), 0),
               min(m.created_at), max(m.created_at)
        FROM @extschema@.sm_session AS s
        JOIN @extschema@.session_memory AS m ON m.session_id = s.session_id
        WHERE s.user_id = $1 AND s.ended_at IS NULL
        GROUP BY m.session_id, @extschema@._sm_hour(m.created_at)),
    total AS (
        SELECT coalesce(sum(c.interactions), 0)::bigint AS interactions, coalesce(sum(c.questions), 0)::bigint AS questions,
               sum(c.response_time_sum) / nullif(sum(c.response_times), 0)::double precision AS response_time,
               sum(c.confidence_sum) / nullif(sum(c.confidences), 0)::double precision AS confidence,
               min(c.first_at) AS first_at, max(c.last_at) AS last_at
        FROM counted AS c),
    known AS (
        SELECT s.session_id, s.created_at, s.last_activity_at,
               @extschema@._sm_session_end(s.last_activity_at, s.ttl, s.idle_timeout, s.ended_at, @extschema@._sm_default_ttl(),
                                           @extschema@._sm_default_idle_timeout()) > statement_timestamp() AS alive,
               s.ended_at
        FROM @extschema@.sm_session AS s
        WHERE s.user_id = $1),
    sessions AS (
        SELECT i.session_id, least(k.created_at, min(c.first_at)) AS first_at,
               greatest(k.last_activity_at, max(c.last_at)) AS last_at,
               coalesce(sum(c.interactions), 0)::bigint AS interactions, coalesce(k.alive, false) AS alive, k.ended_at
        FROM (SELECT c.session_id FROM counted AS c UNION SELECT k.session_id FROM known AS k) AS i
        LEFT JOIN counted AS c ON c.session_id = i.session_id
        LEFT JOIN known AS k ON k.session_id = i.session_id
        GROUP BY i.session_id, k.created_at, k.last_activity_at, k.alive, k.ended_at)
    SELECT jsonb_build_object(
               'user_id', $1, 'sessions', (SELECT count(*) FROM sessions), 'interactions', t.interactions,
               'questions', t.questions, 'average_response_time', t.response_time, 'average_confidence', t.confidence,
               'first_seen_at', @extschema@._sm_time((SELECT min(s.first_at) FROM sessions AS s)),
               'last_seen_at', @extschema@._sm_time((SELECT max(s.last_at) FROM sessions AS s)),
               'busiest_hours', (
                   SELECT coalesce(jsonb_agg(jsonb_build_object('hour', b.hour, 'interactions', b.interactions)
                                             ORDER BY b.interactions DESC, b.hour), '[]'::jsonb)
                   FROM (SELECT extract(hour FROM c.hour AT TIME ZONE 'UTC')::integer AS hour,
                                sum(c.interactions)::bigint AS interactions
                         FROM counted AS c GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 5) AS b),
               'recent_sessions', (
                   SELECT coalesce(jsonb_agg(jsonb_build_object(
                              'session_id', r.session_id, 'first_at', @extschema@._sm_time(r.first_at),
                              'last_at', @extschema@._sm_time(r.last_at), 'interactions', r.interactions,
                              'alive', r.alive, 'ended_at', @extschema@._sm_time(r.ended_at))
                              ORDER BY r.last_at DESC, r.session_id), '[]'::jsonb)
                   FROM (SELECT s.* FROM sessions AS s ORDER BY s.last_at DESC, s.session_id LIMIT 10) AS r))
    FROM total AS t;
END;
COMMENT ON FUNCTION @extschema@.sm_user_activity(text) IS
'What a user did: counts, averages, first and last time, busiest hours of the day (UTC), recent sessions.';

CREATE FUNCTION @extschema@.sm_kb_usage(max_results integer DEFAULT 20, since timestamptz DEFAULT NULL)
RETURNS TABLE (entry_id text, uses bigint, sessions bigint, last_used_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
BEGIN ATOMIC
    SELECT u.entry_id, sum(u.uses)::bigint, count(DISTINCT u.session_id), max(u.last_used_at)
    FROM (SELECT k.entry_id::text, k.session_id, k.uses, k.last_used_at
          FROM @extschema@.sm_kb_use AS k
          WHERE k.hour >= @extschema@._sm_hour(coalesce($2, '4713-01-01 00:00:00+00 BC'))
          UNION ALL
          SELECT e.entry_id, m.session_id, 1, m.created_at
          FROM @extschema@.session_memory AS m
          JOIN @extschema@.sm_session AS s ON s.session_id = m.session_id AND s.ended_at IS NULL
          CROSS JOIN LATERAL unnest(@extschema@._sm_sources(m.interaction, 'sources')) AS e (entry_id)
          WHERE m.created_at >= @extschema@._sm_hour(coalesce($2, '4713-01-01 00:00:00+00 BC'))) AS u
    GROUP BY u.entry_id
    ORDER BY 2 DESC, 4 DESC, u.entry_id COLLATE "C"
    LIMIT @extschema@._sm_check_limit($1, 'max_results');
END;
COMMENT ON FUNCTION @extschema@.sm_kb_usage(integer, timestamptz) IS
'Entries of the knowledge base by how many interactions used them, the most used first; from the full hour of a time on.';

-- Activity that is older than the profiles are kept. What it alone knew, since when a user was there, goes into
-- the user's profile. The caller holds the lock of those who remove users, who take profiles first.
CREATE FUNCTION @extschema@._sm_prune_activity(inactive interval, max_rows integer)
RETURNS bigint LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    WITH old AS (
        SELECT a.user_id, a.hour, a.session_id
        FROM @extschema@.sm_activity AS a
        WHERE a.hour < statement_timestamp() - $1
        ORDER BY a.hour LIMIT $2 FOR UPDATE SKIP LOCKED),
    gone AS (
        DELETE FROM @extschema@.sm_activity AS a USING old AS o
        WHERE a.user_id = o.user_id AND a.hour = o.hour AND a.session_id = o.session_id
        RETURNING a.user_id, a.first_at, a.last_at),
    remembered AS (
        INSERT INTO @extschema@.sm_profile AS p (user_id, created_at, first_seen_at, last_seen_at)
        SELECT g.user_id, statement_timestamp(), min(g.first_at), max(g.last_at) FROM gone AS g GROUP BY g.user_id
        ORDER BY g.user_id
        ON CONFLICT (user_id) DO UPDATE SET first_seen_at = least(p.first_seen_at, excluded.first_seen_at)
        WHERE p.first_seen_at > excluded.first_seen_at),
    old_uses AS (
        SELECT k.session_id, k.entry_id, k.hour
        FROM @extschema@.sm_kb_use AS k
        WHERE k.hour < statement_timestamp() - $1
        ORDER BY k.hour LIMIT $2 FOR UPDATE SKIP LOCKED),
    gone_uses AS (
        DELETE FROM @extschema@.sm_kb_use AS k USING old_uses AS o
        WHERE k.session_id = o.session_id AND k.entry_id = o.entry_id AND k.hour = o.hour
        RETURNING 1)
    SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM gone_uses);
END;
COMMENT ON FUNCTION @extschema@._sm_prune_activity(interval, integer) IS
'Internal: removes counts that are older than an interval, so many of each kind; returns how many.';
