-- Sessions: lifecycle, state, summaries, the prompt -------------------------------------------------

CREATE FUNCTION @extschema@._sm_touch_by_read(session_id text, ttl interval, idle_timeout interval,
                                              last_activity_at timestamptz, ended_at timestamptz)
RETURNS boolean LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sm_touch_by_read';
COMMENT ON FUNCTION @extschema@._sm_touch_by_read(text, interval, interval, timestamptz, timestamptz) IS
'Internal: whether a session is alive; if it slides, it now lives on.';

CREATE FUNCTION @extschema@._sm_begins_turn(interaction jsonb)
RETURNS boolean LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_begins_turn';
COMMENT ON FUNCTION @extschema@._sm_begins_turn(jsonb) IS
'Internal: whether an interaction begins a turn.';

CREATE FUNCTION @extschema@._sm_check_sessions(user_id text, active_within interval, after text, page_size integer)
RETURNS integer LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_check_sessions';
COMMENT ON FUNCTION @extschema@._sm_check_sessions(text, interval, text, integer) IS
'Internal: the arguments of sm_sessions, checked; returns page_size.';

CREATE FUNCTION @extschema@.sm_create_session(session_id text DEFAULT NULL, user_id text DEFAULT NULL,
                                              ttl interval DEFAULT NULL, idle_timeout interval DEFAULT NULL,
                                              max_interactions integer DEFAULT NULL, metadata jsonb DEFAULT NULL)
RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sm_create_session';
COMMENT ON FUNCTION @extschema@.sm_create_session(text, text, interval, interval, integer, jsonb) IS
'Creates a session with settings of its own; returns its id, a UUID where none is given.';

CREATE FUNCTION @extschema@.sm_configure_session(session_id text, ttl interval DEFAULT NULL,
                                                 idle_timeout interval DEFAULT NULL,
                                                 max_interactions integer DEFAULT NULL)
RETURNS void LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sm_configure_session';
COMMENT ON FUNCTION @extschema@.sm_configure_session(text, interval, interval, integer) IS
'Changes settings of a session, at once also for what is stored; NULL leaves one as it is.';

CREATE FUNCTION @extschema@.sm_touch(session_id text)
RETURNS boolean LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sm_touch';
COMMENT ON FUNCTION @extschema@.sm_touch(text) IS
'Counts as activity; returns whether there is such a session, alive and not ended.';

CREATE FUNCTION @extschema@.sm_session(session_id text)
RETURNS jsonb LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
               'session_id', s.session_id, 'user_id', s.user_id, 'created_at', @extschema@._sm_time(s.created_at),
               'last_activity_at', @extschema@._sm_time(s.last_activity_at),
               'expires_at', @extschema@._sm_time(nullif(
                   @extschema@._sm_session_end(s.last_activity_at, s.ttl, s.idle_timeout, s.ended_at,
                                               @extschema@._sm_default_ttl(),
                                               @extschema@._sm_default_idle_timeout()), 'infinity')),
               'ended_at', @extschema@._sm_time(s.ended_at), 'interactions', s.interactions, 'tokens', s.tokens, 'bytes', s.bytes,
               'last_seq', s.last_seq, 'ttl', s.ttl, 'idle_timeout', s.idle_timeout,
               'max_interactions', s.max_interactions, 'summary_seq', s.summary_seq,
               'metadata', x.metadata, 'state', coalesce(x.state, '{}'::jsonb), 'summary', x.summary,
               'report', x.report)
    FROM @extschema@.sm_session AS s
    LEFT JOIN @extschema@.sm_session_data AS x ON x.session_id = s.session_id
    WHERE s.session_id = @extschema@._sm_check_name($1, 'session_id')
      AND @extschema@._sm_touch_by_read(s.session_id, s.ttl, s.idle_timeout, s.last_activity_at, s.ended_at);
END;
COMMENT ON FUNCTION @extschema@.sm_session(text) IS
'All about a living session but its interactions, as one JSON object; NULL where there is none.';

CREATE TYPE @extschema@.sm_session_row AS (
    session_id text, user_id text, created_at timestamptz, last_activity_at timestamptz,
    interactions bigint, ended_at timestamptz
);
COMMENT ON TYPE @extschema@.sm_session_row IS 'A row of sm_sessions.';

