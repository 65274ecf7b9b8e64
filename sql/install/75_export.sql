-- What there is, and how it leaves: the list of tables, and the document ----------------------------
--
-- Export, import, backup, restore and forgetting all go by one list, so that a table is forgotten by
-- all of them or by none.
--
-- A document is a list of JSON objects, the lines:
--   {"session_memory": {"format": 1, …}}      the header: of what, and when
--   {"table": "sm_session", "row": {…}}       a row; a jsonb column that is NULL is left out
--   {"end": {"lines": n}}                     the number of rows: what is cut off is noticed
-- Settings come first, then session by session with all that belongs to it, then user by user.

-- scope    setting   what the administrator set, of nobody
--          session   the row that everything of a session is locked by
--          part      belongs to a session: comes and goes with it
--          trace     counts, that stay when their session goes
--          profile   the row that everything of a user is locked by
--          event     what is known of a user
--          learned   made from the events
-- of_user and of_session are conditions on a row t: $1 a user, $2 the user's sessions, $3 a session.
-- own is a condition as well: what comes with the extension is not for taking elsewhere.
-- objects are columns that hold JSON objects; hints are columns that differ without meaning anything.
-- The search_path is set to keep it from being inlined: it would be worked out for each row that is
-- joined with it.
CREATE FUNCTION @extschema@._sm_tables()
RETURNS TABLE (place integer, name text, relation text, scope text, grouped_by text, key text[], columns text[],
               json_columns text[], required text[], objects text[], hints text[], own text, of_user text, of_session text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 13 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT t.place, t.name, format('%s.%I', e.extnamespace::regnamespace, c.relname), t.scope, t.grouped_by, k.key,
           a.columns, a.json_columns, a.required, t.objects, t.hints,
           CASE WHEN t.scope = 'setting' THEN 'NOT t.built_in' ELSE 'true' END,
           CASE WHEN t.scope = 'setting' THEN 'false'
                WHEN t.scope IN ('session', 'part') THEN 't.session_id = ANY ($2)'
                WHEN t.grouped_by = 'session_id' THEN '(t.user_id = $1 OR t.user_id IS NULL AND t.session_id = ANY ($2))'
                ELSE 't.user_id = $1' END,
           CASE WHEN t.scope IN ('session', 'part', 'trace') THEN 't.session_id = $3' ELSE 'false' END
    FROM (VALUES (1, 'sm_learning_rule', 'setting', NULL, NULL::text[], NULL::text[]),
                 (2, 'sm_session', 'session', 'session_id', NULL, '{prune_at}'),
                 (3, 'sm_session_data', 'part', 'session_id', '{metadata,state,report}', NULL),
                 (4, 'session_memory', 'part', 'session_id', '{interaction}', NULL),
                 (5, 'sm_artifact', 'part', 'session_id', NULL, NULL),
                 (6, 'sm_artifact_file', 'part', 'session_id', NULL, NULL),
                 (7, 'sm_kb_use', 'trace', 'session_id', NULL, NULL),
                 (8, 'sm_activity', 'trace', 'user_id', NULL, NULL),
                 (9, 'sm_profile', 'profile', 'user_id', '{attributes}', NULL),
                 (10, 'sm_event', 'event', 'user_id', '{data}', NULL),
                 (11, 'sm_learned_kind', 'learned', 'user_id', NULL, NULL),
                 (12, 'sm_learned_attribute', 'learned', 'user_id', NULL, NULL),
                 (13, 'sm_learned', 'learned', 'user_id', NULL, NULL))
         AS t (place, name, scope, grouped_by, objects, hints)
    JOIN pg_extension AS e ON e.extname = 'session_memory'
    JOIN pg_class AS c ON c.relnamespace = e.extnamespace AND c.relname = t.name
    JOIN LATERAL (
        SELECT array_agg(f.attname::text ORDER BY x.position) AS key
        FROM pg_constraint AS p
        CROSS JOIN LATERAL unnest(p.conkey) WITH ORDINALITY AS x (attnum, position)
        JOIN pg_attribute AS f ON f.attrelid = p.conrelid AND f.attnum = x.attnum
        WHERE p.conrelid = c.oid AND p.contype = 'p') AS k ON true
    JOIN LATERAL (
        SELECT array_agg(f.attname::text ORDER BY f.attnum) AS columns,
               coalesce(array_agg(f.attname::text ORDER BY f.attnum) FILTER (WHERE f.atttypid = 'jsonb'::regtype), '{}') AS json_columns,
               array_agg(f.attname::text ORDER BY f.attnum) FILTER (WHERE f.attnotnull) AS required
        FROM pg_attribute AS f
        WHERE f.attrelid = c.oid AND f.attnum > 0 AND NOT f.attisdropped) AS a ON true
    ORDER BY t.place;
END;
COMMENT ON FUNCTION @extschema@._sm_tables() IS
'Internal: the tables of the memory in the order in which they are restored, and how each finds whose a row is.';

-- A query for the lines of some tables in the order of their groups: $1 a user, $2 the user''s
-- sessions, $3 a session, from behind group $4 up to group $5.
CREATE FUNCTION @extschema@._sm_lines_query(grouped_by text)
RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT 'SELECT l.line FROM (' || string_agg(format(
               'SELECT %s AS "group", %s AS place, jsonb_build_array(%s) AS key, '
               'jsonb_build_object(''table'', %L, ''row'', to_jsonb(t)%s) AS line FROM %s AS t '
               'WHERE %s AND ($1 IS NULL OR %s) AND ($3 IS NULL OR %s)%s',
               CASE WHEN t.grouped_by IS NULL THEN 'NULL::text' ELSE format('t.%I', t.grouped_by) END, t.place,
               (SELECT string_agg(format('t.%I', k.name), ', ' ORDER BY k.position) FROM unnest(t.key) WITH ORDINALITY AS k (name, position)),
               t.name,
               (SELECT ' - array_remove(ARRAY[' || string_agg(format('CASE WHEN t.%I IS NULL THEN %L END', j.name, j.name), ', ') || ']::text[], NULL)'
                FROM unnest(t.json_columns) AS j (name) WHERE j.name <> ALL (t.required)),
               t.relation, t.own, t.of_user, t.of_session,
               CASE WHEN t.grouped_by IS NOT NULL
                    THEN format(' AND t.%1$I > $4 AND ($5 IS NULL OR t.%1$I <= $5)', t.grouped_by) END), ' UNION ALL ' ORDER BY t.place)
           || ') AS l ORDER BY l."group", l.place, l.key'
    FROM @extschema@._sm_tables() AS t
    WHERE t.grouped_by IS NOT DISTINCT FROM $1;
END;
COMMENT ON FUNCTION @extschema@._sm_lines_query(text) IS
'Internal: the query that gives the lines of the tables that are grouped by session, by user, or not.';

-- One snapshot, that of the calling statement. Five hundred sessions, or users, are sorted at a time.
CREATE FUNCTION @extschema@.sm_export(user_id text DEFAULT NULL, session_id text DEFAULT NULL)
RETURNS SETOF jsonb LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO, MDY' SET intervalstyle = 'postgres' SET timezone = 'UTC' SET extra_float_digits = '1' AS $$
DECLARE
    home text := (SELECT e.extnamespace::regnamespace::text FROM pg_extension AS e WHERE e.extname = 'session_memory');
    sessions text[];
    query text;
    next_group text;
    after text;
    up_to text;
    written bigint;
    total bigint := 0;
BEGIN
    IF user_id IS NOT NULL THEN
        EXECUTE format('SELECT %s._sm_check_name($1, ''user_id'')', home) USING user_id;
        EXECUTE format('SELECT coalesce(array_agg(s.session_id), ''{}'') FROM %s.sm_session AS s WHERE s.user_id = $1', home)
            INTO sessions USING user_id;
    END IF;
    IF session_id IS NOT NULL THEN
        EXECUTE format('SELECT %s._sm_check_name($1, ''session_id'')', home) USING session_id;
    END IF;
    RETURN NEXT jsonb_build_object('session_memory', jsonb_build_object(
        'format', 1, 'extension', (SELECT e.extversion FROM pg_extension AS e WHERE e.extname = 'session_memory'),
        'exported_at', statement_timestamp(), 'user_id', user_id, 'session_id', session_id));
    EXECUTE format('SELECT %s._sm_lines_query(NULL)', home) INTO query;
    IF query IS NOT NULL THEN
        RETURN QUERY EXECUTE query USING user_id, sessions, session_id;
        GET DIAGNOSTICS total = ROW_COUNT;
    END IF;
    FOR query, next_group IN EXECUTE format(
        'SELECT %1$s._sm_lines_query(g.name), '
        '''SELECT max(n.id) FROM (SELECT t.'' || g.name || '' AS id FROM '' || t.relation || '' AS t '
        'WHERE ($1 IS NULL OR '' || t.of_user || '') AND ($3 IS NULL OR '' || t.of_session || '') AND t.'' || g.name || '' > $4 '
        'ORDER BY t.'' || g.name || '' LIMIT 500) AS n'' '
        'FROM (VALUES (1, ''session_id''), (2, ''user_id'')) AS g (place, name) '
        'LEFT JOIN %1$s._sm_tables() AS t ON t.grouped_by = g.name AND t.scope IN (''session'', ''profile'') ORDER BY g.place', home)
    LOOP
        CONTINUE WHEN query IS NULL;
        after := '';
        LOOP
            up_to := NULL;
            IF next_group IS NOT NULL THEN
                EXECUTE next_group INTO up_to USING user_id, sessions, session_id, after;
            END IF;
            RETURN QUERY EXECUTE query USING user_id, sessions, session_id, after, up_to;
            GET DIAGNOSTICS written = ROW_COUNT;
            total := total + written;
            EXIT WHEN up_to IS NULL;
            after := up_to;
        END LOOP;
    END LOOP;
    RETURN NEXT jsonb_build_object('end', jsonb_build_object('lines', total));
END $$;
COMMENT ON FUNCTION @extschema@.sm_export(text, text) IS
'The memory, or what there is of a user or a session, as a document: one JSON object a line.';
