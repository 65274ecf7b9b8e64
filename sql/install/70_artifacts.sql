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
    number     integer NOT NULL,
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
