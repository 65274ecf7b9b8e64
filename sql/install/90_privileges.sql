-- Privileges: nothing for PUBLIC, and one call that gives a role what it needs --------------------

-- Which functions need which access. Tables follow below.
CREATE FUNCTION @extschema@._sm_access(access text)
RETURNS TABLE (kind text, object text, privileges text) LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH rank AS (SELECT array_position(ARRAY['reader', 'writer', 'admin'], $1) AS given),
    functions AS (
        SELECT f.oid, f.oid::regprocedure::text AS name,
               CASE WHEN f.proname LIKE '\_sm\_%' THEN 1
                    WHEN f.proname IN ('sm_context', 'sm_messages', 'sm_history', 'sm_find', 'sm_stats', 'sm_health',
                                       'sm_session', 'sm_sessions', 'sm_state', 'sm_summary', 'sm_prompt',
                                       'sm_profile', 'sm_events', 'sm_preferences', 'sm_insights', 'sm_personalization',
                                       'sm_user_activity', 'sm_kb_usage', 'sm_artifact', 'sm_artifacts') THEN 1
                    WHEN f.proname IN ('sm_add', 'sm_add_message', 'sm_append', 'sm_pop', 'sm_clear',
                                       'sm_create_session', 'sm_configure_session', 'sm_touch', 'sm_set_state',
                                       'sm_set_summary', 'sm_claim_summaries', 'sm_end_session',
                                       'sm_set_profile', 'sm_record_event', 'sm_save_artifact', 'sm_delete_artifact',
                                       'sm_claim_orphans', 'sm_confirm_orphans') THEN 2
                    ELSE 3 END AS needed
        FROM pg_depend AS d
        JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'session_memory'
        JOIN pg_proc AS f ON f.oid = d.objid
        WHERE d.refclassid = 'pg_extension'::regclass AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'),
    relations AS (
        SELECT c.oid::regclass::text AS name,
               c.relkind = 'v' OR c.relname = 'sm_worker_status' AS read_only,
               c.relname = 'sm_learning_rule' AS set_by_admin,
               c.relname IN ('sm_backup', 'sm_backup_part', 'sm_audit', 'sm_metrics') AS for_admin
        FROM pg_depend AS d
        JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'session_memory'
        JOIN pg_class AS c ON c.oid = d.objid
        WHERE d.refclassid = 'pg_extension'::regclass AND d.classid = 'pg_class'::regclass AND d.deptype = 'e'
          AND c.relkind IN ('r', 'p', 'v'))
    SELECT 'FUNCTION', f.name, 'EXECUTE' FROM functions AS f, rank WHERE f.needed <= rank.given
    UNION ALL
    SELECT 'TABLE', r.name,
           CASE WHEN rank.given = 1 OR r.read_only OR r.set_by_admin AND rank.given < 3 THEN 'SELECT'
                ELSE 'SELECT, INSERT, UPDATE, DELETE' END
    FROM relations AS r, rank WHERE rank.given = 3 OR rank.given IS NOT NULL AND NOT r.for_admin
    UNION ALL
    SELECT 'SCHEMA', e.extnamespace::regnamespace::text, 'USAGE'
    FROM pg_extension AS e, rank WHERE e.extname = 'session_memory' AND rank.given IS NOT NULL;
END;
COMMENT ON FUNCTION @extschema@._sm_access(text) IS
'Internal: what reader, writer and admin may use.';

-- Who may give access: the owner of the tables. What the owner has is not for taking.
CREATE FUNCTION @extschema@._sm_check_grantee(grantee regrole, access text)
RETURNS void LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    home text := (SELECT e.extnamespace::regnamespace::text FROM pg_extension AS e WHERE e.extname = 'session_memory');
    owner oid;
BEGIN
    IF grantee IS NULL THEN
        RAISE null_value_not_allowed USING
            MESSAGE = 'grantee must not be null',
            HINT = 'Give the name of a role, like sm_grant(''my_app'', ''writer'').';
    END IF;
    -- A number is taken for a role, whether there is one or not.
    PERFORM FROM pg_roles AS r WHERE r.oid = grantee;
    IF NOT FOUND THEN
        RAISE undefined_object USING
            MESSAGE = format('there is no role %s', grantee),
            HINT = 'Give the name of a role, like sm_grant(''my_app'', ''writer'').';
    END IF;
    EXECUTE format('SELECT %s._sm_check_owner($1)', home)
        INTO STRICT owner USING 'only the owner of the session memory gives and takes access';
    IF grantee::oid = owner AND access IS DISTINCT FROM 'admin' THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('%s owns the session memory', grantee),
            HINT = 'Give the name of another role. An owner can be made admin: it needs the functions, too.';
    END IF;
END $$;
COMMENT ON FUNCTION @extschema@._sm_check_grantee(regrole, text) IS
'Internal: whether the caller may give access to a role; an error where not.';

-- The schema is looked up when called: it may have been renamed.
CREATE FUNCTION @extschema@.sm_grant(grantee regrole, access text)
RETURNS void LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    home text := (SELECT e.extnamespace::regnamespace::text FROM pg_extension AS e WHERE e.extname = 'session_memory');
    item record;
BEGIN
    IF access IS NULL OR access NOT IN ('reader', 'writer', 'admin') THEN
        RAISE EXCEPTION USING
            ERRCODE = CASE WHEN access IS NULL THEN 'null_value_not_allowed' ELSE 'invalid_parameter_value' END,
            MESSAGE = CASE WHEN access IS NULL THEN 'access must not be null' ELSE format('unknown access "%s"', access) END,
            HINT = 'Give reader, writer or admin.';
    END IF;
    EXECUTE format('SELECT %s._sm_check_grantee($1, $2)', home) USING grantee, access;
    EXECUTE format('SELECT %s._sm_take_access($1)', home) USING grantee;
    FOR item IN EXECUTE format('SELECT * FROM %s._sm_access($1)', home) USING access LOOP
        EXECUTE format('GRANT %s ON %s %s TO %s', item.privileges, item.kind, item.object, grantee);
    END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.sm_grant(regrole, text) IS
'Gives a role the access of a reader, a writer or an admin, and takes away what it had beyond that.';

CREATE FUNCTION @extschema@._sm_take_access(grantee regrole)
RETURNS void LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    home text := (SELECT e.extnamespace::regnamespace::text FROM pg_extension AS e WHERE e.extname = 'session_memory');
    item record;
BEGIN
    FOR item IN EXECUTE format('SELECT * FROM %s._sm_access($1) WHERE kind <> $2', home) USING 'admin', 'SCHEMA' LOOP
        EXECUTE format('REVOKE ALL ON %s %s FROM %s', item.kind, item.object, grantee);
    END LOOP;
    -- What CREATE EXTENSION gave stays: pg_monitor's.
    FOR item IN
        SELECT a.privilege_type, CASE WHEN p.classoid = 'pg_proc'::regclass THEN 'FUNCTION ' || p.objoid::regprocedure
                                      ELSE 'TABLE ' || p.objoid::regclass END AS object
        FROM pg_init_privs AS p
        JOIN pg_depend AS d ON d.classid = p.classoid AND d.objid = p.objoid AND d.deptype = 'e'
        JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'session_memory'
        CROSS JOIN aclexplode(p.initprivs) AS a
        WHERE a.grantee = _sm_take_access.grantee
    LOOP
        EXECUTE format('GRANT %s ON %s TO %s', item.privilege_type, item.object, grantee);
    END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@._sm_take_access(regrole) IS 'Internal: revokes whatever sm_grant may have given.';

CREATE FUNCTION @extschema@.sm_revoke(grantee regrole)
RETURNS void LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    home text := (SELECT e.extnamespace::regnamespace::text FROM pg_extension AS e WHERE e.extname = 'session_memory');
BEGIN
    EXECUTE format('SELECT %s._sm_check_grantee($1, NULL)', home) USING grantee;
    EXECUTE format('SELECT %s._sm_take_access($1)', home) USING grantee;
END $$;
COMMENT ON FUNCTION @extschema@.sm_revoke(regrole) IS
'Takes from a role what sm_grant gave it. USAGE on the schema stays, since others may need it.';


-- Whatever was created above, by catalogue: nothing can be forgotten. Types are left as they are: they
-- give away nothing, and pg_dump of 17 and later warns of types that an extension revokes.
DO $$
DECLARE
    item record;
BEGIN
    FOR item IN SELECT a.kind, a.object FROM @extschema@._sm_access('admin') AS a WHERE a.kind <> 'SCHEMA' LOOP
        EXECUTE format('REVOKE ALL ON %s %s FROM PUBLIC', item.kind, item.object);
    END LOOP;
END $$;
