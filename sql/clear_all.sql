-- sm_clear_all: only with the right word, with a backup before, and what stays.
SET client_min_messages = warning;
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
SET TIME ZONE 'UTC';
DROP EXTENSION IF EXISTS session_memory CASCADE;
CREATE EXTENSION session_memory;
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET session_memory.worker = off', current_database()); END $$;
SET session_memory.worker = off;
-- The SQLSTATE and the words of the error that a statement ends with.
CREATE FUNCTION pg_temp.fails(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hint text;
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS OR query_canceled THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || ' ' || SQLERRM || coalesce(' | ' || nullif(hint, ''), '');
END $$;
-- A user who has something in every table.
CREATE FUNCTION pg_temp.fill(who text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sm_create_session(who || '-1', who, '30 days', '1 hour', 100, '{"channel": "web", "nothing": null}');
    PERFORM sm_append(who || '-1', jsonb_agg(jsonb_build_object('query', 'question ' || n, 'answer', repeat('answer ', n * 50), 'n', n,
                      'metadata', jsonb_build_object('sources', jsonb_build_array('entry ' || n % 3), 'response_time', 0.1 * n)))) FROM generate_series(1, 12) AS n;
    PERFORM sm_add(who || '-1', 'keyed', 'a', idempotency_key => 'key');
    PERFORM sm_set_state(who || '-1', '{"slots": {"city": "Rome", "guests": 2.50}, "list": [1, null, {}]}');
    PERFORM sm_set_summary(who || '-1', 'A summary.', 5);
    PERFORM sm_add(who || '-2', 'of ' || who, 'a', '{"sources": ["entry 1", "entry 2"], "confidence": 0.7}', user_id => who);
    PERFORM sm_end_session(who || '-2');
    INSERT INTO sm_artifact SELECT who || '-1', 'model', n, jsonb_build_object('path', '/models/' || n, 'r2', 0.930), now(), now() FROM unnest(ARRAY['a', 'b']) AS n;
    INSERT INTO sm_artifact_file SELECT who || '-1', 'model', n, 1, '/models/' || who || '/' || n FROM unnest(ARRAY['a', 'b']) AS n;
    PERFORM sm_set_profile(who, jsonb_build_object('name', initcap(who), 'tags', '[]'::jsonb));
    PERFORM sm_record_event(who, 'booking', jsonb_build_object('city', c, 'price_per_night', 80.10), satisfaction => 0.1, session_id => who || '-1')
    FROM unnest(ARRAY['Rome', 'Paris', 'Rome']) AS c;
    PERFORM _sm_relearn(who);
END $$;
-- All that is of users, table by table.
CREATE FUNCTION pg_temp.hashes() RETURNS TABLE (name text, row_count bigint, hash text) LANGUAGE plpgsql AS $$
DECLARE
    item text;
BEGIN
    FOR item IN SELECT t.name FROM _sm_tables() AS t LOOP
        RETURN QUERY EXECUTE format('SELECT %L, count(*), md5(string_agg(t::text, E''\n'' ORDER BY t::text COLLATE "C")) FROM %I AS t', item, item);
    END LOOP;
END $$;
-- What a restore says: whether all, some or none was added, and whose rows differ.
CREATE FUNCTION pg_temp.told(r jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('added', CASE WHEN r -> 'added' = '0' THEN 'none' WHEN r -> 'unchanged' = '0' AND r -> 'different' = '0' THEN 'all' ELSE 'some' END)
           || jsonb_build_object('different', r -> 'different_sessions' || (r -> 'different_users'))
$$;
-- Nothing to do: no backup, no note.
SELECT sm_clear_all() - 'tables' AS would_go;
SELECT sm_clear_all('YES') - 'tables' AS gone;
SELECT (SELECT count(*) FROM sm_backup) AS backups, (SELECT count(*) FROM sm_audit) AS notes;
SELECT pg_temp.fill(who) FROM unnest(ARRAY['ann', 'bob']) AS who;
SELECT sm_add('nobody', 'q', 'a', '{"sources": ["e"]}');
INSERT INTO sm_activity SELECT 'past', '2020-01-01 00:00+00', 'gone', 1, 1, 0, 0, 0, 0, '2020-01-01 00:10+00', '2020-01-01 00:10+00';
CREATE TEMPORARY TABLE before AS SELECT * FROM pg_temp.hashes();
-- The word is one, in capitals.
SELECT c, (r -> 'confirmed')::text AS confirmed, r -> 'sessions' AS sessions, r -> 'interactions' AS interactions, r -> 'backup_id' AS backup
FROM unnest(ARRAY['', 'yes', 'Yes', 'YE', 'YES ', ' YES', 'YESS', 'true', NULL]) AS c, sm_clear_all(c) AS r;
SELECT * FROM before EXCEPT SELECT * FROM pg_temp.hashes();
-- The counts are those of the rows.
SELECT key AS wrong, value, b.row_count FROM jsonb_each(sm_clear_all() -> 'tables') AS t JOIN before AS b ON b.name = key WHERE value::int <> b.row_count OR b.row_count = 0;
SELECT b.name AS not_counted FROM before AS b WHERE b.name <> 'sm_learning_rule' AND NOT sm_clear_all() -> 'tables' ? b.name;
SELECT sm_clear_all('YES') - 'tables' AS gone;
SELECT name, row_count FROM pg_temp.hashes() WHERE row_count > 0 AND name <> 'sm_learning_rule';
-- What stays: backups, notes, rules, and the files that the artifacts named.
SELECT backup_id, reason, user_id, lines = (SELECT sum(row_count) FROM before WHERE name <> 'sm_learning_rule') AS all_of_it FROM sm_backups() AS b;
SELECT what, user_id, backup_id, counts -> 'sm_session' AS sessions FROM sm_audit ORDER BY audit_id;
SELECT session_id, kind, name, uri FROM sm_orphan ORDER BY uri;
-- In a transaction that is rolled back, nothing happened.
SELECT pg_temp.told(sm_restore(1)) AS restored;
BEGIN;
SELECT sm_clear_all('YES') -> 'confirmed' AS confirmed;
SELECT sm_add('after it', 'q', 'a');
ROLLBACK;
SELECT * FROM before EXCEPT SELECT * FROM pg_temp.hashes();
-- And all can begin again at once.
SELECT sm_clear_all('YES') -> 'confirmed' AS confirmed, sm_add('ann-1', 'q', 'a', user_id => 'ann'), sm_record_event('ann', 'booking', '{"city": "Oslo"}');
DROP EXTENSION session_memory;
