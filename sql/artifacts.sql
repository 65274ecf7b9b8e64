-- Artifacts: saved, replaced, read and removed, with one active vector store a session.
\i sql/fixture/begin.sql

-- Saved, read and listed, in the order of kind and name; a session comes with its first artifact.
SELECT sm_save_artifact('analysis', 'model', 'churn', '{"metrics": {"auc": 0.91}, "model_path": "/models/churn-1.pkl", "preprocessor_path": "/models/churn-prep.pkl"}');
SELECT sm_save_artifact('analysis', 'dataset', 'customers', '{"path": "s3://data/customers.parquet", "rows": 7043}');
SELECT sm_save_artifact('analysis', 'model', 'Zeta', '{}'), sm_save_artifact('analysis', 'plot', 'roc', '{"é": [1, {"deep": null}]}'), sm_save_artifact('other', 'model', 'churn', '{"of": "another session"}');
SELECT sm_artifact('analysis', 'model', 'churn'), sm_artifact('analysis', 'plot', 'roc');
SELECT kind, name, data, created_at = updated_at AS new, created_at > now() - interval '1 minute' AS now FROM sm_artifacts('analysis');
SELECT kind, name FROM sm_artifacts('analysis', 'model');
SELECT interactions, user_id FROM sm_stats('analysis');
-- What is not there.
SELECT sm_artifact('analysis', 'model', 'none'), sm_artifact('analysis', 'none', 'churn'), sm_artifact('none', 'model', 'churn'), (SELECT count(*) FROM sm_artifacts('none')) AS none, (SELECT count(*) FROM sm_artifacts('analysis', 'none')) AS none;

-- Saved again: replaced as a whole, and only that one; it keeps the time of its creation.
UPDATE sm_artifact SET created_at = '2026-01-01', updated_at = '2026-01-01' WHERE session_id = 'analysis';
SELECT sm_save_artifact('analysis', 'model', 'churn', '{"metrics": {"auc": 0.93}}');
SELECT kind, name, data, created_at, updated_at > now() - interval '1 minute' AS now FROM sm_artifacts('analysis', 'model');
SELECT sm_artifact('other', 'model', 'churn');

-- Removed, once.
SELECT sm_delete_artifact('analysis', 'model', 'churn');
SELECT sm_delete_artifact('analysis', 'model', 'churn');
SELECT sm_delete_artifact('analysis', 'model', 'CHURN'), sm_delete_artifact('none', 'model', 'churn');
SELECT kind, name FROM sm_artifacts('analysis');
SELECT sm_artifact('other', 'model', 'churn') IS NOT NULL AS others_stay;

-- The active vector store of a session: the one last saved as active. Nothing else is touched by it.
SELECT sm_save_artifact('rag', 'vector_store', 'faq', '{"handle": "pinecone:faq", "active": true}'), sm_save_artifact('elsewhere', 'vector_store', 'faq', '{"active": true}'), sm_save_artifact('rag', 'index', 'x', '{"active": true}');
CREATE VIEW pg_temp.active AS SELECT s.id, a.kind, a.name, a.data->'active' AS active FROM unnest(ARRAY['rag', 'elsewhere']) AS s (id) CROSS JOIN sm_artifacts(s.id) AS a ORDER BY s.id, a.kind, a.name;
SELECT sm_save_artifact('rag', 'vector_store', 'manual', '{"handle": {"engine": "chroma", "collection": 7}, "active": true}');
SELECT * FROM pg_temp.active;
SELECT name, data->'handle' AS handle FROM sm_artifacts('rag', 'vector_store') WHERE data @> '{"active": true}';
SELECT sm_save_artifact('rag', 'vector_store', 'third', '{"active": false}'), sm_save_artifact('rag', 'vector_store', 'fourth', '{"active": "true"}'), sm_save_artifact('rag', 'vector_store', 'fifth', '{}');
SELECT * FROM pg_temp.active WHERE id = 'rag';
UPDATE sm_artifact SET updated_at = '2026-01-01' WHERE session_id = 'rag';
SELECT sm_save_artifact('rag', 'vector_store', 'faq', '{"handle": "pinecone:faq", "active": true}');
SELECT name, data, updated_at > now() - interval '1 minute' AS changed FROM sm_artifacts('rag', 'vector_store');
SELECT sm_save_artifact('rag', 'vector_store', 'faq', '{"handle": "pinecone:faq", "active": false}');
SELECT count(*) AS active FROM sm_artifacts('rag', 'vector_store') WHERE data @> '{"active": true}';

