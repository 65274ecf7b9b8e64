-- Artifacts: models, data sets, vector stores … of a session, and the files that they leave behind --

CREATE TABLE @extschema@.sm_artifact (
    session_id text COLLATE "C" NOT NULL,
    kind       text COLLATE "C" NOT NULL,
    name       text COLLATE "C" NOT NULL,
    data       jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT sm_artifact_pkey PRIMARY KEY (session_id, kind, name)
) WITH (fillfactor = 80);

COMMENT ON TABLE @extschema@.sm_artifact IS 'What sessions have produced or use: models, data sets, vector stores …';
COMMENT ON COLUMN @extschema@.sm_artifact.session_id IS 'The session it belongs to, and goes with.';
COMMENT ON COLUMN @extschema@.sm_artifact.kind IS 'model, dataset, vector_store or another, 1 to 63 characters.';
COMMENT ON COLUMN @extschema@.sm_artifact.name IS 'Its name among those of its kind in the session, 1 to 255 characters.';
COMMENT ON COLUMN @extschema@.sm_artifact.data IS 'A JSON object: metrics, paths, handles …';
COMMENT ON COLUMN @extschema@.sm_artifact.created_at IS 'When it was first saved.';
COMMENT ON COLUMN @extschema@.sm_artifact.updated_at IS 'When it was last saved.';

-- The files that artifacts name, a row each, since two questions are asked of them that the JSON
-- cannot answer fast: which files does a session leave behind, and does any artifact still name this
-- one. The second goes by hash index: it takes names of any length, and forgets those that are gone.
CREATE TABLE @extschema@.sm_artifact_file (
    session_id text COLLATE "C" NOT NULL,
    kind       text COLLATE "C" NOT NULL,
    name       text COLLATE "C" NOT NULL,
    number     bigint NOT NULL,
    uri        text COLLATE "C" NOT NULL,
    CONSTRAINT sm_artifact_file_pkey PRIMARY KEY (session_id, kind, name, number)
);

CREATE INDEX sm_artifact_file_uri_idx ON @extschema@.sm_artifact_file USING hash (uri);

COMMENT ON TABLE @extschema@.sm_artifact_file IS 'Which files and URIs artifacts name.';
COMMENT ON COLUMN @extschema@.sm_artifact_file.session_id IS 'The session of the artifact.';
COMMENT ON COLUMN @extschema@.sm_artifact_file.kind IS 'Its kind.';
COMMENT ON COLUMN @extschema@.sm_artifact_file.name IS 'Its name.';
COMMENT ON COLUMN @extschema@.sm_artifact_file.number IS 'Tells the files of one artifact apart.';
COMMENT ON COLUMN @extschema@.sm_artifact_file.uri IS 'The file, as the artifact names it.';
COMMENT ON INDEX @extschema@.sm_artifact_file_uri_idx IS 'Whether any artifact names a file.';

-- Files that an artifact has left behind. Whoever removes an artifact puts its files here without
-- asking who else names them: two who remove the last two names at once would each see the other's.
-- Whether a file is still named is found out when it is handed out. Rows are their session's own, so
-- that those who remove artifacts meet nobody here.
CREATE TABLE @extschema@.sm_orphan (
    session_id text COLLATE "C" NOT NULL,
    orphan_id  uuid NOT NULL DEFAULT gen_random_uuid(),
    kind       text COLLATE "C" NOT NULL,
    name       text COLLATE "C" NOT NULL,
    uri        text COLLATE "C" NOT NULL,
    due_at     timestamptz NOT NULL,
    CONSTRAINT sm_orphan_pkey PRIMARY KEY (session_id, orphan_id)
);

CREATE INDEX sm_orphan_due_at_idx ON @extschema@.sm_orphan (due_at);
CREATE INDEX sm_orphan_uri_idx ON @extschema@.sm_orphan USING hash (uri);

COMMENT ON TABLE @extschema@.sm_orphan IS 'Files and URIs whose artifact is gone, for the application to remove.';
COMMENT ON COLUMN @extschema@.sm_orphan.session_id IS 'The session of the artifact that named it.';
COMMENT ON COLUMN @extschema@.sm_orphan.orphan_id IS 'Tells the orphans of a session apart.';
COMMENT ON COLUMN @extschema@.sm_orphan.kind IS 'The artifact''s kind.';
COMMENT ON COLUMN @extschema@.sm_orphan.name IS 'The artifact''s name.';
COMMENT ON COLUMN @extschema@.sm_orphan.uri IS 'The file, as the artifact named it.';
COMMENT ON COLUMN @extschema@.sm_orphan.due_at IS 'Since when it may be handed out, or until when a cleaner has claimed it.';
COMMENT ON INDEX @extschema@.sm_orphan_due_at_idx IS 'The work list of the application''s cleaner.';
COMMENT ON INDEX @extschema@.sm_orphan_uri_idx IS 'Where a file is on the list.';

