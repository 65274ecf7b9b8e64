-- sm_isolate: each user sees and changes what is theirs, by a setting or by role; nobody named, nothing seen.
\i sql/fixture/begin.sql
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['regress_sm_app', 'regress_sm_ann', 'regress_sm_bob', 'regress_sm_free'] LOOP
        IF to_regrole(name) IS NOT NULL THEN EXECUTE format('DROP OWNED BY %I', name); END IF;
        EXECUTE format('DROP ROLE IF EXISTS %I', name);
        EXECUTE format('CREATE ROLE %I', name);
        PERFORM sm_grant(name::regrole, 'admin');
    END LOOP;
END $$;
ALTER ROLE regress_sm_free BYPASSRLS;
SELECT sm_add('ann1', 'q', 'a', '{"topic": "x"}', user_id => 'regress_sm_ann'), sm_add('bob1', 'q', 'a', '{"topic": "x"}', user_id => 'regress_sm_bob'), sm_add('none', 'q', 'a'),
       sm_set_state('ann1', '{"of": "ann"}'), sm_set_state('bob1', '{"of": "bob"}'), sm_set_state('none', '{"of": "nobody"}');

SELECT sm_isolate();
-- Every table has it, none lets everything through but what says nothing about anybody, and each that names users or sessions goes by them.
SELECT c.oid::regclass AS "table", c.relrowsecurity AS enabled, (SELECT count(*) FROM pg_policy AS p WHERE p.polrelid = c.oid) AS policies
FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'session_memory' JOIN pg_class AS c ON c.oid = d.objid
WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'e' AND c.relkind IN ('r', 'p')
  AND (NOT c.relrowsecurity OR NOT EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polname = 'sm_isolate' AND p.polroles = '{0}'));
SELECT p.polrelid::regclass AS "all see" FROM pg_policy AS p WHERE pg_get_expr(p.polqual, p.polrelid) = 'true' AND (p.polrelid::regclass::text <> 'sm_learning_rule' OR p.polcmd <> 'r');
SELECT a.attrelid::regclass AS "not by user" FROM pg_policy AS p JOIN pg_attribute AS a ON a.attrelid = p.polrelid AND a.attname IN ('user_id', 'session_id')
WHERE pg_get_expr(p.polqual, p.polrelid) !~ 'session_memory.user_id' AND a.attrelid::regclass::text !~ '^sm_(backup|audit|orphan)';
SELECT a.attrelid::regclass AS "of administration, seen" FROM pg_policy AS p JOIN pg_attribute AS a ON a.attrelid = p.polrelid AND a.attnum = 1
WHERE a.attrelid::regclass::text ~ '^sm_(backup|audit|orphan|worker)' AND pg_get_expr(p.polqual, p.polrelid) <> 'false';

CREATE FUNCTION pg_temp.seen(OUT sessions text, OUT listed text, OUT context text, OUT found text, OUT state text, OUT data bigint, OUT array_form text, OUT counted bigint, OUT worker bigint) LANGUAGE sql AS $$
    SELECT (SELECT string_agg(s.session_id, ' ' ORDER BY s.session_id) FROM sm_session AS s), (SELECT string_agg(l.session_id, ' ') FROM sm_sessions() AS l),
           string_agg(json_array_length(sm_context(id))::text, ' ' ORDER BY id), (SELECT string_agg(f.session_id, ' ' ORDER BY f.session_id) FROM sm_find('{}') AS f),
           string_agg(coalesce(sm_state(id)->>'of', '-'), ' ' ORDER BY id), (SELECT count(*) FROM sm_session_data),
           (SELECT string_agg(h.session_id, ' ' ORDER BY h.session_id) FROM session_history AS h), (SELECT sessions FROM sm_stats()), (SELECT count(*) FROM sm_worker_status)
    FROM unnest(ARRAY['ann1', 'bob1', 'none']) AS id
