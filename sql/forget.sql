-- sm_forget_user: a user goes from every table, and comes back or stays away.
\i sql/fixture/everything.sql
-- Every table of the extension, and how often it mentions somebody.
CREATE FUNCTION pg_temp.mentions(who text) RETURNS TABLE (name text, mentions bigint) LANGUAGE plpgsql AS $$
DECLARE
    item text;
BEGIN
    FOR item IN SELECT c.relname FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid JOIN pg_class AS c ON c.oid = d.objid
                WHERE e.extname = 'session_memory' AND d.deptype = 'e' AND d.classid = 'pg_class'::regclass AND c.relkind IN ('r', 'p') ORDER BY c.relname COLLATE "C" LOOP
        RETURN QUERY EXECUTE format('SELECT %L, count(*) FROM %I AS t WHERE strpos(t::text, $1) > 0', item, item) USING who;
    END LOOP;
END $$;
-- What is nobody's, or is dealt with by name. Any other table with users or sessions must be on the list.
SELECT c.relname AS not_on_the_list, bool_or(a.attname IN ('user_id', 'session_id')) AS of_users
FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid JOIN pg_class AS c ON c.oid = d.objid JOIN pg_attribute AS a ON a.attrelid = c.oid
WHERE e.extname = 'session_memory' AND d.deptype = 'e' AND d.classid = 'pg_class'::regclass AND c.relkind IN ('r', 'p') AND c.relname NOT IN (SELECT t.name FROM _sm_tables() AS t) AND a.attnum > 0
GROUP BY 1 ORDER BY c.relname COLLATE "C";

SELECT pg_temp.fill(who) FROM unnest(ARRAY['ann', 'zorro', 'bob']) AS who;
SELECT sm_add('nobody', 'q', 'a', '{"sources": ["e"]}');
CREATE TEMPORARY TABLE before AS SELECT * FROM pg_temp.hashes();

-- Without the right word nothing changes.
SELECT sm_forget_user('zorro') - 'tables' AS would_go;
SELECT c, (f -> 'confirmed')::text AS confirmed, f -> 'backup_id' AS backup FROM unnest(ARRAY['', 'Zorro', 'zorr', 'zorro ', ' zorro', 'ann', 'YES', NULL]) AS c, sm_forget_user('zorro', c) AS f;
SELECT c, (f -> 'confirmed')::text AS confirmed FROM unnest(ARRAY['Zorro', NULL]) AS c, sm_forget_user('zorro', c, false) AS f;
SELECT sm_forget_user('unknown', 'unknown') - 'tables' AS nobody;
SELECT sm_forget_user('unknown', 'unknown', false) - 'tables' AS nobody;
SELECT * FROM before EXCEPT SELECT * FROM pg_temp.hashes();
SELECT (SELECT count(*) FROM sm_backup) AS backups, (SELECT count(*) FROM sm_audit) AS notes;
-- The counts are those of the rows.
SELECT key AS wrong, value, m.mentions
FROM jsonb_each(sm_forget_user('zorro') -> 'tables') JOIN pg_temp.mentions('zorro') AS m ON m.name = key WHERE m.mentions = 0 OR m.mentions <> value::int;

-- With a backup: gone everywhere but there, and back as it was. Others stay as they are.
CREATE TEMPORARY TABLE of_others AS SELECT l FROM unnest(ARRAY['ann', 'bob']) AS who, sm_export(who) AS l WHERE l ? 'row';
SELECT sm_forget_user('zorro', 'zorro') - 'tables' AS gone;
SELECT * FROM pg_temp.mentions('zorro') WHERE mentions > 0;
SELECT count(*) > 50 AS many FROM of_others;
SELECT l FROM of_others EXCEPT SELECT l FROM unnest(ARRAY['ann', 'bob']) AS who, sm_export(who) AS l;
SELECT pg_temp.told(r) AS restored FROM sm_restore(1) AS r;
SELECT * FROM before EXCEPT SELECT * FROM pg_temp.hashes();

-- For good. Backups of the user go, whole ones lose the user; each table said something before, and says nothing afterwards.
SELECT sm_backup('a whole one'), sm_backup('of another', 'ann'), sm_backup('of the user', 'zorro');
SELECT sm_set_profile('zorro', '{"since the backup": true}') -> 'since the backup' AS since;
SELECT * FROM pg_temp.mentions('zorro') WHERE mentions = 0 AND name NOT IN ('sm_worker_status', 'sm_learning_rule');
SELECT sm_forget_user('zorro', 'zorro', false) - 'tables' AS gone;
SELECT * FROM pg_temp.mentions('zorro') WHERE mentions > 0;
SELECT backup_id, reason, user_id, lines = (SELECT sum(regexp_count(p.lines, '"table": "')) FROM sm_backup_part AS p WHERE p.backup_id = b.backup_id) AS lines_right,
       bytes = (SELECT sum(pg_column_size(p.lines)) FROM sm_backup_part AS p WHERE p.backup_id = b.backup_id) AS bytes_right FROM sm_backups() AS b;
