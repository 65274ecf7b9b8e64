-- A role that puts a schema of its own first in search_path, with operators, functions, types and
-- tables named like those that our functions use, captures nothing.
\i sql/fixture/begin.sql
DO $$
BEGIN
    IF to_regrole('regress_sm_evil') IS NOT NULL THEN DROP OWNED BY regress_sm_evil CASCADE; END IF;
END $$;
DROP ROLE IF EXISTS regress_sm_evil;
CREATE ROLE regress_sm_evil;
CREATE SCHEMA regress_sm_evil AUTHORIZATION regress_sm_evil;
CREATE TABLE regress_sm_evil.caught (what text);
GRANT INSERT, SELECT ON regress_sm_evil.caught TO PUBLIC;
GRANT USAGE ON SCHEMA regress_sm_evil TO PUBLIC;
SELECT sm_grant('regress_sm_evil', 'admin');

-- An operator of each kind that our statements use, for each pair of types that they use it on.
CREATE FUNCTION pg_temp.plant_operators() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    o record;
    planted bigint := 0;
BEGIN
    FOR o IN SELECT p.oprname, p.oprleft::regtype::text AS l, p.oprright::regtype::text AS r, p.oprresult::regtype::text AS result, p.oprcode::oid::regproc::text AS code
             FROM pg_operator AS p
             WHERE p.oprnamespace = 'pg_catalog'::regnamespace AND p.oprname IN ('=', '<>', '<', '>', '<=', '>=', '+', '-', '*', '||', '@>', '~~', '->', '->>', '?')
               AND p.oprleft = ANY ('{text,bigint,int,timestamptz,interval,jsonb,boolean,oid,name,"\"char\""}'::regtype[])
               AND p.oprright = ANY ('{text,bigint,int,timestamptz,interval,jsonb,boolean,oid,name,"\"char\""}'::regtype[])
    LOOP
        planted := planted + 1;
        EXECUTE format('CREATE FUNCTION regress_sm_evil.o%s(a %s, b %s) RETURNS %s LANGUAGE plpgsql AS $f$BEGIN INSERT INTO regress_sm_evil.caught VALUES (%L); RETURN NULL; END$f$',
                       planted, o.l, o.r, o.result, o.oprname || ' ' || o.l || ', ' || o.r);
        EXECUTE format('CREATE OPERATOR regress_sm_evil.%s (FUNCTION = regress_sm_evil.o%s, LEFTARG = %s, RIGHTARG = %s)', o.oprname, planted, o.l, o.r);
    END LOOP;
    RETURN planted;
END $$;
SELECT pg_temp.plant_operators() > 50 AS many;
-- Every function of pg_catalog that they call, and ours.
CREATE FUNCTION pg_temp.plant_functions() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    f record;
    planted bigint := 0;
BEGIN
    FOR f IN SELECT p.proname, oidvectortypes(p.proargtypes) AS arguments FROM pg_proc AS p
             WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f'
               AND p.proname IN ('statement_timestamp', 'now', 'current_setting', 'to_jsonb', 'array_remove', 'cardinality', 'array_position', 'unnest', 'int8', 'interval',
                                 'jsonb_typeof', 'jsonb_object_keys', 'extract', 'gen_random_uuid')
               AND 'internal'::regtype <> ALL (p.proargtypes::oid[])
             UNION ALL SELECT p.proname, oidvectortypes(p.proargtypes) FROM pg_proc AS p WHERE p.proname LIKE '\_sm\_%' OR p.proname LIKE 'sm\_%'
             UNION ALL VALUES ('count', 'bigint'), ('count', ''), ('min', 'bigint'), ('min', 'timestamptz'), ('max', 'text'), ('sum', 'bigint'), ('sum', 'integer'), ('array_agg', 'text'), ('jsonb_agg', 'jsonb')
    LOOP
        planted := planted + 1;
        EXECUTE format('CREATE FUNCTION regress_sm_evil.%I(%s) RETURNS text LANGUAGE plpgsql AS $f$BEGIN INSERT INTO regress_sm_evil.caught VALUES (%L); RETURN NULL; END$f$', f.proname, f.arguments, f.proname);
    END LOOP;
    RETURN planted;
END $$;
SELECT pg_temp.plant_functions() > 40 AS many;
CREATE TABLE regress_sm_evil.session_memory (LIKE session_memory);
CREATE TABLE regress_sm_evil.sm_session (LIKE sm_session);
CREATE TABLE regress_sm_evil.sm_session_data (LIKE sm_session_data);
CREATE TABLE regress_sm_evil.sm_worker_status (LIKE sm_worker_status);
CREATE DOMAIN regress_sm_evil.int8 AS int CHECK (false);
CREATE DOMAIN regress_sm_evil.text AS int CHECK (false);
CREATE DOMAIN regress_sm_evil.jsonb AS int CHECK (false);
CREATE DOMAIN regress_sm_evil."interval" AS int CHECK (false);
CREATE DOMAIN regress_sm_evil.timestamptz AS int CHECK (false);
SELECT (sm_add('before', 'q', 'a')), sm_pop('before') IS NOT NULL;

