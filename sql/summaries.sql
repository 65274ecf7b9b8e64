-- Rolling summaries: a session falls due, one worker claims it for a while, its summary moves forward only,
-- and what is shown is the summary and all that came after it.
\i sql/fixture/begin.sql
-- Sessions that are due now.
CREATE VIEW pg_temp.due AS SELECT session_id FROM sm_session WHERE summary_due_at <= statement_timestamp() ORDER BY summary_due_at, session_id;
-- Adds so many messages: their content is their seq.
CREATE FUNCTION pg_temp.say(id text, count int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    last bigint := coalesce((SELECT last_seq FROM sm_session WHERE session_id = id), 0);
BEGIN
    RETURN sm_append(id, (SELECT jsonb_agg(jsonb_build_object('role', 'user', 'content', (last + n)::text, 'tokens', 10) ORDER BY n) FROM generate_series(1, count) AS n));
END $$;
CREATE FUNCTION pg_temp.claimed(most int DEFAULT 10, lease interval DEFAULT '1 minute') RETURNS TABLE (session_id text, from_seq bigint, through_seq bigint, previous_summary text, seqs text) LANGUAGE sql AS $$
    SELECT c.session_id, c.from_seq, c.through_seq, c.previous_summary, (SELECT string_agg(e->>'seq', ' ' ORDER BY n) FROM json_array_elements(c.interactions) WITH ORDINALITY AS i (e, n)) FROM sm_claim_summaries(most, lease) AS c
$$;

-- Due with the fifth interaction, by default, however they come; not before.
SELECT sm_add('one by one', 'q', 'a') FROM generate_series(1, 4);
SELECT pg_temp.say('four at once', 4), pg_temp.say('five at once', 5), pg_temp.say('twelve at once', 12), sm_create_session('none'), sm_set_state('stateful', '{"a": 1}');
SELECT session_id FROM pg_temp.due;
SELECT sm_add_message('one by one', 'user', 'x'), sm_add_message('four at once', 'user', 'x');
SELECT string_agg(session_id, ', ' ORDER BY session_id) AS due FROM pg_temp.due;
-- Being due it stays so: what is added later does not put it off.
SELECT summary_due_at AS since FROM sm_session WHERE session_id = 'five at once' \gset
SELECT pg_temp.say('five at once', 7);
SELECT summary_due_at = :'since' AS since_then FROM sm_session WHERE session_id = 'five at once';
SELECT sm_clear(session_id) FROM pg_temp.due;
-- By the setting; an add with a key counts, one that adds nothing does not.
SET session_memory.summary_interval = 2;
SELECT sm_add('keys', 'q', 'a', idempotency_key => 'k'), sm_add('keys', 'q', 'a', idempotency_key => 'k');
SELECT count(*) AS not_yet FROM pg_temp.due;
SELECT sm_add('keys', 'q', 'a', idempotency_key => 'l');
SELECT * FROM pg_temp.due;
RESET session_memory.summary_interval;
SELECT sm_clear('keys'), sm_clear('none'), sm_clear('stateful');

-- Claimed: from the beginning, oldest first, as sm_context shows them; then nobody else gets it, until the lease is over.
SELECT sm_append('s', '[{"role": "user", "content": "Hello", "metadata": {"x": 1}}, {"query": "q", "answer": "a"}, {"role": "assistant", "content": "Hi"}, {"role": "user", "content": "Bye"}, {"odd": true}]');
SELECT session_id, from_seq, through_seq, previous_summary, interactions::text = sm_context('s', 100)::text AS as_the_context, json_array_length(interactions) AS interactions FROM sm_claim_summaries();
SELECT * FROM sm_claim_summaries();
SELECT summary_due_at > now() + interval '50 seconds' AND summary_due_at <= now() + interval '1 minute' AS for_a_minute FROM sm_session WHERE session_id = 's';
SELECT pg_temp.say('s', 3);
SELECT * FROM sm_claim_summaries();
UPDATE sm_session SET summary_due_at = now() WHERE session_id = 's';
SELECT * FROM pg_temp.claimed(lease => '1 hour');
SELECT summary_due_at > now() + interval '59 minutes' AS for_an_hour FROM sm_session WHERE session_id = 's';
-- The one who claimed it first may still be the one who writes; the other's is then refused, being older, or taken, being newer.
SELECT sm_set_summary('s', 'Through 5.', 5);
SELECT sm_summary('s');
SELECT * FROM pg_temp.due;
-- Forward only. The same place again is a better text for it.
SELECT sm_set_summary('s', 'Through 8.', 8), sm_set_summary('s', 'Through 5, late.', 5), sm_set_summary('s', 'Through 7, late.', 7), sm_set_summary('s', 'Through 8, again.', 8);
SELECT sm_summary('s'), sm_session('s')->'summary' AS in_session, sm_session('s')->'summary_seq' AS summary_seq;
SELECT pg_temp.fails($$SELECT sm_set_summary('s', 'x', 9)$$), pg_temp.fails($$SELECT sm_set_summary('s', 'x', 0)$$), pg_temp.fails($$SELECT sm_set_summary('s', 'x', -5)$$), sm_set_summary('unknown', 'x', 1) \gx
SELECT pg_temp.fails($$SELECT sm_set_summary('s', '', 8)$$) AS empty;
SELECT sm_summary('s');
-- Raw history stays.
SELECT count(*) AS interactions, min(seq), max(seq) FROM sm_history('s');
SELECT json_array_length(sm_context('s', 100)) AS context;

-- Next time: five more, with the previous summary and only what came since.
SELECT pg_temp.say('s', 4);
SELECT count(*) AS not_yet FROM sm_claim_summaries();
SELECT pg_temp.say('s', 1);
SELECT * FROM pg_temp.claimed();
-- More came than the summary stands for: due again at once if that is enough, else when it is.
SELECT pg_temp.say('s', 4), sm_set_summary('s', 'Through 13.', 13);
SELECT count(*) AS not_yet FROM sm_claim_summaries();
SELECT pg_temp.say('s', 6);
SELECT * FROM pg_temp.claimed();
SELECT sm_set_summary('s', 'Through 15.', 15);
SELECT session_id FROM pg_temp.due;
SELECT * FROM pg_temp.claimed();
SELECT sm_set_summary('s', 'Through 23.', 23);
SELECT summary_due_at FROM sm_session WHERE session_id = 's';
-- Written without a claim, before it was due, it counts from there.
SELECT pg_temp.say('early', 3), sm_set_summary('early', 'Through 3.', 3), pg_temp.say('early', 4);
SELECT count(*) AS not_yet FROM pg_temp.due;
SELECT pg_temp.say('early', 1);
SELECT * FROM pg_temp.claimed();
-- Undone with its transaction: the claim, and the summary.
UPDATE sm_session SET summary_due_at = now() WHERE session_id = 'early';
BEGIN;
SELECT count(*) AS claimed, bool_and(sm_set_summary(session_id, 'Undone.', through_seq)) FROM sm_claim_summaries();
ROLLBACK;
SELECT session_id, previous_summary FROM sm_claim_summaries();
SELECT sm_clear('early');

-- The longest due first, no more than wanted, each once.
SELECT pg_temp.say('w' || n, 5) FROM generate_series(1, 5) AS n;
UPDATE sm_session SET summary_due_at = now() - interval '1 minute' * (CASE session_id WHEN 'w3' THEN 9 WHEN 'w1' THEN 8 WHEN 'w5' THEN 7 WHEN 'w2' THEN 6 ELSE 5 END) WHERE session_id LIKE 'w_';
SELECT session_id FROM sm_claim_summaries(2);
SELECT count(*) AS none FROM sm_claim_summaries(0);
SELECT session_id FROM sm_claim_summaries(1);
SELECT session_id FROM sm_claim_summaries();
SELECT count(*) AS left_over FROM sm_claim_summaries();
-- What is due is found on an index.
SELECT count(pg_temp.say('filler' || n, 1)) FROM generate_series(1, 500) AS n;
ANALYZE sm_session;
CREATE FUNCTION pg_temp.plan(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || statement LOOP
        RETURN QUERY SELECT trim(regexp_replace(line, '^[ >-]*', '')) WHERE line ~ '(Scan on|Scan using)';
    END LOOP;
END $$;
SELECT pg_temp.plan('SELECT * FROM sm_session AS s WHERE s.summary_due_at <= now() ORDER BY s.summary_due_at LIMIT 10');
SELECT sm_clear(session_id) FROM sm_session WHERE session_id LIKE 'w_';
SELECT count(sm_clear(session_id)) FROM sm_session WHERE session_id LIKE 'filler%';

-- None of what has expired is handed out; nor sessions that have expired or ended.
SELECT sm_append('half', jsonb_agg(jsonb_build_object('n', n, 'timestamp', now() - CASE WHEN n IN (1, 2, 4) THEN interval '2 days' ELSE '1 minute' END) ORDER BY n)) FROM generate_series(1, 6) AS n;
SELECT * FROM pg_temp.claimed();
SELECT sm_append('all gone', jsonb_agg(jsonb_build_object('n', n, 'timestamp', now() - interval '2 days') ORDER BY n)) FROM generate_series(1, 6) AS n;
SELECT count(*) AS claimed FROM pg_temp.claimed();
SELECT summary_due_at FROM sm_session WHERE session_id = 'all gone';
SELECT pg_temp.say('all gone', 1);
SELECT * FROM pg_temp.claimed();
SELECT pg_temp.say('expired', 5), pg_temp.say('ended', 5), sm_end_session('ended') IS NOT NULL AS ended;
UPDATE sm_session SET last_activity_at = now() - interval '2 days' WHERE session_id = 'expired';
SELECT * FROM pg_temp.claimed();
SELECT session_id, summary_due_at IS NULL AS off_the_list FROM sm_session WHERE session_id IN ('expired', 'ended') ORDER BY 1;
SELECT pg_temp.fails($$SELECT sm_set_summary('ended', 'x', 5)$$), sm_set_summary('expired', 'x', 5);
SELECT sm_clear('half'), sm_clear('all gone'), sm_clear('expired'), sm_clear('ended');
-- What was popped is not handed out; seq goes on, and so does the summary.
SELECT pg_temp.say('popped', 7), jsonb_array_length(sm_pop('popped', 3));
SELECT * FROM pg_temp.claimed();
SELECT sm_set_summary('popped', 'Through 7.', 7), pg_temp.say('popped', 2);
SELECT sm_messages('popped');
SELECT sm_clear('popped');

-- Shown: the summary and exactly what came after it, whatever the window; or, where it does not fit, the window without it.
-- In plain SQL: no interaction twice, none between the two missing.
CREATE FUNCTION pg_temp.shown(id text, most int, budget int, OUT summary text, OUT seqs text, OUT in_prompt text, OUT prompt_seqs text) LANGUAGE sql AS $$
    SELECT (SELECT string_agg(e->>'content', '') FILTER (WHERE e->>'role' = 'system') FROM json_array_elements(m) AS e),
           (SELECT string_agg(e->>'content', ' ' ORDER BY n) FILTER (WHERE e->>'role' <> 'system') FROM json_array_elements(m) WITH ORDINALITY AS i (e, n)),
           p->>'summary', (SELECT string_agg(e->>'content', ' ' ORDER BY n) FROM jsonb_array_elements(p->'messages') WITH ORDINALITY AS i (e, n))
    FROM sm_messages(id, most, budget) AS m, sm_prompt(id, most, budget) AS p
$$;
SELECT pg_temp.say('m', 12);
SELECT * FROM pg_temp.shown('m', 3, NULL);
CREATE TABLE pg_temp.outcome AS SELECT 0 AS through, 0 AS most, s.* FROM pg_temp.shown('m', 1, NULL) AS s LIMIT 0;
DO $$
BEGIN
    FOR through IN 1..12 LOOP
        PERFORM sm_set_summary('m', 'Through ' || through, through);
        INSERT INTO pg_temp.outcome SELECT through, most, s.* FROM unnest(ARRAY[1, 2, 5, 8, 11, 12, 13, 20, 2147483647]) AS most, pg_temp.shown('m', most, NULL) AS s;
    END LOOP;
END $$;
SELECT count(*) AS all, count(*) FILTER (WHERE summary = 'Through ' || through) AS with_summary,
       count(*) FILTER (WHERE coalesce(seqs, '') = coalesce((SELECT string_agg(n::text, ' ') FROM generate_series(through + 1, 12) AS n), '')) AS with_all_after_it,
       count(*) FILTER (WHERE (summary, seqs) IS NOT DISTINCT FROM (in_prompt, prompt_seqs)) AS the_same_in_prompt
FROM pg_temp.outcome;
SELECT sm_messages('m', 5);
SELECT sm_messages('m', 0), sm_prompt('m', 0)->'messages' AS none_asked_for;
-- Next to what is neither an exchange nor a message: valid JSON, with nothing of it.
SELECT sm_append('odd', '[{"n": 1}, {"n": 2}, {"n": 3}]'), sm_set_summary('odd', 'So far.', 1);
SELECT sm_messages('odd'), sm_prompt('odd') - 'formatted_context' AS prompt;
SELECT sm_append('odd', '[{"role": "user", "content": "x"}, {"n": 5}]');
SELECT sm_messages('odd'), sm_prompt('odd')->'messages' AS in_prompt;
SELECT sm_set_summary('odd', 'All.', 5);
SELECT sm_messages('odd'), sm_prompt('odd');

-- A token budget counts the summary. Each message has 10 tokens; this summary has some, found out by the smallest budget that holds it alone.
SELECT pg_temp.say('b', 12), sm_set_summary('b', 'The first nine were counted, one after the other.', 9);
CREATE FUNCTION pg_temp.by_budget(id text, most int, largest int) RETURNS TABLE (from_budget int, summary text, seqs text, same_in_prompt boolean) LANGUAGE sql AS $$
    SELECT min(budget), s.summary, s.seqs, bool_and((s.summary, s.seqs) IS NOT DISTINCT FROM (s.in_prompt, s.prompt_seqs))
    FROM generate_series(0, largest) AS budget, pg_temp.shown(id, most, budget) AS s GROUP BY s.summary, s.seqs ORDER BY 1
$$;
SELECT CASE WHEN summary IS NULL THEN from_budget ELSE 0 END AS from_budget, summary, seqs, same_in_prompt FROM pg_temp.by_budget('b', 8, 200);
-- With room for the summary beside all after it: it is there. Without, the window as sm_context has it.
SELECT min(budget) - 30 BETWEEN 5 AND 20 AS room_for_the_summary, bool_and(budget >= f.first) AS and_for_more
FROM (SELECT min(budget) AS first FROM generate_series(0, 200) AS budget, pg_temp.shown('b', 8, budget) AS s WHERE s.summary IS NOT NULL) AS f, generate_series(0, 200) AS budget, pg_temp.shown('b', 8, budget) AS s WHERE s.summary IS NOT NULL;
SELECT bool_and(s.seqs = (SELECT string_agg(e->>'seq', ' ' ORDER BY n) FROM json_array_elements(sm_context('b', 8, budget)) WITH ORDINALITY AS c (e, n))) AS as_the_context
FROM generate_series(0, 200) AS budget, pg_temp.shown('b', 8, budget) AS s WHERE s.summary IS NULL;
-- More after the summary than the window: all of it, up to four windows or four intervals; beyond that, the window alone.
SELECT pg_temp.say('far', 60), sm_set_summary('far', 'Twenty-eight.', 28);
SELECT most, budget, s.summary, array_length(string_to_array(s.seqs, ' '), 1) AS messages, (s.summary, s.seqs) IS NOT DISTINCT FROM (s.in_prompt, s.prompt_seqs) AS same_in_prompt
FROM unnest(ARRAY[8, 7, 9]) AS most, unnest(ARRAY[NULL, 2000, 300]) AS budget, pg_temp.shown('far', most, budget) AS s;
SELECT sm_set_summary('far', 'Forty.', 40);
SELECT most, s.summary, array_length(string_to_array(s.seqs, ' '), 1) AS messages FROM unnest(ARRAY[1, 5]) AS most, pg_temp.shown('far', most, NULL) AS s;
SELECT pg_temp.say('far', 1);
SELECT most, s.summary, array_length(string_to_array(s.seqs, ' '), 1) AS messages FROM unnest(ARRAY[1, 5, 6]) AS most, pg_temp.shown('far', most, NULL) AS s;
SET session_memory.summary_interval = 10;
SELECT most, s.summary, array_length(string_to_array(s.seqs, ' '), 1) AS messages FROM unnest(ARRAY[1]) AS most, pg_temp.shown('far', most, NULL) AS s;
RESET session_memory.summary_interval;
-- Beside a cap, and beside what has expired: all that can be seen after it.
SELECT sm_configure_session('far', max_interactions => 10);
SELECT s.summary, s.seqs FROM pg_temp.shown('far', 8, NULL) AS s;
SELECT sm_append('old', jsonb_agg(jsonb_build_object('role', 'user', 'content', n::text, 'timestamp', now() - CASE WHEN n IN (1, 2, 3, 7) THEN interval '2 days' ELSE '1 minute' END) ORDER BY n)) FROM generate_series(1, 9) AS n;
SELECT sm_set_summary('old', 'Five.', 5);
SELECT s.summary, s.seqs FROM unnest(ARRAY[1, 8]) AS most, pg_temp.shown('old', most, NULL) AS s;
-- A long summary, with everything in it that a JSON text has to write otherwise.
SELECT sm_set_summary('old', repeat(E'a "quoted" \\ line\n\tand é 🚲 \u0001\u007f\n', 20000), 6);
SELECT sm_messages('old')->0->>'content' = repeat(E'a "quoted" \\ line\n\tand é 🚲 \u0001\u007f\n', 20000) AS messages, sm_prompt('old')->>'summary' = sm_summary('old')->>'summary' AS prompt, length(sm_summary('old')->>'summary');

-- NOTIFY, when one falls due, if wished for; once for each transaction, with the session's id.
\o | sed 's/PID [0-9]*/PID .../'
LISTEN session_memory;
SELECT pg_temp.say('quiet', 5);
\qecho off by default: nothing
SET session_memory.notify = on;
\qecho made with so many:
SELECT pg_temp.say('loud 1', 5);
\qecho the fifth of five:
SELECT sm_add('loud 2', 'q', 'a') FROM generate_series(1, 4);
SELECT sm_add('loud 2', 'q', 'a');
\qecho due already, claimed, summarized: nothing
SELECT sm_add('loud 2', 'q', 'a');
SELECT count(*) AS claimed FROM sm_claim_summaries(100) WHERE session_id = 'loud 2';
SELECT sm_add('loud 2', 'q', 'a');
SELECT sm_set_summary('loud 2', 'x', 7);
\qecho summarized in part, so that as much as makes it due is left:
SELECT pg_temp.say('part', 12);
SELECT sm_set_summary('part', 'x', 7);
SELECT sm_set_summary('part', 'x', 9);
\qecho undone: nothing
BEGIN; SELECT pg_temp.say('loud 2', 5); ROLLBACK;
\qecho due anew:
SELECT pg_temp.say('loud 2', 5);
\qecho twice in one transaction:
BEGIN; SELECT pg_temp.say('loud 3', 5); SELECT pg_temp.say('loud 3', 5); SELECT pg_temp.say('loud 4', 5); COMMIT;
\qecho begun again under its old id:
UPDATE sm_session SET last_activity_at = now() - interval '2 days' WHERE session_id = 'loud 4';
SELECT pg_temp.say('loud 4', 5);
UNLISTEN session_memory;
RESET session_memory.notify;
\o
