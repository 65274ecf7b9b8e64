-- Expiry: what has expired is shown by nothing, from the moment on, whoever comes to remove it.
\i sql/fixture/begin.sql
-- What each way of reading shows of a session: its interactions, oldest first.
CREATE FUNCTION pg_temp.shown(id text, OUT context text, OUT messages text, OUT history text, OUT found text, OUT array_form text)
LANGUAGE sql AS $$
    SELECT (SELECT string_agg(e->>'seq', ' ' ORDER BY n) FROM json_array_elements(sm_context(id, 1000)) WITH ORDINALITY AS c (e, n)),
           (SELECT string_agg(e->>'content', ' ' ORDER BY n) FROM json_array_elements(sm_messages(id, 1000)) WITH ORDINALITY AS c (e, n)),
           (SELECT string_agg(h.seq::text, ' ' ORDER BY h.seq) FROM sm_history(id) AS h),
           (SELECT string_agg(f.seq::text, ' ' ORDER BY f.seq) FROM sm_find('{}', id) AS f),
           (SELECT string_agg(e->>'content', ' ' ORDER BY n) FROM session_history AS v, jsonb_array_elements(v.history) WITH ORDINALITY AS c (e, n)
            WHERE v.session_id = id)
$$;
-- Adds messages "1", "2", … of so many ages, oldest first.
CREATE FUNCTION pg_temp.fill(id text, VARIADIC ages interval[]) RETURNS bigint LANGUAGE sql AS $$
    SELECT sm_append(id, jsonb_agg(jsonb_build_object('role', 'user', 'content', n::text, 'timestamp', clock_timestamp() - age) ORDER BY n))
    FROM unnest(ages) WITH ORDINALITY AS a (age, n)
$$;
-- The default: a day.
SELECT pg_temp.fill('a', '2 days', '1 day', '23 hours', '1 hour', '0');
SELECT * FROM pg_temp.shown('a');
SELECT count(*) AS stored FROM session_memory WHERE session_id = 'a';

-- By the setting, at once for what is stored already, shorter and longer.
SET session_memory.ttl = '30min';
SELECT * FROM pg_temp.shown('a');
SET session_memory.ttl = '2881min';
SELECT * FROM pg_temp.shown('a');
SET session_memory.ttl = 0;
SELECT * FROM pg_temp.shown('a');
RESET session_memory.ttl;

-- By the session; its own wins over the setting, both ways.
UPDATE sm_session SET ttl = '30 minutes' WHERE session_id = 'a';
SELECT * FROM pg_temp.shown('a');
UPDATE sm_session SET ttl = '1 month' WHERE session_id = 'a';
SELECT * FROM pg_temp.shown('a');
SET session_memory.ttl = '1s';
SELECT * FROM pg_temp.shown('a');
RESET session_memory.ttl;
-- A ttl beyond all times is for ever; a month is 30 days, a day 24 hours.
UPDATE sm_session SET ttl = '178000000 years' WHERE session_id = 'a';
SELECT * FROM pg_temp.shown('a');
SELECT pg_temp.fill('month', '721 hours', '719 hours'), pg_temp.fill('day', '25 hours', '23 hours');
UPDATE sm_session SET ttl = CASE session_id WHEN 'month' THEN interval '1 month' ELSE interval '1 day' END WHERE session_id IN ('month', 'day');
SET TIME ZONE 'Europe/Vienna';
SELECT (pg_temp.shown(id)).* FROM unnest(ARRAY['month', 'day']) AS id;
SET TIME ZONE 'UTC';

-- Stored and at once invisible; the session lives and counts on.
SELECT sm_add('past', 'q', 'a', created_at => now() - interval '2 days'), sm_context('past');
SELECT sm_add('past', 'q', 'a'), json_array_length(sm_context('past')) AS as_before_this_statement;
SELECT e->>'seq' AS seq FROM json_array_elements(sm_context('past')) AS e;
SELECT last_seq, interactions FROM sm_session WHERE session_id = 'past';
-- Old ones between living ones.
SELECT pg_temp.fill('mixed', '2 days', '1 hour', '3 days', '2 hours', '4 days', '1 minute');
SELECT * FROM pg_temp.shown('mixed');
SELECT (SELECT string_agg(e->>'seq', ' ') FROM json_array_elements(sm_context('mixed', 2)) AS e) AS newest_two,
       (SELECT string_agg(seq::text, ' ') FROM sm_history('mixed', 6, 1)) AS page, (SELECT string_agg(seq::text, ' ') FROM sm_find('{}', 'mixed', NULL, 2)) AS found;
