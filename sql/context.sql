-- sm_context: the newest interactions of one session, oldest first, within a number and a token budget.
\i sql/fixture/begin.sql
-- Old timestamps are used below; nothing expires here.
SET session_memory.ttl = 0;

-- What plain SQL says the context is.
CREATE FUNCTION pg_temp.expected(id text, most bigint) RETURNS text LANGUAGE sql AS $$
    SELECT '[' || coalesce(string_agg(format('{"seq": %s, "timestamp": "%s+00:00"', seq, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'))
                                      || CASE WHEN own = '{}' THEN '}' ELSE ', ' || substr(own::text, 2) END, ', ' ORDER BY seq), '') || ']'
    FROM (SELECT *, interaction - '{seq,timestamp}'::text[] AS own FROM session_memory WHERE session_id = id ORDER BY seq DESC LIMIT most) AS m
$$;

-- Nothing there.
SELECT sm_context('unknown'), pg_typeof(sm_context('unknown'));

-- Exact text: seq, timestamp, then the object in its stored order.
SELECT sm_add('exact', 'Hi', 'Hello', '{"b": 1, "aa": 2}', created_at => '2026-01-31 12:00:00+00');
SELECT sm_context('exact');

-- Timestamps: always UTC and six decimals, as far as the calendar goes.
SELECT sm_append('times', '[{"timestamp": "4714-11-24 00:00:00 BC Z"}, {"timestamp": "0001-01-01 00:00:00 BC Z"}, {"timestamp": "0001-01-01T00:00:00Z"},
    {"timestamp": "1969-12-31T23:59:59.999999Z"}, {"timestamp": "1999-12-31T23:59:59.999999Z"}, {"timestamp": "2000-01-01T00:00:00Z"},
    {"timestamp": "2024-02-29T23:59:59.5Z"}, {"timestamp": "9999-12-31T23:59:59Z"}, {"timestamp": "10000-01-01 00:00:00Z"},
    {"timestamp": "294276-12-31 23:59:59.999999Z"}]');
SET TIME ZONE 'Asia/Kathmandu';
SELECT e->>'seq' AS seq, e->>'timestamp' AS timestamp FROM json_array_elements(sm_context('times', 100)) AS e;
SET TIME ZONE 'UTC';

-- An object's own "seq" and "timestamp" give way; no member comes twice, and none at all is fine.
SELECT sm_append('ours', '[{"seq": 77, "timestamp": "2026-01-31T12:00:00Z", "z": 1}, {"seq": 78, "timestamp": "2026-01-31T12:00:00Z"}, {"timestamp": 1769860800, "a": null, "seqs": 1}]');
SELECT sm_context('ours');

-- Any JSON comes back byte for byte.
SELECT sm_append('any', jsonb_build_array(
    '{"control": "\u0001\b\f\n\r\t\u001f\u007f", "quotes": "\"\\/", "unicode": "ß—東京🚲\u00e9"}'::jsonb,
    '{"numbers": [0, -0, 1, -1, 1.0, 1.50, 1e3, 1e-7, 123456789012345678901234567890, 0.000000000000000000001, -12345.6789, 1e30]}'::jsonb,
    '{"empty": [{}, [], "", null, true, false], "": "empty key", "nested": {"a": {"b": {"c": [[[1]]]}}}}'::jsonb,
    jsonb_build_object('1e500', 1e500, 'long', repeat('ab"', 50000)),
    (SELECT jsonb_object_agg('k' || n, n) FROM generate_series(1, 1000) AS n),
    (SELECT jsonb_build_object('list', jsonb_agg(n ORDER BY n)) FROM generate_series(1, 5000) AS n)));
SELECT sm_context('any', 100)::text = pg_temp.expected('any', 100) AS same, length(sm_context('any', 100)::text) > 100000 AS long;
SELECT sm_context('any', 100)::jsonb IS NOT NULL AS valid;

-- How many: the newest five where nothing is said, as many as asked for, none, all there are.
SELECT sm_append('seven', jsonb_agg(jsonb_build_object('n', n) ORDER BY n)) FROM generate_series(1, 7) AS n;
SELECT asked, (SELECT string_agg(e->>'seq', ' ' ORDER BY n) FROM json_array_elements(sm_context('seven', asked)) WITH ORDINALITY AS c (e, n)) AS seqs
FROM unnest(ARRAY[0, 1, 2, 5, 6, 7, 8, 100, 2147483647]) AS asked;
SELECT (SELECT string_agg(e->>'seq', ' ') FROM json_array_elements(sm_context('seven')) AS e) AS by_default;

-- A long session among others: for every number the same as plain SQL.
SELECT count(sm_append('long' || s, (SELECT jsonb_agg(jsonb_build_object('role', 'user', 'content', format('%s of %s', n, s), 'pad', repeat('x', n * 7 % 400)) ORDER BY n)
                                     FROM generate_series(1, 100) AS n)))
FROM generate_series(1, 3) AS round, generate_series(1, 5) AS s;
SELECT s, count(*) FILTER (WHERE sm_context('long' || s, n)::text = pg_temp.expected('long' || s, n)) AS same, count(*)
FROM generate_series(1, 5) AS s, unnest(ARRAY[1, 2, 5, 20, 63, 64, 65, 100, 127, 128, 129, 192, 193, 299, 300, 301, 1000]) AS n
GROUP BY s ORDER BY s;

-- Where something in the middle or at the end is gone.
DELETE FROM session_memory WHERE session_id = 'long3' AND (seq % 3 = 0 OR seq BETWEEN 150 AND 220 OR seq > 290);
SELECT count(*) FILTER (WHERE sm_context('long3', n)::text = pg_temp.expected('long3', n)) AS same, count(*)
FROM unnest(ARRAY[1, 2, 5, 20, 63, 64, 65, 100, 127, 128, 129, 300]) AS n;
DELETE FROM session_memory WHERE session_id = 'long4';
SELECT sm_context('long4'), json_array_length(sm_context('long3', 1000)), json_array_length(sm_context('long5', 1000));

-- Rows moved by their table's upkeep.
UPDATE session_memory SET tokens = tokens + 1 WHERE session_id = 'long1';
UPDATE session_memory SET idempotency_key = 'k' || seq WHERE session_id = 'long2' AND seq > 280;
SELECT sm_context('long1', 50)::text = pg_temp.expected('long1', 50), sm_context('long2', 50)::text = pg_temp.expected('long2', 50);
VACUUM FULL session_memory;
CLUSTER sm_session USING sm_session_pkey;
REINDEX TABLE session_memory;
SELECT sm_context('long1', 50)::text = pg_temp.expected('long1', 50), sm_context('long2', 50)::text = pg_temp.expected('long2', 50);
VACUUM (FREEZE, ANALYZE) session_memory, sm_session;
SELECT sm_context('long1', 50)::text = pg_temp.expected('long1', 50), sm_context('long2', 50)::text = pg_temp.expected('long2', 50);

-- In a query over many sessions, and as an argument that changes from row to row.
SELECT session_id, json_array_length(sm_context(session_id, 3)) AS shown FROM sm_session ORDER BY session_id;

-- The token budget ------------------------------------------------------------------------------

-- The window that each budget leaves: seqs, for budgets in which something changes.
CREATE FUNCTION pg_temp.windows(id text, most int, budgets int) RETURNS TABLE (from_budget int, seqs text) LANGUAGE sql AS $$
    SELECT min(budget), w FROM (
        SELECT budget, coalesce((SELECT string_agg(e->>'seq', ' ' ORDER BY n) FROM json_array_elements(sm_context(id, most, budget)) WITH ORDINALITY AS c (e, n)), 'none') AS w
        FROM generate_series(0, budgets) AS budget) AS b
    GROUP BY w ORDER BY 1
$$;

-- Exchanges of 10 tokens: each is a turn; the newest always comes.
SELECT sm_append('exchanges', jsonb_agg(jsonb_build_object('query', n, 'answer', n, 'tokens', 10) ORDER BY n)) FROM generate_series(1, 4) AS n;
SELECT * FROM pg_temp.windows('exchanges', 5, 50);
-- The number holds beside the budget.
SELECT * FROM pg_temp.windows('exchanges', 2, 50);
SELECT sm_context('exchanges', 0, 50);
SELECT json_array_length(sm_context('exchanges', 100, 2147483647)), json_array_length(sm_context('exchanges', 2147483647, 2147483647));

-- Messages: what belongs to the newest turn is never left out, however small the budget or the number.
SELECT sm_append('turns', '[
    {"role": "user", "tokens": 5}, {"role": "assistant", "tokens": 5},
    {"role": "user", "tokens": 5}, {"role": "assistant", "tokens": 5}, {"role": "assistant", "tokens": 5}]');
SELECT * FROM pg_temp.windows('turns', 10, 30);
SELECT * FROM pg_temp.windows('turns', 2, 30);

-- OpenAI: a result never without the call that it answers, be there two of them or a chain.
SELECT sm_append('openai', '[
    {"role": "user", "content": "book it", "tokens": 10},
    {"role": "assistant", "content": null, "tool_calls": [{"id": "a", "type": "function"}, {"id": "b", "type": "function"}], "tokens": 10},
    {"role": "tool", "tool_call_id": "a", "content": "ok", "tokens": 10},
    {"role": "tool", "tool_call_id": "b", "content": "ok", "tokens": 10},
    {"role": "assistant", "content": "one more", "tool_calls": [{"id": "c", "type": "function"}], "tokens": 10},
    {"role": "tool", "tool_call_id": "c", "content": "ok", "tokens": 10},
    {"role": "assistant", "content": "Booked.", "tokens": 10},
    {"role": "user", "content": "thanks", "tokens": 10},
    {"role": "assistant", "content": "Welcome.", "tokens": 10}]');
SELECT * FROM pg_temp.windows('openai', 20, 100);

-- The older form, function_call.
SELECT sm_append('function', '[
    {"role": "user", "tokens": 10}, {"role": "assistant", "function_call": {"name": "f"}, "tokens": 10},
    {"role": "function", "name": "f", "content": "ok", "tokens": 10}, {"role": "user", "tokens": 10}]');
SELECT * FROM pg_temp.windows('function', 20, 50);

-- Anthropic: results come in a user message, which begins no turn.
SELECT sm_append('anthropic', '[
    {"role": "user", "content": "book it", "tokens": 10},
    {"role": "assistant", "content": [{"type": "text", "text": "Let me see."}, {"type": "tool_use", "id": "t1"}, {"type": "tool_use", "id": "t2"}], "tokens": 10},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1"}, {"type": "tool_result", "tool_use_id": "t2"}], "tokens": 10},
    {"role": "assistant", "content": [{"type": "text", "text": "Booked."}], "tokens": 10},
    {"role": "user", "content": [{"type": "text", "text": "thanks"}], "tokens": 10},
    {"role": "assistant", "content": "Welcome.", "tokens": 10}]');
SELECT * FROM pg_temp.windows('anthropic', 20, 70);

-- The newest turn ends in a result: all of it comes, with the question.
SELECT sm_append('pending', '[
    {"role": "user", "tokens": 10}, {"role": "assistant", "tokens": 10},
    {"role": "user", "tokens": 10}, {"role": "assistant", "tool_calls": [{"id": "x"}], "tokens": 10}, {"role": "tool", "tool_call_id": "x", "tokens": 10}]');
SELECT * FROM pg_temp.windows('pending', 20, 60);
SELECT * FROM pg_temp.windows('pending', 1, 60);

-- A result whose call is gone does not make the context empty.
SELECT sm_append('orphan', '[{"role": "tool", "tool_call_id": "gone", "tokens": 10}, {"role": "assistant", "tokens": 10}]');
SELECT budget, json_array_length(sm_context('orphan', 20, budget)) > 0 AS something FROM unnest(ARRAY[0, 10, 20]) AS budget;

-- Nor does it break the newest turn in two, or hide what lies before for more than that turn and the next.
SELECT sm_append('orphans', '[
    {"role": "user", "tokens": 10}, {"role": "assistant", "tokens": 10},
    {"role": "user", "tokens": 10}, {"role": "assistant", "tokens": 10},
    {"role": "user", "tokens": 10}, {"role": "tool", "tool_call_id": "gone", "tokens": 10}, {"role": "assistant", "tokens": 10}, {"role": "tool", "tokens": 10}, {"role": "assistant", "tokens": 10}]');
SELECT * FROM pg_temp.windows('orphans', 20, 100);
SELECT * FROM pg_temp.windows('orphans', 3, 100);
SELECT sm_append('orphan user', '[
    {"role": "user", "tokens": 10}, {"role": "user", "tokens": 10},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "gone"}], "tokens": 10}, {"role": "assistant", "tokens": 10}]');
