-- Looking at it -----------------------------------------------------------------------------------

CREATE VIEW @extschema@.session_history WITH (security_invoker = true) AS
SELECT s.session_id, h.history, s.last_activity_at AS updated_at
FROM @extschema@.sm_session AS s
CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_agg(w.interaction ORDER BY w.seq), '[]'::jsonb) AS history
    FROM (SELECT m.seq, m.interaction
          FROM @extschema@.session_memory AS m
          WHERE m.session_id = s.session_id
            AND @extschema@._sm_interaction_end(m.created_at, s.ttl, @extschema@._sm_default_ttl()) > statement_timestamp()
          ORDER BY m.seq DESC
          LIMIT @extschema@._sm_cap(s.max_interactions)) AS w
) AS h
WHERE @extschema@._sm_session_end(s.last_activity_at, s.ttl, s.idle_timeout, s.ended_at, @extschema@._sm_default_ttl(),
                                  @extschema@._sm_default_idle_timeout()) > statement_timestamp();
COMMENT ON VIEW @extschema@.session_history IS
'Each living session as one JSON array of its living interactions, oldest first.';
COMMENT ON COLUMN @extschema@.session_history.session_id IS 'The session.';
COMMENT ON COLUMN @extschema@.session_history.history IS 'Its interactions, oldest first.';
COMMENT ON COLUMN @extschema@.session_history.updated_at IS 'When it was last used.';

CREATE TYPE @extschema@.sm_session_stats AS (
    session_id text, user_id text, interactions bigint, tokens bigint, bytes bigint,
    created_at timestamptz, last_activity_at timestamptz, ttl interval, idle_timeout interval,
    expires_at timestamptz, ended_at timestamptz, max_interactions integer, last_seq bigint
);
COMMENT ON TYPE @extschema@.sm_session_stats IS 'The row of sm_stats(session_id).';

CREATE FUNCTION @extschema@.sm_stats(session_id text)
RETURNS SETOF @extschema@.sm_session_stats LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT s.session_id::text, s.user_id::text, s.interactions, s.tokens, s.bytes, s.created_at, s.last_activity_at,
           @extschema@._sm_lifetime(s.ttl, @extschema@._sm_default_ttl()),
           @extschema@._sm_lifetime(s.idle_timeout, @extschema@._sm_default_idle_timeout()),
           nullif(e.expires_at, 'infinity'), s.ended_at, @extschema@._sm_cap(s.max_interactions), s.last_seq
    FROM @extschema@.sm_session AS s
    CROSS JOIN LATERAL @extschema@._sm_session_end(s.last_activity_at, s.ttl, s.idle_timeout, s.ended_at,
                                                   @extschema@._sm_default_ttl(),
                                                   @extschema@._sm_default_idle_timeout()) AS e (expires_at)
    WHERE s.session_id = @extschema@._sm_check_name($1, 'session_id')
      AND e.expires_at > statement_timestamp();
END;
COMMENT ON FUNCTION @extschema@.sm_stats(text) IS
'Counters, settings and times of one living session; no row where there is none.';

-- Exact, and as cheap as the number of sessions; what has expired is counted in due sessions only.
CREATE FUNCTION @extschema@.sm_stats(OUT sessions bigint, OUT interactions bigint, OUT tokens bigint, OUT bytes bigint,
                                     OUT expired_not_removed bigint, OUT removed_total bigint,
                                     OUT worker_last_run_at timestamptz, OUT worker_last_error text,
                                     OUT worker_last_error_at timestamptz, OUT worker_bursts bigint,
                                     OUT oldest_due_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT t.sessions, t.interactions, t.tokens, t.bytes, d.expired, coalesce(w.removed_total, 0),
           w.last_run_at, w.last_error, w.last_error_at, coalesce(w.bursts, 0), t.oldest_due_at
    FROM (SELECT count(*), coalesce(sum(s.interactions), 0)::bigint, coalesce(sum(s.tokens), 0)::bigint,
                 coalesce(sum(s.bytes), 0)::bigint,
                 min(s.prune_at) FILTER (WHERE s.prune_at <= statement_timestamp())
          FROM @extschema@.sm_session AS s) AS t (sessions, interactions, tokens, bytes, oldest_due_at)
    CROSS JOIN (SELECT count(*)
                FROM @extschema@.sm_session AS s
                JOIN @extschema@.session_memory AS m ON m.session_id = s.session_id
                WHERE s.prune_at <= statement_timestamp()
                  AND least(@extschema@._sm_interaction_end(m.created_at, s.ttl, @extschema@._sm_default_ttl()),
                            @extschema@._sm_session_end(s.last_activity_at, s.ttl, s.idle_timeout, s.ended_at,
                                                        @extschema@._sm_default_ttl(),
                                                        @extschema@._sm_default_idle_timeout()))
                      <= statement_timestamp()) AS d (expired)
    LEFT JOIN @extschema@.sm_worker_status AS w ON true;
END;
COMMENT ON FUNCTION @extschema@.sm_stats() IS
'The whole memory: sessions, interactions, tokens and bytes stored, what has expired and awaits removal, and what the background worker did.';

-- degraded: nothing is shown that should not be, but space does not come back as it should. Something
-- due is late only if the worker has not been there since: what was added with an old created_at is
-- due from long ago.
CREATE FUNCTION @extschema@.sm_health()
RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
               'status', CASE WHEN p.late AND p.failed THEN 'failing'
                              WHEN p.off OR p.late OR p.failed THEN 'degraded'
                              ELSE 'ok' END,
               'reasons', to_jsonb(array_remove(ARRAY[
                   CASE WHEN p.off THEN 'the background worker is switched off (session_memory.worker)' END,
                   CASE WHEN p.late THEN 'what has expired has been awaiting removal since ' || @extschema@._sm_time(p.waiting_since) END,
                   CASE WHEN p.failed THEN 'the background worker met an error: ' || w.last_error END], NULL)),
               'worker_last_run_at', @extschema@._sm_time(w.last_run_at),
               'worker_last_error', w.last_error,
               'oldest_due_at', @extschema@._sm_time(o.oldest_due_at))
    FROM (SELECT min(s.prune_at) FILTER (WHERE s.prune_at <= statement_timestamp()), min(s.created_at)
          FROM @extschema@.sm_session AS s) AS o (oldest_due_at, oldest_session_at)
    LEFT JOIN @extschema@.sm_worker_status AS w ON true
    CROSS JOIN LATERAL (
        SELECT d.waiting_since, NOT @extschema@._sm_worker_enabled(),
               coalesce(d.waiting_since < statement_timestamp() - @extschema@._sm_patience(), false),
               coalesce(w.last_error_at >= w.last_finished_at, false)
        FROM (SELECT CASE WHEN o.oldest_due_at IS NOT NULL
                          THEN greatest(o.oldest_due_at, coalesce(w.last_finished_at, o.oldest_session_at)) END)
             AS d (waiting_since)
    ) AS p (waiting_since, off, late, failed);
END;
COMMENT ON FUNCTION @extschema@.sm_health() IS
'One JSON object for a monitor: status ok, degraded or failing, and why.';

