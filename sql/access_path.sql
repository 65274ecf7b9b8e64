-- A read shows what a plain SELECT shows, whatever has become of the tables. The ways of reading that
-- session_memory.access_path chooses from must not differ in it.
\i sql/fixture/begin.sql
CREATE FUNCTION pg_temp.shown(id text, OUT by_hand text, OUT context text, OUT messages text, OUT history text) LANGUAGE sql AS $$
    SELECT (SELECT string_agg(seq::text, ' ' ORDER BY seq) FROM session_memory WHERE session_id = id),
           (SELECT string_agg(e->>'seq', ' ' ORDER BY n) FROM json_array_elements(sm_context(id, 1000)) WITH ORDINALITY AS c (e, n)),
           (SELECT string_agg(e->>'content', ' ' ORDER BY n) FROM json_array_elements(sm_messages(id, 1000)) WITH ORDINALITY AS c (e, n)),
           (SELECT string_agg(h.seq::text, ' ' ORDER BY h.seq) FROM sm_history(id, NULL, 1000) AS h)
$$;
-- Each of them, one after the other in one connection; the setting is as it was afterwards.
CREATE FUNCTION pg_temp.each_path(id text) RETURNS TABLE (alike boolean, by_hand text, context text, messages text, history text) LANGUAGE plpgsql AS $$
DECLARE
    was text := current_setting('session_memory.access_path');
    path text;
    now_shown record;
    all_shown jsonb[] := '{}';
BEGIN
    FOREACH path IN ARRAY ARRAY['sql', 'direct', 'auto', 'sql', 'direct'] LOOP
        PERFORM set_config('session_memory.access_path', path, false);
        SELECT * INTO now_shown FROM pg_temp.shown(id);
        all_shown := all_shown || (to_jsonb(now_shown) || jsonb_build_object('prompt', sm_prompt(id), 'session', sm_session(id)));
    END LOOP;
    PERFORM set_config('session_memory.access_path', was, false);
    RETURN QUERY SELECT (SELECT count(DISTINCT x) = 1 FROM unnest(all_shown) AS x), now_shown.by_hand, now_shown.context, now_shown.messages, now_shown.history;
END $$;
SELECT sm_append('s', '[{"role": "user", "content": "1"}, {"role": "user", "content": "2"}, {"role": "user", "content": "3"}]'), sm_append('t', '[{"role": "user", "content": "1"}]');
SELECT sm_set_state('s', '{"a": {"b": "c"}}'), sm_append('summarized', '[{"role": "user", "content": "1"}, {"role": "user", "content": "2"}, {"role": "user", "content": "3"}]'), sm_set_summary('summarized', 'One and two.', 2), sm_set_state('summarized', '{"a": 1}');
SELECT * FROM pg_temp.each_path('s');
SELECT * FROM pg_temp.each_path('summarized');

SELECT current_setting('session_memory.access_path') AS path \gset
-- In the plain case nothing keeps a read from being direct: no message says so.
SET session_memory.access_path = direct;
SET client_min_messages = debug1;
SELECT json_array_length(sm_context('s')) AS context, json_array_length(sm_messages('s')) AS messages, (SELECT count(*) FROM sm_history('s')) AS history;
SET client_min_messages = warning;
SELECT set_config('session_memory.access_path', :'path', false) = :'path' AS as_before;

-- Columns more, and less again, of both tables.
ALTER TABLE session_memory ADD COLUMN note text NOT NULL DEFAULT 'none', ADD COLUMN other int;
ALTER TABLE sm_session ADD COLUMN note text NOT NULL DEFAULT 'none';
SELECT sm_append('s', '{"role": "user", "content": "4"}');
SELECT * FROM pg_temp.each_path('s');
ALTER TABLE session_memory DROP COLUMN note;
ALTER TABLE sm_session DROP COLUMN note;
SELECT sm_append('s', '{"role": "user", "content": "5"}');
SELECT * FROM pg_temp.each_path('s');

-- Within a transaction, with changes of its own that are undone.
BEGIN;
SELECT sm_append('s', '{"role": "user", "content": "6"}');
SELECT * FROM pg_temp.each_path('s');
SAVEPOINT here;
DELETE FROM session_memory WHERE session_id = 's' AND seq < 3;
SELECT * FROM pg_temp.each_path('s');
ROLLBACK TO here;
TRUNCATE session_memory;
SELECT * FROM pg_temp.each_path('s');
ROLLBACK;
SELECT * FROM pg_temp.each_path('s');

-- Rows of a table that inherits.
CREATE TABLE heir () INHERITS (session_memory);
INSERT INTO heir (session_id, seq, created_at, tokens, interaction) VALUES ('s', 6, now(), 1, '{"role": "user", "content": "heir"}');
SELECT * FROM pg_temp.each_path('s');
DROP TABLE heir;
SELECT * FROM pg_temp.each_path('s');
-- (ANALYZE notices that there is no heir any more.)
ANALYZE session_memory;
SELECT * FROM pg_temp.each_path('s');
CREATE TABLE heir () INHERITS (sm_session);
DELETE FROM ONLY sm_session WHERE session_id = 't';
INSERT INTO heir (session_id, created_at, last_activity_at) VALUES ('t', now(), now());
SELECT * FROM pg_temp.each_path('t');
DROP TABLE heir;
ANALYZE sm_session;
SELECT * FROM pg_temp.each_path('t');

