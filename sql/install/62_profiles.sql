-- Profiles: reading, changing, and all that an agent can start from ----------------------------------

-- A user is known by their profile, by a session, or by what remains of sessions that are gone. What the attributes say under our names does not count.
CREATE FUNCTION @extschema@.sm_profile(user_id text)
RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(p.attributes, '{}'::jsonb)
           || jsonb_build_object('user_id', $1, 'first_seen_at', @extschema@._sm_time(k.first_seen_at),
                                 'last_seen_at', @extschema@._sm_time(k.last_seen_at))
    FROM (SELECT min(a.first_seen_at), max(a.last_seen_at)
          FROM (SELECT f.first_seen_at, f.last_seen_at FROM @extschema@.sm_profile AS f WHERE f.user_id = $1
                UNION ALL
                SELECT s.created_at, s.last_activity_at FROM @extschema@.sm_session AS s WHERE s.user_id = $1
                UNION ALL
                SELECT x.first_at, x.last_at FROM @extschema@.sm_activity AS x WHERE x.user_id = $1)
               AS a (first_seen_at, last_seen_at)) AS k (first_seen_at, last_seen_at)
    LEFT JOIN @extschema@.sm_profile AS p ON p.user_id = $1
    WHERE @extschema@._sm_check_name($1, 'user_id') IS NOT NULL AND k.first_seen_at IS NOT NULL;
END;
COMMENT ON FUNCTION @extschema@.sm_profile(text) IS
'What is known of a user: attributes, and when they were first and last seen; NULL for a user nobody knows.';

CREATE FUNCTION @extschema@.sm_set_profile(user_id text, patch jsonb)
RETURNS jsonb LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    INSERT INTO @extschema@.sm_profile AS p (user_id, attributes, created_at, first_seen_at, last_seen_at)
    VALUES (@extschema@._sm_check_name($1, 'user_id'), @extschema@._sm_patched_profile($1, NULL, $2),
            statement_timestamp(), statement_timestamp(), statement_timestamp())
    ON CONFLICT ON CONSTRAINT sm_profile_pkey DO UPDATE
    SET attributes = @extschema@._sm_patched_profile(p.user_id, p.attributes, $2),
        first_seen_at = least(p.first_seen_at, excluded.first_seen_at),
        last_seen_at = greatest(p.last_seen_at, excluded.last_seen_at);
    SELECT @extschema@.sm_profile($1);
END;
COMMENT ON FUNCTION @extschema@.sm_set_profile(text, jsonb) IS
'Changes what is known of a user, by JSON Merge Patch; returns the new profile.';

-- Parts of an object, the longest ones left out until it is not too large.
CREATE FUNCTION @extschema@._sm_short_object(object jsonb, most_bytes integer)
RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(jsonb_object_agg(m.key, m.value) FILTER (WHERE m.bytes <= $2), '{}'::jsonb)
    FROM (SELECT p.key, p.value, sum(p.bytes) OVER (ORDER BY p.bytes, p.key COLLATE "C")
          FROM (SELECT e.key, e.value, octet_length(to_jsonb(e.key)::text) + octet_length(e.value::text) + 4
                FROM jsonb_each($1) AS e (key, value)) AS p (key, value, bytes)) AS m (key, value, bytes);
END;
COMMENT ON FUNCTION @extschema@._sm_short_object(jsonb, integer) IS
'Internal: an object of at most so many bytes; what is longest is left out first.';

CREATE FUNCTION @extschema@._sm_short_list(list jsonb, most_bytes integer)
RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(jsonb_agg(m.value ORDER BY m.place) FILTER (WHERE m.bytes <= $2), '[]'::jsonb)
    FROM (SELECT e.value, e.place, sum(octet_length(e.value::text) + 2) OVER (ORDER BY e.place)
          FROM jsonb_array_elements($1) WITH ORDINALITY AS e (value, place)) AS m (value, place, bytes);
END;
COMMENT ON FUNCTION @extschema@._sm_short_list(jsonb, integer) IS
'Internal: the first elements of an array, of at most so many bytes.';

