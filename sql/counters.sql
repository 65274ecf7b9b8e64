-- The counters of sm_session equal what counting gives, after every kind of call.
\i sql/fixture/begin.sql
-- Sessions whose counters are not what counting gives. There must never be one.
CREATE VIEW pg_temp.miscounted AS
SELECT s.session_id, s.interactions, s.tokens, s.bytes, c.*
FROM sm_session AS s
CROSS JOIN LATERAL (SELECT count(*) AS counted, coalesce(sum(m.tokens), 0) AS tokens_counted,
                           coalesce(sum(_sm_bytes(m.interaction)), 0) AS bytes_counted
                    FROM session_memory AS m WHERE m.session_id = s.session_id) AS c
WHERE (s.interactions, s.tokens, s.bytes) IS DISTINCT FROM (c.counted, c.tokens_counted, c.bytes_counted);
-- Adds messages "1", "2", … of so many ages, oldest first.
CREATE FUNCTION pg_temp.fill(id text, VARIADIC ages interval[]) RETURNS bigint LANGUAGE sql AS $$
    SELECT sm_append(id, jsonb_agg(jsonb_build_object('role', 'user', 'content', n::text, 'timestamp', clock_timestamp() - age) ORDER BY n))
    FROM unnest(ages) WITH ORDINALITY AS a (age, n)
$$;
CREATE FUNCTION pg_temp.check(what text) RETURNS TABLE (after_ text, wrong bigint, stored bigint) LANGUAGE sql AS $$
    SELECT what, (SELECT count(*) FROM pg_temp.miscounted), (SELECT count(*) FROM session_memory)
$$;
SELECT sm_add('s', 'question', 'answer');
SELECT * FROM pg_temp.check('sm_add that makes a session');
SELECT sm_add('s', repeat('long ', 5000), 'answer', '{"a": {"b": [1, 2, 3]}}', idempotency_key => 'k');
SELECT * FROM pg_temp.check('sm_add of a large one');
SELECT sm_add('s', 'question', 'answer', idempotency_key => 'k');
SELECT * FROM pg_temp.check('sm_add of a key again');
SELECT sm_add_message('s', 'user', 'hello', user_id => 'ann');
SELECT * FROM pg_temp.check('sm_add_message');
SELECT sm_append('s', '[{"tokens": 7}, {}, {"content": "x"}]');
SELECT * FROM pg_temp.check('sm_append');
SELECT sm_append('new', '[{"tokens": 7}, {}, {"content": "x"}]');
SELECT * FROM pg_temp.check('sm_append that makes a session');
SELECT sm_append('s', jsonb_build_object('random', (SELECT string_agg(md5(n::text), '') FROM generate_series(1, 5000) AS n)));
SELECT * FROM pg_temp.check('sm_append of one stored outside its row');
SELECT pg_temp.fill('old', '3 days', '2 days', '1 hour', '1 minute');
SELECT * FROM pg_temp.check('adding what has expired');
SELECT jsonb_array_length(sm_pop('s', 2)), jsonb_array_length(sm_pop('old', 1));
SELECT * FROM pg_temp.check('sm_pop');
SELECT sm_prune(session_id => 'old');
SELECT * FROM pg_temp.check('sm_prune of a session');
SELECT sm_append('old', jsonb_build_object('timestamp', now() - interval '2 days')), sm_prune(), sm_prune('1 minute');
SELECT * FROM pg_temp.check('sm_prune');
UPDATE sm_session SET last_activity_at = now() - interval '2 days' WHERE session_id = 's';
SELECT sm_add('s', 'again', 'answer');
SELECT * FROM pg_temp.check('sm_add that begins a session again');
UPDATE sm_session SET last_activity_at = now() - interval '2 days' WHERE session_id = 'new';
SELECT sm_append('new', '[{}, {}]');
SELECT * FROM pg_temp.check('sm_append that begins a session again');
SELECT sm_add('key', 'q', 'a', created_at => now() - interval '2 days', idempotency_key => 'k'), sm_add('key', 'q', 'a'), sm_add('key', 'another', 'a', idempotency_key => 'k');
SELECT * FROM pg_temp.check('sm_add with the key of an expired one');
SELECT sm_clear('s');
SELECT * FROM pg_temp.check('sm_clear');
DO $$ BEGIN PERFORM sm_add('undone', 'q', 'a'); PERFORM sm_pop('new'); RAISE 'undo'; EXCEPTION WHEN OTHERS THEN NULL; END $$;
SELECT * FROM pg_temp.check('a block that is rolled back');
BEGIN;
SELECT sm_add('twice', 'q', 'a'), jsonb_array_length(sm_pop('twice')), sm_add('twice', 'q', 'a'), sm_clear('twice'), sm_add('twice', 'q', 'a');
COMMIT;
SELECT * FROM pg_temp.check('all in one statement');

-- bytes is the size of the object by itself, uncompressed; tokens are those of the rows.
SELECT session_id, interactions, bytes = (SELECT sum(pg_column_size(m.interaction::text::jsonb)) FROM session_memory AS m WHERE m.session_id = s.session_id) AS bytes_as_sized
FROM sm_session AS s ORDER BY 1;
-- sm_stats shows them.
SELECT count(*) AS wrong FROM sm_session AS s CROSS JOIN LATERAL sm_stats(s.session_id) AS t
WHERE (s.interactions, s.tokens, s.bytes, s.last_seq) IS DISTINCT FROM (t.interactions, t.tokens, t.bytes, t.last_seq);
SELECT (t.sessions, t.interactions, t.tokens, t.bytes) = (SELECT count(*), sum(s.interactions), sum(s.tokens), sum(s.bytes) FROM sm_session AS s) AS same FROM sm_stats() AS t;