-- Without the primary key, with it anew, with one under another name or in another order.
ALTER TABLE session_memory DROP CONSTRAINT session_memory_pkey;
SELECT * FROM pg_temp.each_path('s');
ALTER TABLE session_memory ADD CONSTRAINT by_seq PRIMARY KEY (seq, session_id);
SELECT * FROM pg_temp.each_path('s');
ALTER TABLE session_memory DROP CONSTRAINT by_seq;
CREATE INDEX session_memory_pkey ON session_memory (session_id, seq DESC);
SELECT * FROM pg_temp.each_path('s');
DROP INDEX session_memory_pkey;
CREATE INDEX session_memory_pkey ON session_memory USING hash (session_id);
SELECT * FROM pg_temp.each_path('s');
DROP INDEX session_memory_pkey;
CREATE INDEX session_memory_pkey ON session_memory (session_id, seq) WHERE seq > 3;
SELECT * FROM pg_temp.each_path('s');
DROP INDEX session_memory_pkey;
BEGIN;
UPDATE session_memory SET tokens = 100 - seq;
ALTER TABLE session_memory ADD CONSTRAINT session_memory_pkey PRIMARY KEY (session_id, tokens);
SELECT * FROM pg_temp.each_path('s');
ROLLBACK;
ALTER TABLE session_memory ADD CONSTRAINT session_memory_pkey PRIMARY KEY (session_id, seq);
ALTER TABLE sm_session RENAME CONSTRAINT sm_session_pkey TO another;
SELECT * FROM pg_temp.each_path('s');
ALTER TABLE sm_session DROP CONSTRAINT another;
SELECT * FROM pg_temp.each_path('s');
ALTER TABLE sm_session ADD CONSTRAINT sm_session_pkey PRIMARY KEY (session_id);

-- Triggers and rules are no matter to reading.
CREATE RULE nothing AS ON DELETE TO session_memory DO INSTEAD NOTHING;
SELECT * FROM pg_temp.each_path('s');
DROP RULE nothing ON session_memory;
-- Unlogged, then logged again, in another place.
ALTER TABLE session_memory SET UNLOGGED;
SELECT * FROM pg_temp.each_path('s');
ALTER TABLE session_memory SET LOGGED;
VACUUM FULL sm_session;
SELECT * FROM pg_temp.each_path('s');

-- After all that the tables are as plain as before.
SET session_memory.access_path = direct;
SET client_min_messages = debug1;
SELECT json_array_length(sm_context('s')) AS context, json_array_length(sm_messages('s')) AS messages, (SELECT count(*) FROM sm_history('s')) AS history;
SET client_min_messages = warning;
SELECT set_config('session_memory.access_path', :'path', false) = :'path' AS as_before;

-- Columns of the same names in other places.
BEGIN;
ALTER TABLE session_memory RENAME COLUMN interaction TO was;
ALTER TABLE session_memory ALTER COLUMN was DROP NOT NULL, ADD COLUMN interaction jsonb;
UPDATE session_memory SET interaction = jsonb_build_object('role', 'user', 'content', 'new' || seq);
SELECT * FROM pg_temp.each_path('s');
ROLLBACK;
BEGIN;
ALTER TABLE sm_session RENAME COLUMN last_activity_at TO was;
ALTER TABLE sm_session ADD COLUMN last_activity_at timestamptz DEFAULT '2000-01-01';
SELECT * FROM pg_temp.each_path('s');
ROLLBACK;
SELECT * FROM pg_temp.each_path('s');

-- In the tables' stead: a partitioned one with its columns in another order, and a view.
ALTER EXTENSION session_memory DROP TABLE session_memory;
ALTER TABLE session_memory RENAME TO session_memory_plain;
CREATE TABLE session_memory (interaction jsonb, tokens int, idempotency_key text COLLATE "C", created_at timestamptz, seq bigint, session_id text COLLATE "C", PRIMARY KEY (session_id, seq)) PARTITION BY HASH (session_id);
CREATE TABLE session_memory_0 PARTITION OF session_memory FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE session_memory_1 PARTITION OF session_memory FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO session_memory (session_id, seq, created_at, tokens, interaction) SELECT session_id, seq, created_at, tokens, interaction FROM session_memory_plain;
SELECT * FROM pg_temp.each_path('s');
SELECT sm_append('s', '{"role": "user", "content": "partitioned"}'), jsonb_array_length(sm_pop('s'));
SELECT * FROM pg_temp.each_path('s');
DROP TABLE session_memory;
CREATE VIEW session_memory AS SELECT session_id, seq, created_at, tokens, idempotency_key, interaction FROM session_memory_plain WHERE seq % 2 = 1;
SELECT * FROM pg_temp.each_path('s');
DROP VIEW session_memory;
ALTER TABLE session_memory_plain RENAME TO session_memory;
SELECT * FROM pg_temp.each_path('s');
DROP EXTENSION session_memory CASCADE;
DROP TABLE session_memory CASCADE;
