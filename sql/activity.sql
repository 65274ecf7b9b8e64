-- What remains of conversations in numbers: counted once, when a session ends or when interactions leave it.
\i sql/fixture/begin.sql
-- A user's numbers, and what the tables hold of them.
CREATE FUNCTION pg_temp.told(who text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT sm_user_activity(who) - '{user_id,first_seen_at,last_seen_at,busiest_hours,recent_sessions}'::text[]
$$;
CREATE FUNCTION pg_temp.counted(who text, OUT interactions numeric, OUT questions numeric, OUT "times" numeric, OUT time_sum float8, OUT confidences numeric, OUT confidence_sum float8) LANGUAGE sql AS $$
    SELECT sum(interactions), sum(questions), sum(response_times), sum(response_time_sum), sum(confidences), sum(confidence_sum) FROM sm_activity WHERE user_id = who
$$;
-- Four interactions: two questions of known speed, one without, and an answer by itself.
CREATE FUNCTION pg_temp.talk(id text, who text) RETURNS bigint LANGUAGE sql AS $$
    SELECT sm_append(id, '[{"query": "q1", "answer": "a", "metadata": {"response_time": 2, "confidence": 0.5, "sources": ["faq", {"id": "guide", "title": "Guide"}]}},
        {"query": "q2", "answer": "a", "metadata": {"response_time": 4, "sources": ["faq", "faq", {"id": 7}]}}, {"role": "user", "content": "q3"},
        {"role": "assistant", "content": "a", "metadata": {"confidence": 0.9, "sources": "faq"}}]', who)
$$;

-- Where nothing has happened.
SELECT sm_user_activity('nobody');
SELECT * FROM sm_kb_usage();
-- While a conversation goes on nothing is written, and everything told.
SELECT pg_temp.talk('going on', 'ann');
SELECT (SELECT count(*) FROM sm_activity) AS activity, (SELECT count(*) FROM sm_kb_use) AS uses;
SELECT pg_temp.told('ann');
SELECT entry_id, uses, sessions, last_used_at = (SELECT max(created_at) FROM session_memory) AS just_now FROM sm_kb_usage();
-- At its end it is counted, once however often it is ended; what is told stays as it was.
SELECT pg_temp.told('ann') AS told, (SELECT jsonb_agg(u) FROM sm_kb_usage() AS u) AS used \gset
SELECT sm_end_session('going on') IS NOT NULL AS ended, sm_end_session('going on') IS NOT NULL AS again;
SELECT * FROM pg_temp.counted('ann');
SELECT entry_id, user_id, uses FROM sm_kb_use ORDER BY 1;
SELECT pg_temp.told('ann') = :'told' AS told_the_same, (SELECT jsonb_agg(u) FROM sm_kb_usage() AS u) = :'used' AS used_the_same;
-- Its report.
SELECT r->'questions' AS questions, r->'average_response_time' AS response_time, r->'average_confidence' AS confidence, r->'sources' AS sources FROM sm_end_session('going on') AS r;
SELECT sm_append('named', '{"query": "q", "metadata": {"collections": ["b", "a", "a"], "collection": "c"}}'), sm_end_session('named')->'collections' AS collections;
-- What has ended is not counted again when it goes.
UPDATE sm_session SET last_activity_at = now() - interval '2 days' WHERE session_id = 'going on';
SELECT sm_prune();
SELECT pg_temp.told('ann') = :'told' AS told_the_same, (SELECT jsonb_agg(u) FROM sm_kb_usage() AS u) = :'used' AS used_the_same, (SELECT count(*) FROM session_memory WHERE session_id = 'going on') AS stored;

-- What leaves a session that never ended is counted when it leaves, whichever way it goes.
SELECT way, pg_temp.talk(way, 'u-' || way) FROM unnest(ARRAY['expired', 'older', 'cleared', 'capped', 'begun anew', 'key', 'in part']) AS way;
CREATE TEMPORARY TABLE told AS SELECT way, pg_temp.told('u-' || way) AS before FROM unnest(ARRAY['expired', 'older', 'cleared', 'capped', 'begun anew', 'in part']) AS way;
UPDATE sm_session SET last_activity_at = now() - interval '2 days' WHERE session_id IN ('expired', 'begun anew');
SELECT sm_prune(session_id => 'expired'), sm_clear('cleared'), sm_add('begun anew', 'q', 'a', user_id => 'someone else');
UPDATE sm_session SET max_interactions = 1 WHERE session_id = 'capped';
SELECT sm_prune(session_id => 'capped');
UPDATE session_memory SET created_at = created_at - interval '1 hour' WHERE session_id = 'older';
SELECT sm_prune('30 minutes', 'older');
UPDATE session_memory SET created_at = created_at - interval '2 days' WHERE session_id = 'in part' AND seq < 3;
SELECT sm_prune(session_id => 'in part');
SELECT way, a.interactions AS counted, (SELECT count(*) FROM session_memory WHERE session_id = way) AS stored, pg_temp.told('u-' || way) = before AS told_the_same
FROM told, pg_temp.counted('u-' || way) AS a ORDER BY way;
SELECT entry_id, uses, sessions FROM sm_kb_usage();
-- An expired interaction that gives its key away.
SELECT sm_add('key', 'q', 'a', idempotency_key => 'k', created_at => now() - interval '2 days'), sm_add('key', 'q', 'a', idempotency_key => 'k');
SELECT interactions FROM pg_temp.counted('u-key');
-- What is taken back never was; what is rolled back neither.
SELECT pg_temp.talk('taken back', 'bob'), jsonb_array_length(sm_pop('taken back', 3)) AS taken;
SELECT pg_temp.told('bob');
BEGIN;
SELECT sm_end_session('taken back') IS NOT NULL AS ended, (SELECT count(*) FROM sm_activity WHERE user_id = 'bob') AS counted;
ROLLBACK;
SELECT count(*) AS counted FROM sm_activity WHERE user_id = 'bob';
-- A session of nobody counts for the knowledge base alone.
SELECT pg_temp.talk('of nobody', NULL), sm_clear('of nobody');
SELECT count(*) AS activity, (SELECT sum(uses) FROM sm_kb_use WHERE session_id = 'of nobody' AND user_id IS NULL) AS uses FROM sm_activity WHERE session_id = 'of nobody';
-- The user of a session that got one later.
SELECT sm_add('later', 'q', 'a'), sm_add('later', 'q', 'a', user_id => 'cid'), sm_clear('later');
SELECT interactions FROM pg_temp.counted('cid');

-- Hours are those of UTC; each hour and session has a row.
SELECT sm_append('hours', jsonb_agg(jsonb_build_object('query', n, 'timestamp', t)), 'dora') FROM unnest(ARRAY['2020-01-01 09:59:59.999999+00', '2020-01-01 10:00:00+00', '2020-01-01 10:30:00+00', '1969-12-31 23:30:00+00']::timestamptz[]) WITH ORDINALITY AS t (t, n);
SET TIME ZONE 'Asia/Kathmandu';
SELECT pg_temp.talk('hours', 'dora') > 0 AS talked, sm_end_session('hours') IS NOT NULL AS ended;
SET TIME ZONE 'UTC';
SELECT hour, interactions, first_at, last_at FROM sm_activity WHERE user_id = 'dora' AND hour < '2021-01-01' ORDER BY hour;
SELECT a->'first_seen_at' AS first_seen, a->'recent_sessions'->0->'first_at' AS first_at, a->'recent_sessions'->0->'session_id' AS recent FROM sm_user_activity('dora') AS a;
SELECT sm_append('busy', jsonb_agg(jsonb_build_object('query', n, 'timestamp', timestamptz '2020-01-01 00:00+00' + make_interval(hours => h))), 'eva') FROM unnest(ARRAY[8, 9, 9, 9, 32, 20, 21, 22, 23]) WITH ORDINALITY AS t (h, n);
SELECT sm_user_activity('eva')->'busiest_hours' AS busiest;
SELECT count(sm_add('fay-' || n, 'q', 'a', user_id => 'fay')) FROM generate_series(1, 12) AS n;
SELECT sm_user_activity('fay')->'sessions' AS sessions, jsonb_array_length(sm_user_activity('fay')->'recent_sessions') AS recent;
SELECT sm_add('fay-5', 'again', 'a') AS seq;
SELECT (sm_user_activity('fay')->'recent_sessions'->0) - '{first_at,last_at}'::text[] AS newest;

-- Knowledge: sources in every shape; what has no id is none. Counted once an interaction.
TRUNCATE sm_kb_use;
SELECT sm_clear(session_id) IS NOT NULL AS cleared FROM sm_session GROUP BY 1;
TRUNCATE sm_kb_use;
SELECT sm_append('shapes', '[{"metadata": {"sources": ["a", {"id": "a"}, {"id": "b", "page": 3}, 12, {"id": 12.50}, "", null, true, [1], {"no": "id"}, {"id": null}, {"id": {"id": "a"}}]}}, {"metadata": {"sources": {"id": "b"}}}, {"metadata": {"sources": []}}, {"metadata": {"sources": null}}, {"metadata": {}}, {}, {"metadata": [1]}, {"sources": ["not here"]}]');
SELECT entry_id, uses FROM sm_kb_usage();
SELECT sm_append('long', jsonb_build_object('metadata', jsonb_build_object('sources', jsonb_build_array(repeat('é', 300), repeat('é', 255), repeat('é', 254))))) IS NOT NULL AS added;
SELECT length(entry_id), uses FROM sm_kb_usage() WHERE length(entry_id) > 200 ORDER BY 1;
SELECT sm_append('many', jsonb_build_object('metadata', jsonb_build_object('sources', (SELECT jsonb_agg(n) FROM generate_series(1, 150) AS n)))), sm_end_session('many') IS NOT NULL AS ended;
SELECT count(*) FROM sm_kb_use WHERE session_id = 'many';
-- Numbers that make no sense are left out, and get in nobody's way.
SELECT sm_append('odd', '[{"query": 1, "metadata": {"response_time": -1, "confidence": 1.5}}, {"query": 1, "metadata": {"response_time": 1e300, "confidence": -0.1}}, {"query": 1, "metadata": {"response_time": 1e5000, "confidence": "0.5"}}, {"query": 1, "metadata": {"response_time": "3", "confidence": [1]}}, {"query": 1, "metadata": {"response_time": 0, "confidence": 1}}]', 'gus');
SELECT sm_append('odd', jsonb_build_object('query', 1, 'timestamp', '294276-12-31T23:00:00Z'), 'gus'), sm_append('odd', jsonb_build_object('query', 1, 'timestamp', '4713-01-02 00:00:00 BC')), sm_clear('odd');
SELECT * FROM pg_temp.counted('gus');
-- By uses, then the newest; since an hour; so many.
SELECT sm_append('since', jsonb_agg(jsonb_build_object('timestamp', now() - age, 'metadata', jsonb_build_object('sources', s)))) FROM (VALUES (interval '5 hours', 'old'), ('5 hours', 'old'), ('4 hours', 'both'), ('0', 'both'), ('0', 'new')) AS v (age, s);
SELECT entry_id, uses FROM sm_kb_usage(since => now() - interval '30 minutes') WHERE entry_id IN ('old', 'both', 'new');
SELECT sm_end_session('since') IS NOT NULL AS ended;
SELECT entry_id, uses FROM sm_kb_usage(since => now() - interval '30 minutes') WHERE entry_id IN ('old', 'both', 'new');
SELECT count(*) FROM sm_kb_usage(3);
SELECT count(*) FROM sm_kb_usage(0);
SELECT count(*) FROM sm_kb_usage(since => 'infinity');
SELECT call, pg_temp.fails('SELECT * FROM ' || call) AS outcome FROM unnest(ARRAY['sm_user_activity(NULL)', 'sm_user_activity('''')', 'sm_user_activity(repeat(''x'', 256))', 'sm_kb_usage(NULL)', 'sm_kb_usage(-1)']) AS call;

-- What is older than profiles are kept: the janitor's part. Since when a user was there is remembered.
SELECT count(*) AS hours, min(hour) FROM sm_activity WHERE user_id IN ('dora', 'eva') AND hour < '2021-01-01';
SELECT _sm_prune_activity('365 days', 3) AS at_most_three_of_each, _sm_prune_activity('365 days', 1000) > 0 AS the_rest, _sm_prune_activity('365 days', 1000) AS nothing;
SELECT count(*) AS hours FROM sm_activity WHERE hour < '2021-01-01';
SELECT user_id, first_seen_at FROM sm_profile WHERE user_id IN ('dora', 'eva') ORDER BY 1;
DROP EXTENSION session_memory;
