-- Forgetting one user, and all ----------------------------------------------------------------------

-- How many rows of which table are of a user, or of anybody.
CREATE FUNCTION @extschema@._sm_count(user_id text, session_ids text[])
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    home text := (SELECT e.extnamespace::regnamespace::text FROM pg_extension AS e WHERE e.extname = 'session_memory');
    query text;
    counts jsonb;
BEGIN
    EXECUTE format('SELECT ''SELECT jsonb_build_object('' || string_agg(format(''%%L, (SELECT count(*) FROM %%s AS t WHERE $1 IS NULL OR %%s)'', t.name, t.relation, t.of_user), '', '' ORDER BY t.place) || '')'' '
                   'FROM %s._sm_tables() AS t WHERE t.scope <> ''setting''', home) INTO query;
    EXECUTE query INTO counts USING user_id, session_ids;
    RETURN counts;
END $$;
COMMENT ON FUNCTION @extschema@._sm_count(text, text[]) IS
'Internal: how many rows of which table are of a user and the user''s sessions; NULL: of anybody.';

-- Rows of a user, whose sessions and profile are locked, or of anybody, with the tables locked. Files
-- of artifacts go on the list of orphans: they are for the application to remove.
CREATE FUNCTION @extschema@._sm_remove(user_id text, session_ids text[])
RETURNS void LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    home text := (SELECT e.extnamespace::regnamespace::text FROM pg_extension AS e WHERE e.extname = 'session_memory');
    item record;
BEGIN
    FOR item IN EXECUTE format('SELECT t.name, t.relation, t.of_user FROM %s._sm_tables() AS t WHERE t.scope <> ''setting'' ORDER BY t.place DESC', home) LOOP
        IF item.name = 'sm_artifact' THEN
            EXECUTE format('SELECT %1$s._sm_remove_artifacts(CASE WHEN $1 IS NULL THEN ARRAY(SELECT DISTINCT a.session_id FROM %1$s.sm_artifact AS a) ELSE $2 END)', home)
                USING user_id, session_ids;
        ELSIF item.name <> 'sm_artifact_file' THEN
            EXECUTE format('DELETE FROM %s AS t WHERE $1 IS NULL OR %s', item.relation, item.of_user) USING user_id, session_ids;
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@._sm_remove(text, text[]) IS
'Internal: removes a user and the user''s sessions from all tables; NULL: everybody.';

-- Takes a user out of all backups: those of the user go, and the whole ones are written anew without.
-- A session that had no user when the backup was made, and is the user''s now, is taken out too.
CREATE FUNCTION @extschema@._sm_erase_from_backups(user_id text, session_ids text[])
RETURNS bigint LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    home text := (SELECT e.extnamespace::regnamespace::text FROM pg_extension AS e WHERE e.extname = 'session_memory');
    backup record;
    part record;
    erased text[];
    kept text;
    gone bigint;
    left_lines bigint;
    changed bigint := 0;
