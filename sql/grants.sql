-- sm_grant and sm_revoke: what a reader, a writer and an admin may do, and nothing else.
\i sql/fixture/begin.sql
-- Roles of an earlier run that did not come to its end.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['regress_sm_none', 'regress_sm_reader', 'regress_sm_writer', 'regress_sm_admin', 'regress_sm_group'] LOOP
        IF to_regrole(name) IS NOT NULL THEN EXECUTE format('DROP OWNED BY %I', name); END IF;
        EXECUTE format('DROP ROLE IF EXISTS %I', name);
        EXECUTE format('CREATE ROLE %I', name);
    END LOOP;
END $$;
SELECT sm_grant('regress_sm_reader', 'reader'), sm_grant('regress_sm_writer', 'writer'), sm_grant('regress_sm_admin', 'admin');

-- All that each may execute and touch, by the catalogue.
SELECT p.oid::regprocedure AS function, has_function_privilege('regress_sm_none', p.oid, 'EXECUTE') AS nobody, has_function_privilege('regress_sm_reader', p.oid, 'EXECUTE') AS reader,
       has_function_privilege('regress_sm_writer', p.oid, 'EXECUTE') AS writer, has_function_privilege('regress_sm_admin', p.oid, 'EXECUTE') AS admin
FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid JOIN pg_proc AS p ON p.oid = d.objid
WHERE e.extname = 'session_memory' AND d.deptype = 'e' AND d.classid = 'pg_proc'::regclass AND p.proname NOT LIKE '\_sm\_%'
ORDER BY p.oid::regprocedure::text COLLATE "C";
SELECT c.oid::regclass AS relation, role, (SELECT string_agg(p, ' ' ORDER BY n) FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) WITH ORDINALITY AS x (p, n)
       WHERE has_table_privilege('regress_sm_' || role, c.oid, p)) AS may
FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid JOIN pg_class AS c ON c.oid = d.objid, unnest(ARRAY['none', 'reader', 'writer', 'admin']) AS role
WHERE e.extname = 'session_memory' AND d.deptype = 'e' AND d.classid = 'pg_class'::regclass
ORDER BY c.oid::regclass::text COLLATE "C", 2;
-- No one may pass it on.
SELECT count(*) AS grantable FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS x JOIN pg_roles AS r ON r.oid = x.grantee WHERE r.rolname LIKE 'regress\_sm\_%' AND x.is_grantable;

-- Each function, as each of them. The calls undo themselves by the error at their end.
SELECT sm_add('s', 'q', 'a', '{"topic": "x"}', user_id => 'ann');
CREATE FUNCTION pg_temp.as_role(role text, call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role);
    BEGIN
        EXECUTE call;
        RESET ROLE;
        RAISE EXCEPTION 'yes';
    EXCEPTION WHEN OTHERS THEN
        RESET ROLE;
        RETURN CASE WHEN SQLERRM = 'yes' THEN SQLERRM ELSE SQLSTATE || ' ' || SQLERRM END;
    END;
END $$;
SELECT call, role, pg_temp.as_role('regress_sm_' || role, call) AS outcome
FROM unnest(ARRAY['SELECT sm_context(''s'')', 'SELECT sm_messages(''s'', 5, 100)', 'SELECT * FROM sm_history(''s'')', 'SELECT * FROM sm_find(''{}'')', 'SELECT * FROM sm_find(''{}'', ''s'', ''ann'')',
                  'SELECT * FROM sm_stats()', 'SELECT * FROM sm_stats(''s'')', 'SELECT * FROM session_history', 'SELECT * FROM session_memory', 'SELECT * FROM sm_session',
                  'SELECT sm_add(''s'', ''q'', ''a'')', 'SELECT sm_add(''new'', ''q'', ''a'', idempotency_key => ''k'', user_id => ''ann'')', 'SELECT sm_add_message(''s'', ''user'', ''x'')',
                  'SELECT sm_append(''s'', ''[{}, {}]'')', 'SELECT sm_pop(''s'')', 'SELECT sm_clear(''s'')', 'SELECT sm_prune()', 'SELECT sm_prune(''1 microsecond'', ''s'')', 'SELECT sm_health()',
                  'SELECT sm_session(''s'')', 'SELECT * FROM sm_sessions()', 'SELECT * FROM sm_sessions(''ann'')', 'SELECT sm_state(''s'')', 'SELECT sm_summary(''s'')', 'SELECT sm_prompt(''s'')',
                  'SELECT sm_create_session(''new'', ''ann'', metadata => ''{}'')', 'SELECT sm_configure_session(''s'', ttl => ''1 hour'')', 'SELECT sm_touch(''s'')', 'SELECT sm_set_state(''s'', ''{"a": 1}'')', 'SELECT sm_set_summary(''s'', ''So far.'', 1)', 'SELECT * FROM sm_claim_summaries()', 'SELECT sm_end_session(''s'')',
                  'SELECT sm_grant(''regress_sm_none'', ''reader'')', 'SELECT sm_revoke(''regress_sm_reader'')',
                  'UPDATE sm_session SET ended_at = NULL', 'UPDATE sm_session_data SET state = NULL', 'DELETE FROM session_memory', 'TRUNCATE session_memory', 'DELETE FROM sm_worker_status', 'ALTER TABLE session_memory ADD COLUMN x int']) WITH ORDINALITY AS c (call, n),
     unnest(ARRAY['none', 'reader', 'writer', 'admin']) WITH ORDINALITY AS r (role, m)
