-- Orphans: the files of artifacts that are gone, handed out once no artifact names them.
\i sql/fixture/begin.sql
CREATE VIEW pg_temp.listed AS SELECT session_id, kind, name, uri, due_at > statement_timestamp() AS claimed FROM sm_orphan ORDER BY uri, session_id, kind, name;
CREATE FUNCTION pg_temp.claimed(most int DEFAULT 100) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(c.uri, ' ' ORDER BY c.uri) FROM sm_claim_orphans(most) AS c $$;
CREATE FUNCTION pg_temp.confirmed(uris text[]) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(c, ' ' ORDER BY c) FROM sm_confirm_orphans(uris) AS c $$;

-- Which files an artifact names.
SELECT _sm_files('{"path": "a", "uri": "b", "url": "c", "model_path": "d", "source_uri": "e", "docs_url": "f"}');
SELECT _sm_files('{"Path": "a", "xpath": "b", "paths": "c", "path_": "d", "model-path": "e", "curl": "f", "file": "g", "path ": "h", "": "i", "_path": "named"}');
SELECT _sm_files('{"path": "", "uri": null, "url": 5, "a_path": true, "b_path": {}, "c_path": []}');
SELECT _sm_files('{"path": ["a", "", ["b", null, 7], {"x": "not", "url": "c"}], "parts": [{"path": "d"}, {"more": {"uri": "e"}}], "texts": ["f"], "g_path": {"not": "h"}}');
SELECT _sm_files('{"path": "twice", "uri": "twice"}'), _sm_files('{}'), _sm_files('["path"]');

-- Removed, and the file is left on the list; handed out once, and confirmed it is gone.
SELECT sm_save_artifact('one', 'model', 'm', '{"model_path": "/m/1", "preprocessor_path": "/m/p", "again_path": "/m/1"}');
SELECT session_id, kind, name, uri FROM sm_artifact_file ORDER BY uri;
SELECT pg_temp.claimed();
SELECT sm_delete_artifact('one', 'model', 'm');
SELECT * FROM pg_temp.listed;
SELECT * FROM sm_claim_orphans() ORDER BY uri;
SELECT * FROM sm_claim_orphans();
SELECT * FROM pg_temp.listed;
SELECT * FROM sm_confirm_orphans(ARRAY['/m/1', '/m/p', '/never/there']);
SELECT * FROM sm_confirm_orphans(ARRAY['/m/1', '/m/p']);
SELECT count(*) AS listed FROM sm_orphan;

-- Leased for ten minutes: then they are handed out again, until they are confirmed.
SELECT sm_save_artifact('one', 'dataset', 'd', '{"path": "/d/1"}'), sm_delete_artifact('one', 'dataset', 'd');
SELECT pg_temp.claimed(), pg_temp.claimed();
SELECT due_at - statement_timestamp() BETWEEN '9 minutes' AND '10 minutes' AS for_ten_minutes FROM sm_orphan;
UPDATE sm_orphan SET due_at = due_at - interval '10 minutes';
SELECT pg_temp.claimed(), pg_temp.claimed();
SELECT pg_temp.confirmed('{/d/1}');
-- Confirmed without having been claimed: whoever says so has removed it.
SELECT sm_save_artifact('one', 'dataset', 'd', '{"path": "/d/2"}'), sm_delete_artifact('one', 'dataset', 'd'), pg_temp.confirmed('{/d/2}'), pg_temp.claimed();

-- Replaced: the files that it names no more, and those only.
SELECT sm_save_artifact('one', 'model', 'm', '{"path": ["/r/1", "/r/2", "/r/3"]}'), sm_save_artifact('one', 'model', 'm', '{"path": ["/r/4", "/r/2"], "url": "/r/5"}');
SELECT uri FROM sm_artifact_file ORDER BY uri;
SELECT uri FROM pg_temp.listed;
SELECT sm_save_artifact('one', 'model', 'm', '{"path": ["/r/4", "/r/2"], "url": "/r/5", "v": 2}'), pg_temp.claimed();
SELECT sm_save_artifact('one', 'model', 'm', '{}'), pg_temp.claimed();
SELECT count(*) AS named FROM sm_artifact_file;
SELECT pg_temp.confirmed('{/r/1,/r/2,/r/3,/r/4,/r/5}');
SELECT count(*) AS listed FROM sm_orphan;

-- Still named by an artifact of any session, it stays; the last one to go leaves it.
SELECT sm_save_artifact('one', 'dataset', 'd', '{"path": "/shared"}'), sm_save_artifact('two', 'dataset', 'd', '{"source_url": "/shared"}'), sm_save_artifact('two', 'model', 'm', '{"trained_on": [{"path": "/shared"}]}');
SELECT sm_delete_artifact('one', 'dataset', 'd'), pg_temp.claimed(), pg_temp.confirmed('{/shared}');
SELECT sm_delete_artifact('two', 'dataset', 'd'), pg_temp.claimed();
SELECT sm_delete_artifact('two', 'model', 'm');
SELECT * FROM sm_claim_orphans();
SELECT pg_temp.confirmed('{/shared}');
SELECT count(*) AS listed FROM sm_orphan;

