-- Chat histories of frameworks: in and out unchanged, shown to a model as chat-completion messages.
\i sql/fixture/begin.sql
-- Whether what was appended comes out as it went in, and in its order: by sm_history and in the table.
CREATE FUNCTION pg_temp.unchanged(id text, items jsonb) RETURNS boolean LANGUAGE sql AS $$
    SELECT items = (SELECT jsonb_agg(h.interaction ORDER BY h.seq) FROM sm_history(id) AS h)
       AND items = (SELECT jsonb_agg(m.interaction ORDER BY m.seq) FROM session_memory AS m WHERE m.session_id = id)
$$;

-- LangChain: messages_to_dict of a conversation with a tool.
\set langchain '[{"type": "system", "data": {"content": "Be brief.", "additional_kwargs": {}, "response_metadata": {}, "type": "system", "name": null, "id": null}}, {"type": "human", "data": {"content": "How warm is it in Lisbon and in Oslo?", "additional_kwargs": {}, "response_metadata": {}, "type": "human", "name": null, "id": null, "example": false}}, {"type": "ai", "data": {"content": "", "additional_kwargs": {}, "response_metadata": {"model_name": "m"}, "type": "ai", "name": null, "id": "run-1", "tool_calls": [{"name": "weather", "args": {"city": "Lisbon", "as": "\\"°C\\""}, "id": "call_1", "type": "tool_call"}, {"name": "weather", "args": {"city": "Oslo"}, "id": "call_2", "type": "tool_call"}], "invalid_tool_calls": []}}, {"type": "tool", "data": {"content": "18", "type": "tool", "name": null, "id": null, "tool_call_id": "call_1", "status": "success"}}, {"type": "tool", "data": {"content": "-3", "type": "tool", "name": null, "id": null, "tool_call_id": "call_2", "status": "success"}}, {"type": "ai", "data": {"content": [{"type": "text", "text": "18 and -3."}], "type": "ai", "tool_calls": []}}]'
SELECT sm_append('langchain', :'langchain');
SELECT pg_temp.unchanged('langchain', :'langchain');
SELECT json_array_elements(sm_messages('langchain'));
-- The arguments of a call are JSON again.
SELECT c->'function'->>'name' AS name, (c->'function'->>'arguments')::jsonb AS arguments FROM json_array_elements(sm_messages('langchain')) AS m CROSS JOIN json_array_elements(m->'tool_calls') AS c;

-- OpenAI: items of the Agents SDK, with two calls at once.
\set items '[{"role": "user", "content": "How warm is it in Lisbon and in Oslo?"}, {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAA"}, {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "weather", "arguments": "{\\"city\\": \\"Lisbon\\"}", "status": "completed"}, {"type": "function_call", "id": "fc_2", "call_id": "call_2", "name": "weather", "arguments": "{\\"city\\": \\"Oslo\\"}", "status": "completed"}, {"type": "function_call_output", "call_id": "call_1", "output": "18"}, {"type": "function_call_output", "call_id": "call_2", "output": [{"type": "input_text", "text": "-3"}]}, {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [{"type": "output_text", "text": "18 and -3.", "annotations": []}]}, {"role": "user", "content": [{"type": "input_text", "text": "Thanks"}, {"type": "input_image", "image_url": "https://example.com/x.png"}]}, {"type": "function_call", "call_id": "call_3", "name": "done", "arguments": "{}"}]'
SELECT sm_append('items', :'items');
SELECT pg_temp.unchanged('items', :'items');
SELECT json_array_elements(sm_messages('items'));
SELECT sm_messages('items', 1) AS one_call;

-- Plain messages, with keys that are nobody's.
\set plain '[{"role": "developer", "content": "Be brief.", "mine": [1, {"two": null}]}, {"role": "user", "content": "hello", "name": "ann"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "c", "content": "ok"}]'
SELECT sm_append('plain', :'plain');
SELECT pg_temp.unchanged('plain', :'plain');
SELECT json_array_elements(sm_messages('plain'));

-- A budget never parts a call from its result, in any of the shapes: a window begins before the call, or after the result.
CREATE FUNCTION pg_temp.windows(id text) RETURNS TABLE (max_tokens int, seqs text) LANGUAGE sql AS $$
    SELECT min(w.budget)::int, w.seqs
    FROM (SELECT b AS budget, (SELECT string_agg(e->>'seq', ' ' ORDER BY n) FROM json_array_elements(sm_context(id, 100, b)) WITH ORDINALITY AS c (e, n)) AS seqs FROM generate_series(0, 200) AS b) AS w
    GROUP BY w.seqs ORDER BY 1
$$;
SELECT sm_append('langchain', '{"type": "human", "data": {"content": "Thanks"}}'), sm_append('plain', '{"role": "user", "content": "Thanks"}');
SELECT seqs FROM pg_temp.windows('langchain');
SELECT seqs FROM pg_temp.windows('plain');
SELECT sm_pop('items') IS NOT NULL AS popped;
SELECT seqs FROM pg_temp.windows('items');
-- Turns, as the report counts them.
SELECT id, sm_end_session(id)->'turns' AS turns FROM unnest(ARRAY['langchain', 'items', 'plain']) AS id;

-- What was said is found, whatever the index leaves out.
SELECT session_id, seq FROM sm_find('{"type": "human", "data": {"content": "How warm is it in Lisbon and in Oslo?"}}');
SELECT session_id, seq FROM sm_find('{"data": {"tool_call_id": "call_2"}}');
SELECT session_id, seq FROM sm_find('{"output": "18"}');
SELECT session_id, seq FROM sm_find('{"type": "function_call", "call_id": "call_1", "arguments": "{\"city\": \"Lisbon\"}"}');
SELECT session_id, seq FROM sm_find('{"encrypted_content": "gAAAA"}');
SELECT count(*) AS humans FROM sm_find('{"type": "human"}');
SELECT _sm_searchable('{"type": "human", "data": {"content": "x"}, "output": "o", "arguments": "a", "call_id": "c", "encrypted_content": "e", "id": "i", "metadata": {"data": "kept"}}');
