-- sm_add_message: messages with a role, beside exchanges in one session.
\i sql/fixture/begin.sql
SELECT sm_add_message('m', 'system', 'Be brief.'), sm_add_message('m', 'user', 'Hello'), sm_add('m', 'q', 'a'), sm_add_message('m', 'assistant', '');
SELECT sm_add_message('m', 'user', 'with metadata', '{"channel": "web"}', created_at => '2026-01-31 12:00:00+00', user_id => 'ann');
SELECT seq, interaction FROM session_memory WHERE session_id = 'm' ORDER BY seq;
SELECT created_at AT TIME ZONE 'UTC' AS created_at FROM session_memory WHERE (session_id, seq) = ('m', 5);
SELECT user_id, last_seq, interactions FROM sm_session WHERE session_id = 'm';

-- Any role is taken; idempotency and ownership are those of sm_add.
SELECT sm_add_message('m', 'developer', 'x', idempotency_key => 'k'), sm_add_message('m', 'developer', 'x', idempotency_key => 'k');
SELECT pg_temp.fails($$SELECT sm_add_message('m', 'user', 'x', user_id => 'bob')$$);
UPDATE sm_session SET ended_at = now();
SELECT pg_temp.fails($$SELECT sm_add_message('m', 'user', 'x')$$);
SELECT last_seq, interactions FROM sm_session WHERE session_id = 'm';

-- The role is no part of the count, the content is.
SELECT sm_add_message('t', 'user', 'one two three'), sm_add_message('t', 'assistant', 'one two three'), sm_add_message('t', 'user', '');
SELECT tokens > 0 AS some, tokens = lag(tokens) OVER (ORDER BY seq) AS same FROM session_memory WHERE session_id = 't' ORDER BY seq;