ORDER BY n, m;
SELECT last_seq, interactions FROM sm_session;

-- A session that expired, beginning again, needs no more than a writer has.
UPDATE sm_session SET last_activity_at = now() - interval '2 days';
SELECT pg_temp.as_role('regress_sm_writer', 'SELECT sm_add(''s'', ''q'', ''a'')') AS begin_again, pg_temp.as_role('regress_sm_reader', 'SELECT sm_context(''s'')') AS look_at_it;
UPDATE sm_session SET last_activity_at = now();

-- EXECUTE alone shows nothing and changes nothing: the tables' own privileges decide, in each part.
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO regress_sm_none;
SELECT call, left(pg_temp.as_role('regress_sm_none', call), 33) AS outcome
FROM unnest(ARRAY['SELECT sm_context(''s'')', 'SELECT sm_context(''unknown'')', 'SELECT sm_messages(''s'')', 'SELECT * FROM sm_history(''s'')', 'SELECT * FROM sm_find(''{}'')', 'SELECT * FROM sm_stats()', 'SELECT * FROM sm_stats(''s'')', 'SELECT sm_health()',
                  'SELECT sm_add(''s'', ''q'', ''a'')', 'SELECT sm_add_message(''s'', ''user'', ''x'')', 'SELECT sm_append(''s'', ''{}'')', 'SELECT sm_pop(''s'')', 'SELECT sm_clear(''s'')', 'SELECT sm_prune()', 'SELECT sm_prune(session_id => ''s'')',
                  'SELECT sm_session(''s'')', 'SELECT * FROM sm_sessions()', 'SELECT * FROM sm_sessions(''ann'')', 'SELECT sm_state(''s'')', 'SELECT sm_summary(''s'')', 'SELECT sm_prompt(''s'')',
                  'SELECT sm_create_session(''new'', ''ann'', metadata => ''{}'')', 'SELECT sm_configure_session(''s'', ttl => ''1 hour'')', 'SELECT sm_touch(''s'')', 'SELECT sm_set_state(''s'', ''{"a": 1}'')', 'SELECT sm_set_summary(''s'', ''So far.'', 1)', 'SELECT * FROM sm_claim_summaries()', 'SELECT sm_end_session(''s'')']) AS call;
-- A prompt needs the wide part too: state and summary; without the table nothing of it is shown.
GRANT SELECT ON session_memory, sm_session TO regress_sm_none;
SELECT call, left(pg_temp.as_role('regress_sm_none', call), 49) AS outcome FROM unnest(ARRAY['SELECT sm_prompt(''s'')', 'SELECT sm_state(''s'')', 'SELECT sm_session(''s'')', 'SELECT sm_summary(''s'')', 'SELECT sm_messages(''s'')']) AS call;
REVOKE ALL ON session_memory, sm_session FROM regress_sm_none;
CREATE FUNCTION pg_temp.reads() RETURNS TABLE (call text, outcome text) LANGUAGE sql AS $$
    -- First one who may, so that it shows if what was found out for one were taken for another.
    SELECT pg_temp.as_role('regress_sm_reader', 'SELECT sm_context(''s'')');
    SELECT call, pg_temp.as_role('regress_sm_none', call) FROM unnest(ARRAY['SELECT sm_context(''s'')', 'SELECT sm_messages(''s'')', 'SELECT * FROM sm_history(''s'')', 'SELECT * FROM sm_find(''{}'')', 'SELECT * FROM session_history']) AS call
$$;
GRANT SELECT ON session_memory TO regress_sm_none;
SELECT * FROM pg_temp.reads();
REVOKE ALL ON session_memory FROM regress_sm_none;
GRANT SELECT ON sm_session TO regress_sm_none;
SELECT * FROM pg_temp.reads();
-- Columns: all that are read, or the table.
GRANT SELECT (session_id, seq, created_at, tokens) ON session_memory TO regress_sm_none;
SELECT * FROM pg_temp.reads() WHERE call !~ 'session_history';
GRANT SELECT (interaction) ON session_memory TO regress_sm_none;
SELECT * FROM pg_temp.reads() WHERE call !~ 'session_history';
REVOKE ALL ON sm_session FROM regress_sm_none;
GRANT SELECT (session_id, ttl, idle_timeout, max_interactions) ON sm_session TO regress_sm_none;
SELECT * FROM pg_temp.reads() WHERE call !~ 'session_history';
GRANT SELECT (session_id, ttl, idle_timeout, max_interactions, last_activity_at, summary_seq, ended_at) ON sm_session TO regress_sm_none;
SELECT * FROM pg_temp.reads() WHERE call !~ 'session_history';
REVOKE ALL ON session_memory, sm_session FROM regress_sm_none;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM regress_sm_none;

