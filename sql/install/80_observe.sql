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
                                     OUT oldest_due_at timestamptz, OUT max_size bigint, OUT used_percent numeric,
                                     OUT evicted_total bigint)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT t.sessions, t.interactions, t.tokens, t.bytes, d.expired, coalesce(w.removed_total, 0),
           w.last_run_at, w.last_error, w.last_error_at, coalesce(w.bursts, 0), t.oldest_due_at,
           @extschema@._sm_max_size(), round(100.0 * t.bytes / @extschema@._sm_max_size(), 1), coalesce(w.evicted_total, 0)
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

-- degraded: nothing is shown that should not be, but space does not come back as it should, or the
-- memory is nearly as large as it may be, and what is in it at risk of being evicted. Something due is late only if the worker has not been there since: what was added with an old created_at is
-- due from long ago.
CREATE FUNCTION @extschema@.sm_health()
RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
               'status', CASE WHEN p.late AND p.failed THEN 'failing'
                              WHEN p.off OR p.late OR p.failed OR p.crowded THEN 'degraded'
                              ELSE 'ok' END,
               'reasons', to_jsonb(array_remove(ARRAY[
                   CASE WHEN p.off THEN 'the background worker is switched off (session_memory.worker)' END,
                   CASE WHEN p.late THEN 'what has expired has been awaiting removal since ' || @extschema@._sm_time(p.waiting_since) END,
                   CASE WHEN p.failed THEN 'the background worker met an error: ' || w.last_error END,
                   CASE WHEN p.crowded THEN format('the memory is at %s %% of its limit (session_memory.max_size)', round(p.used_percent, 1)) END], NULL)),
               'worker_last_run_at', @extschema@._sm_time(w.last_run_at),
               'worker_last_error', w.last_error,
               'oldest_due_at', @extschema@._sm_time(o.oldest_due_at))
    FROM (SELECT min(s.prune_at) FILTER (WHERE s.prune_at <= statement_timestamp()), min(s.created_at),
                 100.0 * sum(s.bytes) / @extschema@._sm_max_size()
          FROM @extschema@.sm_session AS s) AS o (oldest_due_at, oldest_session_at, used_percent)
    LEFT JOIN @extschema@.sm_worker_status AS w ON true
    CROSS JOIN LATERAL (
        SELECT d.waiting_since, NOT @extschema@._sm_worker_enabled(),
               coalesce(d.waiting_since < statement_timestamp() - @extschema@._sm_patience(), false),
               coalesce(w.last_error_at >= w.last_finished_at, false),
               coalesce(o.used_percent > 90, false), o.used_percent
        FROM (SELECT CASE WHEN o.oldest_due_at IS NOT NULL
                          THEN greatest(o.oldest_due_at, coalesce(w.last_finished_at, o.oldest_session_at)) END)
             AS d (waiting_since)
    ) AS p (waiting_since, off, late, failed, crowded, used_percent);
END;
COMMENT ON FUNCTION @extschema@.sm_health() IS
'One JSON object for a monitor: status ok, degraded or failing, and why.';


-- For metrics exporters, which are given pg_monitor and no more. So, unlike everything else here, the
-- view looks with its owner's rights, past privileges and row-level security, and gives away nothing but
-- numbers about the whole: no ids, no content, and of errors only their time. What it calls runs as the
-- caller, who must be allowed to: functions of times and settings alone.
--
-- What was appended, read and deleted comes from the server's statistics: counting it here would be
-- a write in each call.
CREATE VIEW @extschema@.sm_metrics WITH (security_barrier = true) AS
SELECT m.metric, m.kind, m.value::double precision AS value, m.help
FROM (SELECT count(*), coalesce(sum(s.interactions), 0), coalesce(sum(s.tokens), 0), coalesce(sum(s.bytes), 0),
             min(s.prune_at) FILTER (WHERE s.prune_at <= statement_timestamp()), min(s.created_at)
      FROM @extschema@.sm_session AS s) AS t (sessions, interactions, tokens, bytes, oldest_due_at, oldest_session_at)
CROSS JOIN (SELECT count(*)
            FROM @extschema@.sm_session AS s
            JOIN @extschema@.session_memory AS m ON m.session_id = s.session_id
            WHERE s.prune_at <= statement_timestamp()
              AND least(@extschema@._sm_interaction_end(m.created_at, s.ttl, @extschema@._sm_default_ttl()),
                        @extschema@._sm_session_end(s.last_activity_at, s.ttl, s.idle_timeout, s.ended_at,
                                                    @extschema@._sm_default_ttl(), @extschema@._sm_default_idle_timeout()))
                  <= statement_timestamp()) AS d (expired)
