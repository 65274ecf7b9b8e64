-- sm_clear_all: only with the right word, with a backup before, and what stays.
\i sql/fixture/everything.sql
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
