-- sm_find: by containment, in a session, of a user or everywhere, newest first, on the GIN index.
\i sql/fixture/begin.sql
SELECT sm_add('a', 'bike?', 'yes', '{"topic": "bikes", "score": 1, "tags": ["x", "y"]}', created_at => now() - interval '3 minutes', user_id => 'ann');
SELECT sm_add('a', 'boat?', 'no', '{"topic": "boats", "score": 2}', created_at => now() - interval '1 minute');
SELECT sm_add('b', 'bike?', 'maybe', '{"topic": "bikes", "score": 2}', created_at => now() - interval '2 minutes', user_id => 'bob');
SELECT sm_append('c', jsonb_build_object('role', 'user', 'content', 'bike?', 'metadata', '{"topic": "bikes"}'::jsonb, 'timestamp', now() - interval '30 seconds'));

-- Newest first by time, over all sessions.
SELECT session_id, seq, interaction - 'timestamp' AS interaction FROM sm_find('{"metadata": {"topic": "bikes"}}');
SELECT created_at = (SELECT m.created_at FROM session_memory AS m WHERE (m.session_id, m.seq) = (f.session_id, f.seq)) AS same_time FROM sm_find('{"role": "user"}') AS f;

-- Containment: of keys, values, nested ones, elements of arrays; {} is in everything.
SELECT contains, (SELECT string_agg(session_id || seq, ' ') FROM sm_find(contains)) AS found
FROM unnest(ARRAY['{}', '{"query": "bike?"}', '{"query": "bike"}', '{"metadata": {}}', '{"metadata": {"tags": ["y"]}}', '{"metadata": {"tags": ["y", "x"]}}',
                  '{"metadata": {"tags": ["z"]}}', '{"metadata": {"score": 2}}', '{"metadata": {"score": "2"}}', '{"metadata": {"score": 2.0}}',
                  '{"query": "bike?", "metadata": {"score": 2}}', '{"none": 1}']::jsonb[]) AS contains;

-- Of a session, of a user, of both.
SELECT string_agg(session_id || seq, ' ') AS session_a FROM sm_find('{"metadata": {"topic": "bikes"}}', 'a');
SELECT string_agg(session_id || seq, ' ') AS of_ann FROM sm_find('{"metadata": {}}', user_id => 'ann');
SELECT string_agg(session_id || seq, ' ') AS of_bob_in_b FROM sm_find('{"metadata": {}}', 'b', 'bob');
SELECT count(*) AS of_bob_in_a FROM sm_find('{"metadata": {}}', 'a', 'bob');
SELECT count(*) AS unknown FROM sm_find('{}', 'nobody') UNION ALL SELECT count(*) FROM sm_find('{}', NULL, 'nobody');

-- How many.
SELECT string_agg(session_id || seq, ' ') AS newest_two FROM sm_find('{}', max_results => 2);
SELECT count(*) AS none FROM sm_find('{}', max_results => 0);
SELECT count(*) AS all FROM sm_find('{}', max_results => 2147483647);
SELECT sm_append('many', jsonb_agg(jsonb_build_object('n', n) ORDER BY n)) FROM generate_series(1, 150) AS n;
SELECT count(*) AS by_default, min(seq), max(seq) FROM sm_find('{}', 'many');
-- At one time: by session, then the newest seq first.
SELECT sm_append(id, '[{"same": 1, "timestamp": "2030-01-01T00:00:00Z"}, {"same": 1, "timestamp": "2030-01-01T00:00:00Z"}]') FROM unnest(ARRAY['t2', 't1']) AS id;
SELECT session_id, seq FROM sm_find('{"same": 1}');

-- The index serves it: inlined, so the planner sees what is searched for.
SELECT count(sm_append('filler' || n, (SELECT jsonb_agg(jsonb_build_object('content', md5(i::text || n))) FROM generate_series(1, 50) AS i))) FROM generate_series(1, 100) AS n;
VACUUM ANALYZE session_memory, sm_session;
CREATE FUNCTION pg_temp.index_of(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || statement LOOP
        RETURN QUERY SELECT trim(regexp_replace(line, '^[ >-]*', '')) WHERE line ~ 'session_memory_interaction_idx|Seq Scan on session_memory';
    END LOOP;
END $$;
SELECT pg_temp.index_of($$SELECT * FROM sm_find('{"metadata": {"topic": "bikes"}}')$$);
SELECT pg_temp.index_of($$SELECT * FROM sm_find('{"metadata": {"topic": "bikes"}}', user_id => 'ann')$$);
SELECT pg_temp.index_of($$SELECT * FROM sm_find('{"metadata": {"topic": "bikes"}}', max_results => 3)$$);
-- Prepared, with any arguments.
PREPARE found (jsonb, text, text) AS SELECT session_id, seq FROM sm_find($1, $2, $3);
SET plan_cache_mode = force_generic_plan;
EXECUTE found('{"metadata": {"topic": "bikes"}}', NULL, NULL);
EXECUTE found('{"metadata": {"topic": "bikes"}}', 'a', 'ann');
EXECUTE found('{"metadata": {"topic": "bikes"}}', 'a', 'bob');
RESET plan_cache_mode;
-- The same without the index.
SET enable_bitmapscan = off;
SELECT string_agg(session_id || seq, ' ') AS found FROM sm_find('{"metadata": {"topic": "bikes"}}');
RESET enable_bitmapscan;