-- Any name, and up to a megabyte.
SELECT sm_save_artifact(repeat('ü', 255), repeat('K', 63), repeat('語', 255), jsonb_build_object('x', repeat('x', 1048000)));
SELECT length(kind) AS kind, length(name) AS name, length(data->>'x') AS x FROM sm_artifacts(repeat('ü', 255));
SELECT sm_delete_artifact(repeat('ü', 255), repeat('K', 63), repeat('語', 255));

-- Saving and removing are activity; reading is none.
SELECT sm_create_session('slides', idle_timeout => '1 hour'), sm_save_artifact('slides', 'model', 'm', '{}');
UPDATE sm_session SET last_activity_at = now() - interval '50 minutes' WHERE session_id = 'slides';
SELECT sm_artifact('slides', 'model', 'm') IS NOT NULL AS there, (SELECT count(*) FROM sm_artifacts('slides')) AS artifacts, (SELECT last_activity_at < now() - interval '49 minutes' FROM sm_session WHERE session_id = 'slides') AS untouched;
SELECT sm_delete_artifact('slides', 'model', 'none'), (SELECT last_activity_at < now() - interval '49 minutes' FROM sm_session WHERE session_id = 'slides') AS untouched;
SELECT sm_save_artifact('slides', 'model', 'm', '{}');
SELECT last_activity_at > now() - interval '1 minute' AS touched FROM sm_session WHERE session_id = 'slides';
UPDATE sm_session SET last_activity_at = now() - interval '50 minutes' WHERE session_id = 'slides';
SELECT sm_delete_artifact('slides', 'model', 'm');
SELECT last_activity_at > now() - interval '1 minute' AS touched FROM sm_session WHERE session_id = 'slides';

-- With the session, artifacts expire: at once, and before anybody has removed them.
SELECT sm_save_artifact('slides', 'model', 'm', '{"model_path": "/models/m"}');
UPDATE sm_session SET last_activity_at = now() - interval '61 minutes' WHERE session_id = 'slides';
SELECT sm_artifact('slides', 'model', 'm'), (SELECT count(*) FROM sm_artifacts('slides')) AS artifacts, sm_delete_artifact('slides', 'model', 'm'), (SELECT count(*) FROM sm_artifact WHERE session_id = 'slides') AS stored;

-- A session that has ended keeps its artifacts, and they can be read; it is closed to writing.
SELECT sm_save_artifact('ended', 'model', 'm', '{"v": 1}');
SELECT sm_end_session('ended') IS NOT NULL AS ended;
SELECT pg_temp.fails($$SELECT sm_save_artifact('ended', 'model', 'm', '{"v": 2}')$$) AS saving, pg_temp.fails($$SELECT sm_delete_artifact('ended', 'model', 'm')$$) AS removing, sm_artifact('ended', 'model', 'm');