-- As that role: temporary tables of those names, and its schema before everything.
SET ROLE regress_sm_evil;
CREATE TEMPORARY TABLE session_memory (LIKE public.session_memory);
CREATE TEMPORARY TABLE sm_session (LIKE public.sm_session);
CREATE TEMPORARY TABLE sm_session_data (LIKE public.sm_session_data);
SET search_path = regress_sm_evil, pg_temp, pg_catalog, public;
SELECT public.sm_add('s', 'q', 'a', '{"topic": "x"}', idempotency_key => 'k', user_id => 'ann');
SELECT public.sm_add('s', 'q', 'a', '{"topic": "x"}', idempotency_key => 'k');
SELECT public.sm_add_message('s', 'user', 'hello');
SELECT public.sm_append('s', '[{"content": "1"}, {"content": "2"}]');
SELECT pg_catalog.json_array_length(public.sm_context('s')), pg_catalog.json_array_length(public.sm_context('s', 2, 0)), pg_catalog.json_array_length(public.sm_messages('s'));
SELECT h.seq FROM public.sm_history('s', 4, 2) AS h;
SELECT f.seq FROM public.sm_find('{"metadata": {"topic": "x"}}', 's', 'ann') AS f;
SELECT pg_catalog.jsonb_array_length(h.history) FROM public.session_history AS h WHERE h.session_id OPERATOR(pg_catalog.=) 's';
SELECT interactions FROM public.sm_stats('s');
SELECT sessions, interactions FROM public.sm_stats();
SELECT public.sm_health() IS NOT NULL;
SELECT pg_catalog.jsonb_array_length(public.sm_pop('s', 2));
SELECT pg_catalog.length(public.sm_create_session()), public.sm_create_session('c', 'ann', '1 hour', '30 minutes', 50, '{"m": 1}');
SELECT public.sm_configure_session('c', '2 hours', '40 minutes', 60), public.sm_touch('c'), public.sm_set_state('c', '{"a": {"b": 1}}'), public.sm_set_state('c', '{"a": {"b": null, "c": 2}}');
SELECT public.sm_append('c', '[{"role": "user", "content": "1", "metadata": {"k": 1}}, {"query": "2", "answer": "3"}, {"n": 3}, {"n": 4}, {"role": "user", "content": "5"}]');
UPDATE public.sm_session SET last_activity_at = pg_catalog.now() OPERATOR(pg_catalog.-) '30 minutes'::pg_catalog.interval WHERE session_id OPERATOR(pg_catalog.=) 'c';
SELECT c.from_seq, c.through_seq, pg_catalog.json_array_length(c.interactions) FROM public.sm_claim_summaries(10, '1 hour') AS c WHERE c.session_id OPERATOR(pg_catalog.=) 'c';
SELECT public.sm_set_summary('c', 'So far.', 3), public.sm_set_summary('c', 'Old.', 2);
SELECT public.sm_summary('c'), public.sm_state('c'), public.sm_prompt('c', 8, 1000);
SELECT pg_catalog.length(public.sm_session('c')::pg_catalog.text) OPERATOR(pg_catalog.>) 0 AS session;
SELECT s.session_id, s.user_id FROM public.sm_sessions('ann', '1 hour', 'a', 10) AS s;
SELECT pg_catalog.length(public.sm_end_session('c', 'done')::pg_catalog.text) OPERATOR(pg_catalog.>) 0 AS report, public.sm_clear('c');
UPDATE public.sm_session SET idle_timeout = '0', max_interactions = 1 WHERE session_id OPERATOR(pg_catalog.=) 's';
SELECT public.sm_add('s', 'again', 'a');
SELECT public.sm_append('s', pg_catalog.jsonb_build_array('{}'::pg_catalog.jsonb, pg_catalog.jsonb_build_object('timestamp', pg_catalog.now() OPERATOR(pg_catalog.-) '2 days'::pg_catalog.interval)));
SELECT public.sm_prune(session_id => 's'), public.sm_prune(), public.sm_prune('1 microsecond');
SELECT public.sm_clear('s');
RESET ROLE;
-- What a superuser is led to with that search_path.
SELECT public.sm_grant('regress_sm_evil', 'reader'), public.sm_revoke('regress_sm_evil');
SELECT public.sm_add('t', 'q', 'a'), public.sm_prune('1 microsecond'), public.sm_clear('t');
RESET search_path;
-- Nothing was caught, and the tables of the same names stayed empty.
SELECT what FROM regress_sm_evil.caught;
SELECT count(*) FROM regress_sm_evil.session_memory;
SELECT count(*) FROM regress_sm_evil.sm_session;
SELECT count(*) FROM pg_temp.session_memory;
SELECT count(*) FROM pg_temp.sm_session;
SELECT count(*) FROM regress_sm_evil.sm_session_data;
SELECT count(*) FROM pg_temp.sm_session_data;
-- Unqualified, they are caught: the trap works.
SET ROLE regress_sm_evil;
SET search_path = regress_sm_evil, pg_catalog, public;
SELECT 1::bigint = 1::bigint AS captured, now() AS too;
RESET ROLE;
RESET search_path;
SELECT what FROM regress_sm_evil.caught ORDER BY what;
DROP SCHEMA regress_sm_evil CASCADE;
DROP TABLE pg_temp.session_memory, pg_temp.sm_session, pg_temp.sm_session_data;
DROP OWNED BY regress_sm_evil;
DROP ROLE regress_sm_evil;
