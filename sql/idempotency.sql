-- The same idempotency key in a session returns the same seq and adds nothing.
\i sql/fixture/begin.sql
SELECT sm_add('a', 'first', 'one', idempotency_key => 'k1');
SELECT sm_add('a', 'first', 'one', idempotency_key => 'k1'), sm_add('a', 'something else', 'two', '{"x": 1}', idempotency_key => 'k1');
SELECT sm_add('a', 'second', 'two', idempotency_key => 'k2'), sm_add('a', 'third', 'three');
SELECT sm_add('a', 'first', 'one', idempotency_key => 'k1'), sm_add('a', 'second', 'two', idempotency_key => 'k2'), sm_add_message('a', 'user', 'x', idempotency_key => 'k1');
SELECT seq, idempotency_key, interaction FROM session_memory WHERE session_id = 'a' ORDER BY seq;
SELECT last_seq, interactions FROM sm_session WHERE session_id = 'a';

-- Keys belong to a session, and are compared byte by byte. Without one nothing is held together.
SELECT sm_add('b', 'q', 'a', idempotency_key => 'k1'), sm_add('b', 'q', 'a', idempotency_key => 'K1'), sm_add('b', 'q', 'a', idempotency_key => 'k1 '),
       sm_add('b', 'q', 'a'), sm_add('b', 'q', 'a');
SELECT sm_add('b', 'q', 'a', idempotency_key => repeat('é', 255)), sm_add('b', 'q', 'a', idempotency_key => repeat('é', 255)),
       pg_temp.fails($$SELECT sm_add('b', 'q', 'a', idempotency_key => repeat('é', 256))$$), pg_temp.fails($$SELECT sm_add('b', 'q', 'a', idempotency_key => '')$$) \gx

-- In one transaction, in one statement, after a rollback.
BEGIN;
SELECT sm_add('c', 'q', 'a', idempotency_key => 'k') UNION ALL SELECT sm_add('c', 'q', 'a', idempotency_key => 'k');
SAVEPOINT s;
SELECT sm_add('c', 'q', 'a', idempotency_key => 'undone');
ROLLBACK TO s;
SELECT sm_add('c', 'other', 'a', idempotency_key => 'undone'), sm_add('c', 'other', 'a', idempotency_key => 'undone');
COMMIT;
SELECT count(*) FROM session_memory WHERE session_id = 'c';
SELECT count(DISTINCT sm_add('d', 'q', 'a', idempotency_key => 'k')) AS seqs FROM generate_series(1, 100);

-- A call again does what the first did not: it is refused to another user, and in an ended session.
SELECT sm_add('e', 'q', 'a', idempotency_key => 'k', user_id => 'ann');
SELECT pg_temp.fails($$SELECT sm_add('e', 'q', 'a', idempotency_key => 'k', user_id => 'bob')$$);
UPDATE sm_session SET ended_at = now() WHERE session_id = 'e';
SELECT pg_temp.fails($$SELECT sm_add('e', 'q', 'a', idempotency_key => 'k')$$);

-- The key of one that was taken out, or cleared, or has expired, is free again; the seq is new.
SELECT sm_add('f', 'q', 'a', idempotency_key => 'k'), jsonb_array_length(sm_pop('f')), sm_add('f', 'q', 'a', idempotency_key => 'k');
SELECT sm_clear('f'), sm_add('f', 'q', 'a', idempotency_key => 'k');
SELECT sm_add('g', 'q', 'a', created_at => now() - interval '2 days', idempotency_key => 'k'), sm_add('g', 'stay', 'a'), sm_add('g', 'q', 'new', idempotency_key => 'k');
SELECT seq, idempotency_key, interaction->>'answer' AS answer FROM session_memory WHERE session_id = 'g' ORDER BY seq;
SELECT interactions FROM sm_session WHERE session_id = 'g';
-- One that only a cap hides still holds its key.
SELECT sm_add('h', 'q', 'a', idempotency_key => 'k'), sm_add('h', 'q', 'a'), sm_add('h', 'q', 'a');
UPDATE sm_session SET max_interactions = 1 WHERE session_id = 'h';
SELECT sm_add('h', 'q', 'a', idempotency_key => 'k');