$$;
GRANT EXECUTE ON FUNCTION pg_temp.seen(), pg_temp.fails(text) TO PUBLIC;
-- Nobody named, nobody known, an empty name: nothing.
SET ROLE regress_sm_app;
SELECT * FROM pg_temp.seen() \gx
SET session_memory.user_id = '';
SELECT sessions, context FROM pg_temp.seen();
SET session_memory.user_id = 'nobody';
SELECT sessions, context FROM pg_temp.seen();
-- One who is named, for one transaction.
BEGIN;
SET LOCAL session_memory.user_id = 'regress_sm_ann';
SELECT * FROM pg_temp.seen() \gx
SELECT sm_add('ann1', 'q', 'a'), sm_add('ann2', 'q', 'a', user_id => 'regress_sm_ann'), sm_pop('bob1'), sm_clear('bob1'), sm_clear('none'), sm_touch('bob1'), sm_end_session('bob1');
SELECT call, left(pg_temp.fails('SELECT ' || call), 5) AS outcome
FROM unnest(ARRAY[$$sm_add('bob1', 'q', 'a')$$, $$sm_add('bob1', 'q', 'a', user_id => 'regress_sm_ann')$$, $$sm_add('free', 'q', 'a')$$, $$sm_add('free', 'q', 'a', user_id => 'regress_sm_bob')$$, $$sm_set_state('none', '{"of": "ann"}')$$]) AS call;
UPDATE sm_session SET user_id = 'regress_sm_ann' WHERE session_id = 'bob1' RETURNING session_id;
SELECT left(pg_temp.fails($$UPDATE sm_session SET user_id = 'regress_sm_bob' WHERE session_id = 'ann1'$$), 5) AS given_away;
SELECT sm_prune('1 microsecond');
COMMIT;
SELECT sessions, context FROM pg_temp.seen();
SET ROLE regress_sm_free;
SELECT sessions, context, state FROM pg_temp.seen();
RESET ROLE;
SELECT sessions, context, state FROM pg_temp.seen();

-- By role: who one is, whatever the setting says. Called again it replaces what was there.
SELECT sm_isolate('role');
SET ROLE regress_sm_bob;
SET session_memory.user_id = 'regress_sm_ann';
SELECT sessions, context, state FROM pg_temp.seen();
SET ROLE regress_sm_app;
SELECT sessions, context, state FROM pg_temp.seen();
RESET session_memory.user_id;

-- Only the owner turns it on and off, however much a role was granted.
SELECT pg_temp.fails('SELECT sm_isolate()') ~ '^42501 only the owner of the session memory decides who sees what' AS refused,
       pg_temp.fails('SELECT sm_isolate_off()') ~ '^42501 only the owner of the session memory decides who sees what' AS refused_too;
RESET ROLE;
SELECT pg_temp.fails('SELECT sm_isolate(NULL)'), pg_temp.fails($$SELECT sm_isolate('')$$), pg_temp.fails($$SELECT sm_isolate('Role')$$) \gx
-- A policy of somebody's own stays in force.
CREATE POLICY mine ON sm_session USING (false);
SELECT sm_isolate_off();
SELECT c.oid::regclass AS still, (SELECT string_agg(p.polname, ' ') FROM pg_policy AS p WHERE p.polrelid = c.oid) AS policies
FROM pg_class AS c WHERE c.relrowsecurity AND c.relnamespace = 'public'::regnamespace;
SET ROLE regress_sm_app;
SELECT sessions FROM pg_temp.seen();
RESET ROLE;
DROP POLICY mine ON sm_session;
SELECT sm_isolate(), sm_isolate_off(), sm_isolate_off();
SELECT count(*) AS policies FROM pg_policy WHERE polname = 'sm_isolate';
SET ROLE regress_sm_app;
SELECT sessions, context FROM pg_temp.seen();
RESET ROLE;

-- The plan: the user is looked up once, and finds the index.
CREATE FUNCTION pg_temp.plan(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || statement; END $$;
GRANT EXECUTE ON FUNCTION pg_temp.plan(text) TO PUBLIC;
SELECT sm_isolate();
SET enable_seqscan = off;
SET ROLE regress_sm_app;
SELECT string_agg(line, ' ') ~ 'Index Cond: .user_id = (.0|.InitPlan 1)' AS found FROM pg_temp.plan('SELECT FROM sm_session') AS line;
RESET ROLE;
RESET enable_seqscan;
SELECT sm_isolate_off();
DROP OWNED BY regress_sm_app, regress_sm_ann, regress_sm_bob, regress_sm_free;
DROP ROLE regress_sm_app, regress_sm_ann, regress_sm_bob, regress_sm_free;
