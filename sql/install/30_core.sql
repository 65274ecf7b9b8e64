-- Adding and reading ------------------------------------------------------------------------------

CREATE FUNCTION @extschema@.sm_add(session_id text, query text, answer text, metadata jsonb DEFAULT NULL,
                                   created_at timestamptz DEFAULT NULL, idempotency_key text DEFAULT NULL,
                                   user_id text DEFAULT NULL)
RETURNS bigint LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sm_add';
COMMENT ON FUNCTION @extschema@.sm_add(text, text, text, jsonb, timestamptz, text, text) IS
'Adds an exchange to a session, which is created if need be; returns its seq.';

CREATE FUNCTION @extschema@.sm_add_message(session_id text, role text, content text, metadata jsonb DEFAULT NULL,
                                           created_at timestamptz DEFAULT NULL, idempotency_key text DEFAULT NULL,
                                           user_id text DEFAULT NULL)
RETURNS bigint LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sm_add_message';
COMMENT ON FUNCTION @extschema@.sm_add_message(text, text, text, jsonb, timestamptz, text, text) IS
'Adds a message to a session, which is created if need be; returns its seq.';

CREATE FUNCTION @extschema@.sm_append(session_id text, interactions jsonb, user_id text DEFAULT NULL)
RETURNS bigint LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sm_append';
COMMENT ON FUNCTION @extschema@.sm_append(text, jsonb, text) IS
'Adds a JSON object, or all objects of an array, as they are; returns the last seq.';

CREATE FUNCTION @extschema@.sm_context(session_id text, max_interactions integer DEFAULT 5, max_tokens integer DEFAULT NULL)
RETURNS json LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sm_context';
COMMENT ON FUNCTION @extschema@.sm_context(text, integer, integer) IS
'The newest interactions of a session within a number and a token budget, oldest first.';

CREATE FUNCTION @extschema@.sm_messages(session_id text, max_interactions integer DEFAULT 20, max_tokens integer DEFAULT NULL)
RETURNS json LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sm_messages';
COMMENT ON FUNCTION @extschema@.sm_messages(text, integer, integer) IS
'The same window as sm_context, as bare chat-completion messages.';

CREATE FUNCTION @extschema@.sm_history(session_id text, before_seq bigint DEFAULT NULL, page_size integer DEFAULT 50)
RETURNS TABLE (seq bigint, created_at timestamptz, tokens integer, interaction jsonb)
LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 50 AS 'MODULE_PATHNAME', 'sm_history';
COMMENT ON FUNCTION @extschema@.sm_history(text, bigint, integer) IS
'The interactions of a session page by page, newest first: for the next page give the smallest seq of the last.';

CREATE TYPE @extschema@.sm_found AS (session_id text, seq bigint, created_at timestamptz, interaction jsonb);
COMMENT ON TYPE @extschema@.sm_found IS 'A row of sm_find.';

-- LIMIT is evaluated whatever the data, so that is where the arguments are checked. A single SELECT
-- that the planner inlines: it sees the arguments, and with them the GIN index.
CREATE FUNCTION @extschema@.sm_find(contains jsonb, session_id text DEFAULT NULL, user_id text DEFAULT NULL,
                                    max_results integer DEFAULT 100)
RETURNS SETOF @extschema@.sm_found LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    SELECT m.session_id::text, m.seq, m.created_at, m.interaction
    FROM @extschema@.session_memory AS m
    JOIN @extschema@.sm_session AS s ON s.session_id = m.session_id
    WHERE @extschema@._sm_searchable(m.interaction) @> @extschema@._sm_searchable($1)
      AND m.interaction @> $1
      AND ($2 IS NULL OR m.session_id = $2)
      AND ($3 IS NULL OR s.user_id = $3)
      AND @extschema@._sm_session_end(s.last_activity_at, s.ttl, s.idle_timeout, s.ended_at, @extschema@._sm_default_ttl(),
                                      @extschema@._sm_default_idle_timeout()) > statement_timestamp()
      AND @extschema@._sm_interaction_end(m.created_at, s.ttl, @extschema@._sm_default_ttl()) > statement_timestamp()
      AND (s.interactions <= coalesce(@extschema@._sm_cap(s.max_interactions), s.interactions)
           OR m.seq >= coalesce((SELECT k.seq FROM @extschema@.session_memory AS k
                                 WHERE k.session_id = m.session_id
                                   AND @extschema@._sm_interaction_end(k.created_at, s.ttl, @extschema@._sm_default_ttl())
                                       > statement_timestamp()
                                 ORDER BY k.seq DESC
                                 OFFSET @extschema@._sm_cap(s.max_interactions) - 1 LIMIT 1), 0))
    ORDER BY m.created_at DESC, m.session_id, m.seq DESC
    LIMIT @extschema@._sm_check_find($1, $2, $3, $4);
END;
COMMENT ON FUNCTION @extschema@.sm_find(jsonb, text, text, integer) IS
'Interactions that contain a JSON object, in one session, of one user or everywhere, newest first.';

-- Taking out --------------------------------------------------------------------------------------

CREATE FUNCTION @extschema@.sm_pop(session_id text, count integer DEFAULT 1)
RETURNS jsonb LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sm_pop';
COMMENT ON FUNCTION @extschema@.sm_pop(text, integer) IS
'Removes the newest interactions of a session and returns them, oldest first.';

CREATE FUNCTION @extschema@.sm_clear(session_id text)
RETURNS boolean LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sm_clear';
COMMENT ON FUNCTION @extschema@.sm_clear(text) IS
'Removes a session with all that is its; returns whether there was one.';

CREATE FUNCTION @extschema@.sm_prune(older_than interval DEFAULT NULL, session_id text DEFAULT NULL)
RETURNS bigint LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sm_prune';
COMMENT ON FUNCTION @extschema@.sm_prune(interval, text) IS
'Removes what has expired, or is older than an interval, in all sessions or in one; returns the number of interactions.';