SELECT pg_catalog.pg_extension_config_dump('@extschema@.sm_artifact', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.sm_artifact_file', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.sm_orphan', '');

-- Under the row locks of the sessions, like everything that changes what is theirs.
CREATE FUNCTION @extschema@._sm_remove_artifacts(session_ids text[])
RETURNS bigint LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    WITH artifacts AS (
        DELETE FROM @extschema@.sm_artifact AS a WHERE a.session_id = ANY ($1) RETURNING 1),
    files AS (
        DELETE FROM @extschema@.sm_artifact_file AS f WHERE f.session_id = ANY ($1)
        RETURNING f.session_id, f.kind, f.name, f.uri),
    orphans AS (
        INSERT INTO @extschema@.sm_orphan (session_id, kind, name, uri, due_at)
        SELECT f.session_id, f.kind, f.name, f.uri, statement_timestamp() FROM files AS f)
    SELECT count(*) FROM artifacts;
END;
COMMENT ON FUNCTION @extschema@._sm_remove_artifacts(text[]) IS
'Internal: removes the artifacts of locked sessions, and leaves their files on the list of orphans; returns how many artifacts.';

-- Saving and reading --------------------------------------------------------------------------------

CREATE FUNCTION @extschema@._sm_check_artifact(session_id text, kind text, name text)
RETURNS integer LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_check_artifact';
COMMENT ON FUNCTION @extschema@._sm_check_artifact(text, text, text) IS
'Internal: what names an artifact, checked; returns 1.';

CREATE FUNCTION @extschema@._sm_check_artifacts(session_id text, kind text)
RETURNS integer LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_check_artifacts';
COMMENT ON FUNCTION @extschema@._sm_check_artifacts(text, text) IS
'Internal: the arguments of sm_artifacts, checked; returns NULL.';

CREATE FUNCTION @extschema@._sm_files(data jsonb)
RETURNS text[] LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_files';
COMMENT ON FUNCTION @extschema@._sm_files(jsonb) IS
'Internal: the files and URIs that an artifact names.';

CREATE FUNCTION @extschema@._sm_name_files(files text[])
RETURNS void LANGUAGE c VOLATILE PARALLEL UNSAFE STRICT AS 'MODULE_PATHNAME', 'sm_name_files';
COMMENT ON FUNCTION @extschema@._sm_name_files(text[]) IS
'Internal: until the transaction ends, nobody hands these files out for removal.';

-- The session's row is locked. The file lock comes first: whoever hands out orphans either sees the
-- names that are put down here, or finds the lock taken.
CREATE FUNCTION @extschema@._sm_put_artifact(session_id text, kind text, name text, data jsonb, created_at timestamptz,
                                             updated_at timestamptz)
