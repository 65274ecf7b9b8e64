-- sm_export and sm_import: lossless, idempotent, and nothing that is not ours gets in.
\i sql/fixture/everything.sql
SELECT pg_temp.fill(who) FROM unnest(ARRAY['ann', 'bob']) AS who;
SELECT sm_add('nobody', 'q', 'a', '{"sources": ["e"]}', created_at => '2999-01-01 00:00:00.000001+00');
SELECT sm_add(E'odd "\\\n\t漢字', E'line\nbreak \\ " \u007f', 'a', user_id => E'odd\n"user\\');
INSERT INTO sm_kb_use VALUES ('gone', 'entry', '2020-01-01 00:00+00', NULL, 3, '2020-01-01 00:30+00');
-- The document: header, sessions in order with what is theirs, users, end. Its text does not depend on settings.
CREATE TEMPORARY TABLE document AS SELECT n, l AS line FROM sm_export() WITH ORDINALITY AS l (l, n);
SELECT (line -> 'session_memory') - '{exported_at,extension}'::text[] AS header, line -> 'session_memory' -> 'extension' = to_jsonb((SELECT extversion FROM pg_extension WHERE extname = 'session_memory')) AS extension FROM document WHERE n = 1;
SELECT line -> 'end' -> 'lines' = to_jsonb((SELECT count(*) - 2 FROM document)) AS complete FROM document ORDER BY n DESC LIMIT 1;
SELECT string_agg(DISTINCT line ->> 'table', ' ' ORDER BY line ->> 'table') FILTER (WHERE line ->> 'table' NOT LIKE 'sm\_learn%') AS tables FROM document;
SELECT string_agg(to_json(line -> 'row' ->> 'session_id')::text, ' ' ORDER BY n) AS sessions FROM document WHERE line ->> 'table' = 'sm_session';
SELECT count(*) AS strays FROM (SELECT line -> 'row' ->> 'session_id' AS id, last_value(line -> 'row' ->> 'session_id') OVER (ORDER BY n) AS same,
    max(n) FILTER (WHERE line ->> 'table' = 'sm_session') OVER (PARTITION BY line -> 'row' ->> 'session_id') AS head, n, line ->> 'table' AS name FROM document) AS x WHERE name IN ('session_memory', 'sm_session_data', 'sm_artifact', 'sm_artifact_file') AND (n < head OR head IS NULL);
SET datestyle = 'German'; SET intervalstyle = 'sql_standard'; SET TIME ZONE 'Asia/Kathmandu'; SET extra_float_digits = -15;
SELECT line FROM sm_export() AS line WHERE NOT line ? 'session_memory' EXCEPT SELECT line FROM document;
SET datestyle = 'ISO'; SET intervalstyle = 'postgres'; SET TIME ZONE 'UTC'; RESET extra_float_digits;
-- Of a user, of a session, of both, of nobody.
SELECT who, sid, string_agg(DISTINCT l ->> 'table', ' ' ORDER BY l ->> 'table') FILTER (WHERE l ->> 'table' NOT LIKE 'sm\_learn%') AS tables, bool_and(coalesce(l -> 'row' ->> 'user_id' = who, true)) AS theirs,
       string_agg(DISTINCT to_json(l -> 'row' ->> 'session_id')::text, ' ') AS sessions
FROM (VALUES ('ann', NULL), (NULL, 'ann-1'), ('ann', 'ann-2'), ('bob', 'ann-1'), ('unknown', NULL), (NULL, 'unknown'), (NULL, 'gone'), (E'odd\n"user\\', NULL)) AS v (who, sid), sm_export(who, sid) AS l GROUP BY 1, 2 ORDER BY 1, 2;

