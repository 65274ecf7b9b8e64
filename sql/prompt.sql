-- sm_prompt: all that a model needs of a session in one call, as JSON and as plain text.
\i sql/fixture/begin.sql
-- All four keys, always, and no others.
SELECT sm_prompt('unknown');
SELECT pg_typeof(sm_prompt('unknown')), (SELECT string_agg(k, ' ' ORDER BY k) FROM jsonb_object_keys(sm_prompt('unknown')) AS k) AS keys;
SELECT sm_create_session('empty', 'ann', metadata => '{"not": "shown"}');
SELECT sm_prompt('empty');
-- Only what there is: messages; a state; a summary; each with the others.
SELECT sm_append('talk', '[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Is the sauna free?"}, {"role": "assistant", "content": "Yes, from six."}, {"query": "And the gym?", "answer": "Always."}]');
SELECT sm_prompt('talk') - 'formatted_context' AS prompt;
SELECT sm_prompt('talk')->>'formatted_context' AS formatted_context;
SELECT sm_set_state('talk', '{"agent": "front desk", "slots": {"time": "18:00", "guests": 2}, "open": true, "nothing": null, "list": [1, "two"], "rate": 1.50}');
SELECT sm_prompt('talk')->>'formatted_context' AS formatted_context;
SELECT sm_set_summary('talk', 'The guest asked whether the sauna is free.', 3);
SELECT sm_prompt('talk') - 'formatted_context' AS prompt;
SELECT sm_prompt('talk')->>'formatted_context' AS formatted_context;
SELECT sm_set_summary('talk', 'All was said.', 4);
SELECT sm_prompt('talk');
SELECT sm_create_session('state only'), sm_set_state('state only', '{"a": 1}');
SELECT sm_prompt('state only');
SELECT sm_set_state('state only', '{"a": null}');
SELECT sm_prompt('state only');
-- None of the messages asked for: the state is there all the same.
SELECT sm_prompt('talk', 0) - 'state' AS prompt, sm_prompt('talk', 0)->'state' = sm_state('talk') AS state;
-- The same messages as sm_messages gives, but for the summary, which has a key of its own here.
SELECT sm_prompt('talk')->'messages' = '[]' AS none, sm_messages('talk')::jsonb = jsonb_build_array(jsonb_build_object('role', 'system', 'content', sm_prompt('talk')->>'summary')) AS same;

-- Roles, tools, contents that are no text, and what is neither an exchange nor a message.
SELECT sm_append('tools', '[
  {"role": "user", "content": "Weather in Graz?"},
  {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Graz\"}"}}]},
  {"role": "tool", "tool_call_id": "call_1", "name": "weather", "content": "12 °C"},
  {"role": "assistant", "content": "It is 12 °C.", "metadata": {"not": "shown"}, "tokens": 9, "timestamp": "2026-01-31T12:00:00Z"}]');
SET session_memory.ttl = 0;
SELECT jsonb_pretty(sm_prompt('tools')->'messages') AS messages;
SELECT sm_prompt('tools')->>'formatted_context' AS formatted_context;
SELECT sm_append('odd', '[
  {"role": "human", "content": "as some call it"}, {"role": "ai", "content": "likewise"}, {"role": "developer", "content": "any word is a role"}, {"role": "function", "name": "f", "content": "older form"},
  {"role": "user", "content": [{"type": "text", "text": "blocks"}, {"type": "image_url", "image_url": {"url": "x"}}]}, {"role": "user", "content": {"an": "object"}}, {"role": "user", "content": 5}, {"role": "user"}, {"role": "user", "content": ""},
  {"neither": true}, {"role": 7, "content": "no role"}, {"query": "only asked"}, {"answer": "only answered"}, {"query": null, "answer": null}, {"query": {"a": 1}, "answer": ["b"]}, {}]');
SELECT sm_prompt('odd', 100)->>'formatted_context' AS formatted_context;
SELECT sm_prompt('odd', 100)->'messages' = sm_messages('odd', 100)::jsonb AS same_messages, jsonb_array_length(sm_prompt('odd', 100)->'messages') AS messages;
-- Whatever a text may hold comes out as it went in.
SELECT sm_append('texts', jsonb_build_array(jsonb_build_object('role', 'user', 'content', E'two\nlines, a "quote", a \\ and a tab\t'), jsonb_build_object('role', 'assistant', 'content', E'é 🚲 \u2028 \u0001\u007f <b>&amp;')));
SELECT sm_set_state('texts', jsonb_build_object(E'a "key"\n', E'a "value" \\ 🚲', 'é', E'\u0001'));
SELECT sm_prompt('texts')->'messages'->0->>'content' = E'two\nlines, a "quote", a \\ and a tab\t' AS first, sm_prompt('texts')->'messages'->1->>'content' = E'é 🚲 \u2028 \u0001\u007f <b>&amp;' AS second, sm_prompt('texts')->'state' = sm_state('texts') AS state;
SELECT sm_prompt('texts')->>'formatted_context' = E'Current state:\n- é: \u0001\n- a "key"\n: a "value" \\ 🚲\n\nRecent conversation:\nUser: two\nlines, a "quote", a \\ and a tab\t\nAssistant: é 🚲 \u2028 \u0001\u007f <b>&amp;\n' AS formatted_context;