SELECT * FROM pg_temp.windows('orphan user', 20, 50);
-- The user broke in: the result comes in the turn after its call.
SELECT sm_append('broke in', '[
    {"role": "user", "tokens": 10}, {"role": "assistant", "tool_calls": [{"id": "x"}], "tokens": 10},
    {"role": "user", "tokens": 10}, {"role": "tool", "tool_call_id": "x", "tokens": 10}, {"role": "assistant", "tokens": 10}]');
SELECT * FROM pg_temp.windows('broke in', 20, 60);

-- Estimated tokens are those that are stored.
SELECT sm_add('estimated', repeat('some words ', n * 10), 'and an answer') FROM generate_series(1, 6) AS n;
SELECT budget, json_array_length(sm_context('estimated', 100, budget)) = greatest(1, (
    SELECT count(*) FROM (SELECT sum(tokens) OVER (ORDER BY seq DESC) AS total FROM session_memory WHERE session_id = 'estimated') AS s WHERE total <= budget)) AS as_counted
FROM unnest(ARRAY[0, 50, 100, 200, 300, 400, 1000]) AS budget;

-- A budget over a long session.
SELECT sm_append('budget', jsonb_agg(jsonb_build_object('query', n, 'tokens', 1) ORDER BY n)) FROM generate_series(1, 500) AS n;
SELECT budget, json_array_length(sm_context('budget', 1000, budget)) AS shown FROM unnest(ARRAY[1, 63, 64, 65, 200, 499, 500, 501]) AS budget;