-- Into a memory that has it: nothing. Into an empty one: everything, byte for byte, and the same again nothing.
CREATE TEMPORARY TABLE before AS SELECT * FROM pg_temp.hashes();
SELECT pg_temp.told(sm_import(jsonb_agg(line ORDER BY n))) AS imported FROM document;
SELECT sm_clear_all('YES') -> 'confirmed' AS cleared;
SELECT pg_temp.told(r) AS imported, (r -> 'added')::int = (SELECT count(*) - 2 FROM document) AS all_of_it FROM (SELECT sm_import(jsonb_agg(line ORDER BY n)) FROM document) AS i (r);
SELECT * FROM before EXCEPT SELECT * FROM pg_temp.hashes();
SELECT pg_temp.told(sm_import(jsonb_agg(line ORDER BY n))) AS imported FROM document;
-- One more that was not there, one that differs.
SELECT sm_clear('ann-2'), sm_add('ann-1', 'one more', 'a');
SELECT pg_temp.told(r) AS imported, r -> 'tables' -> 'sm_session' AS sessions, r -> 'tables' -> 'session_memory' AS interactions FROM (SELECT sm_import(jsonb_agg(line ORDER BY n)) FROM document) AS i (r);
SELECT interactions, last_seq FROM sm_stats('ann-1');
-- In parts: each with the header and whole sessions; begun again in the middle.
SELECT sm_clear_all('YES') -> 'confirmed' AS cleared;
CREATE TEMPORARY TABLE part AS
SELECT part, jsonb_build_array((SELECT jsonb_set(line, '{session_memory,part}', 'true') FROM document WHERE n = 1)) || jsonb_agg(line ORDER BY n) AS lines
FROM (SELECT n, line, count(*) FILTER (WHERE line ->> 'table' = 'sm_session') OVER (ORDER BY n) / 2 AS part FROM document WHERE n > 1) AS x GROUP BY 1;
SELECT part, pg_temp.told(sm_import(lines)) AS imported FROM part WHERE part < 2 ORDER BY part;
SELECT part, pg_temp.told(sm_import(lines)) AS imported FROM part ORDER BY part;
SELECT * FROM before EXCEPT SELECT * FROM pg_temp.hashes();
-- More lines than are worked off at a time.
SELECT sm_append('long', (SELECT jsonb_agg(jsonb_build_object('n', i)) FROM generate_series(1, 2500) AS i));
CREATE TEMPORARY TABLE long AS SELECT * FROM sm_export(session_id => 'long') WITH ORDINALITY AS l (line, n);
SELECT sm_clear('long'), (SELECT sm_import(jsonb_agg(line ORDER BY n)) -> 'added' FROM long) AS added;
SELECT interactions, last_seq FROM sm_stats('long');
-- Through text with a quote and a delimiter that JSON never has, as the documentation says.
SELECT count(*) AS unsafe FROM document WHERE line::text ~ E'[\n\x01\x02]';

