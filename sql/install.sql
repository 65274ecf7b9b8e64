-- What CREATE EXTENSION makes: every object commented, in one schema, closed to PUBLIC and, where it
-- holds data, part of a dump; in a schema of any name; and never out of objects that others planted.
\i sql/fixture/begin.sql
CREATE TEMPORARY VIEW member AS
SELECT d.classid, d.objid
FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid
WHERE e.extname = 'session_memory' AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e';

SELECT extrelocatable, a.superuser, a.trusted
FROM pg_extension AS e JOIN pg_available_extension_versions AS a ON a.name = e.extname AND a.version = e.extversion
WHERE extname = 'session_memory';

-- Functions: nobody's powers but the caller's, and a pinned search_path where names are looked up at run time.
SELECT p.oid::regprocedure AS function, l.lanname AS language, p.provolatile AS volatility, p.proparallel AS parallel,
       p.prosecdef AS definer, p.proconfig AS settings
FROM member AS m JOIN pg_proc AS p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid JOIN pg_language AS l ON l.oid = p.prolang
ORDER BY p.oid::regprocedure::text COLLATE "C";

SELECT c.oid::regclass AS relation, c.relkind AS kind, c.reloptions AS options
FROM member AS m JOIN pg_class AS c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
ORDER BY c.oid::regclass::text COLLATE "C";

SELECT i.indrelid::regclass AS relation, i.indexrelid::regclass AS index, i.indisunique AS is_unique, a.amname AS method
FROM member AS m JOIN pg_index AS i ON m.classid = 'pg_class'::regclass AND i.indrelid = m.objid
JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_am AS a ON a.oid = c.relam
ORDER BY i.indexrelid::regclass::text COLLATE "C";

-- What the search index covers: not what was said.
SELECT pg_get_indexdef('session_memory_interaction_idx'::regclass);
SELECT _sm_searchable('{"query": "q", "answer": "a", "content": "c", "timestamp": 1, "tool_calls": [], "tool_call_id": "x", "role": "user", "name": "n", "metadata": {"content": "kept"}, "other": [1]}');
-- No kind of object beyond these, no identity columns, no triggers.
SELECT DISTINCT m.classid::regclass AS kind FROM member AS m ORDER BY 1;
SELECT count(*) AS identity_columns FROM member AS m JOIN pg_attribute AS a ON a.attrelid = m.objid
WHERE m.classid = 'pg_class'::regclass AND a.attidentity <> '';
SELECT count(*) AS triggers FROM member AS m JOIN pg_trigger AS t ON m.classid = 'pg_class'::regclass AND t.tgrelid = m.objid;

-- Everything lies in one schema.
SELECT count(*) AS elsewhere
FROM member AS m CROSS JOIN LATERAL pg_identify_object(m.classid, m.objid, 0) AS o
WHERE o.schema IS DISTINCT FROM (SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'session_memory')
  AND m.classid <> 'pg_namespace'::regclass;

-- Without a comment: functions, relations with their columns, indexes but those of constraints, types.
SELECT pg_describe_object(m.classid, m.objid, 0) AS without_comment
FROM member AS m
WHERE (m.classid = 'pg_proc'::regclass OR m.classid = 'pg_class'::regclass
       OR EXISTS (SELECT FROM pg_type AS t JOIN pg_class AS c ON c.oid = t.typrelid
                  WHERE m.classid = 'pg_type'::regclass AND t.oid = m.objid AND c.relkind = 'c'))
  AND coalesce(obj_description(m.objid, m.classid::regclass::name), '') = ''
UNION ALL
SELECT format('column %s of %s', a.attname, m.objid::regclass)
FROM member AS m JOIN pg_attribute AS a ON a.attrelid = m.objid
WHERE m.classid = 'pg_class'::regclass AND a.attnum > 0 AND NOT a.attisdropped AND coalesce(col_description(a.attrelid, a.attnum), '') = ''
UNION ALL
SELECT format('index %s', i.indexrelid::regclass)
FROM member AS m JOIN pg_index AS i ON m.classid = 'pg_class'::regclass AND i.indrelid = m.objid
WHERE coalesce(obj_description(i.indexrelid, 'pg_class'), '') = ''
  AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid);

