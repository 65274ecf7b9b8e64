-- Isolation: each user sees what is theirs, in one call --------------------------------------------
--
-- Policies named sm_isolate on all tables, found in the catalogue, so that none can be forgotten:
--   user_id                 rows of this user
--   session_id alone        rows of this user's sessions
--   sm_orphan               a user adds to it, and only who sees everybody's artifacts may take from it:
--                           nobody else knows whether a file is still named
--   sm_learning_rule        everybody may read it: it says how to learn, and nothing about anybody
--   anything else           nobody: what administration and the background worker keep
-- The user is compared as a value that is looked up once in a statement, and so finds the index. Where
-- nobody is named it is NULL, which equals nothing.

CREATE FUNCTION @extschema@._sm_check_owner(refusal text)
RETURNS oid LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    owner oid;
BEGIN
    SELECT c.relowner INTO STRICT owner
    FROM pg_extension AS e
    JOIN pg_class AS c ON c.relnamespace = e.extnamespace AND c.relname = 'session_memory'
    WHERE e.extname = 'session_memory';
    IF NOT pg_has_role(current_user, owner, 'USAGE') THEN
        RAISE insufficient_privilege USING
            MESSAGE = refusal,
            HINT = format('Call it as %s.', owner::regrole);
    END IF;
    RETURN owner;
END $$;
COMMENT ON FUNCTION @extschema@._sm_check_owner(text) IS
'Internal: the owner of the tables, whom the caller may act for; an error where not.';

CREATE FUNCTION @extschema@._sm_isolation(by text)
RETURNS TABLE (relation text, for_what text, seen text, allowed text) LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH tables AS (
        SELECT c.oid, c.relname, e.extnamespace::regnamespace::text AS home,
               EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'user_id') AS of_user,
               EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'session_id') AS of_session
        FROM pg_depend AS d
        JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'session_memory'
        JOIN pg_class AS c ON c.oid = d.objid AND c.relkind IN ('r', 'p')
        WHERE d.refclassid = 'pg_extension'::regclass AND d.classid = 'pg_class'::regclass AND d.deptype = 'e'),
    this_user AS (
        SELECT CASE $1 WHEN 'setting' THEN '(SELECT nullif(current_setting(''session_memory.user_id'', true), ''''))'
                       WHEN 'role' THEN '(SELECT current_user::text)' END AS name)
    SELECT t.oid::regclass::text,
           CASE WHEN t.relname = 'sm_learning_rule' THEN 'SELECT' ELSE 'ALL' END,
           CASE WHEN t.relname = 'sm_learning_rule' THEN 'true'
                WHEN t.relname = 'sm_orphan' OR t.relname LIKE ANY (ARRAY['sm\_backup%', 'sm\_audit%']) THEN 'false'
                ELSE coalesce(o.own, 'false') END,
           CASE WHEN t.relname = 'sm_orphan' THEN o.own END
    FROM tables AS t
    CROSS JOIN this_user AS u
    CROSS JOIN LATERAL (
        SELECT CASE WHEN t.of_user THEN format('user_id = %s', u.name)
                    WHEN t.of_session THEN format(
                        'EXISTS (SELECT FROM %s.sm_session AS s WHERE s.session_id = %I.session_id AND s.user_id = %s)',
                        t.home, t.relname, u.name) END) AS o (own)
    -- In the order in which an append takes its locks.
    ORDER BY t.relname <> 'sm_session', t.relname;
END;
COMMENT ON FUNCTION @extschema@._sm_isolation(text) IS
'Internal: the policy that sm_isolate puts on each table.';

CREATE FUNCTION @extschema@.sm_isolate(by text DEFAULT 'setting')
RETURNS void LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    home text := (SELECT e.extnamespace::regnamespace::text FROM pg_extension AS e WHERE e.extname = 'session_memory');
    item record;
BEGIN
    IF by IS NULL OR by NOT IN ('setting', 'role') THEN
        RAISE EXCEPTION USING
            ERRCODE = CASE WHEN by IS NULL THEN 'null_value_not_allowed' ELSE 'invalid_parameter_value' END,
            MESSAGE = CASE WHEN by IS NULL THEN 'by must not be null' ELSE format('cannot isolate by "%s"', by) END,
            HINT = 'Give setting, where the application names the user in session_memory.user_id, or role, where each user is a role.';
    END IF;
    EXECUTE format('SELECT %s._sm_check_owner($1)', home) USING 'only the owner of the session memory decides who sees what';
    FOR item IN EXECUTE format('SELECT * FROM %s._sm_isolation($1)', home) USING by LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', item.relation);
        PERFORM FROM pg_policy AS p WHERE p.polrelid = item.relation::regclass AND p.polname = 'sm_isolate';
        IF FOUND THEN
            EXECUTE format('DROP POLICY sm_isolate ON %s', item.relation);
        END IF;
        EXECUTE format('CREATE POLICY sm_isolate ON %s FOR %s USING (%s)', item.relation, item.for_what, item.seen)
            || coalesce(' WITH CHECK (' || item.allowed || ')', '');
    END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.sm_isolate(text) IS
'Turns on row-level security on all tables: each user, named by a setting or being a role, sees and changes what is theirs.';

-- Where other policies remain, row-level security remains: somebody relies on it.
CREATE FUNCTION @extschema@.sm_isolate_off()
RETURNS void LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    home text := (SELECT e.extnamespace::regnamespace::text FROM pg_extension AS e WHERE e.extname = 'session_memory');
    item record;
BEGIN
    EXECUTE format('SELECT %s._sm_check_owner($1)', home) USING 'only the owner of the session memory decides who sees what';
    FOR item IN EXECUTE format('SELECT * FROM %s._sm_isolation($1)', home) USING 'setting' LOOP
        PERFORM FROM pg_policy AS p WHERE p.polrelid = item.relation::regclass AND p.polname = 'sm_isolate';
        CONTINUE WHEN NOT FOUND;
        EXECUTE format('DROP POLICY sm_isolate ON %s', item.relation);
        PERFORM FROM pg_policy AS p WHERE p.polrelid = item.relation::regclass;
        CONTINUE WHEN FOUND;
        EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', item.relation);
    END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.sm_isolate_off() IS
'Takes the policies of sm_isolate away, and row-level security with them where no other policy remains.';