-- What lies in the future lives its ttl from there.
SELECT pg_temp.fill('future', '-2 days');
SELECT * FROM pg_temp.shown('future');
-- Its session lives at least as long, whatever is added after it.
SELECT sm_append('future', '{"role": "user", "content": "2"}');
SELECT last_activity_at > now() + interval '47 hours' AS later FROM sm_session WHERE session_id = 'future';

-- To the microsecond, by the clock of the client's statement, which stands still within it.
CREATE FUNCTION pg_temp.at_the_edge(what text) RETURNS TABLE (case_ text, context text, messages text, history text, found text, array_form text, pruned bigint) LANGUAGE plpgsql AS $$
DECLARE
    late interval;
BEGIN
    FOREACH late IN ARRAY ARRAY[interval '1 microsecond', '0', '-1 microsecond'] LOOP
        PERFORM sm_clear('edge');
        PERFORM sm_append('edge', '{"role": "user", "content": "1"}');
        IF what = 'ttl' THEN
            UPDATE session_memory SET created_at = statement_timestamp() - interval '1 hour' + late WHERE session_id = 'edge';
            UPDATE sm_session SET ttl = '1 hour' WHERE session_id = 'edge';
        ELSE
            UPDATE sm_session SET idle_timeout = '1 hour', last_activity_at = statement_timestamp() - interval '1 hour' + late WHERE session_id = 'edge';
        END IF;
        RETURN QUERY SELECT format('%s of an hour, %s before its end', what, late), s.*, NULL::bigint FROM pg_temp.shown('edge') AS s;
        RETURN QUERY SELECT format('%s, pruned', late), NULL, NULL, NULL, NULL, NULL, sm_prune(session_id => 'edge');
    END LOOP;
END $$;
SELECT * FROM pg_temp.at_the_edge('ttl');
SELECT * FROM pg_temp.at_the_edge('idle timeout');
-- Within a transaction the clock goes on.
SELECT sm_clear('edge'), sm_add('edge', 'q', 'a');
UPDATE session_memory SET created_at = statement_timestamp() + interval '200 milliseconds' - interval '1 hour' WHERE session_id = 'edge';
UPDATE sm_session SET ttl = '1 hour' WHERE session_id = 'edge';
BEGIN;
SELECT pg_sleep(0.3);
SELECT sm_context('edge') AS expired_within_a_transaction;
COMMIT;

-- The idle timeout: by the setting, by the session; the whole session goes out of sight.
SELECT pg_temp.fill('idle', '1 hour', '1 minute');
UPDATE sm_session SET last_activity_at = now() - interval '50 minutes' WHERE session_id = 'idle';
SELECT * FROM pg_temp.shown('idle');
SET session_memory.idle_timeout = '40min';
SELECT * FROM pg_temp.shown('idle');
SELECT count(*) AS stats FROM sm_stats('idle');
SELECT count(*) AS in_view FROM session_history WHERE session_id = 'idle';
SET session_memory.idle_timeout = '1h';
BEGIN READ ONLY;  -- else being read would count as activity
SELECT * FROM pg_temp.shown('idle');
COMMIT;
UPDATE sm_session SET idle_timeout = '40 minutes' WHERE session_id = 'idle';
SELECT * FROM pg_temp.shown('idle');
UPDATE sm_session SET idle_timeout = '2 hours' WHERE session_id = 'idle';
SET session_memory.idle_timeout = '40min';
BEGIN READ ONLY;
SELECT * FROM pg_temp.shown('idle');
COMMIT;
-- An add is activity.
UPDATE sm_session SET idle_timeout = NULL WHERE session_id = 'idle';
SET session_memory.idle_timeout = '55min';
SELECT sm_append('idle', '{"role": "user", "content": "3"}');
SET session_memory.idle_timeout = '40min';
SELECT * FROM pg_temp.shown('idle');
-- One in the past is activity now, and takes nothing from the time of the last.
SELECT pg_temp.fill('idle', '2 hours');
SELECT last_activity_at > now() - interval '1 minute' AS active FROM sm_session WHERE session_id = 'idle';
RESET session_memory.idle_timeout;