-- Open to PUBLIC: functions, relations, columns.
SELECT pg_describe_object(m.classid, m.objid, 0) AS open_to_public, x.privilege_type
FROM member AS m JOIN pg_proc AS p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS x
WHERE x.grantee = 0
UNION ALL
SELECT pg_describe_object(m.classid, m.objid, 0), x.privilege_type
FROM member AS m JOIN pg_class AS c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
CROSS JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) AS x
WHERE x.grantee = 0
UNION ALL
SELECT format('column %s of %s', a.attname, m.objid::regclass), x.privilege_type
FROM member AS m JOIN pg_attribute AS a ON m.classid = 'pg_class'::regclass AND a.attrelid = m.objid
CROSS JOIN LATERAL aclexplode(a.attacl) AS x
WHERE x.grantee = 0;

-- What a dump takes along: all of every table but the worker's notes.
SELECT c.oid::regclass AS dumped, k.condition
FROM pg_extension AS e CROSS JOIN LATERAL unnest(e.extconfig, e.extcondition) AS k (oid, condition) JOIN pg_class AS c ON c.oid = k.oid
WHERE e.extname = 'session_memory' ORDER BY 1;
SELECT c.oid::regclass AS not_dumped
FROM member AS m JOIN pg_class AS c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid AND c.relkind IN ('r', 'p')
WHERE c.oid <> ALL ((SELECT extconfig FROM pg_extension WHERE extname = 'session_memory')::oid[]);

-- Planted objects. Each function, relation and type of ours, put there by somebody else before, must
-- make CREATE EXTENSION fail, and nothing of ours may stay.
CREATE TABLE plant AS
SELECT format('FUNCTION %I(%s)', p.proname, oidvectortypes(p.proargtypes)) AS object,
       format('CREATE FUNCTION %I(%s) RETURNS int LANGUAGE sql AS %L', p.proname, oidvectortypes(p.proargtypes), 'SELECT 1') AS planting