CROSS JOIN (SELECT pg_stat_get_tuples_inserted(c.oid), pg_stat_get_tuples_deleted(c.oid),
                   pg_stat_get_tuples_returned(c.oid) + pg_stat_get_tuples_fetched(c.oid)
                   + (SELECT sum(pg_stat_get_tuples_fetched(i.indexrelid)) FROM pg_index AS i WHERE i.indrelid = c.oid)
            FROM pg_class AS c
            WHERE c.oid = '@extschema@.session_memory'::regclass) AS u (appended, deleted, read)
CROSS JOIN (SELECT sum(pg_table_size(c.oid)), sum(pg_indexes_size(c.oid))
            FROM pg_depend AS d
            JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'session_memory'
            JOIN pg_class AS c ON c.oid = d.objid AND c.relkind = 'r'
            WHERE d.refclassid = 'pg_extension'::regclass AND d.classid = 'pg_class'::regclass AND d.deptype = 'e')
      AS f (tables, indexes)
LEFT JOIN @extschema@.sm_worker_status AS w ON true
CROSS JOIN LATERAL (VALUES
    ('session_memory_sessions', 'gauge', t.sessions, 'Sessions stored.'),
    ('session_memory_interactions', 'gauge', t.interactions, 'Interactions stored.'),
    ('session_memory_tokens', 'gauge', t.tokens, 'Tokens of the interactions stored.'),
    ('session_memory_bytes', 'gauge', t.bytes, 'Bytes of the interactions stored, uncompressed.'),
    ('session_memory_max_bytes', 'gauge', coalesce(@extschema@._sm_max_size(), 0), 'Bytes above which sessions are evicted; 0: no limit.'),
    ('session_memory_expired_not_removed', 'gauge', d.expired, 'Interactions that have expired and await removal.'),
    ('session_memory_appended_total', 'counter', u.appended, 'Interactions appended, by the statistics of the server.'),
    ('session_memory_read_total', 'counter', u.read, 'Rows of interactions read for any purpose, by the statistics of the server.'),
    ('session_memory_deleted_total', 'counter', u.deleted, 'Interactions deleted by anybody, by the statistics of the server.'),
    ('session_memory_worker_removed_total', 'counter', coalesce(w.removed_total, 0), 'Interactions removed by the background worker.'),
    ('session_memory_worker_evicted_total', 'counter', coalesce(w.evicted_total, 0), 'Sessions evicted by the background worker.'),
    ('session_memory_worker_bursts_total', 'counter', coalesce(w.bursts, 0), 'Bursts of work of the background worker.'),
    ('session_memory_worker_enabled', 'gauge', @extschema@._sm_worker_enabled()::integer, 'Whether session_memory.worker is on.'),
    ('session_memory_worker_lag_seconds', 'gauge',
     coalesce(extract(epoch FROM statement_timestamp()
                                 - greatest(t.oldest_due_at, coalesce(w.last_finished_at, t.oldest_session_at)))
              * (t.oldest_due_at IS NOT NULL)::integer, 0),
     'For how long something due has been waiting for the background worker.'),
    ('session_memory_worker_last_run_timestamp_seconds', 'gauge', coalesce(extract(epoch FROM w.last_run_at), 0),
     'When the last burst began, in seconds since 1970; 0: never.'),
    ('session_memory_worker_last_error_timestamp_seconds', 'gauge', coalesce(extract(epoch FROM w.last_error_at), 0),
     'When the last error was met, in seconds since 1970; 0: never.'),
    ('session_memory_table_bytes', 'gauge', f.tables, 'Size of all tables of the extension on disk, without indexes.'),
    ('session_memory_index_bytes', 'gauge', f.indexes, 'Size of all their indexes on disk.')
) AS m (metric, kind, value, help);
COMMENT ON VIEW @extschema@.sm_metrics IS
'Numbers about the whole memory, one row each, for metrics exporters: readable by pg_monitor, without content.';
COMMENT ON COLUMN @extschema@.sm_metrics.metric IS 'Its name, as Prometheus would have it.';
COMMENT ON COLUMN @extschema@.sm_metrics.kind IS 'gauge, or counter: one that only grows, but for a reset of the statistics.';
COMMENT ON COLUMN @extschema@.sm_metrics.value IS 'The number.';
COMMENT ON COLUMN @extschema@.sm_metrics.help IS 'What it is, in words.';

GRANT SELECT ON @extschema@.sm_metrics TO pg_monitor;
GRANT EXECUTE ON FUNCTION
    @extschema@._sm_default_ttl(), @extschema@._sm_default_idle_timeout(), @extschema@._sm_max_size(),
    @extschema@._sm_worker_enabled(), @extschema@._sm_interaction_end(timestamptz, interval, bigint),
    @extschema@._sm_session_end(timestamptz, interval, interval, timestamptz, bigint, bigint)
    TO pg_monitor;
