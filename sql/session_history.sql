-- The view session_history: each living session as one array.
\i sql/fixture/begin.sql
SELECT * FROM session_history;
SELECT sm_append('a', '[{"role": "user", "content": "1"}, {"role": "assistant", "content": "2"}]'), sm_add('a', 'q', 'a', '{"topic": "x"}'), sm_add('b', 'q', 'a');
SELECT session_id, history FROM session_history ORDER BY session_id;
SELECT a.attname, format_type(a.atttypid, a.atttypmod) AS type FROM pg_attribute AS a WHERE a.attrelid = 'session_history'::regclass ORDER BY attnum;
SELECT updated_at = s.last_activity_at AS when_last_used FROM session_history AS h JOIN sm_session AS s USING (session_id);
-- A session without interactions is an empty array; one that has expired is not there.
SELECT jsonb_array_length(sm_pop('b'));
SELECT session_id, history FROM session_history WHERE session_id = 'b';
UPDATE sm_session SET idle_timeout = '1 minute', last_activity_at = now() - interval '1 minute' WHERE session_id = 'a';
SELECT session_id FROM session_history;
UPDATE sm_session SET idle_timeout = NULL;
SELECT sm_append('a', jsonb_build_object('timestamp', now() - interval '1 day'));
SELECT session_id, jsonb_array_length(history) FROM session_history ORDER BY session_id;
-- Oldest first, whatever the order of times or of storage.
SELECT sm_append('c', jsonb_agg(jsonb_build_object('n', n, 'timestamp', now() - n % 7 * interval '1 minute') ORDER BY n)) FROM generate_series(1, 300) AS n;
UPDATE session_memory SET tokens = tokens + 1 WHERE session_id = 'c' AND seq % 2 = 0;
SELECT count(*), bool_and((e->>'n')::int = n) AS in_order FROM session_history, jsonb_array_elements(history) WITH ORDINALITY AS x (e, n) WHERE session_id = 'c';
-- One session costs a look-up of that session, not of all.
SELECT count(sm_append('filler' || n, '[{"x": 1}, {"x": 2}]')) FROM generate_series(1, 2000) AS n;
VACUUM ANALYZE session_memory, sm_session;
CREATE FUNCTION pg_temp.scans(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || statement LOOP
        RETURN QUERY SELECT line WHERE line ~ 'Seq Scan';
    END LOOP;
END $$;
SELECT pg_temp.scans($$SELECT history FROM session_history WHERE session_id = 'c'$$);