-- A session begun again after its end: nothing of the old one shows, not even with a longer ttl; seq goes on.
SELECT pg_temp.fill('again', '3 hours', '2 hours', '1 hour');
UPDATE sm_session SET user_id = 'ann', ttl = '2 days', idle_timeout = '10 minutes', max_interactions = 7, last_activity_at = now() - interval '20 minutes' WHERE session_id = 'again';
SELECT * FROM pg_temp.shown('again');
SELECT sm_append('again', '[{"role": "user", "content": "4"}, {"role": "user", "content": "5"}]', 'bob');
SELECT * FROM pg_temp.shown('again');
SELECT user_id, last_seq, interactions, ttl, idle_timeout, max_interactions, summary_seq, ended_at, created_at > now() - interval '1 minute' AS new FROM sm_session WHERE session_id = 'again';
UPDATE sm_session SET ttl = '1 year', idle_timeout = '1 year' WHERE session_id = 'again';
SELECT * FROM pg_temp.shown('again');
SELECT string_agg(seq::text, ' ' ORDER BY seq) AS stored FROM session_memory WHERE session_id = 'again';
-- Likewise with sm_add, with sm_add_message, and with a key that the old session used.
SELECT sm_add('key', 'q', 'a', idempotency_key => 'k');
UPDATE sm_session SET last_activity_at = now() - interval '2 days' WHERE session_id = 'key';
SELECT sm_context('key'), sm_add('key', 'new', 'a', idempotency_key => 'k');
SELECT e->>'seq' AS seq, e->>'query' AS query FROM json_array_elements(sm_context('key')) AS e;
UPDATE sm_session SET last_activity_at = now() - interval '2 days' WHERE session_id = 'key';
SELECT sm_add_message('key', 'user', 'third life');
SELECT e->>'seq' AS seq, e->>'content' AS content FROM json_array_elements(sm_context('key')) AS e;

-- One that was ended lives on for its ttl, whatever its idle timeout; then it begins again like any other.
SELECT pg_temp.fill('ended', '20 minutes', '10 minutes');
UPDATE sm_session SET idle_timeout = '5 minutes', ended_at = now(), last_activity_at = now() - interval '10 minutes' WHERE session_id = 'ended';
SELECT * FROM pg_temp.shown('ended');
UPDATE sm_session SET ttl = '15 minutes' WHERE session_id = 'ended';
SELECT * FROM pg_temp.shown('ended');
UPDATE sm_session SET ttl = '10 minutes' WHERE session_id = 'ended';
SELECT * FROM pg_temp.shown('ended');
SELECT sm_append('ended', '{"role": "user", "content": "3"}');
SELECT * FROM pg_temp.shown('ended');
SELECT last_seq, interactions, ttl, idle_timeout, ended_at FROM sm_session WHERE session_id = 'ended';

-- A lifetime that is stored negative has passed at once, for whoever looks, and is no error.
SELECT sm_add('negative ttl', 'q', 'a'), sm_add('negative idle timeout', 'q', 'a');
UPDATE sm_session SET ttl = '-1 day' WHERE session_id = 'negative ttl';
UPDATE sm_session SET idle_timeout = '1 day -25 hours' WHERE session_id = 'negative idle timeout';
SELECT id, s.*, (SELECT count(*) FROM sm_stats(id)) AS stats, (SELECT count(*) FROM sm_sessions() AS l WHERE l.session_id = id) AS listed, sm_session(id), sm_touch(id)
FROM unnest(ARRAY['negative ttl', 'negative idle timeout']) AS id, pg_temp.shown(id) AS s \gx
SELECT sm_prune(session_id => 'negative ttl'), sm_prune(session_id => 'negative idle timeout');
SELECT count(*) AS stored FROM sm_session WHERE session_id LIKE 'negative%';

-- A longer ttl shows again what is stored and not yet removed; what was removed is gone.
SELECT pg_temp.fill('back', '3 days', '2 days', '1 hour');
SELECT * FROM pg_temp.shown('back');
UPDATE sm_session SET ttl = '60 hours' WHERE session_id = 'back';
SELECT * FROM pg_temp.shown('back');
SELECT sm_prune(session_id => 'back');
UPDATE sm_session SET ttl = '1 year' WHERE session_id = 'back';
SELECT * FROM pg_temp.shown('back');

-- What sm_stats says of the end.
SELECT sm_add('end', 'q', 'a');
UPDATE sm_session SET last_activity_at = '2030-01-01 00:00:00+00', ttl = '1 day', idle_timeout = '1 hour' WHERE session_id = 'end';
SELECT expires_at, ttl, idle_timeout FROM sm_stats('end');
UPDATE sm_session SET idle_timeout = '2 days' WHERE session_id = 'end';
SELECT expires_at FROM sm_stats('end');
SET session_memory.ttl = 0;
UPDATE sm_session SET ttl = NULL, idle_timeout = NULL WHERE session_id = 'end';
SELECT expires_at, ttl, idle_timeout FROM sm_stats('end');
