-- Backups inside the database, and what administration has done -------------------------------------
--
-- A backup is the document of sm_export, cut into parts of about a megabyte that the server compresses.

CREATE TABLE @extschema@.sm_backup (
    backup_id  bigint NOT NULL,
    created_at timestamptz NOT NULL,
    reason     text,
    user_id    text COLLATE "C",
    lines      bigint NOT NULL,
    bytes      bigint NOT NULL,
    CONSTRAINT sm_backup_pkey PRIMARY KEY (backup_id)
);

COMMENT ON TABLE @extschema@.sm_backup IS 'Backups of the memory, or of one user.';
COMMENT ON COLUMN @extschema@.sm_backup.backup_id IS 'Its number; a later backup has a higher one.';
COMMENT ON COLUMN @extschema@.sm_backup.created_at IS 'When it was made: it holds what was committed before.';
COMMENT ON COLUMN @extschema@.sm_backup.reason IS 'Why it was made.';
COMMENT ON COLUMN @extschema@.sm_backup.user_id IS 'Whose it is; NULL: the whole memory.';
COMMENT ON COLUMN @extschema@.sm_backup.lines IS 'Number of rows in it.';
COMMENT ON COLUMN @extschema@.sm_backup.bytes IS 'Its size as stored, compressed.';

CREATE TABLE @extschema@.sm_backup_part (
    backup_id bigint NOT NULL,
    part      integer NOT NULL,
    lines     text NOT NULL,
    CONSTRAINT sm_backup_part_pkey PRIMARY KEY (backup_id, part)
);

COMMENT ON TABLE @extschema@.sm_backup_part IS 'What is in the backups.';
COMMENT ON COLUMN @extschema@.sm_backup_part.backup_id IS 'The backup.';
COMMENT ON COLUMN @extschema@.sm_backup_part.part IS 'The position of the part in it: 1, 2, 3 …';
COMMENT ON COLUMN @extschema@.sm_backup_part.lines IS 'Lines of the document, as sm_export gives them.';

-- lz4 takes a fifth of pglz's time; where the server was built without it, its default stays.
DO $$
BEGIN
    ALTER TABLE @extschema@.sm_backup_part ALTER COLUMN lines SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    NULL;
END $$;

CREATE TABLE @extschema@.sm_audit (
    audit_id  bigint NOT NULL,
    at        timestamptz NOT NULL,
    what      text NOT NULL,
    by_role   text NOT NULL,
    user_id   text COLLATE "C",
    backup_id bigint,
    counts    jsonb NOT NULL,
    CONSTRAINT sm_audit_pkey PRIMARY KEY (audit_id)
);

COMMENT ON TABLE @extschema@.sm_audit IS 'What administration has done: when, by whom, how much; no content.';
COMMENT ON COLUMN @extschema@.sm_audit.audit_id IS 'The position of the note: 1, 2, 3 …';
COMMENT ON COLUMN @extschema@.sm_audit.at IS 'When it was done.';
COMMENT ON COLUMN @extschema@.sm_audit.what IS 'backup, delete_backup, prune_backups, restore, forget, erase (without a backup) or clear_all.';
COMMENT ON COLUMN @extschema@.sm_audit.by_role IS 'The role that did it.';
COMMENT ON COLUMN @extschema@.sm_audit.user_id IS 'To whom; NULL: to nobody in particular, or to somebody who has been erased.';
COMMENT ON COLUMN @extschema@.sm_audit.backup_id IS 'The backup that was made, restored or deleted.';
COMMENT ON COLUMN @extschema@.sm_audit.counts IS 'How many rows of which table.';

SELECT pg_catalog.pg_extension_config_dump('@extschema@.sm_backup', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.sm_backup_part', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.sm_audit', '');

-- Under the lock of backups, which makes the number nobody else's.
CREATE FUNCTION @extschema@._sm_note(what text, user_id text, backup_id bigint, counts jsonb)
RETURNS void LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT @extschema@._sm_lock_backups();
    INSERT INTO @extschema@.sm_audit (audit_id, at, what, by_role, user_id, backup_id, counts)
    SELECT coalesce(max(a.audit_id), 0) + 1, statement_timestamp(), $1, current_user, $2, $3, $4
    FROM @extschema@.sm_audit AS a;
