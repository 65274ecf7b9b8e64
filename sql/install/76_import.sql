-- How it comes back: import -------------------------------------------------------------------------
--
-- A document is worked off in chunks of lines, all in the caller's transaction: whatever is wrong with
-- a line undoes everything. What is there already is never changed. A session comes as a whole, or, if
-- there is one of that name, not at all: no session is a mixture of two lives.

-- An error that names the line.
CREATE FUNCTION @extschema@._sm_refuse_line(line bigint, reason text, hint text DEFAULT NULL)
RETURNS void LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE invalid_parameter_value USING
        MESSAGE = format('line %s of the document %s', line, reason),
        HINT = coalesce(hint, 'Nothing was imported. Give a document as sm_export made it.');
END $$;
COMMENT ON FUNCTION @extschema@._sm_refuse_line(bigint, text, text) IS
'Internal: the error for a document that is damaged or of somebody else.';

-- What a chunk of lines looks like: each a row of a table that is known. The values in it are
-- checked when it is stored.
CREATE FUNCTION @extschema@._sm_check_lines(lines jsonb[], first_line bigint)
RETURNS void LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    home text := (SELECT e.extnamespace::regnamespace::text FROM pg_extension AS e WHERE e.extname = 'session_memory');
    wrong record;
BEGIN
    EXECUTE format($query$
        SELECT $2 + l.n - 1 AS line, w.reason
        FROM unnest($1) WITH ORDINALITY AS l (line, n)
        LEFT JOIN %s._sm_tables() AS t ON t.name = l.line ->> 'table'
        CROSS JOIN LATERAL (
            SELECT CASE
                WHEN jsonb_typeof(l.line) IS DISTINCT FROM 'object' THEN 'is not a JSON object'
                WHEN l.line ? 'session_memory' THEN 'is a second header'
                WHEN l.line ? 'end' THEN 'is an end before the end'
                WHEN NOT l.line ?& '{table,row}' OR l.line - '{table,row}'::text[] <> '{}' THEN 'is not {"table": …, "row": …}'
                WHEN t.name IS NULL THEN format('is of an unknown table %%s', left((l.line -> 'table')::text, 100))
                WHEN jsonb_typeof(l.line -> 'row') <> 'object' THEN 'has a row that is not a JSON object'
                WHEN (l.line -> 'row') - t.columns <> '{}' THEN (
                    SELECT format('has an unknown column "%%s" of %%s', left(min(c.name), 100), t.name)
                    FROM jsonb_object_keys((l.line -> 'row') - t.columns) AS c (name))
                WHEN NOT l.line -> 'row' ?& t.required THEN (
                    SELECT format('lacks the column "%%s" of %%s', min(c.name), t.name)
                    FROM unnest(t.required) AS c (name) WHERE NOT l.line -> 'row' ? c.name)
                ELSE (SELECT min(format(CASE WHEN c.name = ANY (t.objects) THEN 'has no JSON object as "%%s" of %%s'
                                             ELSE 'has no text of 1 to 255 characters as "%%s" of %%s' END, c.name, t.name))
                      FROM jsonb_each(l.line -> 'row') AS c (name, value)
                      WHERE c.name = ANY (t.objects) AND jsonb_typeof(c.value) <> 'object'
                         OR c.name IN ('session_id', 'user_id') AND jsonb_typeof(c.value) <> 'null'
                            AND (jsonb_typeof(c.value) <> 'string' OR char_length(c.value #>> '{}') NOT BETWEEN 1 AND 255))
                END) AS w (reason)
        WHERE w.reason IS NOT NULL
        ORDER BY l.n LIMIT 1 $query$, home)
        INTO wrong USING lines, first_line;
    IF wrong.line IS NOT NULL THEN
        EXECUTE format('SELECT %s._sm_refuse_line($1, $2)', home) USING wrong.line, wrong.reason;
    END IF;
END $$;
COMMENT ON FUNCTION @extschema@._sm_check_lines(jsonb[], bigint) IS
'Internal: whether lines are rows of known tables; an error where not.';

-- Stores rows of one table. only_of: whose rows alone may be added; NULL: anybody's. Rows that are
-- there already are compared byte for byte, and stay unless they are to be overwritten.
CREATE FUNCTION @extschema@._sm_merge_rows(name text, rows jsonb[], numbers bigint[], only_of text[], overwrite boolean,
                                           OUT added bigint, OUT unchanged bigint, OUT different bigint,
                                           OUT owners_added text[], OUT owners_different text[])
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO, MDY' SET intervalstyle = 'postgres' SET timezone = 'UTC' SET extra_float_digits = '1' AS $$
DECLARE
    home text := (SELECT e.extnamespace::regnamespace::text FROM pg_extension AS e WHERE e.extname = 'session_memory');
    t record;
    owner text;
    value_list text;
    column_list text;
    key_list text;
    replaced text;
    same_key text;
    stored text;
    given text;
    reason text;
    first_reason text;
BEGIN
    EXECUTE format('SELECT * FROM %s._sm_tables() AS t WHERE t.name = $1', home) INTO t USING name;
    owner := quote_ident(coalesce(t.grouped_by, t.key[1]));
    SELECT string_agg(CASE WHEN c.name = ANY (t.json_columns) THEN format('g."row" -> %L AS %I', c.name, c.name)
                           ELSE format('p.%I', c.name) END, ', ' ORDER BY c.position),
           string_agg(quote_ident(c.name), ', ' ORDER BY c.position),
           string_agg(format('excluded.%I', c.name), ', ' ORDER BY c.position),
           string_agg(format('x.%I', c.name), ', ' ORDER BY c.position) FILTER (WHERE c.name <> ALL (coalesce(t.hints, '{}'))),
           string_agg(format('v.%I', c.name), ', ' ORDER BY c.position) FILTER (WHERE c.name <> ALL (coalesce(t.hints, '{}')))
    INTO value_list, column_list, replaced, stored, given
    FROM unnest(t.columns) WITH ORDINALITY AS c (name, position);
    SELECT string_agg(quote_ident(k.name), ', ' ORDER BY k.position), string_agg(format('x.%1$I = v.%1$I', k.name), ' AND ')
    INTO key_list, same_key
    FROM unnest(t.key) WITH ORDINALITY AS k (name, position);
    BEGIN
        -- Who counts what leaves a session holds the session.
        IF t.scope = 'trace' THEN
            EXECUTE format($query$
                SELECT FROM %1$s.sm_session AS s
                WHERE s.session_id IN (SELECT v.session_id
                                       FROM unnest($1) AS g ("row")
                                       CROSS JOIN LATERAL jsonb_populate_record(NULL::%2$s, g."row") AS v
                                       WHERE NOT EXISTS (SELECT FROM %2$s AS x WHERE %3$s))
                ORDER BY s.session_id FOR UPDATE OF s $query$, home, t.relation, same_key) USING rows;
        END IF;
        EXECUTE format($query$
            WITH given AS MATERIALIZED (
                SELECT %1$s
                FROM unnest($1) AS g ("row")
                CROSS JOIN LATERAL jsonb_populate_record(NULL::%2$s, g."row") AS p),
            judged AS MATERIALIZED (
                SELECT v.*, CASE WHEN e.same THEN 'unchanged'
                                 WHEN $3 OR e.same IS NULL AND ($2 IS NULL OR v.%3$s = ANY ($2)) THEN 'new'
                                 ELSE 'different' END AS "what becomes of it"
                FROM given AS v
                LEFT JOIN LATERAL (
                    SELECT record_image_eq(ROW(%4$s), ROW(%5$s)) AS same
                    FROM %2$s AS x WHERE %6$s OFFSET 0) AS e ON true),
            inserted AS (
                INSERT INTO %2$s (%7$s)
                SELECT %7$s FROM judged AS v WHERE v."what becomes of it" = 'new' ORDER BY %8$s
                ON CONFLICT %9$s
                RETURNING %3$s AS owner)
            SELECT (SELECT count(*) FROM inserted),
                   count(*) FILTER (WHERE v."what becomes of it" = 'unchanged'),
                   count(*) FILTER (WHERE v."what becomes of it" <> 'unchanged') - (SELECT count(*) FROM inserted),
                   (SELECT coalesce(array_agg(DISTINCT i.owner), '{}') FROM inserted AS i),
                   coalesce(array_agg(DISTINCT v.%3$s) FILTER (WHERE v."what becomes of it" = 'different'), '{}')
            FROM judged AS v $query$,
            value_list, t.relation, owner, stored, given, same_key, column_list, key_list,
            CASE WHEN overwrite THEN format('(%s) DO UPDATE SET (%s) = ROW(%s)', key_list, column_list, replaced) ELSE 'DO NOTHING' END)
            INTO added, unchanged, different, owners_added, owners_different USING rows, only_of, overwrite;
        RETURN;
    EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN
        first_reason := SQLERRM;
    END;
    -- One of them it was. Which, is found out one by one.
    FOR i IN 1 .. cardinality(rows) LOOP
        BEGIN
            EXECUTE format('SELECT min(format(''null value in column "%%s" of %%s'', c.name, $2)) '
                           'FROM unnest($3) AS c (name) '
                           'WHERE $4 -> c.name = ''null'' AND c.name <> ALL ($5) '
                           'AND jsonb_populate_record(NULL::%s, $4) IS DISTINCT FROM NULL', t.relation)
                INTO reason USING NULL, name, t.required, rows[i], t.json_columns;
            EXECUTE format('SELECT jsonb_populate_record(NULL::%s, $1)', t.relation) USING rows[i];
        EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN
            reason := SQLERRM;
        END;
        IF reason IS NOT NULL THEN
            EXECUTE format('SELECT %s._sm_refuse_line($1, $2)', home) USING numbers[i], format('cannot be stored: %s', reason);
        END IF;
    END LOOP;
    EXECUTE format('SELECT %s._sm_refuse_line($1, $2)', home) USING numbers[1], format('or one behind it cannot be stored: %s', first_reason);
END $$;
COMMENT ON FUNCTION @extschema@._sm_merge_rows(text, jsonb[], bigint[], text[], boolean) IS
'Internal: adds the rows of a table that are new, compares the others, and counts.';

-- Those that add, restore and erase come one after the other: they would wait for each other's rows
-- crosswise. The background worker, when it removes profiles, takes the first of these locks too; the
-- second is for backups alone, for which the worker need not wait.
CREATE FUNCTION @extschema@._sm_lock_backups()
RETURNS void LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT pg_advisory_xact_lock(8317708086087869299);
END;
COMMENT ON FUNCTION @extschema@._sm_lock_backups() IS
'Internal: has backups be made and removed one after the other.';

CREATE FUNCTION @extschema@._sm_lock_administration()
RETURNS void LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT pg_advisory_xact_lock(8317708086087869298);
    SELECT @extschema@._sm_lock_backups();
END;
COMMENT ON FUNCTION @extschema@._sm_lock_administration() IS
'Internal: has import, restore, forgetting and clearing come one after the other.';

-- What was counted when interactions left the memory that now come back with their session.
CREATE FUNCTION @extschema@._sm_uncount(session_ids text[], before timestamptz)
RETURNS void LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    home text := (SELECT e.extnamespace::regnamespace::text FROM pg_extension AS e WHERE e.extname = 'session_memory');
    item record;
BEGIN
    FOR item IN EXECUTE format('SELECT t.relation, t.grouped_by FROM %s._sm_tables() AS t WHERE t.scope = ''trace'' ORDER BY t.place', home) LOOP
        EXECUTE format('DELETE FROM %s AS t WHERE t.session_id = ANY ($1) AND t.hour <= $2 %s', item.relation,
                       CASE item.grouped_by WHEN 'user_id' THEN format(
                           'AND t.user_id IN (SELECT s.user_id FROM %s.sm_session AS s WHERE s.session_id = ANY ($1))', home) END)
            USING session_ids, before;
    END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@._sm_uncount(text[], timestamptz) IS
'Internal: takes back what was counted of sessions up to a time, since they come back as they were then.';

-- What the rows that came back imply: counters, the number of the next event, what is learned of events.
CREATE FUNCTION @extschema@._sm_settle(session_ids text[], learners text[], repair boolean, OUT wrong_session text, OUT reason text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    home text := (SELECT e.extnamespace::regnamespace::text FROM pg_extension AS e WHERE e.extname = 'session_memory');
    miscounted text := format(
        '%1$s.sm_session AS s CROSS JOIN LATERAL (SELECT count(*) AS interactions, coalesce(sum(m.tokens), 0) AS tokens, '
        'coalesce(sum(%1$s._sm_bytes(m.interaction)), 0) AS bytes, coalesce(max(m.seq), 0) AS last_seq, coalesce(min(m.seq), 1) AS first_seq '
        'FROM %1$s.session_memory AS m WHERE m.session_id = s.session_id) AS c '
        'WHERE s.session_id = ANY ($1) AND (s.interactions <> c.interactions OR s.tokens <> c.tokens OR s.bytes <> c.bytes '
        'OR s.last_seq < c.last_seq OR c.first_seq < 1)', home);
    learner text;
BEGIN
    IF repair THEN
        EXECUTE format('UPDATE %s.sm_session AS o SET interactions = n.interactions, tokens = n.tokens, bytes = n.bytes, '
                       'last_seq = greatest(o.last_seq, n.last_seq) FROM (SELECT s.session_id, c.interactions, c.tokens, c.bytes, c.last_seq FROM %s) AS n '
                       'WHERE o.session_id = n.session_id', home, miscounted) USING session_ids;
    ELSE
        EXECUTE 'SELECT s.session_id, format(''%s interactions, %s tokens, %s bytes and the last seq %s, where there are %s, %s, %s and %s'', '
                's.interactions, s.tokens, s.bytes, s.last_seq, c.interactions, c.tokens, c.bytes, c.last_seq) FROM ' || miscounted || ' ORDER BY 1 LIMIT 1'
            INTO wrong_session, reason USING session_ids;
    END IF;
    FOREACH learner IN ARRAY learners LOOP
        EXECUTE format('UPDATE %1$s.sm_profile AS p SET last_event_id = l.event_id '
                       'FROM (SELECT max(e.event_id) AS event_id FROM %1$s.sm_event AS e WHERE e.user_id = $1) AS l '
                       'WHERE p.user_id = $1 AND p.last_event_id < l.event_id', home) USING learner;
        EXECUTE format('SELECT %s._sm_relearn($1)', home) USING learner;
    END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@._sm_settle(text[], text[], boolean) IS
'Internal: puts right, or finds, sessions whose counters are not what counting gives, and learns from events that were added.';

-- Works off a document, or a backup where one is given: all of it, or what is of a user, or a session.
-- Sessions of a document must be complete; those of a backup are as they were.
CREATE FUNCTION @extschema@._sm_merge(backup_id bigint, document jsonb, user_id text, session_id text)
RETURNS jsonb LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO, MDY' SET intervalstyle = 'postgres' SET timezone = 'UTC' SET extra_float_digits = '1' AS $$
DECLARE
    home text := (SELECT e.extnamespace::regnamespace::text FROM pg_extension AS e WHERE e.extname = 'session_memory');
    refuse text := format('SELECT %s._sm_refuse_line($1, $2, $3)', home);
    chunk jsonb[];
    first_line bigint;
    next_line bigint := 1;
    header jsonb;
    ended jsonb;
    exported_at timestamptz;
    overwrite boolean := user_id IS NULL AND session_id IS NULL;
    item record;
    outcome record;
    wrong record;
    wanted text[] := '{}';
    held text[] := '{}';
    new_sessions text[] := '{}';
    new_users text[] := '{}';
    learners text[] := '{}';
    other_sessions text[] := '{}';
    other_users text[] := '{}';
    totals jsonb := '{}';
BEGIN
    EXECUTE format('SELECT %s._sm_lock_administration()', home);
    -- The whole, into an empty memory: then also what the administrator set.
    FOR item IN EXECUTE format('SELECT t.relation FROM %s._sm_tables() AS t WHERE t.scope <> ''setting''', home) LOOP
        EXIT WHEN NOT overwrite;
        EXECUTE format('SELECT NOT EXISTS (SELECT FROM %s)', item.relation) INTO overwrite;
    END LOOP;

    FOR chunk IN EXECUTE CASE WHEN backup_id IS NULL THEN
        'SELECT array_agg(l.line ORDER BY l.n) FROM jsonb_array_elements($1) WITH ORDINALITY AS l (line, n) '
        'GROUP BY (l.n - 1) / 1000 ORDER BY (l.n - 1) / 1000'
    ELSE format(
        'SELECT (SELECT array_agg(l.line::jsonb ORDER BY l.n) FROM string_to_table(p.lines, E''\n'') WITH ORDINALITY AS l (line, n)) '
        'FROM %s.sm_backup_part AS p WHERE p.backup_id = $2 ORDER BY p.part', home) END
        USING document, backup_id
    LOOP
        first_line := next_line;
        next_line := next_line + cardinality(chunk);
        IF ended IS NOT NULL THEN
            EXECUTE refuse USING first_line, 'comes behind the end', NULL::text;
        END IF;
        IF header IS NULL THEN
            header := chunk[1] -> 'session_memory';
            IF jsonb_typeof(header) IS DISTINCT FROM 'object' OR jsonb_typeof(header -> 'format') IS DISTINCT FROM 'number' THEN
                EXECUTE refuse USING 1::bigint, 'is not the header of a document of session_memory', NULL::text;
            ELSIF (header -> 'format')::numeric > 1 THEN
                EXECUTE refuse USING 1::bigint, format('has format %s, which is newer than 1', header -> 'format'),
                    'Nothing was imported. The document is of a newer version of the extension: install that one first.';
            ELSIF (header -> 'format')::numeric <> 1 THEN
                EXECUTE refuse USING 1::bigint, format('has the unknown format %s', header -> 'format'), NULL::text;
            END IF;
            BEGIN
                exported_at := (header ->> 'exported_at')::timestamptz;
            EXCEPTION WHEN data_exception THEN
                EXECUTE refuse USING 1::bigint, format('has an exported_at that is not a time: %s', SQLERRM), NULL::text;
            END;
            first_line := 2;
            chunk := chunk[2:];
        END IF;
        IF jsonb_typeof(chunk[cardinality(chunk)] -> 'end') = 'object' THEN
            ended := chunk[cardinality(chunk)] -> 'end';
            IF NOT header ? 'part' AND ended -> 'lines' IS DISTINCT FROM to_jsonb(next_line - 3) THEN
                EXECUTE refuse USING next_line - 1,
                    format('is the end of %s rows, and %s come before it', coalesce(ended ->> 'lines', 'an unknown number of'), next_line - 3),
                    'Nothing was imported. Lines of the document are missing, or there are too many.';
            END IF;
            chunk := chunk[: cardinality(chunk) - 1];
        END IF;
        CONTINUE WHEN cardinality(chunk) = 0;
        EXECUTE format('SELECT %s._sm_check_lines($1, $2)', home) USING chunk, first_line;

        IF user_id IS NOT NULL THEN
            wanted := wanted || ARRAY(SELECT l.line -> 'row' ->> 'session_id' FROM unnest(chunk) AS l (line)
                                      WHERE l.line ->> 'table' = 'sm_session' AND l.line -> 'row' ->> 'user_id' = $3);
        END IF;
        IF backup_id IS NULL THEN
            held := held || ARRAY(SELECT l.line -> 'row' ->> 'session_id' FROM unnest(chunk) AS l (line)
                                  WHERE l.line ->> 'table' = 'sm_session');
        END IF;
        FOR item IN EXECUTE format($query$
            SELECT t.place, t.name, t.scope, t.grouped_by, array_agg(l.line -> 'row' ORDER BY l.n) AS rows,
                   array_agg($2 + l.n - 1 ORDER BY l.n) AS numbers,
                   min($2 + l.n - 1) FILTER (WHERE t.scope = 'part' AND $6 AND l.line -> 'row' ->> 'session_id' <> ALL ($7)) AS stray
            FROM unnest($1) WITH ORDINALITY AS l (line, n)
            JOIN %s._sm_tables() AS t ON t.name = l.line ->> 'table'
            WHERE ($4 IS NULL OR t.scope IN ('session', 'part', 'trace') AND l.line -> 'row' ->> 'session_id' = $4)
              AND ($3 IS NULL OR CASE WHEN t.scope = 'setting' THEN false
                                      WHEN t.scope IN ('session', 'part') OR l.line -> 'row' ->> 'user_id' IS NULL
                                      THEN l.line -> 'row' ->> 'session_id' = ANY ($5)
                                      ELSE l.line -> 'row' ->> 'user_id' = $3 END)
            GROUP BY t.place, t.name, t.scope, t.grouped_by ORDER BY t.place $query$, home)
            USING chunk, first_line, user_id, session_id, wanted, backup_id IS NULL, held
        LOOP
            IF item.stray IS NOT NULL THEN
                EXECUTE refuse USING item.stray, 'belongs to a session that does not come before it',
                    'Nothing was imported. Where a document is imported in parts, each part is the header and, after it, whole sessions.';
            END IF;
            IF item.scope IN ('profile', 'event') THEN
                -- Who records an event holds the profile, and takes the number of the event from it.
                EXECUTE format('SELECT FROM %s.sm_profile AS p WHERE p.user_id = ANY (ARRAY(SELECT r."row" ->> ''user_id'' FROM unnest($1) AS r ("row"))) '
                               'ORDER BY p.user_id FOR UPDATE OF p', home) USING item.rows;
            END IF;
            EXECUTE format('SELECT * FROM %s._sm_merge_rows($1, $2, $3, $4, $5)', home) INTO outcome
                USING item.name, item.rows, item.numbers,
                      CASE item.scope WHEN 'part' THEN new_sessions WHEN 'learned' THEN new_users END, overwrite AND item.scope = 'setting';
            totals := totals || jsonb_build_object(item.name, jsonb_build_object(
                'added', coalesce((totals -> item.name -> 'added')::bigint, 0) + outcome.added,
                'unchanged', coalesce((totals -> item.name -> 'unchanged')::bigint, 0) + outcome.unchanged,
                'different', coalesce((totals -> item.name -> 'different')::bigint, 0) + outcome.different));
            CASE item.grouped_by
                WHEN 'session_id' THEN other_sessions := ARRAY(
                    SELECT DISTINCT x.id COLLATE "C" FROM unnest(other_sessions || outcome.owners_different) AS x (id) ORDER BY 1 LIMIT 100);
                WHEN 'user_id' THEN other_users := ARRAY(
                    SELECT DISTINCT x.id COLLATE "C" FROM unnest(other_users || outcome.owners_different) AS x (id) ORDER BY 1 LIMIT 100);
                ELSE NULL;
            END CASE;
            CASE item.scope
                WHEN 'session' THEN
                    new_sessions := new_sessions || outcome.owners_added;
                    EXECUTE format('SELECT %s._sm_uncount($1, $2)', home) USING outcome.owners_added, exported_at;
                WHEN 'profile' THEN
                    new_users := new_users || outcome.owners_added;
                WHEN 'event' THEN
                    learners := ARRAY(SELECT DISTINCT u.id COLLATE "C" FROM unnest(learners || outcome.owners_added) AS u (id)
                                      WHERE u.id <> ALL (new_users) ORDER BY 1);
                WHEN 'learned' THEN
                    -- What was learned of a user who is there already is learned anew, from all events.
                    learners := ARRAY(SELECT DISTINCT u.id COLLATE "C" FROM unnest(learners || outcome.owners_different) AS u (id) ORDER BY 1);
                ELSE NULL;
            END CASE;
        END LOOP;
    END LOOP;
    IF header IS NULL THEN
        EXECUTE refuse USING 1::bigint, 'is missing', NULL::text;
    ELSIF ended IS NULL AND NOT header ? 'part' THEN
        EXECUTE refuse USING next_line, 'is missing: the document has no end', NULL::text;
    END IF;
    EXECUTE format('SELECT * FROM %s._sm_settle($1, $2, $3)', home) INTO wrong USING new_sessions, learners, backup_id IS NOT NULL;
    IF wrong.wrong_session IS NOT NULL THEN
        EXECUTE refuse USING (SELECT min(l.n) FROM jsonb_array_elements(document) WITH ORDINALITY AS l (line, n)
                              WHERE l.line ->> 'table' = 'sm_session' AND l.line -> 'row' ->> 'session_id' = wrong.wrong_session),
            format('is not what the interactions of its session add up to: %s', wrong.reason),
            'Nothing was imported. Where a document is imported in parts, each part is the header and, after it, whole sessions.';
    END IF;
    RETURN (SELECT jsonb_build_object('added', coalesce(sum((c.value -> 'added')::bigint), 0),
                                      'unchanged', coalesce(sum((c.value -> 'unchanged')::bigint), 0),
                                      'different', coalesce(sum((c.value -> 'different')::bigint), 0))
            FROM jsonb_each(totals) AS c)
        || jsonb_build_object('tables', totals, 'different_sessions', other_sessions, 'different_users', other_users);
END $$;
COMMENT ON FUNCTION @extschema@._sm_merge(bigint, jsonb, text, text) IS
'Internal: adds what a document, or a backup, has more than the memory; reports what differs.';

CREATE FUNCTION @extschema@.sm_import(document jsonb)
RETURNS jsonb LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    home text := (SELECT e.extnamespace::regnamespace::text FROM pg_extension AS e WHERE e.extname = 'session_memory');
    outcome jsonb;
BEGIN
    IF document IS NULL OR jsonb_typeof(document) <> 'array' THEN
        RAISE EXCEPTION USING
            ERRCODE = CASE WHEN document IS NULL THEN 'null_value_not_allowed' ELSE 'invalid_parameter_value' END,
            MESSAGE = CASE WHEN document IS NULL THEN 'document must not be null' ELSE 'document must be a JSON array' END,
            HINT = 'Give the lines of sm_export as one array, as jsonb_agg makes it.';
    END IF;
    EXECUTE format('SELECT %s._sm_merge(NULL, $1, NULL, NULL)', home) INTO outcome USING document;
    RETURN outcome;
END $$;
COMMENT ON FUNCTION @extschema@.sm_import(jsonb) IS
'Adds what a document of sm_export, its lines as a JSON array, has more than the memory; all or nothing, and the same again adds nothing.';