CREATE FUNCTION @extschema@.sm_sessions(user_id text DEFAULT NULL, active_within interval DEFAULT NULL,
                                        after text DEFAULT NULL, page_size integer DEFAULT 50)
RETURNS SETOF @extschema@.sm_session_row LANGUAGE sql STABLE PARALLEL SAFE ROWS 50
BEGIN ATOMIC
    SELECT s.session_id::text, s.user_id::text, s.created_at, s.last_activity_at, s.interactions, s.ended_at
    FROM @extschema@.sm_session AS s
    WHERE ($1 IS NULL OR s.user_id = $1)
      AND ($2 IS NULL OR @extschema@._sm_interaction_end(s.last_activity_at, $2, 0) > statement_timestamp())
      AND s.session_id > coalesce($3, '')
      AND @extschema@._sm_session_end(s.last_activity_at, s.ttl, s.idle_timeout, s.ended_at, @extschema@._sm_default_ttl(),
                                      @extschema@._sm_default_idle_timeout()) > statement_timestamp()
    ORDER BY s.session_id
    LIMIT @extschema@._sm_check_sessions($1, $2, $3, $4);
END;
COMMENT ON FUNCTION @extschema@.sm_sessions(text, interval, text, integer) IS
'Living sessions page by page in the order of their ids: for the next page give the last session_id.';

CREATE FUNCTION @extschema@.sm_state(session_id text)
RETURNS jsonb LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT coalesce((
        SELECT x.state
        FROM @extschema@.sm_session AS s
        LEFT JOIN @extschema@.sm_session_data AS x ON x.session_id = s.session_id
        WHERE s.session_id = @extschema@._sm_check_name($1, 'session_id')
          AND @extschema@._sm_touch_by_read(s.session_id, s.ttl, s.idle_timeout, s.last_activity_at, s.ended_at)), '{}'::jsonb);
END;
COMMENT ON FUNCTION @extschema@.sm_state(text) IS
'The state of a session, a JSON object; {} where it has none, or there is no such session.';

CREATE FUNCTION @extschema@.sm_set_state(session_id text, patch jsonb)
RETURNS jsonb LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sm_set_state';
COMMENT ON FUNCTION @extschema@.sm_set_state(text, jsonb) IS
'Changes the state of a session, which is created if need be, by JSON Merge Patch; returns the new state.';

CREATE FUNCTION @extschema@.sm_set_summary(session_id text, summary text, through_seq bigint)
RETURNS boolean LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sm_set_summary';
COMMENT ON FUNCTION @extschema@.sm_set_summary(text, text, bigint) IS
'Sets the summary of all interactions up to a seq; false where a newer one stands, or there is no such session.';

CREATE FUNCTION @extschema@.sm_summary(session_id text)
RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_build_object('summary', x.summary, 'through_seq', s.summary_seq)
    FROM @extschema@.sm_session AS s
    JOIN @extschema@.sm_session_data AS x ON x.session_id = s.session_id
    WHERE s.session_id = @extschema@._sm_check_name($1, 'session_id')
      AND x.summary IS NOT NULL
      AND @extschema@._sm_session_end(s.last_activity_at, s.ttl, s.idle_timeout, s.ended_at, @extschema@._sm_default_ttl(),
                                      @extschema@._sm_default_idle_timeout()) > statement_timestamp();
END;
COMMENT ON FUNCTION @extschema@.sm_summary(text) IS
'The summary of a session and the seq up to which it stands; NULL where there is none.';

CREATE FUNCTION @extschema@.sm_claim_summaries(max_sessions integer DEFAULT 10, lease interval DEFAULT '1 minute')
RETURNS TABLE (session_id text, from_seq bigint, through_seq bigint, previous_summary text, interactions json)
LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 10 AS 'MODULE_PATHNAME', 'sm_claim_summaries';
COMMENT ON FUNCTION @extschema@.sm_claim_summaries(integer, interval) IS
'Hands out sessions whose summary is due, each to one caller for the time of the lease, with what is new.';

CREATE FUNCTION @extschema@.sm_prompt(session_id text, max_interactions integer DEFAULT 8, max_tokens integer DEFAULT NULL)
RETURNS jsonb LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sm_prompt';
COMMENT ON FUNCTION @extschema@.sm_prompt(text, integer, integer) IS
'All that a model needs of a session: summary, state, messages, and the same as plain text.';

