-- sm_messages: the window of sm_context as bare chat-completion messages.
\i sql/fixture/begin.sql
SELECT sm_messages('unknown'), pg_typeof(sm_messages('unknown'));

-- An exchange is a user's and an assistant's message; metadata and times stay behind.
SELECT sm_add('m', 'Where is "it"?', E'Here.\nThere.', '{"topic": "x"}');
SELECT sm_add_message('m', 'system', 'Be brief.', '{"topic": "x"}');
SELECT sm_append('m', '[
    {"role": "assistant", "content": null, "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}], "extra": 1, "tokens": 3},
    {"role": "tool", "tool_call_id": "a", "content": "12 °C", "name": "f"},
    {"role": "assistant", "content": [{"type": "text", "text": "It is 12 °C."}], "refusal": null},
    {"role": "assistant", "function_call": {"name": "g"}},
    {"role": "user"}]');
SELECT e FROM json_array_elements(sm_messages('m')) AS e;

-- Half an exchange is one message; what is neither exchange nor message is left out, without a stray comma.
SELECT sm_append('odd', '[{"n": 0}, {"query": "only asked"}, {"n": 1}, {"answer": "only answered"}, {"role": 5, "content": "x"}, {"query": {"text": "object"}, "answer": null}, {"n": 2}]');
SELECT sm_messages('odd');
SELECT sm_messages('odd', 1), sm_messages('odd', 0);

-- Twenty interactions where nothing is said; the number counts interactions, not messages.
SELECT sm_append('many', jsonb_agg(jsonb_build_object('query', 'q' || n, 'answer', 'a' || n) ORDER BY n)) FROM generate_series(1, 30) AS n;
SELECT json_array_length(sm_messages('many')), sm_messages('many')->0->>'content' AS first, sm_messages('many')->-1->>'content' AS last;
SELECT sm_messages('many', 2);
SELECT asked, json_array_length(sm_messages('many', asked)) FROM unnest(ARRAY[1, 29, 30, 31, 2147483647]) AS asked;

-- The token budget is that of sm_context, for every number and budget.
SELECT sm_append('budget', jsonb_agg(jsonb_build_object('role', CASE n % 3 WHEN 1 THEN 'user' ELSE 'assistant' END, 'content', n::text, 'tokens', n % 7) ORDER BY n))
FROM generate_series(1, 40) AS n;
SELECT count(*), count(DISTINCT c.contents) > 20 AS different, count(*) FILTER (WHERE c.contents IS DISTINCT FROM m.contents) AS wrong
FROM generate_series(1, 41, 4) AS most CROSS JOIN generate_series(0, 130, 5) AS budget
CROSS JOIN LATERAL (SELECT string_agg(e->>'content', ' ' ORDER BY n) FROM json_array_elements(sm_context('budget', most, budget)) WITH ORDINALITY AS c (e, n)) AS c (contents)
CROSS JOIN LATERAL (SELECT string_agg(e->>'content', ' ' ORDER BY n) FROM json_array_elements(sm_messages('budget', most, budget)) WITH ORDINALITY AS c (e, n)) AS m (contents);