FROM member AS m JOIN pg_proc AS p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
UNION ALL
SELECT format('TABLE %I', c.relname), format('CREATE TABLE %I (session_id text)', c.relname)
FROM member AS m JOIN pg_class AS c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
UNION ALL
SELECT format('TYPE %I', t.typname), format('CREATE TYPE %I AS (session_id text)', t.typname)
FROM member AS m JOIN pg_type AS t ON m.classid = 'pg_type'::regclass AND t.oid = m.objid JOIN pg_class AS c ON c.oid = t.typrelid
WHERE c.relkind = 'c';
SELECT count(*) > 20 AS many FROM plant;
DROP VIEW member;
DROP EXTENSION session_memory;
CREATE FUNCTION pg_temp.install_over(object text, planting text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    outcome text := 'installed over it';
BEGIN
    EXECUTE planting;
    BEGIN
        CREATE EXTENSION session_memory;
    EXCEPTION WHEN duplicate_function OR duplicate_table OR duplicate_object THEN
        outcome := 'refused';
    END;
    EXECUTE 'DROP EXTENSION IF EXISTS session_memory';
    EXECUTE 'DROP ' || object;
    RETURN outcome;
END $$;
SELECT pg_temp.install_over(object, planting) AS outcome, object FROM plant
WHERE pg_temp.install_over(object, planting) <> 'refused';
DROP TABLE plant;
SELECT count(*) AS left_behind FROM pg_class WHERE relname IN ('session_memory', 'sm_session', 'sm_worker_status', 'session_history');

-- An odd schema, not on the search_path: everything works there.
DROP SCHEMA IF EXISTS "My Schema-1" CASCADE;
CREATE SCHEMA "My Schema-1";
CREATE EXTENSION session_memory SCHEMA "My Schema-1";
SELECT "My Schema-1".sm_add('a', 'question', 'answer', '{"topic": "bikes"}', created_at => now(), idempotency_key => 'k', user_id => 'ann');
SELECT "My Schema-1".sm_add('a', 'question', 'answer', '{"topic": "bikes"}', idempotency_key => 'k');
SELECT "My Schema-1".sm_add_message('a', 'user', 'hello');
SELECT "My Schema-1".sm_append('a', '[{"role": "assistant", "content": "hi"}, {"role": "user", "content": "bye"}]', 'ann');
SELECT json_array_length("My Schema-1".sm_context('a')), json_array_length("My Schema-1".sm_context('a', 10, 0));
SELECT "My Schema-1".sm_messages('a', 2);
SELECT seq, interaction FROM "My Schema-1".sm_history('a', 3, 1);
SELECT session_id, seq FROM "My Schema-1".sm_find('{"metadata": {"topic": "bikes"}}', 'a', 'ann');
SELECT history->-1 FROM "My Schema-1".session_history;
SELECT interactions, user_id FROM "My Schema-1".sm_stats('a');
SELECT sessions, interactions FROM "My Schema-1".sm_stats();
SELECT "My Schema-1".sm_health()->>'status';
SELECT "My Schema-1".sm_pop('a')->0->>'content';
SELECT "My Schema-1".sm_append('old', jsonb_build_object('timestamp', now() - interval '2 days'));
SELECT "My Schema-1".sm_prune(session_id => 'old'), "My Schema-1".sm_prune(), "My Schema-1".sm_prune('1 microsecond') > 0;
SELECT "My Schema-1".sm_clear('a');
SELECT "My Schema-1".sm_create_session('full', 'ann', '1 hour', '10 minutes', 50, '{"channel": "web"}');
SELECT "My Schema-1".sm_append('full', '[{"n": 1}, {"n": 2}, {"n": 3}, {"n": 4}, {"n": 5}]');
SELECT session_id, from_seq, through_seq FROM "My Schema-1".sm_claim_summaries();
SELECT "My Schema-1".sm_set_summary('full', 'So far.', 3), "My Schema-1".sm_summary('full'), "My Schema-1".sm_set_state('full', '{"a": 1}'), "My Schema-1".sm_touch('full'), "My Schema-1".sm_configure_session('full', max_interactions => 20);
SELECT "My Schema-1".sm_state('full'), "My Schema-1".sm_session('full')->'max_interactions' AS cap, "My Schema-1".sm_prompt('full')->'summary' AS summary, (SELECT count(*) FROM "My Schema-1".sm_sessions('ann')) AS sessions;
SELECT "My Schema-1".sm_end_session('full')->'interactions' AS interactions;
DROP ROLE IF EXISTS "regress_sm Odd-1";
CREATE ROLE "regress_sm Odd-1";
SELECT "My Schema-1".sm_grant('"regress_sm Odd-1"', 'writer');
SET ROLE "regress_sm Odd-1";
SELECT "My Schema-1".sm_add('b', 'question', 'answer');
SELECT json_array_length("My Schema-1".sm_context('b'));
RESET ROLE;
SELECT "My Schema-1".sm_revoke('"regress_sm Odd-1"');
SELECT has_function_privilege('regress_sm Odd-1', '"My Schema-1".sm_add(text,text,text,jsonb,timestamptz,text,text)', 'EXECUTE') AS still_may;
-- Under another name, all goes on there.
ALTER SCHEMA "My Schema-1" RENAME TO "Renamed 2";
SELECT "Renamed 2".sm_grant('"regress_sm Odd-1"', 'writer');
SET ROLE "regress_sm Odd-1";
SELECT "Renamed 2".sm_add('b', 'question', 'answer'), "Renamed 2".sm_set_state('b', '{"a": 1}'), "Renamed 2".sm_session('b')->'last_seq' AS last_seq;
SELECT json_array_length("Renamed 2".sm_context('b')), "Renamed 2".sm_prompt('b')->'state' AS state, "Renamed 2".sm_end_session('b')->'interactions' AS interactions;
RESET ROLE;
SELECT "Renamed 2".sm_revoke('"regress_sm Odd-1"'), "Renamed 2".sm_clear('b');
SELECT has_function_privilege('regress_sm Odd-1', '"Renamed 2".sm_add(text,text,text,jsonb,timestamptz,text,text)', 'EXECUTE') AS still_may;
ALTER SCHEMA "Renamed 2" RENAME TO "My Schema-1";

-- Dropped and made anew in this session, elsewhere and then under the old name: nothing remembers the old tables.
DROP OWNED BY "regress_sm Odd-1";
DROP ROLE "regress_sm Odd-1";
DROP EXTENSION session_memory;
CREATE EXTENSION session_memory SCHEMA public;
SELECT sm_add('c', 'question', 'answer'), json_array_length(sm_context('b'));
DROP EXTENSION session_memory;
DROP SCHEMA "My Schema-1";
CREATE SCHEMA "My Schema-1";
CREATE EXTENSION session_memory SCHEMA "My Schema-1";
SELECT "My Schema-1".sm_add('d', 'question', 'answer');
SELECT json_array_length("My Schema-1".sm_context('c')), json_array_length("My Schema-1".sm_context('d'));
DROP SCHEMA "My Schema-1" CASCADE;
SELECT count(*) AS extensions FROM pg_extension WHERE extname = 'session_memory';
