-- sm_backup, sm_restore, sm_backups, sm_delete_backup and sm_clear_all: lossless, and nothing overwritten.
\i sql/fixture/everything.sql
-- Values that are easily lost: infinite, negative and early times, lifetimes of three units, numbers with
-- their zeros, NULL and JSON null, quotes, backslashes and line breaks, what is stored out of line.
SELECT pg_temp.fill(who) FROM unnest(ARRAY['ann', 'bob']) AS who;
SELECT sm_add(E'odd "\\\n\t漢字 ''1', E'line\nbreak \\ " \u007f', 'a', user_id => E'odd "user\\\n'), sm_add('nobody', 'q', 'a', '{"sources": ["e"]}');
SELECT sm_append('numbers', '[{"n": [1.0, 1.00, 1e-7, 1E400, -0.0, 123456789012345678901234567890.10], "t": [true, null, {}, []], "": "", "timestamp": "2999-01-01T00:00:00.000001Z"}]');
SELECT sm_append('large', jsonb_build_object('random', (SELECT string_agg(md5(n::text), '') FROM generate_series(1, 3000) AS n)));
SELECT sm_create_session('empty'), sm_add('gaps', 'q', 'a'), sm_add('gaps', 'q', 'a'), jsonb_array_length(sm_pop('gaps')), sm_set_state('stateful', '{"a": 1}');
UPDATE sm_session SET ttl = '-1 month +2 days -03:04:05.000006', idle_timeout = '100 years', last_activity_at = 'infinity', prune_at = 'infinity', summary_due_at = '-infinity' WHERE session_id = 'gaps';
UPDATE sm_session SET created_at = '4713-01-01 00:00:00.000001+00 BC', last_activity_at = '294276-12-31 23:59:59.999999+00', ended_at = '0044-03-15 12:00:00+00 BC' WHERE session_id = 'numbers';
UPDATE session_memory SET created_at = '-infinity' WHERE session_id = 'gaps';
UPDATE session_memory SET created_at = '12345-06-07 08:09:10.11+00' WHERE session_id = 'nobody';
INSERT INTO sm_session_data (session_id, metadata, state, summary) VALUES ('empty', NULL, '{}', E' \n') ON CONFLICT (session_id) DO UPDATE SET metadata = NULL, state = '{}', summary = E' \n';
UPDATE sm_artifact SET data = 'null' WHERE name = 'a';
UPDATE sm_event SET satisfaction = '1e-30' WHERE event_id = 2;
UPDATE sm_event SET satisfaction = NULL, occurred_at = 'infinity' WHERE event_id = 3;
UPDATE sm_activity SET response_time_sum = 0.1::float8 + 0.2::float8, confidence_sum = '1e-300';
INSERT INTO sm_kb_use VALUES ('gone', 'entry', '2020-01-01 00:00+00', NULL, 3, '2020-01-01 00:30+00');
INSERT INTO sm_activity SELECT 'past', '2020-01-01 00:00+00', 'gone 2', 1, 1, 0, 0, 0, 0, '2020-01-01 00:10+00', '2020-01-01 00:10+00';
CREATE TEMPORARY TABLE before AS SELECT * FROM pg_temp.hashes();
SELECT name AS not_filled FROM before WHERE row_count = 0 AND name <> 'sm_learning_rule';

-- Made under one set of settings, restored under another: nothing is lost, table by table.
SET datestyle = 'German'; SET intervalstyle = 'sql_standard'; SET TIME ZONE 'Asia/Kathmandu'; SET extra_float_digits = -15;
SELECT sm_backup('the whole') AS backup;
SELECT sm_clear_all('YES') -> 'backup_id' AS backup;
SET datestyle = 'ISO'; SET intervalstyle = 'postgres'; SET TIME ZONE 'UTC'; RESET extra_float_digits;
SELECT name, row_count FROM pg_temp.hashes() WHERE row_count > 0 AND name <> 'sm_learning_rule';
SET datestyle = 'SQL, DMY'; SET intervalstyle = 'iso_8601'; SET TIME ZONE 'America/Caracas'; SET extra_float_digits = -15; SET search_path = public, pg_temp;
SELECT pg_temp.told(r) AS restored, r -> 'backup_id' AS backup, (r -> 'added')::int = (SELECT lines FROM sm_backups() WHERE backup_id = 1) AS all_of_it FROM sm_restore(1) AS r;
SET datestyle = 'ISO'; SET intervalstyle = 'postgres'; SET TIME ZONE 'UTC'; RESET extra_float_digits; RESET search_path;
SELECT * FROM before EXCEPT SELECT * FROM pg_temp.hashes();
SELECT reason, user_id, bytes > 1000 AS has_a_size, bytes < (SELECT sum(octet_length(p.lines)) FROM sm_backup_part AS p WHERE p.backup_id = b.backup_id) AS compressed, lines > 50 AS has_lines FROM sm_backups() AS b;
-- The same again, and the other backup of the same: there is nothing to add.
SELECT pg_temp.told(r) AS restored FROM sm_restore(1) AS r;
SELECT pg_temp.told(r) AS restored FROM sm_restore(2) AS r;
SELECT * FROM before EXCEPT SELECT * FROM pg_temp.hashes();
-- What can be done with it goes on where it was.
SELECT sm_add('gaps', 'q', 'a'), sm_add('ann-1', 'q', 'a', idempotency_key => 'key'), sm_add('ann-1', 'q', 'a'), sm_record_event('ann', 'booking', '{"city": "Oslo"}');