END;
COMMENT ON FUNCTION @extschema@._sm_note(text, text, bigint, jsonb) IS
'Internal: notes down what administration has done.';

-- Numbers are not used again, also after the newest backup was deleted: each is noted down.
CREATE FUNCTION @extschema@.sm_backup(reason text DEFAULT NULL, user_id text DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    home text := (SELECT e.extnamespace::regnamespace::text FROM pg_extension AS e WHERE e.extname = 'session_memory');
    backup_id bigint;
    line text;
    lines bigint := 0;
    buffer text[] := '{}';
    size bigint := 0;
    part integer := 0;
    store text := format('INSERT INTO %s.sm_backup_part (backup_id, part, lines) VALUES ($1, $2, array_to_string($3, E''\n''))', home);
BEGIN
    IF user_id IS NOT NULL THEN
        EXECUTE format('SELECT %s._sm_check_name($1, ''user_id'')', home) USING user_id;
    END IF;
    EXECUTE format('SELECT %s._sm_lock_backups()', home);
    EXECUTE format('SELECT 1 + greatest((SELECT max(b.backup_id) FROM %1$s.sm_backup AS b), (SELECT max(a.backup_id) FROM %1$s.sm_audit AS a), 0)', home)
        INTO backup_id;
    FOR line IN EXECUTE format('SELECT l.line::text FROM %s.sm_export($1) AS l (line)', home) USING user_id LOOP
        IF size > 0 AND size + octet_length(line) > 1000000 THEN
            part := part + 1;
            EXECUTE store USING backup_id, part, buffer;
            buffer := '{}';
            size := 0;
        END IF;
        buffer := array_append(buffer, line);
        size := size + octet_length(line) + 1;
        lines := lines + 1;
    END LOOP;
    IF lines = 2 AND user_id IS NOT NULL THEN
        RAISE no_data_found USING
            MESSAGE = format('there is nothing of user "%s"', user_id),
            HINT = 'sm_users() lists the users that are known. Ids are compared letter by letter.';
    END IF;
    EXECUTE store USING backup_id, part + 1, buffer;
    EXECUTE format('INSERT INTO %1$s.sm_backup (backup_id, created_at, reason, user_id, lines, bytes) '
                   'SELECT $1, statement_timestamp(), $2, $3, $4, sum(pg_column_size(p.lines)) FROM %1$s.sm_backup_part AS p WHERE p.backup_id = $1', home)
        USING backup_id, reason, user_id, lines - 2;
    EXECUTE format('SELECT %s._sm_note(''backup'', $1, $2, jsonb_build_object(''lines'', $3))', home) USING user_id, backup_id, lines - 2;
    RETURN backup_id;
END $$;
COMMENT ON FUNCTION @extschema@.sm_backup(text, text) IS
'Keeps a copy of the memory, or of what there is of one user, in the database; returns its number.';

CREATE FUNCTION @extschema@.sm_backups()
RETURNS TABLE (backup_id bigint, created_at timestamptz, reason text, user_id text, bytes bigint, lines bigint)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 30
BEGIN ATOMIC
    SELECT b.backup_id, b.created_at, b.reason, b.user_id::text, b.bytes, b.lines
    FROM @extschema@.sm_backup AS b
    ORDER BY b.backup_id DESC;
END;
COMMENT ON FUNCTION @extschema@.sm_backups() IS
'The backups, the newest first: when, why, of whom, how large.';

CREATE FUNCTION @extschema@.sm_delete_backup(backup_id bigint)
RETURNS boolean LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    home text := (SELECT e.extnamespace::regnamespace::text FROM pg_extension AS e WHERE e.extname = 'session_memory');
    lines bigint;
BEGIN
    IF backup_id IS NULL THEN
        RAISE null_value_not_allowed USING
            MESSAGE = 'backup_id must not be null',
            HINT = 'sm_backups() lists the backups.';
    END IF;
    EXECUTE format('SELECT %s._sm_lock_backups()', home);
    EXECUTE format('DELETE FROM %s.sm_backup AS b WHERE b.backup_id = $1 RETURNING b.lines', home) INTO lines USING backup_id;
    IF lines IS NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('DELETE FROM %s.sm_backup_part AS p WHERE p.backup_id = $1', home) USING backup_id;
    EXECUTE format('SELECT %s._sm_note(''delete_backup'', NULL, $1, jsonb_build_object(''lines'', $2))', home) USING backup_id, lines;
    RETURN true;
END $$;
COMMENT ON FUNCTION @extschema@.sm_delete_backup(bigint) IS
'Removes a backup; returns whether there was one.';

-- Comes again later where somebody is at work on backups: the background worker waits for nobody.
CREATE FUNCTION @extschema@._sm_prune_backups(retention interval)
RETURNS bigint LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    WITH old AS MATERIALIZED (
        SELECT b.backup_id, b.lines
        FROM (SELECT 1 WHERE pg_try_advisory_xact_lock(8317708086087869299)) AS mine
        CROSS JOIN @extschema@.sm_backup AS b
        WHERE b.created_at <= statement_timestamp() - $1 AND $1 > '0'),
    gone AS (
        DELETE FROM @extschema@.sm_backup AS b USING old AS o WHERE b.backup_id = o.backup_id RETURNING b.backup_id),
    parts AS (
        DELETE FROM @extschema@.sm_backup_part AS p USING old AS o WHERE p.backup_id = o.backup_id),
    noted AS (
        INSERT INTO @extschema@.sm_audit (audit_id, at, what, by_role, counts)
        SELECT coalesce((SELECT max(a.audit_id) FROM @extschema@.sm_audit AS a), 0) + 1, statement_timestamp(), 'prune_backups', current_user,
               jsonb_build_object('backups', count(*), 'lines', sum(o.lines))
        FROM old AS o HAVING count(*) > 0)
    SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION @extschema@._sm_prune_backups(interval) IS
'Internal: removes backups that are older than an interval; returns how many.';

CREATE FUNCTION @extschema@.sm_restore(backup_id bigint, user_id text DEFAULT NULL, session_id text DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    home text := (SELECT e.extnamespace::regnamespace::text FROM pg_extension AS e WHERE e.extname = 'session_memory');
    known boolean;
    outcome jsonb;
BEGIN
    IF backup_id IS NULL THEN
        RAISE null_value_not_allowed USING
            MESSAGE = 'backup_id must not be null',
            HINT = 'sm_backups() lists the backups.';
    END IF;
    IF user_id IS NOT NULL THEN
        EXECUTE format('SELECT %s._sm_check_name($1, ''user_id'')', home) USING user_id;
    END IF;
    IF session_id IS NOT NULL THEN
        EXECUTE format('SELECT %s._sm_check_name($1, ''session_id'')', home) USING session_id;
    END IF;
    EXECUTE format('SELECT %s._sm_lock_administration()', home);
    EXECUTE format('SELECT EXISTS (SELECT FROM %s.sm_backup AS b WHERE b.backup_id = $1)', home) INTO known USING backup_id;
    IF NOT known THEN
        RAISE no_data_found USING
            MESSAGE = format('there is no backup %s', backup_id),
            HINT = 'sm_backups() lists the backups. Those older than session_memory.backup_retention have been removed.';
    END IF;
    EXECUTE format('SELECT %s._sm_merge($1, NULL, $2, $3)', home) INTO outcome USING backup_id, user_id, session_id;
    EXECUTE format('SELECT %s._sm_note(''restore'', $1, $2, $3)', home) USING user_id, backup_id, outcome -> 'tables';
    RETURN jsonb_build_object('backup_id', backup_id) || outcome;
END $$;
COMMENT ON FUNCTION @extschema@.sm_restore(bigint, text, text) IS
'Brings back what a backup has more than the memory: all, what is of a user, or a session. What exists and differs stays, and is reported.';
