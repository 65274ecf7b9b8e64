-- Sliding expiry: a session with an idle timeout lives until its last activity plus that; being added to
-- and being read are activity. What has expired is gone at once, and an add begins a new session.
\i sql/fixture/begin.sql
-- Lets so long a time pass for a session: all that it knows happened that much earlier.
CREATE FUNCTION pg_temp.pass(id text, age interval) RETURNS void LANGUAGE sql AS $$
    UPDATE sm_session SET last_activity_at = last_activity_at - age, created_at = created_at - age, prune_at = prune_at - age WHERE session_id = id
$$;
CREATE FUNCTION pg_temp.idle_for(id text) RETURNS interval LANGUAGE sql AS $$
    SELECT date_trunc('minute', clock_timestamp() - last_activity_at) FROM sm_session WHERE session_id = id
$$;
-- Idle for so long, is it touched by this?
CREATE FUNCTION pg_temp.touched(idle interval, call text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    before timestamptz;
    after timestamptz;
BEGIN
    UPDATE sm_session SET last_activity_at = statement_timestamp() - idle WHERE session_id = 's' RETURNING last_activity_at INTO before;
    EXECUTE call;
    SELECT last_activity_at INTO after FROM sm_session WHERE session_id = 's';
    IF after NOT IN (before, statement_timestamp()) THEN RAISE 'touched with %', after; END IF;
    RETURN after <> before;
END $$;

-- Each read is activity, once in a sixteenth of the timeout: 16 minutes here, so no more than once a minute.
SELECT sm_create_session('s', idle_timeout => '16 minutes'), sm_append('s', '[{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}]'), sm_set_state('s', '{"a": 1}'), sm_set_summary('s', 'So far.', 1);
SELECT call, pg_temp.touched('1 minute 1 microsecond', 'SELECT ' || call) AS after_more, pg_temp.touched('1 minute', 'SELECT ' || call) AS after_a_sixteenth, pg_temp.touched('59 seconds', 'SELECT ' || call) AS after_less,
       pg_temp.touched('15 minutes 59 seconds', 'SELECT ' || call) AS just_in_time, pg_temp.touched('16 minutes', 'SELECT ' || call) AS too_late, pg_temp.touched('-1 hour', 'SELECT ' || call) AS in_the_future
FROM unnest(ARRAY['sm_context(''s'')', 'sm_context(''s'', 1, 0)', 'sm_messages(''s'')', 'sm_prompt(''s'')', 'sm_session(''s'')', 'sm_state(''s'')']) AS call;
-- These look on and are none.
SELECT call, pg_temp.touched('15 minutes', 'SELECT ' || call) AS touched
FROM unnest(ARRAY['sm_history(''s'')', 'sm_find(''{}'', ''s'')', 'sm_stats(''s'')', 'sm_sessions()', 'sm_summary(''s'')', 'sm_health()', '* FROM session_history', '* FROM sm_session', '* FROM session_memory']) AS call;
-- What changes it is, whenever it comes.
SELECT call, pg_temp.touched('1 second', 'SELECT ' || call) AS touched
FROM unnest(ARRAY['sm_touch(''s'')', 'sm_add(''s'', ''q'', ''a'')', 'sm_add_message(''s'', ''user'', ''x'')', 'sm_append(''s'', ''{}'')', 'sm_set_state(''s'', ''{"b": 2}'')']) AS call;
-- A touch never shortens a life.
UPDATE sm_session SET last_activity_at = '2100-01-01 00:00:00+00' WHERE session_id = 's';
SELECT sm_touch('s'), json_array_length(sm_context('s', 1)), sm_state('s')->'a' AS a, sm_add('s', 'q', 'a') > 0 AS added, sm_set_state('s', '{"b": 3}')->'b' AS b;
SELECT last_activity_at FROM sm_session WHERE session_id = 's';
-- A statement that reads it often touches it once, and reads the same each time.
UPDATE sm_session SET last_activity_at = now() - interval '5 minutes' WHERE session_id = 's';
SELECT count(DISTINCT sm_context('s')::text) AS same, count(*) FROM generate_series(1, 100);
SELECT pg_temp.idle_for('s');

-- Read again and again it lives on; left alone it does not, whoever asks.
SELECT sm_create_session('live', idle_timeout => '16 minutes'), sm_add('live', 'q', 'a');
DO $$
BEGIN
    FOR i IN 1..5 LOOP
        PERFORM pg_temp.pass('live', '10 minutes');
        IF json_array_length(sm_context('live')) <> 1 THEN RAISE 'it is gone'; END IF;
    END LOOP;
END $$;
SELECT pg_temp.pass('live', '16 minutes');
SELECT sm_context('live'), sm_messages('live'), (SELECT count(*) FROM sm_history('live')) AS history, (SELECT count(*) FROM sm_find('{}', 'live')) AS found, sm_session('live'), sm_state('live'), sm_summary('live'),
       sm_prompt('live'), (SELECT count(*) FROM sm_stats('live')) AS stats, (SELECT count(*) FROM sm_sessions() AS s WHERE s.session_id = 'live') AS listed, (SELECT count(*) FROM session_history WHERE session_id = 'live') AS array_form \gx
-- By the setting as by its own.
SELECT sm_create_session('by setting'), sm_add('by setting', 'q', 'a');
UPDATE sm_session SET last_activity_at = now() - interval '10 minutes' WHERE session_id = 'by setting';
SET session_memory.idle_timeout = '16min';
SELECT json_array_length(sm_context('by setting')) AS shown, (SELECT idle_timeout FROM sm_stats('by setting'));
SELECT pg_temp.idle_for('by setting');
SET session_memory.idle_timeout = 0;
UPDATE sm_session SET last_activity_at = now() - interval '10 minutes' WHERE session_id = 'by setting';
SELECT json_array_length(sm_context('by setting')) AS shown;
SELECT pg_temp.idle_for('by setting') AS not_sliding;
RESET session_memory.idle_timeout;
-- The ttl still ends what is older, however active the session is.
SELECT sm_create_session('both', ttl => '1 hour', idle_timeout => '16 minutes'), sm_append('both', jsonb_build_array(jsonb_build_object('n', 1, 'timestamp', now() - interval '2 hours'), jsonb_build_object('n', 2, 'timestamp', now())));
SELECT json_array_length(sm_context('both')) AS shown;

-- Not in a read-only transaction, not under a snapshot of the whole transaction, not for who may not; the read itself is as ever.
UPDATE sm_session SET last_activity_at = now() - interval '10 minutes' WHERE session_id = 's';
BEGIN READ ONLY;
SELECT json_array_length(sm_context('s', 1)) AS shown, json_array_length(sm_messages('s', 1)) AS messages, sm_prompt('s')->'state' AS state, sm_session('s')->'interactions' IS NOT NULL AS session, sm_state('s')->'a' AS a;
COMMIT;
SELECT pg_temp.idle_for('s') AS read_only;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT json_array_length(sm_context('s', 1)) AS shown, sm_prompt('s')->'state' AS state, sm_session('s')->'interactions' IS NOT NULL AS session, sm_state('s')->'a' AS a;
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT json_array_length(sm_context('s', 1)) AS shown, sm_prompt('s')->'state' AS state, sm_session('s')->'interactions' IS NOT NULL AS session, sm_state('s')->'a' AS a;
COMMIT;
SELECT pg_temp.idle_for('s') AS with_one_snapshot;
DROP ROLE IF EXISTS regress_sm_reads;
CREATE ROLE regress_sm_reads;
SELECT sm_grant('regress_sm_reads', 'reader');
SET ROLE regress_sm_reads;
SELECT json_array_length(sm_context('s', 1)) AS shown, json_array_length(sm_messages('s', 1)) AS messages, sm_prompt('s')->'state' AS state, sm_session('s')->'interactions' IS NOT NULL AS session, sm_state('s')->'a' AS a;
RESET ROLE;
SELECT pg_temp.idle_for('s') AS by_a_reader;
SELECT sm_grant('regress_sm_reads', 'writer');
SET ROLE regress_sm_reads;
SELECT json_array_length(sm_context('s', 1)) AS shown;
RESET ROLE;
SELECT pg_temp.idle_for('s') AS by_a_writer;
DROP OWNED BY regress_sm_reads;
DROP ROLE regress_sm_reads;
-- Undone with its transaction.
UPDATE sm_session SET last_activity_at = now() - interval '10 minutes' WHERE session_id = 's';
BEGIN;
SELECT json_array_length(sm_context('s', 1)) AS shown;
ROLLBACK;
SELECT pg_temp.idle_for('s') AS undone;

-- A session that has ended does not slide, and is not bound by its idle timeout.
SELECT sm_create_session('ended', ttl => '1 hour', idle_timeout => '16 minutes'), sm_add('ended', 'q', 'a'), sm_end_session('ended') IS NOT NULL AS ended;
UPDATE sm_session SET last_activity_at = now() - interval '20 minutes' WHERE session_id = 'ended';
SELECT json_array_length(sm_context('ended')) AS shown, sm_prompt('ended')->'messages'->0 AS first, sm_session('ended')->'interactions' AS interactions, sm_touch('ended');
SELECT pg_temp.idle_for('ended');
UPDATE sm_session SET last_activity_at = now() - interval '1 hour' WHERE session_id = 'ended';
SELECT sm_context('ended'), sm_session('ended');

-- What has expired cannot be brought back: not by configuring, not by touching, not by reading, nor by what reads do within.
SELECT sm_create_session('gone', 'ann', '10 hours', '16 minutes', 9, '{"old": true}'), sm_append('gone', jsonb_agg(jsonb_build_object('role', 'user', 'content', 'old ' || n, 'metadata', '{"old": true}'::jsonb) ORDER BY n)) FROM generate_series(1, 6) AS n;
SELECT sm_set_state('gone', '{"old": true}'), sm_set_summary('gone', 'Old.', 3);
UPDATE sm_session SET last_activity_at = now() - interval '17 minutes' WHERE session_id = 'gone';
SELECT pg_temp.fails($$SELECT sm_configure_session('gone', idle_timeout => '1 year')$$), pg_temp.fails($$SELECT sm_configure_session('gone', ttl => '1 year', idle_timeout => '1 year')$$), sm_touch('gone'), sm_context('gone'), sm_state('gone'),
       sm_set_summary('gone', 'Revived?', 6), sm_end_session('gone'), (SELECT count(*) FROM sm_claim_summaries() AS c WHERE c.session_id = 'gone') AS claimed, sm_pop('gone') \gx
SELECT _sm_touch_by_read('gone', '10 hours', '1 year', now() - interval '17 minutes', NULL) AS as_if_it_had_a_longer_timeout;
SELECT sm_context('gone'), pg_temp.idle_for('gone');
-- An add begins a new session under the id, in which nothing of the old one shows; seq goes on.
SELECT sm_add_message('gone', 'user', 'new', user_id => 'bob');
SELECT sm_context('gone')::jsonb #- '{0,timestamp}' AS context, sm_messages('gone'), sm_prompt('gone');
SELECT (SELECT string_agg(seq::text, ' ') FROM sm_history('gone')) AS history, (SELECT count(*) FROM sm_find('{"metadata": {"old": true}}')) AS found, sm_state('gone'), sm_summary('gone'), (SELECT history FROM session_history WHERE session_id = 'gone');
SELECT sm_session('gone') - '{created_at,last_activity_at,expires_at,bytes,tokens}'::text[] AS session;
SELECT created_at > now() - interval '1 minute' AS created_anew, (SELECT count(*) FROM session_memory AS m WHERE m.session_id = 'gone') AS stored, (SELECT count(*) FROM sm_session_data AS d WHERE d.session_id = 'gone') AS data FROM sm_session WHERE session_id = 'gone';
SELECT sm_configure_session('gone', ttl => '1 year', idle_timeout => '1 year', max_interactions => 100);
SELECT json_array_length(sm_context('gone', 100)) AS still_only_the_new;
-- The summary of the old one, written late, does not come into the new one.
SELECT sm_set_summary('gone', 'Old: a secret.', through_seq) AS taken, through_seq FROM generate_series(1, 6) AS through_seq;
SELECT sm_summary('gone'), sm_prompt('gone')->'summary' AS in_the_prompt;
SELECT sm_append('gone', jsonb_agg(jsonb_build_object('role', 'user', 'content', 'new ' || n) ORDER BY n)) FROM generate_series(1, 4) AS n;
SELECT from_seq, through_seq, previous_summary, json_array_length(interactions) AS interactions FROM sm_claim_summaries() WHERE session_id = 'gone';
SELECT sm_set_summary('gone', 'New.', 7), sm_set_summary('gone', 'Old: a secret.', 6);
SELECT sm_summary('gone');
-- Likewise sm_set_state, sm_append, and sm_add with a key that the old one used.
SELECT sm_create_session(id, 'ann', idle_timeout => '16 minutes', metadata => '{"old": true}'), sm_add(id, 'old', 'a', idempotency_key => 'k'), sm_set_state(id, '{"old": true}') FROM unnest(ARRAY['by state', 'by append', 'by key']) AS id;
UPDATE sm_session SET last_activity_at = now() - interval '16 minutes' WHERE session_id LIKE 'by %' AND idle_timeout IS NOT NULL;
SELECT sm_set_state('by state', '{"new": true}'), sm_append('by append', '[{"n": 1}, {"n": 2}]'), sm_add('by key', 'new', 'a', idempotency_key => 'k');
SELECT id, (SELECT string_agg(coalesce(e->>'query', 'one'), ' ') FROM json_array_elements(sm_context(id)) AS e) AS shown, sm_state(id), sm_session(id)->'metadata' AS metadata, sm_session(id)->'user_id' AS user_id, sm_session(id)->'idle_timeout' AS idle_timeout, sm_session(id)->'last_seq' AS last_seq
FROM unnest(ARRAY['by state', 'by append', 'by key']) AS id;

-- For real: a short timeout, and time that passes.
SELECT sm_create_session('real', idle_timeout => '1 second'), sm_add('real', 'q', 'a');
SELECT pg_sleep(0.6);
SELECT json_array_length(sm_context('real')) AS in_time;
SELECT pg_sleep(0.6);
SELECT json_array_length(sm_context('real')) AS in_time_since_then;
SELECT pg_sleep(1);
SELECT json_array_length(sm_context('real')) AS too_late, sm_touch('real');
SELECT sm_prune(session_id => 'real');
SELECT count(*) AS there FROM sm_session WHERE session_id = 'real';
