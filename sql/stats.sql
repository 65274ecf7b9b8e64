-- sm_stats and sm_health: one session, the whole memory, and whether all is well.
\i sql/fixture/begin.sql
-- Adds messages "1", "2", … of so many ages, oldest first.
CREATE FUNCTION pg_temp.fill(id text, VARIADIC ages interval[]) RETURNS bigint LANGUAGE sql AS $$
    SELECT sm_append(id, jsonb_agg(jsonb_build_object('role', 'user', 'content', n::text, 'timestamp', clock_timestamp() - age) ORDER BY n))
    FROM unnest(ages) WITH ORDINALITY AS a (age, n)
$$;
-- Nothing there.
SELECT * FROM sm_stats() \gx
SELECT * FROM sm_stats('unknown');

-- A session.
SELECT sm_append('a', '[{"role": "user", "content": "x", "tokens": 3}, {"role": "assistant", "content": "y", "tokens": 4}]', 'ann'), sm_add('b', 'q', 'a', '{"x": 1}');
SELECT session_id, user_id, interactions, tokens, bytes = (SELECT sum(_sm_bytes(interaction)) FROM session_memory WHERE session_id = 'a') AS bytes, ttl, idle_timeout, ended_at, max_interactions, last_seq,
       created_at = (SELECT created_at FROM sm_session WHERE session_id = 'a') AS created_at, last_activity_at = (SELECT last_activity_at FROM sm_session WHERE session_id = 'a') AS last_activity_at,
       expires_at - last_activity_at AS expires_after
FROM sm_stats('a') \gx
UPDATE sm_session SET ttl = '2 hours', idle_timeout = '30 minutes', max_interactions = 9, ended_at = now() WHERE session_id = 'a';
SELECT ttl, idle_timeout, max_interactions, ended_at = (SELECT ended_at FROM sm_session WHERE session_id = 'a') AS ended_at, expires_at - last_activity_at AS expires_after FROM sm_stats('a');
SELECT jsonb_array_length(sm_pop('b'));
SELECT interactions, tokens, bytes, last_seq FROM sm_stats('b');
-- One that has ended expires by its ttl alone; any other by its idle timeout too.
UPDATE sm_session SET last_activity_at = now() - interval '31 minutes' WHERE session_id = 'a';
SELECT count(*) FROM sm_stats('a');
-- One that has expired is none.
UPDATE sm_session SET ended_at = NULL WHERE session_id = 'a';
SELECT count(*) FROM sm_stats('a');
-- Over several sessions.
SELECT s.session_id, t.interactions FROM sm_session AS s LEFT JOIN LATERAL sm_stats(s.session_id) AS t ON true ORDER BY 1;

-- The whole: what is stored, and of that what has expired.
SELECT sm_clear('a'), sm_clear('b');
SELECT pg_temp.fill('alive', '2 hours', '1 hour'), pg_temp.fill('part', '3 days', '2 days', '1 hour'), pg_temp.fill('idle', '2 hours');
UPDATE sm_session SET idle_timeout = '1 minute', last_activity_at = now() - interval '5 minutes', prune_at = now() - interval '4 minutes' WHERE session_id = 'idle';
SELECT sessions, interactions, tokens = (SELECT sum(tokens) FROM session_memory) AS tokens, bytes = (SELECT sum(_sm_bytes(interaction)) FROM session_memory) AS bytes, expired_not_removed,
       oldest_due_at = (SELECT min(prune_at) FROM sm_session) AS oldest_due_at, removed_total, worker_last_run_at, worker_last_error, worker_bursts
FROM sm_stats() \gx
SELECT sm_prune();
SELECT sessions, interactions, expired_not_removed, oldest_due_at FROM sm_stats();

-- What the worker notes is shown.
INSERT INTO sm_worker_status (last_run_at, last_finished_at, bursts, removed_total, last_error, last_error_at)
VALUES ('2026-01-31 12:00:00+00', '2026-01-31 12:00:01+00', 7, 42, 'something', '2026-01-31 11:00:00+00');
SELECT removed_total, worker_last_run_at, worker_last_error, worker_last_error_at, worker_bursts FROM sm_stats();

-- Health: ok while nothing waits, whatever errors there once were; else why it is not.
SET session_memory.worker = on;
SELECT sm_health();
SET session_memory.worker = off;
SELECT sm_health()->>'status' AS status, sm_health()->'reasons' AS reasons;
SET session_memory.worker = on;
-- The last burst met an error, yet nothing waits.
UPDATE sm_worker_status SET last_error_at = last_finished_at;
SELECT sm_health()->>'status' AS status, sm_health()->'reasons' AS reasons;
-- Something has been waiting for longer than three naps and a little.
UPDATE sm_session SET prune_at = '2026-01-31 12:00:00+00' WHERE session_id = 'alive';
SELECT sm_health()->>'status' AS status, sm_health()->'reasons' AS reasons, sm_health()->'oldest_due_at' AS oldest_due_at;
UPDATE sm_worker_status SET last_error_at = last_finished_at - interval '1 second';
SELECT sm_health()->>'status' AS status, sm_health()->'reasons' AS reasons;
UPDATE sm_session SET prune_at = now() - interval '2 minutes' WHERE session_id = 'alive';
SELECT sm_health()->>'status' AS status;
SET session_memory.nap_time = '10s';
SELECT sm_health()->>'status' AS status;
SET session_memory.nap_time = '1min';
-- Near its limit, what is in the memory is at risk.
CREATE FUNCTION pg_temp.limit_to(share numeric) RETURNS text LANGUAGE sql AS $$
    SELECT set_config('session_memory.max_size', ceil(bytes / share)::bigint || 'B', false) IS NOT NULL FROM sm_stats()
$$;
SELECT max_size, used_percent, evicted_total FROM sm_stats();
SELECT pg_temp.limit_to(0.895) AS set;
SELECT max_size = ceil(bytes / 0.895) AS max_size, used_percent BETWEEN 88 AND 90 AS used_percent FROM sm_stats();
SELECT sm_health()->>'status' AS status;
SELECT pg_temp.limit_to(0.91) AS set;
SELECT sm_health()->>'status' AS status, regexp_replace(sm_health()->>'reasons', '[0-9.]+ %', 'N %') AS reasons;
SELECT pg_temp.limit_to(2) AS set;
SELECT used_percent BETWEEN 195 AND 205 AS used_percent, sm_health()->>'status' AS status FROM sm_stats();
UPDATE sm_worker_status SET evicted_total = 5;
SELECT evicted_total FROM sm_stats();
RESET session_memory.max_size;
SET session_memory.worker = off;
SELECT pg_typeof(sm_health()), (SELECT string_agg(k, ' ') FROM jsonb_object_keys(sm_health()) AS k) AS keys;
