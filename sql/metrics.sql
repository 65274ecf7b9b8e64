-- sm_metrics: numbers about the whole for exporters with pg_monitor, and nothing else.
\i sql/fixture/begin.sql
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['regress_sm_monitor', 'regress_sm_reader', 'regress_sm_admin', 'regress_sm_none'] LOOP
        IF to_regrole(name) IS NOT NULL THEN EXECUTE format('DROP OWNED BY %I', name); END IF;
        EXECUTE format('DROP ROLE IF EXISTS %I', name);
        EXECUTE format('CREATE ROLE %I', name);
    END LOOP;
END $$;
GRANT pg_monitor TO regress_sm_monitor;
SELECT sm_grant('regress_sm_reader', 'reader'), sm_grant('regress_sm_admin', 'admin');

-- Every metric is there from the beginning, with a number.
SELECT metric, kind, value IS NOT NULL AS has_value, help FROM sm_metrics;
SELECT sum(value) AS everything_but_sizes FROM sm_metrics WHERE metric !~ '(table|index)_bytes|enabled';

-- The same numbers as sm_stats.
SELECT sm_append('metrics-1', '[{"role": "user", "content": "secret"}, {"role": "assistant", "content": "also"}]', 'ann'), sm_add('metrics-2', 'q', 'a');
SELECT sm_add('metrics-2', 'q', 'a', created_at => now() - interval '2 days');
UPDATE sm_session SET prune_at = now() - interval '10 minutes' WHERE session_id = 'metrics-2';
INSERT INTO sm_worker_status (last_run_at, last_finished_at, bursts, removed_total, evicted_total, last_error, last_error_at)
VALUES (now() - interval '301 seconds', now() - interval '300 seconds', 7, 42, 3, 'something secret', '2026-01-31 11:00:00+00');
SET session_memory.max_size = '1MB';
SELECT m.metric, m.value, m.value = s.value AS as_sm_stats
FROM sm_metrics AS m
JOIN (SELECT v.* FROM sm_stats() AS t CROSS JOIN LATERAL (VALUES
          ('session_memory_sessions', t.sessions), ('session_memory_interactions', t.interactions), ('session_memory_tokens', t.tokens),
          ('session_memory_bytes', t.bytes), ('session_memory_max_bytes', t.max_size), ('session_memory_expired_not_removed', t.expired_not_removed),
          ('session_memory_worker_removed_total', t.removed_total), ('session_memory_worker_evicted_total', t.evicted_total),
          ('session_memory_worker_bursts_total', t.worker_bursts),
          ('session_memory_worker_last_run_timestamp_seconds', extract(epoch FROM t.worker_last_run_at)),
          ('session_memory_worker_last_error_timestamp_seconds', extract(epoch FROM t.worker_last_error_at))) AS v (metric, value)) AS s
USING (metric)
WHERE metric !~ 'run_timestamp'
UNION ALL
SELECT metric, NULL, value = (SELECT extract(epoch FROM worker_last_run_at)::double precision FROM sm_stats()) FROM sm_metrics WHERE metric ~ 'run_timestamp'
ORDER BY 1;
-- Something has been due for ten minutes, and the worker was there five minutes ago.
SELECT value BETWEEN 300 AND 360 AS waiting_since_the_last_burst FROM sm_metrics WHERE metric = 'session_memory_worker_lag_seconds';
SELECT value FROM sm_metrics WHERE metric = 'session_memory_worker_enabled';
-- Sizes: of every table of the extension.
SELECT value = (SELECT sum(pg_table_size(objid::regclass)) FROM pg_depend JOIN pg_class ON pg_class.oid = objid JOIN pg_extension AS e ON e.oid = refobjid
                WHERE extname = 'session_memory' AND relkind = 'r' AND refclassid = 'pg_extension'::regclass) AS all_tables
FROM sm_metrics WHERE metric = 'session_memory_table_bytes';

-- What comes from the server's statistics.
SELECT pg_stat_force_next_flush();
CREATE TEMPORARY TABLE before AS SELECT metric, value FROM sm_metrics;
SELECT sm_append('metrics-1', '[{"n": 1}, {"n": 2}, {"n": 3}]'), jsonb_array_length(sm_pop('metrics-1')), json_array_length(sm_context('metrics-1'));
SELECT pg_stat_force_next_flush();
SELECT metric, CASE WHEN metric ~ 'read' THEN (m.value - b.value >= 4)::text ELSE (m.value - b.value)::text END AS more
FROM sm_metrics AS m JOIN before AS b USING (metric) WHERE metric ~ '(appended|read|deleted)_total';

-- Who may look: pg_monitor at this and at nothing else, whatever policies there are.
CREATE FUNCTION pg_temp.as_role(role text, call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role);
    EXECUTE call INTO result;
    RESET ROLE;
    RETURN result;
EXCEPTION WHEN OTHERS THEN
    RESET ROLE;
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT role, pg_temp.as_role('regress_sm_' || role, 'SELECT count(value) FROM sm_metrics') AS metrics FROM unnest(ARRAY['none', 'reader', 'monitor', 'admin']) AS role;
SELECT c.oid::regclass AS relation FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid JOIN pg_class AS c ON c.oid = d.objid
WHERE e.extname = 'session_memory' AND d.classid = 'pg_class'::regclass AND has_table_privilege('regress_sm_monitor', c.oid, 'SELECT');
SELECT p.oid::regprocedure AS function FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid JOIN pg_proc AS p ON p.oid = d.objid
WHERE e.extname = 'session_memory' AND d.classid = 'pg_proc'::regclass AND has_function_privilege('regress_sm_monitor', p.oid, 'EXECUTE') ORDER BY p.oid::regprocedure::text COLLATE "C";
ALTER TABLE session_memory ENABLE ROW LEVEL SECURITY;
ALTER TABLE sm_session ENABLE ROW LEVEL SECURITY;
SELECT pg_temp.as_role('regress_sm_monitor', 'SELECT value FROM sm_metrics WHERE metric = ''session_memory_sessions''') AS all_sessions;
ALTER TABLE session_memory DISABLE ROW LEVEL SECURITY;
ALTER TABLE sm_session DISABLE ROW LEVEL SECURITY;
-- Of content there is nothing in it: no text but names and help.
SELECT count(*) AS with_content FROM sm_metrics AS m WHERE m::text ~ 'secret|ann|metrics-1';
-- Taking a reader's access away leaves pg_monitor what it has.
SELECT sm_revoke('regress_sm_reader');
SELECT pg_temp.as_role('regress_sm_monitor', 'SELECT count(value) FROM sm_metrics') AS metrics;
-- So does giving pg_monitor itself more, and taking it away.
SELECT sm_grant('pg_monitor', 'reader');
SELECT pg_temp.as_role('regress_sm_monitor', 'SELECT count(*) FROM sm_session') AS sessions, pg_temp.as_role('regress_sm_monitor', 'SELECT count(value) FROM sm_metrics') AS metrics;
SELECT sm_revoke('pg_monitor');
SELECT pg_temp.as_role('regress_sm_monitor', 'SELECT count(*) FROM sm_session') AS sessions, pg_temp.as_role('regress_sm_monitor', 'SELECT count(value) FROM sm_metrics') AS metrics;

SELECT sm_clear('metrics-1'), sm_clear('metrics-2');
DELETE FROM sm_worker_status;
RESET session_memory.max_size;
DROP OWNED BY regress_sm_monitor, regress_sm_reader, regress_sm_admin, regress_sm_none;
DROP ROLE regress_sm_monitor, regress_sm_reader, regress_sm_admin, regress_sm_none;
