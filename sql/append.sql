-- sm_append: objects as they are, one or many, all or none.
\i sql/fixture/begin.sql
SELECT sm_append('one', '{"role": "user", "content": "hello", "anything": {"else": [1, 2]}}');
SELECT sm_append('one', '{}');
SELECT sm_append('one', '[{"n": 1}]');
SELECT sm_append('one', '[{"n": 2}, {"n": 3}, {"n": 4}]', 'ann');
SELECT seq, interaction FROM session_memory WHERE session_id = 'one' ORDER BY seq;
SELECT user_id, last_seq, interactions FROM sm_session WHERE session_id = 'one';

-- Nothing to add: NULL, and no session comes of it.
SELECT sm_append('none', '[]') IS NULL AS nothing;
SELECT count(*) FROM sm_session WHERE session_id = 'none';

-- The shapes of other tools pass unchanged.
SELECT sm_append('shapes', '[
  {"role": "user", "content": "Weather in Graz?"},
  {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Graz\"}"}}]},
  {"role": "tool", "tool_call_id": "call_1", "content": "12 °C"},
  {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "12 °C"}]},
  {"type": "ai", "data": {"content": "It is 12 °C."}}]');
SELECT seq, interaction FROM session_memory WHERE session_id = 'shapes' ORDER BY seq;

-- "timestamp": a text or seconds since 1970; it stays in the object.
SET TIME ZONE 'Europe/Vienna';
SELECT sm_append('times', '[
  {"timestamp": "2026-01-31T12:00:00Z"},
  {"timestamp": "2026-01-31T12:00:00+05:30"},
  {"timestamp": "2026-01-31 12:00:00.123456"},
  {"timestamp": "2026-01-31"},
  {"timestamp": 1769860800},
  {"timestamp": 1769860800.25},
  {"timestamp": -1}]');
SELECT seq, created_at AT TIME ZONE 'UTC' AS created_at, interaction FROM session_memory WHERE session_id = 'times' ORDER BY seq;
SET TIME ZONE 'UTC';
SELECT sm_append('now', '[{"timestamp": null}, {"x": 1}]');
SELECT bool_and(created_at > now() - interval '1 minute' AND created_at <= clock_timestamp()) AS just_now FROM session_memory WHERE session_id = 'now';

-- "tokens": a whole number that fits wins, whatever else is estimated.
SELECT sm_append('tokens', '[{"content": "some text", "tokens": 42}, {"content": "some text", "tokens": 0}, {"tokens": 2147483647},
                            {"content": "some text", "tokens": 2147483648}, {"content": "some text", "tokens": -1}, {"content": "some text", "tokens": 1.5},
                            {"content": "some text", "tokens": "42"}, {"content": "some text", "tokens": null}, {"content": "some text"}]');
SELECT seq, CASE WHEN seq <= 3 THEN tokens END AS own, CASE WHEN seq > 3 THEN tokens = (SELECT tokens FROM session_memory WHERE (session_id, seq) = ('tokens', 9)) END AS estimated
FROM session_memory WHERE session_id = 'tokens' ORDER BY seq;
SELECT tokens > 2147483647 AS beyond_an_int FROM sm_session WHERE session_id = 'tokens';

-- One bad element, at any place: nothing of the array stays, and no session comes of it.
SELECT pg_temp.fails($$SELECT sm_append('bad', '[{"n": 1}, 2]')$$), pg_temp.fails($$SELECT sm_append('bad', '["x", {"n": 1}]')$$),
       pg_temp.fails($$SELECT sm_append('bad', '[{"n": 1}, [{"n": 2}], {"n": 3}]')$$), pg_temp.fails($$SELECT sm_append('bad', '[{"n": 1}, null]')$$) \gx
-- No time: a word that the server would read as one, and milliseconds, which would lie 50,000 years ahead.
SELECT written, left(pg_temp.fails(format('SELECT sm_append(%L, %L)', 'one', jsonb_build_array('{"n": 5}'::jsonb, jsonb_build_object('timestamp', written)))), 66) AS outcome
FROM unnest(ARRAY['"now"', '"today"', '"tomorrow"', '"yesterday"', '"epoch"', '"infinity"', '"-infinity"', '" 2026-01-31"', '"allballs"', '1769860800000', '-1769860800000', '100000000001']::jsonb[]) AS written;
SELECT sm_append('farthest', '[{"timestamp": 100000000000}, {"timestamp": -100000000000}]');
SELECT pg_temp.fails($$SELECT sm_append('one', '[{"n": 5}, {"timestamp": "infinity"}]')$$), pg_temp.fails($$SELECT sm_append('one', '[{"n": 5}, {"timestamp": []}]')$$) \gx
SELECT count(*) FROM sm_session WHERE session_id = 'bad';
SELECT last_seq, interactions FROM sm_session WHERE session_id = 'one';

-- Another's session, an ended session.
SELECT pg_temp.fails($$SELECT sm_append('one', '[{"n": 5}, {"n": 6}]', 'bob')$$);
UPDATE sm_session SET ended_at = now() WHERE session_id = 'shapes';
SELECT pg_temp.fails($$SELECT sm_append('shapes', '{"n": 5}')$$);
SELECT session_id, last_seq, interactions FROM sm_session WHERE session_id IN ('one', 'shapes') ORDER BY 1;

-- Ten thousand at once keep their order.
SELECT sm_append('many', jsonb_agg(jsonb_build_object('n', n) ORDER BY n)) FROM generate_series(1, 10000) AS n;
SELECT sm_append('many', '[{"n": 10001}, {"n": 10002}]');
SELECT count(*), bool_and((interaction->>'n')::bigint = seq) AS in_order FROM session_memory WHERE session_id = 'many';
SELECT last_seq, interactions FROM sm_session WHERE session_id = 'many';
