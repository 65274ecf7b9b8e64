-- Whatever has become of a session's rows, each way of reading shows the same, and what a SELECT shows.
\i sql/fixture/begin.sql
SELECT current_setting('session_memory.access_path') AS path \gset
SELECT setseed(0.5);

-- Sessions of up to 90 interactions, some with a cap, some with a summary. Some interactions have expired, in any place;
-- others are gone by pop, or by hand, which leaves gaps. Some counters of seq are wrong.
SELECT count(sm_create_session('win-' || i, max_interactions => CASE WHEN i % 5 = 0 THEN 1 + (random() * 30)::int END)) FROM generate_series(1, 30) AS i;
SELECT count(sm_add('win-' || i, 'question ' || n, 'answer ' || n, created_at => now() - CASE WHEN random() < 0.3 * (i % 4) THEN interval '2 days' ELSE '1 second' END))
FROM generate_series(1, 30) AS i, generate_series(1, 3 * i) AS n;
SELECT sum(jsonb_array_length(sm_pop('win-' || i, (i % 7)))) > 0 AS popped FROM generate_series(1, 30, 3) AS i;
DELETE FROM session_memory WHERE session_id LIKE 'win-%' AND random() < 0.3 * (hashtext(session_id) & 3);
SELECT count(sm_add('win-' || i, 'again', 'again')) FROM generate_series(1, 30, 4) AS i;
SELECT count(sm_set_summary('win-' || i, 'So far.', i)) FROM generate_series(1, 30, 6) AS i;
UPDATE sm_session SET last_seq = CASE hashtext(session_id) % 4 WHEN 0 THEN 0 WHEN 1 THEN last_seq / 2 WHEN 2 THEN 9223372036854775806 ELSE last_seq END
WHERE session_id LIKE 'win-%' AND hashtext(session_id) % 3 = 0;
SELECT count(*) > 500 AS enough, count(*) FILTER (WHERE created_at < now() - interval '1 day') > 100 AS expired FROM session_memory WHERE session_id LIKE 'win-%';

CREATE TEMPORARY TABLE win_ask AS
SELECT s.session_id, n.n, b.before_seq
FROM sm_session AS s, (VALUES (1), (5), (19), (2147483647)) AS n (n),
     (VALUES (NULL), (-9223372036854775808), (1), (2), (40), (9223372036854775807)) AS b (before_seq)
WHERE s.session_id LIKE 'win-%';
CREATE TEMPORARY TABLE win_shown (path text, session_id text, n int, before_seq bigint, context text, messages text, history bigint[]);
SET session_memory.access_path = sql;
INSERT INTO win_shown SELECT 'sql', session_id, n, before_seq, sm_context(session_id, n), sm_messages(session_id, n), ARRAY(SELECT h.seq FROM sm_history(session_id, before_seq, n) AS h) FROM win_ask;
SET session_memory.access_path = direct;
INSERT INTO win_shown SELECT 'direct', session_id, n, before_seq, sm_context(session_id, n), sm_messages(session_id, n), ARRAY(SELECT h.seq FROM sm_history(session_id, before_seq, n) AS h) FROM win_ask;
SELECT set_config('session_memory.access_path', :'path', false) = :'path' AS as_before;

SELECT count(*) AS asked, count(DISTINCT history) > 100 AS various FROM win_shown WHERE path = 'sql';
SELECT session_id, n, before_seq FROM (SELECT DISTINCT session_id, n, before_seq, context, messages, history FROM win_shown) AS d GROUP BY 1, 2, 3 HAVING count(*) > 1 ORDER BY 1, 2, 3 LIMIT 5;
-- By hand: what a cap leaves of the living, and of that the newest below before_seq.
SELECT w.path, w.session_id, w.n, w.before_seq, w.history, h.expected
FROM win_shown AS w, LATERAL (
    SELECT coalesce(array_agg(m.seq ORDER BY m.seq DESC), '{}') AS expected FROM (
        SELECT l.seq FROM (
            SELECT m.seq, row_number() OVER (ORDER BY m.seq DESC) AS place FROM session_memory AS m
            WHERE m.session_id = w.session_id AND m.created_at > now() - interval '1 day'
        ) AS l, sm_session AS s
        WHERE s.session_id = w.session_id AND l.place <= coalesce(s.max_interactions, 1000000) AND l.seq < coalesce(w.before_seq, 9223372036854775807)
        ORDER BY l.seq DESC LIMIT w.n
    ) AS m
) AS h
WHERE w.history IS DISTINCT FROM h.expected
ORDER BY 1, 2, 3, 4 LIMIT 5;
SELECT count(sm_clear(session_id)) FROM sm_session WHERE session_id LIKE 'win-%';