-- Within one transaction a right that is taken away is gone at the next call.
GRANT regress_sm_reader TO regress_sm_group;
BEGIN;
SET LOCAL ROLE regress_sm_group;
SELECT json_array_length(sm_context('s'));
RESET ROLE;
REVOKE SELECT ON session_memory FROM regress_sm_reader;
SET LOCAL ROLE regress_sm_group;
\set VERBOSITY terse
SELECT sm_context('s');
\set VERBOSITY default
ROLLBACK;
-- One who is a member of a reader reads.
SELECT pg_temp.as_role('regress_sm_group', 'SELECT sm_context(''s'')') AS member, pg_temp.as_role('regress_sm_group', 'SELECT sm_add(''s'', ''q'', ''a'')') AS member_writes;

-- Granted anew with less, a role has less; revoked, nothing.
SELECT sm_grant('regress_sm_admin', 'writer');
SELECT pg_temp.as_role('regress_sm_admin', 'SELECT sm_prune()') AS was_admin, pg_temp.as_role('regress_sm_admin', 'SELECT sm_add(''s'', ''q'', ''a'')') AS is_writer;
SELECT sm_grant('regress_sm_admin', 'reader');
SELECT pg_temp.as_role('regress_sm_admin', 'SELECT sm_add(''s'', ''q'', ''a'')') AS was_writer, pg_temp.as_role('regress_sm_admin', 'DELETE FROM session_memory') AS by_hand, pg_temp.as_role('regress_sm_admin', 'SELECT sm_context(''s'')') AS is_reader;
SELECT sm_revoke('regress_sm_admin'), sm_revoke('regress_sm_writer'), sm_revoke('regress_sm_reader'), sm_revoke('regress_sm_none');
SELECT count(*) AS left_over FROM (
    SELECT x.grantee FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS x
    UNION ALL SELECT x.grantee FROM pg_proc AS p CROSS JOIN LATERAL aclexplode(p.proacl) AS x) AS a
JOIN pg_roles AS r ON r.oid = a.grantee WHERE r.rolname LIKE 'regress\_sm\_%';

-- Only the owner gives and takes access, and those who may act for the owner; EXECUTE is not enough.
SELECT sm_grant('regress_sm_admin', 'admin');
SELECT current_user AS me \gset
SELECT what, replace(pg_temp.as_role('regress_sm_admin', what), :'me', 'the owner') AS outcome
FROM unnest(ARRAY['SELECT sm_grant(''regress_sm_none'', ''reader'')', 'SELECT sm_grant(''regress_sm_admin'', ''admin'')', 'SELECT sm_revoke(''regress_sm_reader'')']) AS what;
CREATE ROLE regress_sm_owner;
ALTER TABLE session_memory OWNER TO regress_sm_owner;
ALTER TABLE sm_session OWNER TO regress_sm_owner;
GRANT regress_sm_owner TO regress_sm_group;
SELECT pg_temp.fails('SELECT sm_grant(''regress_sm_owner'', ''reader'')') AS to_the_owner, pg_temp.fails('SELECT sm_revoke(''regress_sm_owner'')') AS from_the_owner, pg_temp.fails('SELECT sm_grant(''regress_sm_owner'', ''admin'')') AS to_make_it_admin;
SELECT has_function_privilege('regress_sm_owner', 'sm_prune(interval, text)', 'EXECUTE') AS has_the_functions;
SET ROLE regress_sm_admin;
SELECT pg_temp.fails('SELECT sm_grant(''regress_sm_none'', ''reader'')') AS not_the_owner, pg_temp.fails('SELECT sm_revoke(''regress_sm_none'')') AS nor_takes;
RESET ROLE;
SELECT has_table_privilege('regress_sm_owner', 'session_memory', 'INSERT') AS owner_keeps_all;
ALTER TABLE session_memory OWNER TO CURRENT_USER;
ALTER TABLE sm_session OWNER TO CURRENT_USER;
SELECT sm_revoke('regress_sm_admin');
DROP OWNED BY regress_sm_owner;
DROP ROLE regress_sm_owner;

-- Refused.
SELECT pg_temp.fails($$SELECT sm_grant('regress_sm_none', 'owner')$$), pg_temp.fails($$SELECT sm_grant('regress_sm_none', '')$$), pg_temp.fails($$SELECT sm_grant('regress_sm_none', NULL)$$),
       pg_temp.fails($$SELECT sm_grant(NULL, 'reader')$$), pg_temp.fails($$SELECT sm_revoke(NULL)$$), pg_temp.fails($$SELECT sm_grant('regress_sm_nobody', 'reader')$$), pg_temp.fails($$SELECT sm_revoke('regress_sm_nobody')$$) \gx
SELECT pg_temp.as_role('regress_sm_none', 'SELECT sm_context(''s'')') AS still_nothing;
DROP OWNED BY regress_sm_none, regress_sm_reader, regress_sm_writer, regress_sm_admin, regress_sm_group;
DROP ROLE regress_sm_none, regress_sm_reader, regress_sm_writer, regress_sm_admin, regress_sm_group;