-- A memory that has moved on: what exists and differs stays, and is reported; a session comes as a whole or not at all.
SELECT sm_clear('bob-1'), sm_add('bob-1', 'a new life', 'a', user_id => 'bob'), sm_clear('nobody'), sm_clear('large'), sm_set_profile('ann', '{"name": "Anna"}') ->> 'name' AS name;
DELETE FROM sm_event WHERE user_id = 'bob' AND event_id = 2;
SELECT pg_temp.told(r) AS restored, r -> 'tables' -> 'sm_session' AS sessions, r -> 'tables' -> 'session_memory' AS interactions, r -> 'tables' -> 'sm_event' AS events FROM sm_restore(1) AS r;
SELECT session_id, interactions, (SELECT count(*) FROM session_memory AS m WHERE m.session_id = s.session_id) AS stored,
       (SELECT count(*) FROM sm_artifact AS a WHERE a.session_id = s.session_id) AS artifacts FROM sm_session AS s WHERE session_id IN ('bob-1', 'nobody', 'large') ORDER BY 1;
SELECT sm_context('bob-1', 1) -> 0 ->> 'query' AS query, sm_profile('ann') ->> 'name' AS name;
SELECT event_id, data ->> 'city' AS city FROM sm_event WHERE user_id = 'bob' ORDER BY 1;
-- What was counted when sessions left is not counted twice.
SELECT sm_add('counted', 'q', 'a', '{"sources": ["e"]}', user_id => 'cat');
SELECT sm_backup('counted', 'cat') AS backup;
SELECT sm_clear('counted');
INSERT INTO sm_activity VALUES ('cat', date_bin('1 hour', now(), '2000-01-01'), 'counted', 1, 1, 0, 0, 0, 0, now(), now()) ON CONFLICT DO NOTHING;
INSERT INTO sm_kb_use VALUES ('counted', 'e', date_bin('1 hour', now(), '2000-01-01'), 'cat', 1, now()) ON CONFLICT DO NOTHING;
SELECT sm_user_activity('cat') -> 'interactions' AS interactions;
SELECT pg_temp.told(r) AS restored FROM sm_restore(3) AS r;
SELECT sm_user_activity('cat') -> 'interactions' AS interactions, (SELECT count(*) FROM sm_activity WHERE session_id = 'counted') AS counted_hours, (SELECT count(*) FROM sm_kb_use WHERE session_id = 'counted') AS counted_entries;

-- One user, one session.
SELECT sm_clear_all('YES') -> 'backup_id' AS backup;
SELECT pg_temp.told(r) AS restored FROM sm_restore(1, 'bob') AS r;
SELECT session_id, user_id FROM sm_session ORDER BY 1;
SELECT name, row_count FROM pg_temp.hashes() WHERE row_count > 0 AND name NOT LIKE 'sm\_learn%';
SELECT pg_temp.told(r) AS restored FROM sm_restore(1, session_id => 'ann-1') AS r;
SELECT name, row_count FROM pg_temp.hashes() WHERE row_count > 0 AND name NOT LIKE 'sm\_learn%';
SELECT pg_temp.told(r) AS restored FROM sm_restore(1, 'ann', 'bob-1') AS r;
SELECT pg_temp.told(r) AS restored FROM sm_restore(1, 'unknown') AS r;
SELECT pg_temp.told(r) AS restored FROM sm_restore(1, session_id => 'unknown') AS r;
SELECT sm_backup('bob', 'bob') AS backup;
SELECT sm_clear_all('YES') -> 'backup_id' AS backup;
SELECT pg_temp.told(r) AS restored FROM sm_restore(5) AS r;
SELECT session_id, user_id FROM sm_session ORDER BY 1;
SELECT pg_temp.told(r) AS restored FROM sm_restore(1) AS r;

-- Counters equal what counting gives, after all that.
SELECT count(*) AS miscounted FROM sm_session AS s
WHERE (s.interactions, s.tokens, s.bytes) IS DISTINCT FROM (SELECT (count(*), coalesce(sum(m.tokens), 0), coalesce(sum(_sm_bytes(m.interaction)), 0)) FROM session_memory AS m WHERE m.session_id = s.session_id);

