-- sm_add: what is stored, seq, the session that it makes, whose session it is.
\i sql/fixture/begin.sql
-- seq counts from 1 in each session, whatever happens in others.
SELECT sm_add('a', 'first', 'one'), sm_add('b', 'first', 'one'), sm_add('a', 'second', 'two'), sm_add('b', 'second', 'two'), sm_add('a', 'third', 'three');

-- Exactly the members that were given.
SELECT sm_add('shape', 'q', 'a');
SELECT sm_add('shape', 'q', 'a', '{"topic": "bikes", "score": 1.50, "list": [1, null, true, {"x": "y"}]}');
SELECT sm_add('shape', 'q', 'a', '{}');
SELECT sm_add('shape', '', '');
SELECT sm_add('shape', E'tab\t "quoted" \\ back\nslash', 'Ünïcödé — 東京 🚲');
SELECT seq, interaction, idempotency_key FROM session_memory WHERE session_id = 'shape' ORDER BY seq;

-- Arguments by name, in any order.
SELECT sm_add(answer => 'a', query => 'q', session_id => 'named', user_id => 'ann', metadata => '{"n": 1}', idempotency_key => 'k',
              created_at => '2026-01-31 12:00:00.5+00');
SELECT session_id, seq, created_at AT TIME ZONE 'UTC' AS created_at, idempotency_key, interaction FROM session_memory WHERE session_id = 'named';

-- Tokens: an estimate that grows with the text; metadata costs nothing.
SELECT sm_add('tokens', 'one two three', ''), sm_add('tokens', repeat('one two three ', 100), ''),
       sm_add('tokens', 'one two three', '', jsonb_build_object('much', repeat('more ', 1000)));
SELECT small.tokens > 0 AS some, big.tokens > 50 * small.tokens AS many, with_metadata.tokens = small.tokens AS metadata_is_free
FROM session_memory AS small, session_memory AS big, session_memory AS with_metadata
WHERE (small.session_id, small.seq, big.session_id, big.seq, with_metadata.session_id, with_metadata.seq) = ('tokens', 1, 'tokens', 2, 'tokens', 3);

-- The session's row.
SELECT session_id, user_id, last_seq, interactions, ttl, idle_timeout, max_interactions, summary_seq, ended_at FROM sm_session ORDER BY session_id;
SELECT bool_and(created_at <= clock_timestamp() AND created_at > clock_timestamp() - interval '1 minute'
                AND last_activity_at >= created_at) AS made_just_now FROM sm_session;

-- Without created_at an interaction happened when the statement arrived, not when its transaction began.
BEGIN;
SELECT pg_sleep(0.01);
SELECT sm_add('clock', 'q', 'a');
SELECT created_at > now() AS after_the_beginning FROM session_memory WHERE session_id = 'clock';
COMMIT;

-- A user is set where there is none, kept where none is said, and never changed.
SELECT sm_add('owned', 'q', 'a');
SELECT sm_add('owned', 'q', 'a', user_id => 'ann');
SELECT sm_add('owned', 'q', 'a');
SELECT sm_add('owned', 'q', 'a', user_id => 'ann');
SELECT pg_temp.fails($$SELECT sm_add('owned', 'q', 'a', user_id => 'bob')$$);
SELECT pg_temp.fails($$SELECT sm_add('owned', 'q', 'a', user_id => 'Ann')$$);
SELECT user_id, last_seq, interactions FROM sm_session WHERE session_id = 'owned';

-- A session that has ended is closed.
UPDATE sm_session SET ended_at = now() WHERE session_id = 'b';
SELECT pg_temp.fails($$SELECT sm_add('b', 'q', 'a')$$);
SELECT last_seq, interactions FROM sm_session WHERE session_id = 'b';

-- Session ids are compared byte by byte.
SELECT sm_add(id, 'q', id)
FROM unnest(ARRAY['x', 'X', ' x', 'x ', 'xx', 'x%', 'x_', U&'x\00E9', U&'xe\0301', 'x''y', 'x"y', E'x\ny', '../x', 'x;--']) AS i (id);
SELECT count(*), count(DISTINCT session_id), max(seq) FROM session_memory WHERE session_id ~ 'x|X';
SELECT count(*) AS wrong FROM sm_session WHERE session_id ~ 'x|X'
AND (json_array_length(sm_context(session_id)) <> 1 OR sm_context(session_id) -> 0 ->> 'answer' <> session_id);
-- Big ones.
SELECT sm_add('big', repeat('word ', 100000), (SELECT string_agg(md5(n::text), ' ') FROM generate_series(1, 10000) AS n));
SELECT length(interaction->>'query'), length(interaction->>'answer') FROM session_memory WHERE session_id = 'big';

-- Many in one statement, and many statements in one transaction.
SELECT max(sm_add('many', 'q' || n, 'a')) FROM generate_series(1, 1000) AS n;
SELECT count(*), max(seq), count(DISTINCT seq), bool_and(interaction->>'query' = 'q' || seq) FROM session_memory WHERE session_id = 'many';