SELECT what, user_id, backup_id, counts -> 'sm_session' AS sessions, counts -> 'backups' AS backups FROM sm_audit ORDER BY audit_id;
-- What is left of the whole one still works.
SELECT sm_clear_all('YES') -> 'confirmed' AS cleared;
SELECT pg_temp.told(r) AS restored FROM sm_restore(2) AS r;
SELECT l FROM of_others EXCEPT SELECT l FROM unnest(ARRAY['ann', 'bob']) AS who, sm_export(who) AS l;
SELECT l -> 'row' ->> 'session_id' AS session_id FROM sm_export() AS l WHERE l ->> 'table' = 'sm_session' ORDER BY l -> 'row' ->> 'session_id' COLLATE "C";
-- A user who is in backups only; and one to whom a session fell after the backup.
SELECT sm_forget_user('bob', 'bob') -> 'confirmed' AS confirmed;
SELECT sm_forget_user('bob', 'bob', false) - 'tables' AS gone;
SELECT sm_forget_user('bob', 'bob', false) - 'tables' AS gone;
SELECT * FROM pg_temp.mentions('bob') WHERE mentions > 0 AND name <> 'sm_orphan';
SELECT sm_backup('before nobody is somebody') > 0 AS made, sm_add('nobody', 'q', 'a', user_id => 'somebody') > 1 AS added, sm_forget_user('somebody', 'somebody', false) -> 'sessions' AS sessions;
SELECT * FROM pg_temp.mentions('nobody') WHERE mentions > 0;
-- A whole backup of many parts, of which some lose everything.
SELECT sm_append('big-' || n, (SELECT jsonb_agg(jsonb_build_object('n', i, 'text', repeat(md5(i::text), 300))) FROM generate_series(1, 50) AS i), 'of ' || n % 2) FROM generate_series(1, 8) AS n;
SELECT sm_backup('of many parts') > 0 AS made;
SELECT (SELECT count(*) FROM sm_backup_part WHERE backup_id = max(b.backup_id)) > 3 AS many FROM sm_backup AS b;
CREATE TEMPORARY TABLE of_0 AS SELECT * FROM sm_export('of 0') AS l WHERE l ? 'row';
SELECT sm_forget_user('of 1', 'of 1', false) -> 'backups_changed' AS changed, (SELECT count(*) FROM of_0) AS of_0;
SELECT * FROM pg_temp.mentions('of 1') WHERE mentions > 0;
SELECT sm_forget_user('of 0', 'of 0') -> 'interactions' AS interactions;
SELECT pg_temp.told(r) AS restored FROM sm_restore((SELECT max(backup_id) - 1 FROM sm_backup)) AS r;
SELECT l FROM of_0 EXCEPT SELECT l FROM sm_export('of 0') AS l;

-- Bad input, and who may.
SELECT pg_temp.fails(s) AS error, s AS statement FROM unnest(ARRAY[
    $$SELECT sm_forget_user(NULL)$$, $$SELECT sm_forget_user('')$$, $$SELECT sm_forget_user('', '')$$, $$SELECT sm_forget_user(repeat('x', 256))$$, $$SELECT sm_forget_user('ann', 'ann', NULL)$$]) AS s;
DO $$ BEGIN
    IF to_regrole('regress_sm_forget') IS NOT NULL THEN DROP OWNED BY regress_sm_forget; END IF;
    DROP ROLE IF EXISTS regress_sm_forget; CREATE ROLE regress_sm_forget;
END $$;
SELECT sm_grant('regress_sm_forget', 'writer');
SET ROLE regress_sm_forget;
SELECT pg_temp.fails(s) AS error, s AS statement FROM unnest(ARRAY[$$SELECT sm_forget_user('ann', 'ann')$$, $$SELECT sm_clear_all('YES')$$, $$SELECT sm_backup()$$, $$SELECT sm_backups()$$, $$SELECT sm_restore(1)$$, $$SELECT sm_export()$$, $$SELECT sm_import('[]')$$, $$SELECT sm_users()$$,
    $$SELECT lines FROM sm_backup_part$$, $$SELECT what FROM sm_audit$$, $$SELECT _sm_merge(1, NULL, NULL, NULL)$$, $$SELECT _sm_prune_backups('1 day')$$]) AS s;
RESET ROLE;
SELECT sm_grant('regress_sm_forget', 'admin');
SET ROLE regress_sm_forget;
SELECT sm_forget_user('ann', 'ann') -> 'sessions' AS sessions;
SELECT by_role, what FROM sm_audit ORDER BY audit_id DESC LIMIT 1;
SELECT sm_restore((SELECT max(backup_id) FROM sm_backups())) -> 'different' AS different, sm_clear_all('YES') -> 'confirmed' AS cleared;
RESET ROLE;
DROP OWNED BY regress_sm_forget;
DROP ROLE regress_sm_forget;
DROP EXTENSION session_memory;