-- The list, and the end of a backup. Numbers are not given twice.
SELECT backup_id, reason, user_id FROM sm_backups();
SELECT sm_delete_backup(6), sm_delete_backup(6), sm_delete_backup(99);
SELECT sm_backup() AS backup;
SELECT _sm_prune_backups('1 day'), _sm_prune_backups('0'), _sm_prune_backups(NULL);
UPDATE sm_backup SET created_at = now() - interval '31 days' WHERE backup_id IN (2, 3, 7);
SELECT _sm_prune_backups('30 days');
SELECT backup_id FROM sm_backups();
SELECT count(*) AS left_behind FROM sm_backup_part WHERE backup_id NOT IN (SELECT backup_id FROM sm_backup);
SELECT sm_backup('another') AS backup;
SELECT what, by_role = current_user AS by_me, user_id, backup_id FROM sm_audit ORDER BY audit_id;

-- Bad input.
SELECT pg_temp.fails(s) AS error, s AS statement FROM unnest(ARRAY[
    $$SELECT sm_restore(NULL)$$, $$SELECT sm_restore(99)$$, $$SELECT sm_restore(1, '')$$, $$SELECT sm_restore(1, session_id => '')$$, $$SELECT sm_restore(1, repeat('x', 256))$$,
    $$SELECT sm_backup(NULL, '')$$, $$SELECT sm_backup('x', 'unknown')$$, $$SELECT sm_delete_backup(NULL)$$]) AS s;
-- A backup that lacks a part, or is of a newer version.
CREATE TEMPORARY TABLE kept AS SELECT * FROM sm_backup_part WHERE backup_id = 1;
DELETE FROM sm_backup_part WHERE backup_id = 1;
SELECT pg_temp.fails('SELECT sm_restore(1)') AS error;
INSERT INTO sm_backup_part SELECT backup_id, part, regexp_replace(lines, '\n[^\n]*"session_id": "ann-1"[^\n]*', '') FROM kept;
SELECT regexp_replace(pg_temp.fails('SELECT sm_restore(1)'), '\d\d+', 'N', 'g') AS error;
UPDATE sm_backup_part AS p SET lines = replace(k.lines, '"format": 1', '"format": 2') FROM kept AS k WHERE p.backup_id = 1 AND p.part = k.part;
SELECT pg_temp.fails('SELECT sm_restore(1)') AS error;
UPDATE sm_backup_part AS p SET lines = k.lines FROM kept AS k WHERE p.backup_id = 1 AND p.part = k.part;

-- An error, or a cancel, in the middle leaves the memory as it was. It comes from a trigger at the last row.
CREATE TEMPORARY TABLE now AS SELECT * FROM pg_temp.hashes();
CREATE TEMPORARY TABLE administered AS SELECT (SELECT count(*) FROM sm_backup) AS backups, (SELECT count(*) FROM sm_backup_part) AS parts, (SELECT count(*) FROM sm_audit) AS notes;
CREATE FUNCTION pg_temp.stop() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_ARGV[0] = 'cancel' THEN PERFORM pg_cancel_backend(pg_backend_pid()), pg_sleep(60); END IF;
    RAISE 'stopped';
END $$;
CREATE FUNCTION pg_temp.stopped(at text, how text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    error text;
BEGIN
    EXECUTE format('CREATE TRIGGER stop AFTER INSERT OR DELETE ON %I FOR EACH STATEMENT EXECUTE FUNCTION pg_temp.stop(%L)', at, how);
    error := pg_temp.fails(statement);
    EXECUTE format('DROP TRIGGER stop ON %I', at);
    RETURN error;
END $$;
SELECT pg_temp.stopped('sm_audit', how, statement) AS error, how, statement
FROM unnest(ARRAY['error', 'cancel']) AS how, unnest(ARRAY[$$SELECT sm_clear_all('YES')$$, $$SELECT sm_backup()$$, $$SELECT sm_restore(1)$$, $$SELECT sm_forget_user('bob', 'bob')$$, $$SELECT sm_forget_user('bob', 'bob', false)$$, $$SELECT sm_delete_backup(1)$$]) AS statement;
SELECT pg_temp.stopped('sm_activity', 'cancel', $$SELECT sm_clear_all('YES')$$) AS error;
SELECT * FROM now EXCEPT SELECT * FROM pg_temp.hashes();
SELECT a.* FROM administered AS a WHERE (a.backups, a.parts, a.notes) = ((SELECT count(*) FROM sm_backup), (SELECT count(*) FROM sm_backup_part), (SELECT count(*) FROM sm_audit));
-- And so does one in the middle of bringing it back.
SELECT sm_clear_all('YES') -> 'confirmed' AS cleared;
SELECT pg_temp.stopped(t, how, 'SELECT sm_restore(1)') AS error, (SELECT sum(row_count) FROM pg_temp.hashes() WHERE name <> 'sm_learning_rule') AS row_count
FROM unnest(ARRAY['session_memory', 'sm_activity', 'sm_audit']) AS t, unnest(ARRAY['error', 'cancel']) AS how;
DROP EXTENSION session_memory;