-- The parts together stay below 32 kB: 30 kB here, and the user id, which may take 1 kB, twice.
CREATE FUNCTION @extschema@.sm_personalization(user_id text)
RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
               'user_id', $1,
               'profile', CASE WHEN p.profile IS NOT NULL
                               THEN @extschema@._sm_short_object(p.profile - 'user_id', 11264)
                                    || jsonb_build_object('user_id', $1, 'first_seen_at', p.profile -> 'first_seen_at',
                                                          'last_seen_at', p.profile -> 'last_seen_at') END,
               'preferences', @extschema@._sm_short_object(@extschema@.sm_preferences($1), 4096),
               'insights', @extschema@._sm_short_object(@extschema@.sm_insights($1), 4096),
               'recent_sessions', @extschema@._sm_short_list((
                   SELECT coalesce(jsonb_agg(jsonb_build_object(
                              'session_id', r.session_id, 'created_at', @extschema@._sm_time(r.created_at),
                              'last_activity_at', @extschema@._sm_time(r.last_activity_at), 'interactions', r.interactions,
                              'ended_at', @extschema@._sm_time(r.ended_at), 'summary', left(x.summary, 1000))
                              ORDER BY r.last_activity_at DESC, r.session_id), '[]'::jsonb)
                   FROM (SELECT s.session_id, s.created_at, s.last_activity_at, s.interactions, s.ended_at
                         FROM @extschema@.sm_session AS s
                         WHERE s.user_id = $1
                           AND @extschema@._sm_session_end(s.last_activity_at, s.ttl, s.idle_timeout, s.ended_at,
                                                           @extschema@._sm_default_ttl(),
                                                           @extschema@._sm_default_idle_timeout()) > statement_timestamp()
                         ORDER BY s.last_activity_at DESC, s.session_id LIMIT 5) AS r
                   LEFT JOIN @extschema@.sm_session_data AS x ON x.session_id = r.session_id), 6144),
               'recent_events', @extschema@._sm_short_list((
                   SELECT coalesce(jsonb_agg(jsonb_build_object(
                              'event_id', e.event_id, 'kind', e.kind, 'occurred_at', @extschema@._sm_time(e.occurred_at),
                              'satisfaction', e.satisfaction,
                              'data', @extschema@._sm_short_object(e.data, 1024))
                              ORDER BY e.occurred_at DESC, e.event_id DESC), '[]'::jsonb)
                   FROM @extschema@.sm_events($1, page_size => 10) AS e), 5120))
    FROM (SELECT @extschema@.sm_profile($1)) AS p (profile);
END;
COMMENT ON FUNCTION @extschema@.sm_personalization(text) IS
'All that an agent can start from, in at most 32 kB: profile, preferences, insights, recent sessions with their summaries, recent events.';

-- Removing who has not been seen for long -----------------------------------------------------------

CREATE FUNCTION @extschema@._sm_is_active(user_id text, since timestamptz)
RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM @extschema@.sm_event AS e WHERE e.user_id = $1 AND e.occurred_at > $2)
        OR EXISTS (SELECT FROM @extschema@.sm_activity AS a WHERE a.user_id = $1 AND a.last_at > $2)
        OR EXISTS (SELECT FROM @extschema@.sm_session AS s
                   WHERE s.user_id = $1
                     AND (s.last_activity_at > $2
                          OR @extschema@._sm_session_end(s.last_activity_at, s.ttl, s.idle_timeout, s.ended_at,
                                                         @extschema@._sm_default_ttl(),
                                                         @extschema@._sm_default_idle_timeout()) > statement_timestamp()));
END;
COMMENT ON FUNCTION @extschema@._sm_is_active(text, timestamptz) IS
'Internal: whether a user has events or activity later than a time, or a living session.';

CREATE FUNCTION @extschema@.sm_prune_profiles(inactive interval DEFAULT '365 days')
RETURNS bigint LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sm_prune_profiles';
COMMENT ON FUNCTION @extschema@.sm_prune_profiles(interval) IS
'Removes the profiles of users who have not been active for so long, with their events and all that is learned; returns their number.';

CREATE FUNCTION @extschema@._sm_prune_profiles(inactive interval, max_users integer)
RETURNS bigint LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sm_prune_some_profiles';
COMMENT ON FUNCTION @extschema@._sm_prune_profiles(interval, integer) IS
'Internal: the same, of so many users at most; those that are in use are left for later.';