RETURNS void LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT @extschema@._sm_name_files(@extschema@._sm_files($4));
    INSERT INTO @extschema@.sm_artifact (session_id, kind, name, data, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (session_id, kind, name) DO UPDATE SET data = EXCLUDED.data, updated_at = EXCLUDED.updated_at;
    UPDATE @extschema@.sm_artifact AS a
    SET data = jsonb_set(a.data, '{active}', 'false'), updated_at = $6
    WHERE $2 = 'vector_store' AND $4 @> '{"active": true}'
      AND a.session_id = $1 AND a.kind = $2 AND a.name <> $3 AND a.data @> '{"active": true}';
    WITH gone AS (
        DELETE FROM @extschema@.sm_artifact_file AS f
        WHERE f.session_id = $1 AND f.kind = $2 AND f.name = $3
          AND NOT EXISTS (SELECT FROM unnest(@extschema@._sm_files($4)) AS n (uri) WHERE n.uri = f.uri)
        RETURNING f.uri)
    INSERT INTO @extschema@.sm_orphan (session_id, kind, name, uri, due_at)
    SELECT $1, $2, $3, g.uri, statement_timestamp() FROM gone AS g;
    INSERT INTO @extschema@.sm_artifact_file (session_id, kind, name, number, uri)
    SELECT $1, $2, $3, o.last_number + row_number() OVER (ORDER BY n.uri), n.uri
    FROM (SELECT DISTINCT u.uri COLLATE "C" FROM unnest(@extschema@._sm_files($4)) AS u (uri)) AS n (uri)
    CROSS JOIN (SELECT coalesce(max(f.number), 0) FROM @extschema@.sm_artifact_file AS f
                WHERE f.session_id = $1 AND f.kind = $2 AND f.name = $3) AS o (last_number)
    WHERE NOT EXISTS (SELECT FROM @extschema@.sm_artifact_file AS f
                      WHERE f.session_id = $1 AND f.kind = $2 AND f.name = $3 AND f.uri = n.uri);
END;
COMMENT ON FUNCTION @extschema@._sm_put_artifact(text, text, text, jsonb, timestamptz, timestamptz) IS
'Internal: saves an artifact of a locked session, with the files that it names.';

CREATE FUNCTION @extschema@._sm_drop_artifact(session_id text, kind text, name text)
RETURNS boolean LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    WITH gone AS (
        DELETE FROM @extschema@.sm_artifact_file AS f
        WHERE f.session_id = $1 AND f.kind = $2 AND f.name = $3
        RETURNING f.uri)
    INSERT INTO @extschema@.sm_orphan (session_id, kind, name, uri, due_at)
    SELECT $1, $2, $3, g.uri, statement_timestamp() FROM gone AS g;
    WITH gone AS (
        DELETE FROM @extschema@.sm_artifact AS a
        WHERE a.session_id = $1 AND a.kind = $2 AND a.name = $3
        RETURNING 1)
    SELECT count(*) > 0 FROM gone;
END;
COMMENT ON FUNCTION @extschema@._sm_drop_artifact(text, text, text) IS
'Internal: removes an artifact of a locked session; returns whether there was one.';

CREATE FUNCTION @extschema@.sm_save_artifact(session_id text, kind text, name text, data jsonb)
RETURNS void LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sm_save_artifact';
COMMENT ON FUNCTION @extschema@.sm_save_artifact(text, text, text, jsonb) IS
'Saves an artifact of a session, which is created if need be; what it had of that kind and name is replaced.';

CREATE FUNCTION @extschema@.sm_artifact(session_id text, kind text, name text)
RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT a.data
    FROM @extschema@.sm_artifact AS a
    JOIN @extschema@.sm_session AS s ON s.session_id = a.session_id
    WHERE a.session_id = $1 AND a.kind = $2 AND a.name = $3
      AND @extschema@._sm_session_end(s.last_activity_at, s.ttl, s.idle_timeout, s.ended_at, @extschema@._sm_default_ttl(),
                                      @extschema@._sm_default_idle_timeout()) > statement_timestamp()
    LIMIT @extschema@._sm_check_artifact($1, $2, $3);
END;
COMMENT ON FUNCTION @extschema@.sm_artifact(text, text, text) IS
'An artifact of a living session; NULL where there is none.';

CREATE TYPE @extschema@.sm_artifact_row AS (kind text, name text, data jsonb, created_at timestamptz, updated_at timestamptz);
COMMENT ON TYPE @extschema@.sm_artifact_row IS 'A row of sm_artifacts.';

CREATE FUNCTION @extschema@.sm_artifacts(session_id text, kind text DEFAULT NULL)
RETURNS SETOF @extschema@.sm_artifact_row LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
    SELECT a.kind::text, a.name::text, a.data, a.created_at, a.updated_at
    FROM @extschema@.sm_artifact AS a
    JOIN @extschema@.sm_session AS s ON s.session_id = a.session_id
    WHERE a.session_id = $1 AND ($2 IS NULL OR a.kind = $2)
      AND @extschema@._sm_session_end(s.last_activity_at, s.ttl, s.idle_timeout, s.ended_at, @extschema@._sm_default_ttl(),
                                      @extschema@._sm_default_idle_timeout()) > statement_timestamp()
    ORDER BY a.kind, a.name
    LIMIT @extschema@._sm_check_artifacts($1, $2);
END;
COMMENT ON FUNCTION @extschema@.sm_artifacts(text, text) IS
'The artifacts of a living session, all or those of a kind, in the order of kind and name.';

CREATE FUNCTION @extschema@.sm_delete_artifact(session_id text, kind text, name text)
RETURNS boolean LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sm_delete_artifact';
COMMENT ON FUNCTION @extschema@.sm_delete_artifact(text, text, text) IS
'Removes an artifact; returns whether there was one. Its files go onto the list of orphans.';

-- Orphans ---------------------------------------------------------------------------------------------

CREATE FUNCTION @extschema@.sm_claim_orphans(max_results integer DEFAULT 100)
RETURNS TABLE (session_id text, kind text, name text, uri text)
LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 100 AS 'MODULE_PATHNAME', 'sm_claim_orphans';
COMMENT ON FUNCTION @extschema@.sm_claim_orphans(integer) IS
'Hands out files whose artifact is gone and that no artifact names, each to one caller for 10 minutes.';

CREATE FUNCTION @extschema@.sm_confirm_orphans(uris text[])
RETURNS SETOF text
LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 100 AS 'MODULE_PATHNAME', 'sm_confirm_orphans';
COMMENT ON FUNCTION @extschema@.sm_confirm_orphans(text[]) IS
'Takes files off the list of orphans; returns those that no artifact names, which are the caller''s to remove.';
