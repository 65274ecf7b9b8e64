-- Sessions: created by hand or by the first add, looked at, listed page by page, configured, touched.
\i sql/fixture/begin.sql
-- Made by hand: with an id or a UUID, with settings of its own or none.
SELECT sm_create_session('plain'), sm_create_session('full', 'ann', '2 hours', '30 minutes', 50, '{"channel": "web", "tags": ["a", "b"]}');
SELECT session_id, user_id, created_at = last_activity_at AS just_now, last_seq, interactions, tokens, bytes, ttl, idle_timeout, max_interactions, summary_seq, summary_due_at, ended_at, prune_at - created_at AS visited_after
FROM sm_session ORDER BY 1;
SELECT * FROM sm_session_data;
SELECT sm_create_session(user_id => 'ann') AS id \gset
SELECT :'id' ~ '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$' AS uuid, sm_session(:'id')->>'session_id' = :'id' AS there, sm_clear(:'id');
SELECT count(DISTINCT sm_create_session()) AS different FROM generate_series(1, 10);
DELETE FROM sm_session WHERE session_id NOT IN ('plain', 'full');
SELECT pg_typeof(sm_create_session('typed')), sm_clear('typed');
-- One that lives cannot be made again, whoever made it, ended or not. What it has stays.
SELECT sm_add('by add', 'q', 'a', user_id => 'bob');
SELECT pg_temp.fails($$SELECT sm_create_session('full')$$), pg_temp.fails($$SELECT sm_create_session('by add', 'ann', '1 hour', metadata => '{"x": 1}')$$) \gx
SELECT sm_create_session('ended'), sm_end_session('ended') IS NOT NULL AS ended;
SELECT left(pg_temp.fails($$SELECT sm_create_session('ended')$$), 5);
SELECT user_id, ttl, (SELECT count(*) FROM sm_session_data AS d WHERE d.session_id = s.session_id) AS data FROM sm_session AS s WHERE session_id = 'by add';
-- One that has expired can, and nothing of it is left but the count of seq.
SELECT sm_create_session('again', 'ann', '1 hour', '10 minutes', 5, '{"old": true}'), sm_set_state('again', '{"old": true}');
SELECT sm_append('again', '[{"n": 1}, {"n": 2}, {"n": 3}]'), sm_set_summary('again', 'Old.', 2);
UPDATE sm_session SET last_activity_at = now() - interval '10 minutes' WHERE session_id = 'again';
SELECT sm_create_session('again', 'bob', max_interactions => 7);
SELECT sm_session('again') - '{created_at,last_activity_at,expires_at}'::text[] AS session, sm_context('again'), sm_summary('again');
SELECT created_at > now() - interval '1 minute' AS new, prune_at <= now() + interval '1 day' AS visited, (SELECT count(*) FROM session_memory WHERE session_id = 'again') AS stored FROM sm_session WHERE session_id = 'again';
SELECT sm_add('again', 'q', 'a');

-- What it does with a session is what it is: settings hold for what is added.
SELECT sm_append('full', jsonb_agg(jsonb_build_object('n', n) ORDER BY n)) FROM generate_series(1, 60) AS n;
SELECT json_array_length(sm_context('full', 100)) AS capped, ttl, idle_timeout, max_interactions FROM sm_stats('full');
SELECT pg_temp.fails($$SELECT sm_add('full', 'q', 'a', user_id => 'bob')$$), sm_add('full', 'q', 'a', user_id => 'ann');
-- Made by hand without a user, it takes the first one given.
SELECT sm_add('plain', 'q', 'a', user_id => 'cid'), sm_session('plain')->'user_id' AS user_id;
-- Rolled back, it never was.
BEGIN;
SELECT sm_create_session('undone');
ROLLBACK;
SELECT sm_session('undone'), (SELECT count(*) FROM sm_sessions() AS s WHERE s.session_id = 'undone');

-- sm_session: all but the interactions; made by sm_add it is the same thing.
SELECT (SELECT string_agg(k, ' ' ORDER BY k) FROM jsonb_object_keys(sm_session('full')) AS k) AS keys;
SELECT (SELECT string_agg(k, ' ' ORDER BY k) FROM jsonb_object_keys(sm_session('by add')) AS k) = (SELECT string_agg(k, ' ' ORDER BY k) FROM jsonb_object_keys(sm_session('full')) AS k) AS same_keys;
SELECT sm_session('by add') - '{created_at,last_activity_at,expires_at}'::text[];
SELECT sm_session('full') - '{created_at,last_activity_at,expires_at,bytes,tokens}'::text[];
SELECT (j->>'created_at')::timestamptz = s.created_at AS created_at, (j->>'last_activity_at')::timestamptz = s.last_activity_at AS last_activity_at, (j->>'expires_at')::timestamptz - s.last_activity_at AS expires_after,
       (j->>'tokens')::bigint = s.tokens AS tokens, (j->>'bytes')::bigint = s.bytes AS bytes
