-- Bad input: each gets a documented SQLSTATE or a documented result, and changes nothing when it fails.
\i sql/fixture/begin.sql
-- The SQLSTATE of an error in the server's words, which differ between its versions.
CREATE FUNCTION pg_temp.sqlstate(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
-- All that is stored. It must be the same at the end.
CREATE FUNCTION pg_temp.stored() RETURNS text LANGUAGE sql AS $$
    SELECT md5(concat((SELECT string_agg(s::text, ',' ORDER BY session_id) FROM sm_session AS s), (SELECT string_agg(m::text, ',' ORDER BY session_id, seq) FROM session_memory AS m),
                      (SELECT string_agg(d::text, ',' ORDER BY session_id) FROM sm_session_data AS d)))
$$;
SELECT sm_add('s', 'q', 'a', '{"topic": "x"}', idempotency_key => 'k', user_id => 'ann'), sm_append('s', '[{"n": 1}, {"n": 2}]'), sm_set_state('s', '{"a": {"b": 1}}'), sm_set_summary('s', 'So far.', 1);
SELECT pg_temp.stored() AS before \gset

-- NULL where none is allowed.
SELECT call, pg_temp.fails('SELECT ' || call) AS outcome FROM unnest(ARRAY[
    'sm_add(NULL, ''q'', ''a'')', 'sm_add(''s'', NULL, ''a'')', 'sm_add(''s'', ''q'', NULL)',
    'sm_add_message(NULL, ''user'', ''x'')', 'sm_add_message(''s'', NULL, ''x'')', 'sm_add_message(''s'', ''user'', NULL)',
    'sm_append(NULL, ''{}'')', 'sm_append(''s'', NULL)',
    'sm_context(NULL)', 'sm_context(''s'', NULL)', 'sm_messages(NULL)', 'sm_messages(''s'', NULL)',
    'sm_history(NULL)', 'sm_history(''s'', NULL, NULL)', 'sm_find(NULL)', 'sm_find(''{}'', max_results => NULL)',
    'sm_pop(NULL)', 'sm_pop(''s'', NULL)', 'sm_clear(NULL)', 'sm_stats(NULL)',
    'sm_session(NULL)', 'sm_sessions(page_size => NULL)', 'sm_configure_session(NULL)', 'sm_touch(NULL)', 'sm_state(NULL)', 'sm_set_state(NULL, ''{}'')', 'sm_set_state(''s'', NULL)',
    'sm_set_summary(NULL, ''x'', 1)', 'sm_set_summary(''s'', NULL, 1)', 'sm_set_summary(''s'', ''x'', NULL)', 'sm_summary(NULL)', 'sm_claim_summaries(NULL)', 'sm_claim_summaries(lease => NULL)',
    'sm_prompt(NULL)', 'sm_prompt(''s'', NULL)', 'sm_end_session(NULL)', 'sm_end_session(''s'', NULL)']) AS call;
-- Where it is allowed.
SELECT json_array_length(sm_context('s', 5, NULL)), json_array_length(sm_messages('s', 5, NULL)), (SELECT count(*) FROM sm_history('s', NULL)), (SELECT count(*) FROM sm_find('{}', NULL, NULL)), sm_prune(NULL, NULL);
SELECT (SELECT count(*) FROM sm_sessions(NULL, NULL, NULL)) AS sessions, jsonb_array_length(sm_prompt('s', 5, NULL)->'messages') AS messages, sm_configure_session('s', NULL, NULL, NULL);
BEGIN;
SELECT length(sm_create_session(NULL, NULL, NULL, NULL, NULL, NULL));
ROLLBACK;

-- Names: 1 to 255 characters, however many bytes they take.
SELECT call, pg_temp.fails('SELECT ' || replace(call, '$', '''''')) AS empty, pg_temp.fails('SELECT ' || replace(call, '$', 'repeat(''x'', 256)')) AS too_long,
       pg_temp.fails('SELECT ' || replace(call, '$', 'repeat(''🚲'', 256)')) = pg_temp.fails('SELECT ' || replace(call, '$', 'repeat(''x'', 256)')) AS likewise,
       pg_temp.sqlstate('SELECT ' || replace(call, '$', 'repeat(''x'', 1024 * 1024)')) AS a_megabyte
FROM unnest(ARRAY[
    'sm_add($, ''q'', ''a'')', 'sm_add(''s'', ''q'', ''a'', idempotency_key => $)', 'sm_add(''s'', ''q'', ''a'', user_id => $)',
    'sm_add_message($, ''user'', ''x'')', 'sm_add_message(''s'', $, ''x'')', 'sm_add_message(''s'', ''user'', ''x'', idempotency_key => $)', 'sm_add_message(''s'', ''user'', ''x'', user_id => $)',
    'sm_append($, ''{}'')', 'sm_append($, ''[]'')', 'sm_append(''s'', ''{}'', $)', 'sm_context($)', 'sm_messages($)', 'sm_history($)', 'sm_find(''{}'', $)', 'sm_find(''{}'', user_id => $)',
    'sm_pop($)', 'sm_clear($)', 'sm_prune(session_id => $)', 'sm_stats($)',
    'sm_create_session($)', 'sm_create_session(''new'', $)', 'sm_session($)', 'sm_sessions($)', 'sm_configure_session($)', 'sm_touch($)', 'sm_state($)', 'sm_set_state($, ''{}'')',
    'sm_set_summary($, ''x'', 1)', 'sm_summary($)', 'sm_prompt($)', 'sm_end_session($)', 'sm_end_session(''s'', $)']) AS call \gx
SELECT pg_temp.fails($$SELECT sm_context(repeat('x', 1024 * 1024))$$);
BEGIN;
SELECT sm_add(id, 'q', 'a', user_id => id, idempotency_key => id), sm_add_message(id, id, 'x') FROM unnest(ARRAY[repeat('x', 255), repeat('🚲', 255), ' ', E'\n']) AS id;
SELECT length(s.session_id) AS characters, octet_length(s.session_id) AS bytes, json_array_length(sm_context(s.session_id)) AS context, json_array_length(sm_messages(s.session_id)) AS messages,
       (SELECT count(*) FROM sm_history(s.session_id)) AS history, (SELECT count(*) FROM sm_find('{}', s.session_id, s.user_id)) AS found, (SELECT count(*) FROM sm_stats(s.session_id)) AS stats,
       sm_prune(session_id => s.session_id) AS pruned, jsonb_array_length(sm_pop(s.session_id)) AS popped, sm_clear(s.session_id) AS cleared
FROM sm_session AS s WHERE s.session_id <> 's' ORDER BY s.session_id;
ROLLBACK;
-- A long name in a message is cut between characters.
SELECT pg_temp.fails(format('SELECT sm_add(%1$L, ''q'', ''a'', user_id => ''ann''), sm_add(%1$L, ''q'', ''a'', user_id => ''bob'')', repeat('🚲', 255)));

-- Not UTF-8, and the character that no text can hold.
SELECT call, pg_temp.sqlstate('SELECT ' || call) AS outcome FROM unnest(ARRAY[
    $$sm_add(E'\377', 'q', 'a')$$, $$sm_add('s', E'\303', 'a')$$, $$sm_add('s', 'q', convert_from('\xc0af', 'UTF8'))$$, $$sm_append('s', E'{"a": "\355\240\200"}')$$, $$sm_context(E'\200')$$,
    $$sm_add('s', 'q', 'a', '{"a": "\u0000"}')$$, $$sm_append('s', '{"a": "\u0000"}')$$, $$sm_append('s', '[{}, {"\u0000": 1}]')$$, $$sm_find('{"a": "\u0000"}')$$, $$sm_add('s', chr(0), 'a')$$,
    $$sm_append('s', '{"a": "\ud800"}')$$, $$sm_append('s', '{"a": 1')$$, $$sm_append('s', '')$$]) AS call
WHERE getdatabaseencoding() = 'UTF8';

-- JSON that is no object.
SELECT call, pg_temp.fails('SELECT ' || call) AS outcome FROM unnest(ARRAY[
    $$sm_add('s', 'q', 'a', '[]')$$, $$sm_add('s', 'q', 'a', '[{"a": 1}]')$$, $$sm_add('s', 'q', 'a', '"text"')$$, $$sm_add('s', 'q', 'a', '1')$$, $$sm_add('s', 'q', 'a', 'null')$$, $$sm_add('s', 'q', 'a', 'true')$$,
    $$sm_add_message('s', 'user', 'x', '[]')$$, $$sm_append('s', '"text"')$$, $$sm_append('s', '1')$$, $$sm_append('s', 'null')$$, $$sm_append('s', 'false')$$,
    $$sm_find('[]')$$, $$sm_find('"text"')$$, $$sm_find('null')$$,
    $$sm_create_session('new', metadata => '[]')$$, $$sm_create_session('new', metadata => 'null')$$, $$sm_set_state('s', '[]')$$, $$sm_set_state('s', '"text"')$$, $$sm_set_state('s', '1')$$, $$sm_set_state('s', 'null')$$, $$sm_set_state('new', 'true')$$,
    $$sm_append('s', '[1]')$$, $$sm_append('s', '[[]]')$$, $$sm_append('s', '[{}, {}, "x", {}]')$$, $$sm_append('new', '[{}, null]')$$, $$sm_append('s', (SELECT jsonb_agg(CASE WHEN n < 10000 THEN '{}' ELSE '0' END::jsonb) FROM generate_series(1, 10000) AS n))$$]) AS call;

-- Limits: negative ones are refused, none is none, the largest is all.
SELECT call, pg_temp.fails('SELECT ' || replace(call, '$', '-1')) AS "minus one", pg_temp.sqlstate('SELECT ' || replace(call, '$', '-2147483648')) AS "the least",
       pg_temp.sqlstate('SELECT ' || replace(call, '$', '0')) AS zero, pg_temp.sqlstate('SELECT ' || replace(call, '$', '2147483647')) AS "the most"
FROM unnest(ARRAY['sm_context(''s'', $)', 'sm_context(''s'', 5, $)', 'sm_messages(''s'', $)', 'sm_messages(''s'', 5, $)', 'sm_history(''s'', NULL, $)', 'sm_find(''{}'', max_results => $)',
                  'sm_sessions(page_size => $)', 'sm_claim_summaries($)', 'sm_prompt(''s'', $)', 'sm_prompt(''s'', 5, $)']) AS call \gx
-- A cap of its own is positive: one that is none has no meaning.
SELECT cap, pg_temp.fails(format('SELECT sm_create_session(''new'', max_interactions => %s)', cap)) AS created, pg_temp.fails(format('SELECT sm_configure_session(''s'', max_interactions => %s)', cap)) AS configured
FROM unnest(ARRAY[0, -1, -2147483648]) AS cap;
-- A summary stands for what there is.
SELECT through_seq, pg_temp.fails(format('SELECT sm_set_summary(''s'', ''x'', %s)', through_seq)) AS outcome FROM unnest(ARRAY[0, -1, -9223372036854775808, 4, 9223372036854775807]) AS through_seq;
SELECT pg_temp.fails($$SELECT sm_pop('s', -1)$$), pg_temp.fails($$SELECT sm_pop('s', -2147483648)$$), sm_pop('s', 0) \gx
SELECT json_array_length(sm_context('s', 2147483647)), json_array_length(sm_context('s', 2147483647, 2147483647)), json_array_length(sm_messages('s', 2147483647, 2147483647)),
       (SELECT count(*) FROM sm_history('s', 9223372036854775807, 2147483647)), (SELECT count(*) FROM sm_find('{}', max_results => 2147483647));
SELECT sm_context('s', 0), sm_messages('s', 0), (SELECT count(*) FROM sm_history('s', NULL, 0)), (SELECT count(*) FROM sm_find('{}', max_results => 0)), (SELECT count(*) FROM sm_history('s', -9223372036854775808));
-- What is wrong is said even where there is nothing to be had.
SELECT pg_temp.sqlstate($$SELECT sm_context('unknown', -1)$$), pg_temp.sqlstate($$SELECT sm_context('unknown', 0, -1)$$), pg_temp.sqlstate($$SELECT sm_history('unknown', NULL, -1)$$),
       pg_temp.sqlstate($$SELECT sm_find('[]', 'unknown', max_results => 0)$$), pg_temp.sqlstate($$SELECT sm_pop('unknown', -1)$$);

-- Times: finite ones only; whatever the calendar holds is stored.
SELECT pg_temp.fails($$SELECT sm_add('s', 'q', 'a', created_at => 'infinity')$$), pg_temp.fails($$SELECT sm_add('s', 'q', 'a', created_at => '-infinity')$$),
       pg_temp.fails($$SELECT sm_add_message('s', 'user', 'x', created_at => 'infinity')$$), pg_temp.fails($$SELECT sm_append('s', '{"timestamp": "-infinity"}')$$), pg_temp.fails($$SELECT sm_append('s', '{"timestamp": true}')$$) \gx
SELECT call, pg_temp.sqlstate('SELECT ' || call) AS outcome FROM unnest(ARRAY[
    $$sm_add('s', 'q', 'a', created_at => '294277-01-01')$$, $$sm_add('s', 'q', 'a', created_at => '4715-01-01 BC')$$, $$sm_append('s', '{"timestamp": "294277-01-01"}')$$, $$sm_append('s', '{"timestamp": "when?"}')$$,
    $$sm_append('s', '{"timestamp": ""}')$$, $$sm_append('s', '{"timestamp": 1e300}')$$, $$sm_append('s', '{"timestamp": -1e300}')$$, $$sm_append('s', '{"timestamp": 1e400}')$$, $$sm_append('s', '[{}, {"timestamp": {}}]')$$]) AS call;
BEGIN;
SELECT sm_add('past', 'q', 'a', created_at => '4714-11-24 00:00:00 BC'), sm_add('past', 'q', 'a', created_at => '0001-01-01'), sm_add('future', 'q', 'a', created_at => '294276-12-31 23:59:59.999999');
SELECT sm_context('past') AS past, e->>'timestamp' AS future FROM json_array_elements(sm_context('future')) AS e;
SELECT expires_at FROM sm_stats('future');
SELECT sm_prune(session_id => 'past'), sm_prune(session_id => 'future');
SET LOCAL session_memory.ttl = 0;
SELECT sm_add('past', 'q', 'a', created_at => '4714-11-24 00:00:00 BC');
SELECT e->>'timestamp' AS past FROM json_array_elements(sm_context('past')) AS e;
SELECT (SELECT count(*) FROM sm_find('{}', 'past')) AS found, (SELECT count(*) FROM sm_history('past')) AS history, (SELECT jsonb_array_length(history) FROM session_history WHERE session_id = 'past') AS array_form;
ROLLBACK;

-- Lifetimes: positive ones only; one beyond all times is for ever.
SELECT age, pg_temp.fails(format('SELECT sm_prune(%L)', age)) AS outcome FROM unnest(ARRAY['0', '-1 day', '-178000000 years', '1 day -24 hours', '1 month -31 days']) AS age;
SELECT age, pg_temp.fails(format('SELECT sm_create_session(''new'', ttl => %L)', age)) AS create_ttl, pg_temp.fails(format('SELECT sm_create_session(''new'', idle_timeout => %L)', age)) AS create_idle_timeout,
       pg_temp.fails(format('SELECT sm_configure_session(''s'', ttl => %L)', age)) AS configure_ttl, pg_temp.fails(format('SELECT sm_configure_session(''s'', idle_timeout => %L)', age)) AS configure_idle_timeout,
       pg_temp.fails(format('SELECT sm_sessions(active_within => %L)', age)) AS active_within, pg_temp.fails(format('SELECT sm_claim_summaries(lease => %L)', age)) AS lease
FROM unnest(ARRAY['0', '-1 day', '1 month -31 days']) AS age \gx
SELECT sm_prune('178000000 years'), sm_prune('178000000 years', 's'), sm_prune('178956970 years 7 mons 2147483647 days 2562047788:00:54.775807');
SELECT pg_temp.sqlstate($$SELECT sm_prune('179000000 years')$$);
BEGIN;
UPDATE sm_session SET ttl = '178956970 years 7 mons 2147483647 days 2562047788:00:54.775807', idle_timeout = '178956970 years 7 mons 2147483647 days 2562047788:00:54.775807';
SELECT sm_add('s', 'q', 'a'), sm_prune(), sm_configure_session('s', ttl => '178000000 years', idle_timeout => '178956970 years 7 mons 2147483647 days 2562047788:00:54.775807'), (SELECT count(*) FROM sm_sessions(active_within => '178000000 years'));
SELECT sm_touch('s'), sm_session('s')->'expires_at' AS expires_at, (SELECT count(*) FROM sm_claim_summaries(10, '178000000 years')) AS claimed;
SELECT json_array_length(sm_context('s')) AS context, (SELECT count(*) FROM sm_history('s')) AS history, (SELECT count(*) FROM sm_find('{}')) AS found, (SELECT count(*) FROM session_history) AS array_form, (SELECT expires_at FROM sm_stats('s'));
UPDATE sm_session SET ttl = '106751990 days', idle_timeout = '106751990 days';
SELECT json_array_length(sm_context('s')), (SELECT count(*) FROM sm_find('{}')) AS found, (SELECT expires_at FROM sm_stats('s')), sm_prune();
UPDATE sm_session SET ttl = '291000 years';
SELECT json_array_length(sm_context('s')), (SELECT expires_at > '280000-01-01' FROM sm_stats('s')) AS far_away, sm_prune();
UPDATE sm_session SET ttl = '0';
SELECT sm_context('s'), (SELECT count(*) FROM sm_history('s')), (SELECT count(*) FROM sm_find('{}')), (SELECT count(*) FROM session_history);
ROLLBACK;

-- Nested 5,000 deep: goes in, comes out, is found and taken back, the same in each.
BEGIN;
CREATE FUNCTION pg_temp.deep(levels int) RETURNS jsonb LANGUAGE sql AS $$ SELECT (repeat('{"a":[', levels / 2) || '1' || repeat(']}', levels / 2))::jsonb $$;
SELECT sm_add('deep', 'q', 'a', pg_temp.deep(5000)), sm_add_message('deep', 'user', 'x', pg_temp.deep(5000)), sm_append('deep', pg_temp.deep(5000)), sm_append('deep', jsonb_build_array(pg_temp.deep(5000)));
SELECT (sm_context('deep')->0->'metadata')::jsonb = pg_temp.deep(5000) AS context, (SELECT bool_and(interaction = pg_temp.deep(5000)) FROM sm_history('deep', NULL, 2)) AS history,
       (SELECT count(*) FROM sm_find(pg_temp.deep(5000), 'deep')) AS found, (SELECT history->3 = pg_temp.deep(5000) FROM session_history WHERE session_id = 'deep') AS array_form, json_array_length(sm_messages('deep')) AS messages,
       json_array_length(sm_context('deep', 5, 1)) AS within_a_budget;
SELECT sm_append('deep', jsonb_build_object('role', 'user', 'content', pg_temp.deep(5000)));
SELECT (sm_messages('deep', 1)->0->'content')::jsonb = pg_temp.deep(5000) AS messages, sm_pop('deep', 5)->1->'metadata' = pg_temp.deep(5000) AS taken;
ROLLBACK;
SELECT pg_temp.sqlstate($$SELECT sm_append('s', (repeat('[', 1000000) || repeat(']', 1000000))::jsonb)$$) AS far_too_deep;

-- A read-only transaction, a role without privileges, a session that has ended, one of another user.
BEGIN READ ONLY;
SELECT call, pg_temp.fails('SELECT ' || call) AS outcome FROM unnest(ARRAY['sm_add(''s'', ''q'', ''a'')', 'sm_add_message(''s'', ''user'', ''x'')', 'sm_append(''s'', ''{}'')', 'sm_pop(''s'')', 'sm_clear(''s'')', 'sm_prune()',
    'sm_create_session()', 'sm_configure_session(''s'')', 'sm_touch(''s'')', 'sm_set_state(''s'', ''{}'')', 'sm_set_summary(''s'', ''x'', 1)', 'sm_claim_summaries()', 'sm_end_session(''s'')']) AS call;
COMMIT;
DROP ROLE IF EXISTS regress_sm_bad_input;
CREATE ROLE regress_sm_bad_input;
SET ROLE regress_sm_bad_input;
SELECT call, pg_temp.fails('SELECT ' || call) AS outcome FROM unnest(ARRAY['sm_add(''s'', ''q'', ''a'')', 'sm_append(''s'', ''{}'')', 'sm_context(''s'')', 'sm_history(''s'')', 'sm_find(''{}'')', 'sm_pop(''s'')', 'sm_clear(''s'')', 'sm_prune()', 'sm_stats()', 'sm_health()',
    'sm_create_session()', 'sm_session(''s'')', 'sm_sessions()', 'sm_configure_session(''s'')', 'sm_touch(''s'')', 'sm_state(''s'')', 'sm_set_state(''s'', ''{}'')', 'sm_set_summary(''s'', ''x'', 1)', 'sm_summary(''s'')', 'sm_claim_summaries()', 'sm_prompt(''s'')', 'sm_end_session(''s'')']) AS call;
RESET ROLE;
DROP ROLE regress_sm_bad_input;
BEGIN;
UPDATE sm_session SET ended_at = now();
SELECT pg_temp.fails($$SELECT sm_add('s', 'q', 'a')$$), pg_temp.fails($$SELECT sm_pop('s')$$), json_array_length(sm_context('s')) AS still_read \gx
ROLLBACK;
SELECT pg_temp.fails($$SELECT sm_add('s', 'q', 'a', user_id => 'bob')$$);

-- Within SERIALIZABLE and within an exception block all this is no different.
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT pg_temp.sqlstate($$SELECT sm_add('s', 'q', NULL)$$), pg_temp.sqlstate($$SELECT sm_append('s', '[{}, 1]')$$), pg_temp.sqlstate($$SELECT sm_add('s', 'q', 'a', user_id => 'bob')$$), sm_add('serial', 'q', 'a');
SELECT json_array_length(sm_context('serial')), sm_clear('serial');
COMMIT;

-- Nothing of all that left a trace.
SELECT pg_temp.stored() = :'before' AS unchanged;
