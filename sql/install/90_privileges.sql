-- Privileges: nothing for PUBLIC, and one call that gives a role what it needs --------------------

-- Which functions need which access. Tables and columns follow below.
CREATE FUNCTION @extschema@._sm_access(access text)
RETURNS TABLE (kind text, object text, privileges text) LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH rank AS (SELECT array_position(ARRAY['reader', 'writer', 'admin'], $1) AS given),
    functions AS (
        SELECT f.oid, f.oid::regprocedure::text AS name,
               CASE WHEN f.proname LIKE '\_sm\_%' THEN 1
                    WHEN f.proname IN ('sm_context', 'sm_messages', 'sm_history', 'sm_find', 'sm_stats') THEN 1
                    WHEN f.proname IN ('sm_add', 'sm_add_message', 'sm_append', 'sm_pop', 'sm_clear') THEN 2
                    ELSE 3 END AS needed
        FROM pg_depend AS d
        JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'session_memory'
        JOIN pg_proc AS f ON f.oid = d.objid
        WHERE d.refclassid = 'pg_extension'::regclass AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'),
    relations AS (
        SELECT c.oid::regclass::text AS name, c.relkind,
               c.relname = 'sm_worker_status' AS of_worker
        FROM pg_depend AS d
        JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'session_memory'
        JOIN pg_class AS c ON c.oid = d.objid
        WHERE d.refclassid = 'pg_extension'::regclass AND d.classid = 'pg_class'::regclass AND d.deptype = 'e'
          AND c.relkind IN ('r', 'p', 'v'))
    SELECT 'FUNCTION', f.name, 'EXECUTE' FROM functions AS f, rank WHERE f.needed <= rank.given
    UNION ALL
    SELECT 'TABLE', r.name,
           CASE WHEN rank.given = 1 OR r.relkind = 'v' OR r.of_worker THEN 'SELECT'
                ELSE 'SELECT, INSERT, UPDATE, DELETE' END
    FROM relations AS r, rank WHERE rank.given IS NOT NULL
    UNION ALL
    SELECT 'SCHEMA', '@extschema@', 'USAGE' FROM rank WHERE rank.given IS NOT NULL;
END;
COMMENT ON FUNCTION @extschema@._sm_access(text) IS
'Internal: what reader, writer and admin may use.';

CREATE FUNCTION @extschema@.sm_grant(grantee regrole, access text)
RETURNS void LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    item record;
BEGIN
    IF grantee IS NULL OR access IS NULL THEN
        RAISE null_value_not_allowed USING MESSAGE = 'grantee and access must not be null';
    END IF;
    IF access NOT IN ('reader', 'writer', 'admin') THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('unknown access "%s"', access),
            HINT = 'Give reader, writer or admin.';
    END IF;
    PERFORM @extschema@.sm_revoke(grantee);
    FOR item IN SELECT * FROM @extschema@._sm_access(access) LOOP
        EXECUTE format('GRANT %s ON %s %s TO %s', item.privileges, item.kind, item.object, grantee);
    END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.sm_grant(regrole, text) IS
'Gives a role the access of a reader, a writer or an admin, and takes away what it had beyond that.';

CREATE FUNCTION @extschema@.sm_revoke(grantee regrole)
RETURNS void LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    item record;
BEGIN
    IF grantee IS NULL THEN
        RAISE null_value_not_allowed USING MESSAGE = 'grantee must not be null';
    END IF;
    FOR item IN SELECT * FROM @extschema@._sm_access('admin') WHERE kind <> 'SCHEMA' LOOP
        EXECUTE format('REVOKE ALL ON %s %s FROM %s', item.kind, item.object, grantee);
    END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.sm_revoke(regrole) IS
'Takes from a role what sm_grant gave it. USAGE on the schema stays, since others may need it.';

-- Whatever was created above, by catalogue: nothing can be forgotten.
DO $$
DECLARE
    item record;
BEGIN
    FOR item IN SELECT * FROM @extschema@._sm_access('admin') WHERE kind <> 'SCHEMA' LOOP
        EXECUTE format('REVOKE ALL ON %s %s FROM PUBLIC', item.kind, item.object);
    END LOOP;
END $$;