FROM sm_session AS s, sm_session('full') AS j WHERE s.session_id = 'full';
SET session_memory.ttl = 0;
SELECT sm_session('plain')->'expires_at' AS never;
RESET session_memory.ttl;
SELECT sm_session('unknown'), sm_session('unknown') IS NULL AS none;

-- sm_sessions: in the order of their ids, by user, by activity, the living only.
SELECT sm_clear(session_id) FROM sm_sessions();
SELECT count(sm_create_session('s' || to_char(n, 'FM000'), CASE WHEN n % 3 > 0 THEN 'user' || n % 3 END)) FROM generate_series(1, 120) AS n;
SELECT count(*) AS by_default, min(session_id), max(session_id) FROM sm_sessions();
SELECT * FROM sm_sessions(page_size => 0);
SELECT string_agg(session_id, ' ') AS first FROM sm_sessions(page_size => 3);
SELECT string_agg(session_id, ' ') AS next FROM sm_sessions(after => 's003', page_size => 3);
SELECT string_agg(session_id, ' ') AS of_user1 FROM sm_sessions('user1', page_size => 3);
SELECT string_agg(session_id, ' ') AS next_of_user1 FROM sm_sessions('user1', after => 's007', page_size => 3);
SELECT count(*) AS unknown_user FROM sm_sessions('nobody');
SELECT count(*) AS after_the_last FROM sm_sessions(after => 's120') UNION ALL SELECT count(*) FROM sm_sessions(after => '') UNION ALL SELECT count(*) FROM sm_sessions(page_size => 2147483647);
-- Page by page to the end: each once, in order.
CREATE FUNCTION pg_temp.pages(owner text, size int) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    last text;
    page text[];
BEGIN
    LOOP
        page := ARRAY(SELECT session_id FROM sm_sessions(owner, after => last, page_size => size));
        EXIT WHEN cardinality(page) = 0;
        RETURN QUERY SELECT unnest(page);
        last := page[cardinality(page)];
    END LOOP;
END $$;
SELECT size, owner, array_agg(p ORDER BY n) = (SELECT array_agg(session_id ORDER BY session_id) FROM sm_session WHERE owner IS NULL OR user_id = owner) AS each_once
FROM unnest(ARRAY[1, 7, 50, 120, 121]) AS size, unnest(ARRAY[NULL, 'user1', 'user2']) AS owner, pg_temp.pages(owner, size) WITH ORDINALITY AS p (p, n) GROUP BY size, owner ORDER BY 1, 2;
-- By byte, as ids are compared, whatever the database's own order is.
SELECT sm_create_session(id) FROM unnest(ARRAY['É', 'é', 'Z', 'a', '🚲', '~']) AS id;
SELECT string_agg(session_id, ' ') AS in_order FROM sm_sessions(after => 's120');
SELECT string_agg(session_id, ' ') AS before FROM (SELECT session_id FROM sm_sessions(page_size => 2)) AS s;
SELECT sm_clear(id) FROM unnest(ARRAY['É', 'é', 'Z', 'a', '🚲', '~']) AS id;
-- By activity, of what lives; expired ones take no place on a page, ended ones do.
UPDATE sm_session SET last_activity_at = now() - interval '2 hours' WHERE session_id > 's010';
UPDATE sm_session SET last_activity_at = now() - interval '2 days' WHERE session_id IN ('s001', 's003', 's005');
SELECT sm_end_session('s002') IS NOT NULL AS ended;
SELECT session_id, user_id, created_at <= now() AS created_at, last_activity_at <= now() AS last_activity_at, interactions, ended_at IS NOT NULL AS ended FROM sm_sessions(active_within => '1 hour');
SELECT count(*) AS within_three_hours FROM sm_sessions(active_within => '3 hours', page_size => 1000);
SELECT string_agg(session_id, ' ') AS four FROM sm_sessions(page_size => 4);
SELECT string_agg(session_id, ' ') AS of_user1_lately FROM sm_sessions('user1', '1 hour');
UPDATE sm_session SET last_activity_at = now() - interval '1 hour' WHERE session_id = 's004';
SELECT count(*) AS at_the_edge FROM sm_sessions(active_within => '1 hour') WHERE session_id = 's004';

