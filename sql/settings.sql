-- The settings: their defaults, what they refuse, who may set them.
\i sql/fixture/begin.sql
-- The SQLSTATE of an error in the server's words, which differ between its versions.
CREATE FUNCTION pg_temp.sqlstate(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
-- Those of the read path and the worker may have been set from outside.
SELECT name, boot_val, unit, vartype, context, min_val, max_val, enumvals FROM pg_settings WHERE name LIKE 'session\_memory.%' ORDER BY name COLLATE "C";
SELECT name FROM pg_settings WHERE name LIKE 'session\_memory.%' AND coalesce(short_desc, '') = '';
SHOW session_memory.ttl;
SHOW session_memory.idle_timeout;
SHOW session_memory.max_interactions;
SHOW session_memory.summary_interval;
SHOW session_memory.max_size;
SHOW session_memory.nap_time;
SHOW session_memory.batch_size;
SHOW session_memory.profile_retention;
SHOW session_memory.backup_retention;

-- Units.
SET session_memory.ttl = '36h';
SHOW session_memory.ttl;
SET session_memory.ttl = 90;
SHOW session_memory.ttl;
SET session_memory.ttl = '1500ms';
SHOW session_memory.ttl;
SET session_memory.max_size = '2GB';
SHOW session_memory.max_size;
RESET session_memory.ttl;
RESET session_memory.max_size;
-- What sm_stats makes of them.
SELECT sm_add('a', 'q', 'a');
SET session_memory.idle_timeout = '90min';
SELECT ttl, idle_timeout, max_interactions FROM sm_stats('a');
SET session_memory.ttl = '2.5h';
SET session_memory.max_interactions = 7;
SELECT ttl, idle_timeout, max_interactions FROM sm_stats('a');
SET session_memory.ttl = 0;
RESET session_memory.idle_timeout;
RESET session_memory.max_interactions;
SELECT ttl, idle_timeout, max_interactions FROM sm_stats('a');
RESET session_memory.ttl;

-- Refused.
SELECT statement, pg_temp.sqlstate(statement) FROM unnest(ARRAY[
    'SET session_memory.ttl = -1', 'SET session_memory.ttl = ''one day''', 'SET session_memory.ttl = ''1001 years''', 'SET session_memory.ttl = ''365251d''',
    'SET session_memory.idle_timeout = -1', 'SET session_memory.max_interactions = -1', 'SET session_memory.max_interactions = 2147483648',
    'SET session_memory.summary_interval = 0', 'SET session_memory.max_size = -1', 'SET session_memory.nap_time = 0', 'SET session_memory.batch_size = 0',
    'SET session_memory.access_path = fast', 'SET session_memory.worker = perhaps', 'SET session_memory.unknown = 1']) AS statement;
-- The longest that is taken works.
SET session_memory.ttl = '365250d';
SELECT json_array_length(sm_context('a'));
RESET session_memory.ttl;

-- What decides what others see is for superusers; how one reads oneself is not.
DROP ROLE IF EXISTS regress_sm_settings;
CREATE ROLE regress_sm_settings;
SET ROLE regress_sm_settings;
SELECT name, pg_temp.sqlstate(format('SET %s = %L', name, setting)) AS outcome FROM pg_settings WHERE name LIKE 'session\_memory.%' ORDER BY name COLLATE "C";
RESET ROLE;
DROP ROLE regress_sm_settings;

-- They are known in a new connection as soon as the module is there, by LOAD or by the first call.
\c -
LOAD 'session_memory';
SHOW session_memory.ttl;
\c -
SELECT json_array_length(sm_context('a'));
SHOW session_memory.ttl;
-- As the database says, from the connection's first call on.
SELECT current_database() AS name \gset
ALTER DATABASE :"name" SET session_memory.max_interactions = 1;
\c -
SELECT sm_add('a', 'q', 'a');
SELECT json_array_length(sm_context('a')), (SELECT count(*) FROM sm_find('{}', 'a')), (SELECT max_interactions FROM sm_stats('a'));
\c -
SELECT count(*) FROM sm_find('{}', 'a');
\c -
SELECT jsonb_array_length(history) FROM session_history;
ALTER DATABASE :"name" RESET session_memory.max_interactions;