-- Saved again while it is on the list, or after it was claimed: it is in use, and off the list.
SELECT sm_save_artifact('one', 'dataset', 'd', '{"path": "/back"}'), sm_delete_artifact('one', 'dataset', 'd'), sm_save_artifact('two', 'dataset', 'd', '{"path": "/back"}');
SELECT pg_temp.claimed();
SELECT count(*) AS listed FROM sm_orphan;
SELECT sm_delete_artifact('two', 'dataset', 'd'), pg_temp.claimed(), sm_save_artifact('two', 'dataset', 'd', '{"path": "/back"}');
SELECT pg_temp.confirmed('{/back}');
SELECT count(*) AS listed FROM sm_orphan;
SELECT sm_delete_artifact('two', 'dataset', 'd'), pg_temp.claimed(), pg_temp.confirmed('{/back}');

-- Left behind by several artifacts, it is handed out once.
SELECT sm_save_artifact(s, 'dataset', 'd', '{"path": "/many"}') FROM unnest(ARRAY['one', 'two', 'three']) AS s;
SELECT sm_delete_artifact(s, 'dataset', 'd') FROM unnest(ARRAY['one', 'two', 'three']) AS s;
SELECT count(*) AS listed FROM sm_orphan;
SELECT pg_temp.claimed(), pg_temp.claimed(1);
SELECT count(*) FILTER (WHERE due_at > now()) AS claimed, count(*) AS listed FROM sm_orphan;
SELECT pg_temp.confirmed('{/many}');
SELECT count(*) AS listed FROM sm_orphan;

-- As many as are wanted, the oldest first, and never the same twice.
SELECT sm_save_artifact('one', 'dataset', 'd', jsonb_build_object('path', (SELECT jsonb_agg('/n/' || n) FROM generate_series(1, 250) AS n))), sm_delete_artifact('one', 'dataset', 'd');
SELECT sm_save_artifact('one', 'dataset', 'd', '{"path": "/old"}'), sm_delete_artifact('one', 'dataset', 'd');
UPDATE sm_orphan SET due_at = now() - interval '1 day' WHERE uri = '/old';
SELECT pg_temp.claimed(0), pg_temp.claimed(1);
SELECT count(*), count(DISTINCT uri) FROM (SELECT * FROM sm_claim_orphans() UNION ALL SELECT * FROM sm_claim_orphans(7)) AS c;
SELECT count(*) FROM sm_claim_orphans(1000);
SELECT count(*) FROM sm_confirm_orphans((SELECT array_agg('/n/' || n) FROM generate_series(1, 250) AS n));
SELECT pg_temp.confirmed('{/old}');
-- Files in use at the head of the list are no hindrance: they go off it.
SELECT sm_save_artifact('one', 'dataset', 'd', jsonb_build_object('path', (SELECT jsonb_agg('/u/' || n) FROM generate_series(1, 250) AS n))), sm_delete_artifact('one', 'dataset', 'd');
SELECT sm_save_artifact('one', 'dataset', 'd', jsonb_build_object('path', (SELECT jsonb_agg('/u/' || n) FROM generate_series(1, 249) AS n)));
UPDATE sm_orphan SET due_at = now() + interval '1 microsecond' WHERE uri = '/u/250';
SELECT pg_temp.claimed(1);
SELECT count(*) AS listed FROM sm_orphan;
SELECT pg_temp.confirmed('{/u/250}');
SELECT sm_save_artifact('one', 'dataset', 'd', '{}'), (SELECT count(*) FROM sm_claim_orphans(1000)) AS claimed;
SELECT count(*) AS confirmed FROM sm_confirm_orphans((SELECT array_agg('/u/' || n) FROM generate_series(1, 249) AS n));

-- Names of any length and letters, and tens of thousands of them in one transaction.
SELECT sm_save_artifact('long', 'dataset', 'd', jsonb_build_object('url', 'data:' || repeat('語', 100000))), sm_delete_artifact('long', 'dataset', 'd');
SELECT length(uri) FROM sm_claim_orphans();
SELECT length(c) AS confirmed FROM sm_confirm_orphans(ARRAY['data:' || repeat('語', 100000)]) AS c;
SELECT sm_save_artifact('long', 'dataset', 'd', jsonb_build_object('path', (SELECT jsonb_agg(n::text) FROM generate_series(1, 20000) AS n)));
SELECT sm_delete_artifact('long', 'dataset', 'd');
SELECT count(*) FROM sm_claim_orphans(20000);
SELECT count(*) FROM sm_claim_orphans(20000);
SELECT count(*) FROM sm_confirm_orphans((SELECT array_agg(n::text) FROM generate_series(1, 20000) AS n));
SELECT count(*) AS listed FROM sm_orphan;

-- Rolled back, nothing has happened.
SELECT sm_save_artifact('one', 'dataset', 'd', '{"path": "/kept"}');
BEGIN;
SELECT sm_delete_artifact('one', 'dataset', 'd'), pg_temp.claimed(), pg_temp.confirmed('{/kept}');
ROLLBACK;
SELECT pg_temp.claimed(), sm_artifact('one', 'dataset', 'd');
SELECT count(*) AS listed FROM sm_orphan;