-- Eight by default; as many as asked for; within a token budget, without splitting a call from its result.
SELECT sm_append('long', jsonb_agg(jsonb_build_object('role', CASE WHEN n % 2 = 1 THEN 'user' ELSE 'assistant' END, 'content', n::text, 'tokens', 10) ORDER BY n)) FROM generate_series(1, 30) AS n;
CREATE FUNCTION pg_temp.said(prompt jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' | ', prompt->>'summary', (SELECT string_agg(e->>'content', ' ' ORDER BY n) FROM jsonb_array_elements(prompt->'messages') WITH ORDINALITY AS m (e, n)))
$$;
SELECT pg_temp.said(sm_prompt('long')) AS by_default, pg_temp.said(sm_prompt('long', 3)) AS three, pg_temp.said(sm_prompt('long', 100, 45)) AS in_45_tokens, pg_temp.said(sm_prompt('long', 3, 1000)) AS three_in_1000, pg_temp.said(sm_prompt('long', 8, 0)) AS in_none;
SELECT array_length(string_to_array(rtrim(sm_prompt('long')->>'formatted_context', E'\n'), E'\n'), 1) AS lines;
SELECT sm_set_summary('long', 'Ten were said.', 10);
SELECT pg_temp.said(sm_prompt('long')) AS by_default, pg_temp.said(sm_prompt('long', 100)) AS hundred, pg_temp.said(sm_prompt('long', 100, 45)) AS in_45_tokens, pg_temp.said(sm_prompt('long', 8, 210)) AS in_210_tokens;
SELECT sm_set_summary('long', 'Twenty-five were said.', 25);
SELECT pg_temp.said(sm_prompt('long')) AS by_default, pg_temp.said(sm_prompt('long', 2)) AS two, pg_temp.said(sm_prompt('long', 8, 49)) AS in_49_tokens, pg_temp.said(sm_prompt('long', 8, 70)) AS in_70_tokens;

-- As of one moment: a prompt in one statement has what was committed before it, in all its parts; a cursor what it was opened on.
BEGIN;
DECLARE shown CURSOR FOR SELECT n, pg_temp.said(sm_prompt('moment')), sm_prompt('moment')->'state' AS state FROM generate_series(1, 2) AS n;
SELECT sm_append('moment', '[{"role": "user", "content": "1"}, {"role": "user", "content": "2"}]'), sm_set_state('moment', '{"a": 1}'), sm_set_summary('moment', 'One.', 1);
FETCH ALL shown;
CLOSE shown;
DECLARE shown CURSOR FOR SELECT n, pg_temp.said(sm_prompt('moment')), sm_prompt('moment')->'state' AS state FROM generate_series(1, 3) AS n;
FETCH 1 shown;
SELECT sm_append('moment', '[{"role": "user", "content": "3"}]'), sm_set_state('moment', '{"a": 2}'), sm_set_summary('moment', 'Three.', 3);
FETCH 1 shown;
SELECT pg_temp.said(sm_prompt('moment')), sm_prompt('moment')->'state' AS state;
SELECT sm_clear('moment');
FETCH 1 shown;
SELECT sm_prompt('moment');
COMMIT;
-- In a query over many sessions, each its own.
SELECT session_id, pg_temp.said(sm_prompt(session_id, 2)), sm_prompt(session_id)->'state' AS state FROM sm_session WHERE session_id IN ('talk', 'empty', 'state only', 'long', 'tools') ORDER BY session_id;
-- Large parts, each written where the next one goes.
SELECT sm_set_state('big', jsonb_build_object('text', repeat('state ', 100000))) IS NOT NULL AS set, sm_append('big', jsonb_build_array(jsonb_build_object('role', 'user', 'content', repeat('one ', 100000)), jsonb_build_object('role', 'user', 'content', repeat('two ', 100000)))), sm_set_summary('big', repeat('summary ', 100000), 1);
SELECT p->>'summary' = repeat('summary ', 100000) AS summary, p->'state'->>'text' = repeat('state ', 100000) AS state, p->'messages'->0->>'content' = repeat('two ', 100000) AS message,
       p->>'formatted_context' = format(E'Summary of the conversation so far:\n%s\n\nCurrent state:\n- text: %s\n\nRecent conversation:\nUser: %s\n', repeat('summary ', 100000), repeat('state ', 100000), repeat('two ', 100000)) AS formatted_context
FROM sm_prompt('big') AS p;
SELECT count(*) FILTER (WHERE sm_prompt('big')->'state'->>'text' = repeat('state ', 100000) AND sm_prompt('big')->>'summary' = repeat('summary ', 100000)) AS right FROM generate_series(1, 20);