-- Damaged, or of somebody else: refused as a whole, with the line and the reason.
CREATE FUNCTION pg_temp.refused(document jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN 'no error: ' || pg_temp.told(sm_import(document))::text;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
CREATE TEMPORARY TABLE so_far AS SELECT * FROM pg_temp.hashes();
CREATE TEMPORARY TABLE small (n serial, line jsonb);
INSERT INTO small (line) VALUES
('{"session_memory": {"format": 1, "exported_at": "2026-01-01T00:00:00+00:00"}}'),
('{"table": "sm_session", "row": {"session_id": "new", "created_at": "2026-01-01T00:00:00+00:00", "last_activity_at": "2026-01-01T00:00:00+00:00", "last_seq": 2, "interactions": 1, "tokens": 7, "bytes": 18, "summary_seq": 0, "ttl": "1 day", "user_id": "new user"}}'),
('{"table": "session_memory", "row": {"session_id": "new", "seq": 2, "created_at": "2026-01-01T00:00:00+00:00", "tokens": 7, "interaction": {"q": "a"}}}'),
('{"table": "sm_profile", "row": {"user_id": "new user", "attributes": {}, "created_at": "2026-01-01T00:00:00+00:00", "first_seen_at": "infinity", "last_seen_at": "2026-01-01T00:00:00+00:00", "last_event_id": 0, "learned_through": 0}}'),
('{"end": {"lines": 3}}');
CREATE FUNCTION pg_temp.with(number int, replaced jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_agg(CASE WHEN n = number THEN replaced ELSE line END ORDER BY n) FROM small
$$;
CREATE FUNCTION pg_temp.set(number int, path text[], replaced jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_agg(CASE WHEN n = number THEN CASE WHEN replaced IS NULL THEN line #- path ELSE jsonb_set(line, path, replaced) END ELSE line END ORDER BY n) FROM small
$$;
SELECT pg_temp.refused(d) AS error, said FROM (VALUES
    ('no array', '{}'::jsonb), ('a text', '"x"'), ('empty', '[]'), ('numbers', '[1, 2, 3]'), ('an object', '[{}]'), ('null', '[null]'),
    ('no end', (SELECT jsonb_agg(line ORDER BY n) FROM small WHERE n < 5)), ('no header', (SELECT jsonb_agg(line ORDER BY n) FROM small WHERE n > 1)),
    ('a row less', (SELECT jsonb_agg(line ORDER BY n) FROM small WHERE n <> 4)), ('a row twice', (SELECT jsonb_agg(line ORDER BY n) FROM (SELECT * FROM small UNION ALL SELECT * FROM small WHERE n = 3) AS x)),
    ('twice', (SELECT jsonb_agg(line ORDER BY r, n) FROM small, generate_series(1, 2) AS r)),
    ('format 2', pg_temp.set(1, '{session_memory,format}', '2')), ('format 0', pg_temp.set(1, '{session_memory,format}', '0')), ('format x', pg_temp.set(1, '{session_memory,format}', '"x"')),
    ('a time that is none', pg_temp.set(1, '{session_memory,exported_at}', '"yesterday or so"')),
    ('a number for a line', pg_temp.with(3, '5')), ('null for a line', pg_temp.with(3, 'null')), ('an array for a line', pg_temp.with(3, '[]')), ('no table', pg_temp.with(3, '{"row": {}}')), ('something more', pg_temp.set(3, '{more}', '1')),
    ('another table', pg_temp.set(3, '{table}', '"pg_authid"')), ('backups', pg_temp.set(3, '{table}', '"sm_backup"')), ('a table of another name', pg_temp.set(3, '{table}', '"public.session_memory"')), ('a table that is no text', pg_temp.set(3, '{table}', '{}')),
    ('a row that is none', pg_temp.set(3, '{row}', '[]')), ('an unknown column', pg_temp.set(3, '{row,colour}', '1')), ('a column less', pg_temp.set(3, '{row,tokens}', NULL)), ('null for a value', pg_temp.set(3, '{row,tokens}', 'null')),
    ('a text for a number', pg_temp.set(3, '{row,tokens}', '"many"')), ('too large a number', pg_temp.set(3, '{row,tokens}', '3000000000')), ('no time', pg_temp.set(3, '{row,created_at}', '"2026-13-01"')), ('no interval', pg_temp.set(2, '{row,ttl}', '"a while"')),
    ('an interaction that is none', pg_temp.set(3, '{row,interaction}', '"x"')), ('null for an interaction', pg_temp.set(3, '{row,interaction}', 'null')), ('an empty id', pg_temp.set(2, '{row,session_id}', '""')), ('too long an id', pg_temp.set(2, '{row,user_id}', to_jsonb(repeat('x', 256)))), ('an id that is no text', pg_temp.set(2, '{row,session_id}', '7')),
    ('attributes that are none', pg_temp.set(4, '{row,attributes}', '[]')),
    ('another session', pg_temp.set(3, '{row,session_id}', '"other"')), ('fewer interactions', pg_temp.set(2, '{row,interactions}', '2')), ('fewer tokens', pg_temp.set(3, '{row,tokens}', '6')), ('fewer bytes', pg_temp.set(3, '{row,interaction}', '{}')), ('a seq beyond', pg_temp.set(3, '{row,seq}', '3')), ('a seq before', pg_temp.set(3, '{row,seq}', '0')),
    ('the end of another', pg_temp.set(5, '{end,lines}', '4')), ('an end of nothing', pg_temp.with(5, '{"end": {}}')), ('an end that is none', pg_temp.with(5, '{"end": 3}')),
    ('a part of a session', (SELECT jsonb_agg(CASE n WHEN 1 THEN jsonb_set(line, '{session_memory,part}', 'true') ELSE line END ORDER BY n) FROM small WHERE n <> 2)),
    ('a session without its rows', (SELECT jsonb_agg(CASE n WHEN 1 THEN jsonb_set(line, '{session_memory,part}', 'true') ELSE line END ORDER BY n) FROM small WHERE n <> 3))) AS x (said, d);
SELECT pg_temp.refused(NULL) AS error;
SELECT * FROM pg_temp.hashes() EXCEPT SELECT * FROM so_far;
-- As it is, it is fine.
SELECT pg_temp.refused(jsonb_agg(line ORDER BY n)) AS error FROM small;
SELECT pg_temp.fails(s) AS error, s AS statement FROM unnest(ARRAY[$$SELECT sm_export('')$$, $$SELECT sm_export(session_id => '')$$, $$SELECT sm_export(repeat('x', 256))$$]) AS s;
-- Stopped at the last table: nothing is there.
SELECT sm_clear_all('YES') -> 'confirmed' AS cleared;
CREATE FUNCTION pg_temp.stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_cancel_backend(pg_backend_pid()), pg_sleep(60); END $$;
CREATE TRIGGER stop AFTER INSERT ON sm_activity FOR EACH ROW EXECUTE FUNCTION pg_temp.stop();
SELECT pg_temp.fails('SELECT sm_import(jsonb_agg(line ORDER BY n)) FROM document') AS error;
DROP TRIGGER stop ON sm_activity;
SELECT name, row_count FROM pg_temp.hashes() WHERE row_count > 0 AND name <> 'sm_learning_rule';

-- In a schema of its own that is not on the search_path: all of it.
DROP EXTENSION session_memory;
DROP SCHEMA IF EXISTS "Its Own" CASCADE;
CREATE SCHEMA "Its Own";
CREATE EXTENSION session_memory SCHEMA "Its Own";
SELECT pg_temp.told("Its Own".sm_import(jsonb_agg(line ORDER BY n))) AS imported FROM document;
ALTER SCHEMA "Its Own" RENAME TO "Its other";
SELECT line FROM "Its other".sm_export() AS line WHERE NOT line ? 'session_memory' EXCEPT SELECT line FROM document;
SELECT "Its other".sm_backup('x') AS backup, "Its other".sm_forget_user('ann', 'ann') -> 'confirmed' AS forgotten, "Its other".sm_clear_all('YES') -> 'confirmed' AS cleared, pg_temp.told("Its other".sm_restore(1)) AS restored;
SELECT line FROM "Its other".sm_export() AS line WHERE NOT line ? 'session_memory' EXCEPT SELECT line FROM document;
SELECT "Its other".sm_forget_user('bob', 'bob', false) -> 'backups_changed' AS changed, "Its other".sm_delete_backup(2) AS deleted, "Its other"._sm_prune_backups('1 day') AS pruned, (SELECT count(*) FROM "Its other".sm_users()) AS users;
DROP EXTENSION session_memory;
DROP SCHEMA "Its other";