-- With a session its artifacts go, however it goes; the files of its artifacts stay behind.
SELECT sm_save_artifact(s, 'model', 'm', jsonb_build_object('model_path', '/' || s)), sm_save_artifact(s, 'vector_store', 'v', '{"handle": 1}') FROM unnest(ARRAY['cleared', 'expired', 'pruned', 'anew', 'stays']) AS s;
SELECT sm_clear('cleared'), sm_clear('cleared');
SELECT pg_temp.claimed(), sm_artifact('cleared', 'model', 'm');
UPDATE sm_session SET created_at = now() - interval '2 days', last_activity_at = now() - interval '2 days' WHERE session_id IN ('expired', 'pruned', 'anew');
SELECT pg_temp.claimed(), sm_artifact('anew', 'model', 'm');
-- A new life under an old id has none of the artifacts of the old.
SELECT sm_add('anew', 'q', 'a');
SELECT sm_artifact('anew', 'model', 'm'), (SELECT count(*) FROM sm_artifacts('anew')) AS artifacts, pg_temp.claimed();
SELECT sm_prune(session_id => 'pruned'), sm_clear('pruned'), pg_temp.claimed();
SELECT sm_prune(), pg_temp.claimed();
SELECT session_id, kind, name FROM sm_artifact WHERE session_id IN ('cleared', 'expired', 'pruned', 'anew', 'stays') ORDER BY 1, 2;
SELECT session_id, uri FROM sm_artifact_file WHERE uri IN ('/cleared', '/expired', '/pruned', '/anew', '/stays');
SELECT pg_temp.confirmed('{/cleared,/expired,/pruned,/anew,/stays}');
-- So does an expired session that is saved to, whose artifact is the only one then.
UPDATE sm_session SET last_activity_at = now() - interval '2 days' WHERE session_id = 'stays';
SELECT sm_save_artifact('stays', 'dataset', 'd', '{"path": "/stays"}');
SELECT kind, name FROM sm_artifacts('stays');
SELECT pg_temp.claimed();
SELECT count(*) AS listed FROM sm_orphan;

-- Who cannot see all artifacts cannot know what is in use: an older snapshot, row-level security.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pg_temp.fails($$SELECT sm_claim_orphans()$$) AS claiming, left(pg_temp.fails($$SELECT sm_confirm_orphans('{}')$$), 5) AS confirming;
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT left(pg_temp.fails($$SELECT sm_claim_orphans()$$), 5) AS claiming, left(pg_temp.fails($$SELECT sm_confirm_orphans('{}')$$), 5) AS confirming, sm_save_artifact('one', 'dataset', 'd', '{"path": "/kept"}');
ROLLBACK;
DO $$
BEGIN
    IF to_regrole('regress_sm_writer') IS NOT NULL THEN DROP OWNED BY regress_sm_writer; END IF;
    DROP ROLE IF EXISTS regress_sm_writer;
    CREATE ROLE regress_sm_writer;
END $$;
SELECT sm_grant('regress_sm_writer', 'writer'), sm_isolate();
GRANT EXECUTE ON FUNCTION pg_temp.fails TO PUBLIC;
SELECT sm_create_session('ann''s', user_id => 'ann'), sm_save_artifact('ann''s', 'dataset', 'd', '{"path": "/ann"}');
SET ROLE regress_sm_writer;
SET session_memory.user_id = 'bob';
SELECT sm_create_session('bob''s', user_id => 'bob'), sm_save_artifact('bob''s', 'dataset', 'd', '{"path": ["/ann", "/bob"]}'), sm_save_artifact('bob''s', 'dataset', 'd', '{}');
SELECT sm_artifact('ann''s', 'dataset', 'd'), (SELECT count(*) FROM sm_artifacts('ann''s')) AS artifacts, sm_delete_artifact('ann''s', 'dataset', 'd'), left(pg_temp.fails($$SELECT sm_save_artifact('ann''s', 'dataset', 'd', '{}')$$), 5) AS saving;
SELECT pg_temp.fails($$SELECT sm_claim_orphans()$$) AS claiming, left(pg_temp.fails($$SELECT sm_confirm_orphans('{}')$$), 5) AS confirming;
RESET ROLE;
RESET session_memory.user_id;
SELECT pg_temp.claimed();
SELECT sm_isolate_off();
DROP OWNED BY regress_sm_writer;
DROP ROLE regress_sm_writer;

-- Errors.
SELECT pg_temp.fails(format('SELECT %s', c.call)) AS error, c.call
FROM unnest(ARRAY[$$sm_claim_orphans(NULL)$$, $$sm_claim_orphans(-1)$$, $$sm_confirm_orphans(NULL)$$, $$sm_confirm_orphans(ARRAY['/a', NULL])$$]) AS c (call);
SELECT count(*) FROM sm_confirm_orphans('{}');
BEGIN READ ONLY;
SELECT left(pg_temp.fails($$SELECT sm_claim_orphans()$$), 5) AS claiming, left(pg_temp.fails($$SELECT sm_confirm_orphans('{}')$$), 5) AS confirming;
ROLLBACK;