BEGIN
    FOR backup IN EXECUTE format('SELECT b.* FROM %s.sm_backup AS b WHERE b.user_id IS NULL OR b.user_id = $1 ORDER BY b.backup_id', home) USING user_id LOOP
        IF backup.user_id IS NOT NULL THEN
            EXECUTE format('DELETE FROM %s.sm_backup_part AS p WHERE p.backup_id = $1', home) USING backup.backup_id;
            EXECUTE format('DELETE FROM %s.sm_backup AS b WHERE b.backup_id = $1', home) USING backup.backup_id;
            changed := changed + 1;
            CONTINUE;
        END IF;
        EXECUTE format($query$
            SELECT coalesce(array_agg(s."row" ->> 'session_id'), '{}')
            FROM %s.sm_backup_part AS p
            CROSS JOIN LATERAL string_to_table(p.lines, E'\n') AS l (line)
            CROSS JOIN LATERAL (SELECT l.line::jsonb -> 'row') AS s ("row")
            WHERE p.backup_id = $1 AND l.line LIKE '%%"table": "sm\_session"}'
              AND (s."row" ->> 'user_id' = $2 OR s."row" ->> 'user_id' IS NULL AND s."row" ->> 'session_id' = ANY ($3)) $query$, home)
            INTO erased USING backup.backup_id, user_id, session_ids;
        left_lines := backup.lines;
        FOR part IN EXECUTE format('SELECT p.part, p.lines FROM %s.sm_backup_part AS p WHERE p.backup_id = $1 ORDER BY p.part', home) USING backup.backup_id LOOP
            -- Most parts are not concerned, which their text tells faster than their lines.
            CONTINUE WHEN part.lines NOT LIKE '%{"end": {"lines": %}}' AND cardinality(erased) < 50 AND NOT EXISTS (
                SELECT FROM unnest(erased || $1) AS e (id) WHERE strpos(part.lines, to_jsonb(e.id)::text) > 0);
            SELECT string_agg(l.line, E'\n' ORDER BY l.n) FILTER (WHERE NOT o.is_theirs), count(*) FILTER (WHERE o.is_theirs)
            INTO kept, gone
            FROM string_to_table(part.lines, E'\n') WITH ORDINALITY AS l (line, n)
            CROSS JOIN LATERAL (SELECT l.line::jsonb -> 'row') AS r ("row")
            CROSS JOIN LATERAL (
                SELECT coalesce(r."row" ->> 'user_id' = $1
                                OR r."row" ->> 'user_id' IS NULL AND r."row" ->> 'session_id' = ANY (erased), false)) AS o (is_theirs);
            left_lines := left_lines - gone;
            IF left_lines < backup.lines AND part.lines LIKE '%{"end": {"lines": %}}' THEN
                kept := regexp_replace(kept, '\{"end": \{"lines": \d+\}\}$', jsonb_build_object('end', jsonb_build_object('lines', left_lines))::text);
            ELSIF gone = 0 THEN
                CONTINUE;
            END IF;
            IF kept IS NULL THEN
                EXECUTE format('DELETE FROM %s.sm_backup_part AS p WHERE p.backup_id = $1 AND p.part = $2', home) USING backup.backup_id, part.part;
            ELSE
                EXECUTE format('UPDATE %s.sm_backup_part AS p SET lines = $3 WHERE p.backup_id = $1 AND p.part = $2', home)
                    USING backup.backup_id, part.part, kept;
            END IF;
        END LOOP;
        IF left_lines < backup.lines THEN
            EXECUTE format('UPDATE %1$s.sm_backup AS b SET lines = $2, bytes = (SELECT sum(pg_column_size(p.lines)) FROM %1$s.sm_backup_part AS p WHERE p.backup_id = $1) '
                           'WHERE b.backup_id = $1', home) USING backup.backup_id, left_lines;
            changed := changed + 1;
        END IF;
    END LOOP;
    -- Notes of earlier deeds say no longer to whom.
    EXECUTE format('UPDATE %s.sm_audit AS a SET user_id = NULL WHERE a.user_id = $1', home) USING user_id;
    RETURN changed;
END $$;
COMMENT ON FUNCTION @extschema@._sm_erase_from_backups(text, text[]) IS
'Internal: takes a user out of all backups; returns how many it was in.';

-- Whoever writes something of a user holds a session of the user, or the profile: once these are
-- locked, nobody does. A session that appeared while others were waited for is locked as well.
CREATE FUNCTION @extschema@.sm_forget_user(user_id text, confirm text DEFAULT NULL, keep_backup boolean DEFAULT true)
RETURNS jsonb LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    home text := (SELECT e.extnamespace::regnamespace::text FROM pg_extension AS e WHERE e.extname = 'session_memory');
    confirmed boolean := coalesce(user_id = confirm, false);
    sessions text[];
    locked text[];
    profile text;
    counts jsonb;
    something boolean;
    backup_id bigint;
    backups bigint := 0;