-- Errors, which change nothing.
CREATE VIEW pg_temp.everything AS SELECT md5(concat((SELECT string_agg(a::text, ',' ORDER BY a::text) FROM sm_artifact AS a), (SELECT string_agg(f::text, ',' ORDER BY f::text) FROM sm_artifact_file AS f), (SELECT string_agg(s::text, ',' ORDER BY s::text) FROM sm_session AS s)));
SELECT md5 AS before FROM pg_temp.everything \gset
SELECT pg_temp.fails(format('SELECT %s', c.call)) AS error, c.call
FROM unnest(ARRAY[$$sm_save_artifact(NULL, 'k', 'n', '{}')$$, $$sm_save_artifact('s', NULL, 'n', '{}')$$, $$sm_save_artifact('s', 'k', NULL, '{}')$$, $$sm_save_artifact('s', 'k', 'n', NULL)$$,
                  $$sm_save_artifact('', 'k', 'n', '{}')$$, $$sm_save_artifact('s', '', 'n', '{}')$$, $$sm_save_artifact('s', 'k', '', '{}')$$,
                  $$sm_save_artifact(repeat('s', 256), 'k', 'n', '{}')$$, $$sm_save_artifact('s', repeat('k', 64), 'n', '{}')$$, $$sm_save_artifact('s', 'k', repeat('n', 256), '{}')$$,
                  $$sm_save_artifact('s', 'k', 'n', '[]')$$, $$sm_save_artifact('s', 'k', 'n', '"x"')$$, $$sm_save_artifact('s', 'k', 'n', 'null')$$,
                  $$sm_save_artifact('s', 'k', 'n', jsonb_build_object('x', repeat('x', 1048576)))$$,
                  $$sm_artifact(NULL, 'k', 'n')$$, $$sm_artifact('s', NULL, 'n')$$, $$sm_artifact('s', 'k', NULL)$$, $$sm_artifact('', 'k', 'n')$$, $$sm_artifact('s', repeat('k', 64), 'n')$$, $$sm_artifact('s', 'k', repeat('n', 256))$$,
                  $$sm_artifacts(NULL)$$, $$sm_artifacts('')$$, $$sm_artifacts('s', '')$$, $$sm_artifacts('s', repeat('k', 64))$$,
                  $$sm_delete_artifact(NULL, 'k', 'n')$$, $$sm_delete_artifact('s', NULL, 'n')$$, $$sm_delete_artifact('s', 'k', NULL)$$, $$sm_delete_artifact('s', 'k', '')$$, $$sm_delete_artifact('s', repeat('k', 64), 'n')$$]) AS c (call);
SELECT md5 = :'before' AS unchanged FROM pg_temp.everything;

-- Roles: a reader reads, a writer writes, nobody else does either.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['regress_sm_reader', 'regress_sm_writer', 'regress_sm_none'] LOOP
        IF to_regrole(name) IS NOT NULL THEN EXECUTE format('DROP OWNED BY %I', name); END IF;
        EXECUTE format('DROP ROLE IF EXISTS %I', name);
        EXECUTE format('CREATE ROLE %I', name);
    END LOOP;
END $$;
SELECT sm_grant('regress_sm_reader', 'reader'), sm_grant('regress_sm_writer', 'writer');
GRANT EXECUTE ON FUNCTION pg_temp.fails TO PUBLIC;
SET ROLE regress_sm_reader;
SELECT sm_artifact('other', 'model', 'churn'), (SELECT count(*) FROM sm_artifacts('analysis')) AS artifacts;
SELECT left(pg_temp.fails($$SELECT sm_save_artifact('other', 'model', 'churn', '{}')$$), 5) AS saving, left(pg_temp.fails($$SELECT sm_delete_artifact('other', 'model', 'churn')$$), 5) AS removing,
       left(pg_temp.fails($$SELECT sm_claim_orphans()$$), 5) AS claiming, left(pg_temp.fails($$SELECT sm_confirm_orphans('{}')$$), 5) AS confirming,
       left(pg_temp.fails($$SELECT _sm_put_artifact('other', 'model', 'churn', '{}', now(), now())$$), 5) AS within, left(pg_temp.fails($$SELECT _sm_remove_artifacts('{other}')$$), 5) AS within;
SET ROLE regress_sm_writer;
SELECT sm_save_artifact('by writer', 'model', 'm', '{"path": "/w"}'), sm_save_artifact('by writer', 'model', 'm', '{}');
SELECT sm_artifact('by writer', 'model', 'm'), (SELECT count(*) FROM sm_claim_orphans() WHERE uri = '/w') AS claimed, (SELECT * FROM sm_confirm_orphans('{/w}')) AS confirmed, sm_delete_artifact('by writer', 'model', 'm');
SET ROLE regress_sm_none;
SELECT left(pg_temp.fails($$SELECT sm_artifact('other', 'model', 'churn')$$), 5) AS reading, left(pg_temp.fails($$SELECT sm_save_artifact('other', 'model', 'churn', '{}')$$), 5) AS saving;
RESET ROLE;

-- In a read-only transaction only reading is possible.
BEGIN READ ONLY;
SELECT sm_artifact('other', 'model', 'churn'), left(pg_temp.fails($$SELECT sm_save_artifact('other', 'model', 'churn', '{}')$$), 5) AS saving, left(pg_temp.fails($$SELECT sm_delete_artifact('other', 'model', 'churn')$$), 5) AS removing;
ROLLBACK;

DROP OWNED BY regress_sm_reader, regress_sm_writer;
DROP ROLE regress_sm_reader, regress_sm_writer, regress_sm_none;
