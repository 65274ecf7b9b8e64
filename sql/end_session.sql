-- sm_end_session: a report of what was, made once and kept; readable until its ttl, closed to writing from then on.
\i sql/fixture/begin.sql
-- A time as JSON has it.
CREATE FUNCTION pg_temp.iso(at timestamptz) RETURNS text LANGUAGE sql AS $$ SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"') $$;
-- The report, found out by plain SQL over the rows. A turn begins with an exchange, or with a user's message that is no tool's result.
CREATE FUNCTION pg_temp.expected(id text, why text) RETURNS jsonb LANGUAGE sql AS $$
    WITH living AS (SELECT m.* FROM session_memory AS m JOIN sm_session AS s USING (session_id)
                    WHERE session_id = id AND m.created_at + coalesce(s.ttl, interval '1 day') > statement_timestamp()),
    said AS (SELECT 'user' AS role FROM living WHERE interaction ? 'query' UNION ALL SELECT 'assistant' FROM living WHERE interaction ? 'answer'
             UNION ALL SELECT interaction->>'role' FROM living WHERE interaction->>'role' IS NOT NULL)
    SELECT jsonb_build_object(
        'session_id', s.session_id, 'user_id', s.user_id, 'reason', why, 'created_at', pg_temp.iso(s.created_at), 'ended_at', pg_temp.iso(s.ended_at), 'summary', d.summary, 'state', coalesce(d.state, '{}'),
        'interactions', (SELECT count(*) FROM living), 'tokens', (SELECT coalesce(sum(tokens), 0) FROM living),
        'turns', (SELECT count(*) FROM living WHERE interaction ? 'query'
                     OR interaction->>'role' IN ('user', 'human') AND NOT (jsonb_typeof(interaction->'content') = 'array' AND interaction @? '$.content[*] ? (@.type == "tool_result")')),
        'first_at', (SELECT pg_temp.iso(min(created_at)) FROM living), 'last_at', (SELECT pg_temp.iso(max(created_at)) FROM living), 'duration_seconds', (SELECT extract(epoch FROM max(created_at) - min(created_at)) FROM living),
        'roles', (SELECT coalesce(jsonb_object_agg(role, n), '{}') FROM (SELECT role, count(*) AS n FROM said GROUP BY role) AS r),
        'sources', '[]'::jsonb, 'collections', '[]'::jsonb, 'average_response_time', NULL, 'average_confidence', (SELECT avg((interaction #>> '{metadata,confidence}')::float8) FROM living),
        'questions', (SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('seq', seq, 'text', coalesce(interaction->>'query', interaction->>'content'), 'confidence', (interaction #>> '{metadata,confidence}')::numeric)) ORDER BY seq), '[]') FROM living WHERE interaction ? 'query'
                     OR interaction->>'role' IN ('user', 'human') AND NOT (jsonb_typeof(interaction->'content') = 'array' AND interaction @? '$.content[*] ? (@.type == "tool_result")')),
        'metadata_keys', (SELECT coalesce(jsonb_agg(key ORDER BY key), '[]') FROM (SELECT DISTINCT jsonb_object_keys(interaction->'metadata') AS key FROM living WHERE jsonb_typeof(interaction->'metadata') = 'object') AS k))
    FROM sm_session AS s LEFT JOIN sm_session_data AS d USING (session_id) WHERE s.session_id = id
$$;
-- One of each kind: exchanges, messages, tools, what is neither, what has expired; metadata here and there.
SELECT sm_create_session('full', 'ann', metadata => '{"channel": "web"}'), sm_set_state('full', '{"city": "Graz"}');
SELECT sm_append('full', jsonb_build_array(
    jsonb_build_object('role', 'system', 'content', 'Be brief.', 'timestamp', now() - interval '70 minutes'),
    jsonb_build_object('role', 'user', 'content', 'Weather in Graz?', 'metadata', '{"intent": "weather", "channel": "web"}'::jsonb, 'timestamp', now() - interval '60 minutes'),
    '{"role": "assistant", "content": null, "tool_calls": [{"id": "c1"}], "tokens": 7}'::jsonb, '{"role": "tool", "tool_call_id": "c1", "content": "12 °C", "metadata": {"intent": "none", "ms": 5}}'::jsonb,
    '{"role": "assistant", "content": [{"type": "tool_use", "id": "t1"}]}'::jsonb, '{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1"}]}'::jsonb, '{"role": "assistant", "content": "12 °C."}'::jsonb,
    '{"query": "And tomorrow?", "answer": "Warmer.", "metadata": {"confidence": 0.5}}'::jsonb, '{"role": "human", "content": "Thanks", "metadata": "no object"}'::jsonb, '{"role": "ai", "content": "Welcome"}'::jsonb, '{"neither": true, "metadata": {}}'::jsonb,
    '{"query": "asked only"}'::jsonb, '{"answer": "answered only"}'::jsonb,
    jsonb_build_object('role', 'user', 'content', 'long ago', 'metadata', '{"forgotten": 1}'::jsonb, 'timestamp', now() - interval '2 days')));
SELECT sm_set_summary('full', 'It is 12 °C in Graz.', 7);
SELECT sm_end_session('full', 'the guest left') AS report \gset
SELECT :'report'::jsonb - '{created_at,ended_at,first_at,last_at,duration_seconds,tokens}'::text[] AS report;
SELECT :'report'::jsonb = pg_temp.expected('full', 'the guest left') AS as_plain_sql_has_it, (:'report'::jsonb->>'duration_seconds')::numeric BETWEEN 4200 AND 4230 AS duration,
       (:'report'::jsonb->>'ended_at')::timestamptz > now() - interval '1 minute' AS ended_at;
SELECT k.key, :'report'::jsonb->k.key AS found, pg_temp.expected('full', 'the guest left')->k.key AS expected FROM jsonb_object_keys(:'report'::jsonb || pg_temp.expected('full', 'the guest left')) AS k (key)
WHERE :'report'::jsonb->k.key IS DISTINCT FROM pg_temp.expected('full', 'the guest left')->k.key;
-- Times are in UTC, wherever one is.
SET TIME ZONE 'Europe/Vienna';
SELECT (sm_session('full')->'report')->>'created_at' = :'report'::jsonb->>'created_at' AS same, (SELECT bool_and(value::text LIKE '%+00:00"') FROM jsonb_each(sm_session('full')) WHERE key IN ('created_at', 'last_activity_at', 'expires_at', 'ended_at')) AS in_utc;
SET TIME ZONE 'UTC';
-- Kept: what was returned is what is stored and shown.
SELECT report = :'report'::jsonb AS stored FROM sm_session_data WHERE session_id = 'full';
SELECT sm_session('full')->'report' = :'report'::jsonb AS in_session, (sm_session('full')->>'ended_at')::timestamptz = (:'report'::jsonb->>'ended_at')::timestamptz AS ended_at, (SELECT ended_at = (:'report'::jsonb->>'ended_at')::timestamptz FROM sm_stats('full')) AS in_stats;
-- Exactly once: the same again and again, whatever the reason then given, and whatever has expired meanwhile.
SELECT sm_end_session('full') = :'report'::jsonb AS same, sm_end_session('full', 'another reason') = :'report'::jsonb AS same_reason;
UPDATE session_memory SET created_at = now() - interval '2 days' WHERE session_id = 'full';
SELECT sm_end_session('full') = :'report'::jsonb AS same, sm_end_session('full')->>'reason' AS reason;

-- One without interactions; one of which nothing lives; one with exchanges alone. The reason is 'completed' by default.
SELECT sm_create_session('empty'), sm_append('all expired', jsonb_build_array(jsonb_build_object('role', 'user', 'timestamp', now() - interval '2 days'))), sm_append('exchanges', '[{"query": 1, "answer": 2}, {"query": 3, "answer": 4, "tokens": 100}]');
CREATE TEMPORARY TABLE report AS SELECT id, sm_end_session(id) AS report FROM unnest(ARRAY['empty', 'all expired', 'exchanges']) AS id;
SELECT report - '{created_at,ended_at,first_at,last_at}'::text[] AS report, report = pg_temp.expected(id, 'completed') AS as_plain_sql_has_it, report->>'first_at' IS NULL AS no_first FROM report ORDER BY id DESC;
-- Under a ttl of its own, and one without end.
SELECT sm_create_session('short', ttl => '1 hour'), sm_append('short', jsonb_build_array(jsonb_build_object('role', 'user', 'timestamp', now() - interval '2 hours'), jsonb_build_object('role', 'user', 'timestamp', now() - interval '30 minutes'), '{"role": "user"}'::jsonb));
SELECT sm_end_session('short') - '{created_at,ended_at,first_at,last_at,duration_seconds}'::text[] AS report;
SET session_memory.ttl = 0;
SELECT sm_append('long', jsonb_build_array(jsonb_build_object('role', 'user', 'timestamp', '2020-01-01T00:00:00Z'), jsonb_build_object('role', 'assistant', 'timestamp', '2020-01-01T01:00:00.5Z')));
SELECT r->'interactions' AS interactions, r->'first_at' AS first_at, r->'last_at' AS last_at, r->'duration_seconds' AS duration_seconds FROM sm_end_session('long') AS r;
RESET session_memory.ttl;
-- Under a cap: what it hides is no part of it, whether or not anybody has removed it yet.
SELECT sm_create_session('capped', max_interactions => 2), sm_append('capped', '[{"role": "system", "metadata": {"hidden": 1}}, {"role": "user", "tokens": 5}, {"role": "user", "tokens": 6, "metadata": {"shown": 1}}, {"role": "assistant", "tokens": 7}]');
SELECT sm_end_session('capped') - '{created_at,ended_at,first_at,last_at,duration_seconds}'::text[] AS report;
-- No such session, none that lives.
SELECT sm_end_session('unknown'), sm_add('expired', 'q', 'a');
UPDATE sm_session SET last_activity_at = now() - interval '2 days' WHERE session_id = 'expired';
SELECT sm_end_session('expired'), (SELECT ended_at FROM sm_session WHERE session_id = 'expired'), (SELECT count(*) FROM sm_session WHERE session_id = 'unknown') AS made;

-- From then on: read as ever, written to no more, in every function, with a hint. sm_clear removes it.
SELECT sm_create_session('e', 'ann'), sm_append('e', '[{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}, {"query": "three", "answer": "four"}, {"role": "user", "content": "five"}, {"role": "user", "content": "six"}]'), sm_set_state('e', '{"a": 1}'),
       sm_add('e', 'seven', 'a', idempotency_key => 'k'), sm_set_summary('e', 'So far.', 1);
CREATE FUNCTION pg_temp.everything() RETURNS text LANGUAGE sql AS $$
    SELECT concat((SELECT s FROM sm_session AS s WHERE session_id = 'e'), (SELECT d FROM sm_session_data AS d WHERE session_id = 'e'), (SELECT string_agg(m::text, ' ' ORDER BY seq) FROM session_memory AS m WHERE session_id = 'e'))
$$;
CREATE FUNCTION pg_temp.reads() RETURNS text LANGUAGE sql AS $$
    SELECT md5(concat(sm_context('e', 100), sm_messages('e', 100), (SELECT string_agg(h::text, ' ') FROM sm_history('e') AS h), (SELECT string_agg(f::text, ' ') FROM sm_find('{}', 'e') AS f), sm_state('e'), sm_summary('e'), sm_prompt('e'), (SELECT history FROM session_history WHERE session_id = 'e')))
$$;
SELECT pg_temp.reads() AS before \gset
SELECT sm_end_session('e')->'turns' AS turns;
SELECT pg_temp.reads() = :'before' AS reads_the_same;
SELECT pg_temp.everything() AS before \gset
SELECT call, pg_temp.fails('SELECT ' || call) AS outcome
FROM unnest(ARRAY['sm_add(''e'', ''q'', ''a'')', 'sm_add(''e'', ''q'', ''a'', user_id => ''ann'')', 'sm_add(''e'', ''q'', ''a'', idempotency_key => ''new'')', 'sm_add_message(''e'', ''user'', ''x'')', 'sm_append(''e'', ''{"n": 1}'')', 'sm_append(''e'', ''[{"n": 1}, {"n": 2}]'')',
    'sm_pop(''e'')', 'sm_set_state(''e'', ''{"b": 2}'')', 'sm_set_state(''e'', ''{}'')', 'sm_set_summary(''e'', ''x'', 5)', 'sm_configure_session(''e'', ttl => ''1 year'')', 'sm_configure_session(''e'')']) AS call;
SELECT sm_touch('e'), (SELECT count(*) FROM sm_claim_summaries()) AS claimed, sm_prune(session_id => 'e'), left(pg_temp.fails($$SELECT sm_create_session('e')$$), 5) AS created;
SELECT pg_temp.everything() = :'before' AS unchanged;
-- Readable until its ttl, idle timeout or not; then gone, and the id begins again.
UPDATE sm_session SET last_activity_at = now() - interval '23 hours', idle_timeout = '1 minute' WHERE session_id = 'e';
SELECT json_array_length(sm_context('e', 100)) AS shown, sm_session('e')->'report'->'turns' AS turns, (SELECT expires_at - last_activity_at FROM sm_stats('e')) AS lives_for;
UPDATE sm_session SET last_activity_at = now() - interval '1 day' WHERE session_id = 'e';
SELECT sm_context('e'), sm_session('e'), sm_end_session('e'), sm_add('e', 'new', 'a', user_id => 'bob');
SELECT sm_session('e')->'report' AS report, sm_session('e')->'ended_at' AS ended_at, sm_end_session('e', 'anew') - '{created_at,ended_at,first_at,last_at}'::text[] AS report_of_the_new_one;
-- Removed and made again, it is open.
SELECT sm_clear('e');
SELECT sm_add('e', 'q', 'a'), sm_session('e')->'report' AS report;

-- In a transaction: undone with it; what was added before it in the same one is in its report, what comes after is refused.
BEGIN;
SELECT sm_add('t', 'q', 'a');
SELECT sm_end_session('t')->'interactions' AS interactions;
SAVEPOINT s;
SELECT sm_add('t', 'q', 'a');
ROLLBACK TO s;
SELECT sm_session('t')->'report'->'interactions' AS interactions;
ROLLBACK;
SELECT sm_session('t');
SELECT sm_add('t', 'q', 'a');
BEGIN;
SELECT sm_end_session('t') IS NOT NULL AS ended;
ROLLBACK;
SELECT sm_add('t', 'q', 'a') AS still_open;
-- In one statement with other calls, each sees what those before it did.
SELECT sm_add('t', 'q', 'a') AS added, sm_end_session('t')->'interactions' AS interactions;
-- Sessions that have ended are listed with the others, and removed by the janitor like the others.
SELECT session_id, ended_at IS NOT NULL AS ended FROM sm_sessions() WHERE session_id IN ('t', 'e') ORDER BY 1;
UPDATE sm_session SET last_activity_at = now() - interval '2 days' WHERE session_id = 't';
SELECT sm_prune(session_id => 't');
SELECT (SELECT count(*) FROM sm_session WHERE session_id = 't') AS sessions, (SELECT count(*) FROM session_memory WHERE session_id = 't') AS interactions, (SELECT count(*) FROM sm_session_data WHERE session_id = 't') AS data;