BEGIN
    EXECUTE format('SELECT %s._sm_check_name($1, ''user_id'')', home) USING user_id;
    IF keep_backup IS NULL THEN
        RAISE null_value_not_allowed USING
            MESSAGE = 'keep_backup must not be null',
            HINT = 'Give true, and the user can be restored, or false, and nothing of the user remains.';
    END IF;
    IF confirmed THEN
        EXECUTE format('SELECT %s._sm_lock_administration()', home);
        LOOP
            EXECUTE format('SELECT ARRAY(SELECT s.session_id FROM %s.sm_session AS s WHERE s.user_id = $1 ORDER BY s.session_id FOR UPDATE OF s)', home)
                INTO sessions USING user_id;
            EXIT WHEN sessions = locked;
            locked := sessions;
        END LOOP;
        FOR profile IN EXECUTE format('SELECT t.relation FROM %s._sm_tables() AS t WHERE t.scope = ''profile''', home) LOOP
            EXECUTE format('SELECT FROM %s AS t WHERE t.user_id = $1 FOR UPDATE OF t', profile) USING user_id;
        END LOOP;
    ELSE
        EXECUTE format('SELECT ARRAY(SELECT s.session_id FROM %s.sm_session AS s WHERE s.user_id = $1)', home) INTO sessions USING user_id;
    END IF;
    EXECUTE format('SELECT %s._sm_count($1, $2)', home) INTO counts USING user_id, sessions;
    something := EXISTS (SELECT FROM jsonb_each(counts) AS c WHERE c.value <> '0');
    IF confirmed THEN
        IF something AND keep_backup THEN
            EXECUTE format('SELECT %s.sm_backup(''before sm_forget_user'', $1)', home) INTO backup_id USING user_id;
        ELSIF NOT keep_backup THEN
            EXECUTE format('SELECT %s._sm_erase_from_backups($1, $2)', home) INTO backups USING user_id, sessions;
        END IF;
        EXECUTE format('SELECT %s._sm_remove($1, $2)', home) USING user_id, sessions;
        IF something OR backups > 0 THEN
            EXECUTE format('SELECT %s._sm_note($1, $2, $3, $4)', home)
                USING CASE WHEN keep_backup THEN 'forget' ELSE 'erase' END, CASE WHEN keep_backup THEN user_id END, backup_id,
                      counts || CASE WHEN keep_backup THEN '{}' ELSE jsonb_build_object('backups', backups) END;
        END IF;
    END IF;
    RETURN jsonb_build_object('user_id', user_id, 'confirmed', confirmed, 'sessions', counts -> 'sm_session',
                              'interactions', counts -> 'session_memory', 'tables', counts, 'backup_id', backup_id, 'backups_changed', backups);
END $$;
COMMENT ON FUNCTION @extschema@.sm_forget_user(text, text, boolean) IS
'Erases a user everywhere if confirm is the user''s id, else only counts what would go. With a backup before, or, where none is to be kept, out of the earlier backups as well.';

-- The tables whose rows are locked by whoever writes are locked as a whole, sessions first, in the
-- weakest mode that waits for those who have locked a row and write it later.
CREATE FUNCTION @extschema@.sm_clear_all(confirm text DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    home text := (SELECT e.extnamespace::regnamespace::text FROM pg_extension AS e WHERE e.extname = 'session_memory');
    confirmed boolean := coalesce(confirm = 'YES', false);
    heads text;
    counts jsonb;
    backup_id bigint;
BEGIN
    IF confirmed THEN
        EXECUTE format('SELECT %s._sm_lock_administration()', home);
        EXECUTE format('SELECT string_agg(t.relation, '', '' ORDER BY t.place) FROM %s._sm_tables() AS t WHERE t.scope IN (''session'', ''profile'')', home)
            INTO heads;
        EXECUTE format('LOCK TABLE %s IN EXCLUSIVE MODE', heads);
    END IF;
    EXECUTE format('SELECT %s._sm_count(NULL, NULL)', home) INTO counts;
    IF confirmed AND EXISTS (SELECT FROM jsonb_each(counts) AS c WHERE c.value <> '0') THEN
        EXECUTE format('SELECT %s.sm_backup(''before sm_clear_all'')', home) INTO backup_id;
        EXECUTE format('SELECT %s._sm_remove(NULL, NULL)', home);
        EXECUTE format('SELECT %s._sm_note(''clear_all'', NULL, $1, $2)', home) USING backup_id, counts;
    END IF;
    RETURN jsonb_build_object('confirmed', confirmed, 'sessions', counts -> 'sm_session', 'interactions', counts -> 'session_memory',
                              'tables', counts, 'backup_id', backup_id);
END $$;
COMMENT ON FUNCTION @extschema@.sm_clear_all(text) IS
'Removes every session and every user if confirm is YES, after a backup, else only counts what would go.';