-- Each page is read off an index, and no more than the page: no sort, no scan of the whole.
SELECT count(sm_create_session('filler' || n, CASE WHEN n % 2 = 0 THEN 'many' ELSE 'user' || n % 50 END)) FROM generate_series(1, 4000) AS n;
VACUUM ANALYZE sm_session;
CREATE FUNCTION pg_temp.plan(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || statement LOOP
        RETURN QUERY SELECT trim(regexp_replace(line, '^[ >-]*', '')) WHERE line ~ '(Scan on|Scan using|Sort$|Sort  |Seq)';
    END LOOP;
END $$;
SELECT pg_temp.plan('SELECT * FROM sm_sessions()');
SELECT pg_temp.plan('SELECT * FROM sm_sessions(after => ''filler20'')');
SELECT pg_temp.plan('SELECT * FROM sm_sessions(''many'')');
SELECT pg_temp.plan('SELECT * FROM sm_sessions(''many'', after => ''filler20'', page_size => 5)');
SELECT pg_temp.plan('SELECT * FROM sm_sessions(''many'', ''1 hour'', ''filler20'')');
PREPARE page (text, text) AS SELECT session_id FROM sm_sessions($1, after => $2, page_size => 2);
EXECUTE page('user1', 's007');
SELECT pg_temp.plan('EXECUTE page(''many'', ''filler20'')');
-- A page deep down costs what the first one costs: few blocks, and no more for what lies before.
CREATE FUNCTION pg_temp.blocks(statement text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) ' || statement INTO plan;
    RETURN (plan->0->'Plan'->>'Shared Hit Blocks')::numeric + (plan->0->'Plan'->>'Shared Read Blocks')::numeric;
END $$;
SELECT pg_temp.blocks(format('SELECT * FROM sm_sessions(%L, after => %L, page_size => 10)', owner, after)) < 30 AS few
FROM unnest(ARRAY['many', NULL]) AS owner, unnest(ARRAY['filler1', 'filler5', 'filler99']) AS after;
SET plan_cache_mode = force_generic_plan;
EXECUTE page('user1', 's007'); EXECUTE page(NULL, 's007'); EXECUTE page('user1', NULL);
RESET plan_cache_mode;
DEALLOCATE page;

-- Configuring: what is given changes, at once for what is stored; what is NULL stays.
SELECT sm_create_session('c', ttl => '5 hours'), sm_append('c', jsonb_agg(jsonb_build_object('n', n, 'timestamp', now() - n * interval '1 hour') ORDER BY n DESC)) FROM generate_series(0, 9) AS n;
CREATE FUNCTION pg_temp.configured(id text, OUT shown bigint, OUT ttl interval, OUT idle_timeout interval, OUT max_interactions int, OUT visited text) LANGUAGE sql AS $$
    SELECT (SELECT count(*) FROM sm_history(id)), s.ttl, s.idle_timeout, s.max_interactions, CASE WHEN s.prune_at <= clock_timestamp() THEN 'at once' ELSE 'later' END
    FROM sm_session AS s WHERE s.session_id = id
$$;
SELECT * FROM pg_temp.configured('c');
SELECT sm_configure_session('c', ttl => '3 hours 30 minutes');
SELECT * FROM pg_temp.configured('c');
SELECT sm_configure_session('c', max_interactions => 2);
SELECT * FROM pg_temp.configured('c');
SELECT sm_configure_session('c', '1 month', '1 hour', 100);
SELECT * FROM pg_temp.configured('c');
SELECT sm_configure_session('c');
SELECT * FROM pg_temp.configured('c');
-- The janitor's next visit follows, though it would have come later, or not at all.
SELECT sm_add('visit', 'q', 'a'), sm_configure_session('visit', ttl => '1 year');
SELECT sm_prune(session_id => 'visit');
SELECT prune_at > now() + interval '350 days' AS next_year FROM sm_session WHERE session_id = 'visit';
SELECT sm_configure_session('visit', ttl => '1 hour');
SELECT prune_at <= now() AS at_once FROM sm_session WHERE session_id = 'visit';
-- By name, the rest left out; in a transaction that is undone, nothing changes.
BEGIN;
SELECT sm_configure_session('c', max_interactions => 1);
SELECT shown FROM pg_temp.configured('c');
ROLLBACK;
SELECT shown FROM pg_temp.configured('c');

-- Touching: true for one that lives and is open. It takes nothing from a time in the future.
SELECT sm_create_session('t', idle_timeout => '1 hour');
UPDATE sm_session SET last_activity_at = now() - interval '59 minutes' WHERE session_id = 't';
SELECT sm_touch('t');
SELECT last_activity_at > now() - interval '1 minute' AS touched FROM sm_session WHERE session_id = 't';
UPDATE sm_session SET last_activity_at = '2100-01-01 00:00:00+00' WHERE session_id = 't';
SELECT sm_touch('t');
SELECT last_activity_at FROM sm_session WHERE session_id = 't';

-- Unknown, expired, ended: in each function.
SELECT sm_create_session('expired', 'ann', idle_timeout => '1 hour', metadata => '{"m": 1}'), sm_create_session('ended', 'ann', metadata => '{"m": 1}');
SELECT sm_append(id, '[{"n": 1}, {"n": 2}, {"n": 3}, {"n": 4}, {"n": 5}]'), sm_set_state(id, '{"a": 1}'), sm_set_summary(id, 'So far.', 2) FROM unnest(ARRAY['expired', 'ended']) AS id;
UPDATE sm_session SET last_activity_at = now() - interval '1 hour' WHERE session_id = 'expired';
SELECT sm_end_session('ended') IS NOT NULL AS ended;
SELECT 'before' AS before, md5(string_agg(s::text, ' ' ORDER BY session_id)) AS sessions FROM sm_session AS s \gset
CREATE FUNCTION pg_temp.outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    value text;
BEGIN
    BEGIN
        EXECUTE statement INTO value;
        RAISE EXCEPTION 'undo';
    EXCEPTION WHEN OTHERS THEN
        RETURN CASE WHEN SQLERRM = 'undo' THEN coalesce(value, 'NULL') ELSE SQLSTATE || ' ' || SQLERRM END;
    END;
END $$;
SELECT call, pg_temp.outcome(replace('SELECT ' || call, '$', '''unknown''')) AS unknown, pg_temp.outcome(replace('SELECT ' || call, '$', '''expired''')) AS expired, pg_temp.outcome(replace('SELECT ' || call, '$', '''ended''')) AS ended
FROM unnest(ARRAY['json_array_length(sm_context($))', 'json_array_length(sm_messages($))', '(SELECT count(*) FROM sm_history($))', '(SELECT count(*) FROM sm_find(''{}'', $))', '(SELECT count(*) FROM sm_stats($))',
    'sm_session($)->''user_id''', '(SELECT count(*) FROM sm_sessions(page_size => 10000) AS s WHERE s.session_id = $)', 'sm_state($)', 'sm_summary($)', 'sm_prompt($)->''summary''', 'sm_prompt($)->''state''',
    '(SELECT count(*) FROM session_history WHERE session_id = $)', 'sm_add($, ''q'', ''a'')', 'sm_add($, ''q'', ''a'', idempotency_key => ''k'')', 'sm_add_message($, ''user'', ''x'')', 'sm_append($, ''[{}, {}]'')', 'sm_append($, ''[]'')',
    'sm_create_session($)', 'sm_configure_session($)', 'sm_configure_session($, idle_timeout => ''1 year'')', 'sm_configure_session($, ttl => ''1 year'')', 'sm_touch($)', 'sm_set_state($, ''{"b": 2}'')', 'sm_set_summary($, ''x'', 3)',
    '(SELECT count(*) FROM sm_claim_summaries(1000) AS c WHERE c.session_id = $)', 'sm_end_session($)->''reason''', 'sm_pop($)->0->''n''', 'sm_prune(session_id => $)', 'sm_clear($)']) AS call \gx
SELECT :'sessions' = md5(string_agg(s::text, ' ' ORDER BY session_id)) AS unchanged FROM sm_session AS s;
SELECT pg_temp.fails($$SELECT sm_configure_session('unknown', ttl => '1 hour')$$), pg_temp.fails($$SELECT sm_configure_session('expired', idle_timeout => '1 year')$$), pg_temp.fails($$SELECT sm_configure_session('ended', ttl => '1 hour')$$) \gx
