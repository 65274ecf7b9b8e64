-- A cap on the number of interactions: only the newest show, at once, however many are still stored.
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
-- Sessions whose counters are not what counting gives. There must never be one.
CREATE VIEW pg_temp.miscounted AS
SELECT s.session_id, s.interactions, s.tokens, s.bytes, c.*
FROM sm_session AS s
CROSS JOIN LATERAL (SELECT count(*) AS counted, coalesce(sum(m.tokens), 0) AS tokens_counted,
                           coalesce(sum(_sm_bytes(m.interaction)), 0) AS bytes_counted
                    FROM session_memory AS m WHERE m.session_id = s.session_id) AS c
WHERE (s.interactions, s.tokens, s.bytes) IS DISTINCT FROM (c.counted, c.tokens_counted, c.bytes_counted);
-- Adds messages "1", "2", … of so many ages, oldest first.
CREATE FUNCTION pg_temp.fill(id text, VARIADIC ages interval[]) RETURNS bigint LANGUAGE sql AS $$
    SELECT sm_append(id, jsonb_agg(jsonb_build_object('role', 'user', 'content', n::text, 'timestamp', clock_timestamp() - age) ORDER BY n))
    FROM unnest(ages) WITH ORDINALITY AS a (age, n)
$$;
SELECT pg_temp.fill('a', '6 minutes', '5 minutes', '4 minutes', '3 minutes', '2 minutes', '1 minute');
SELECT * FROM pg_temp.shown('a');
-- By the session, at once for what is stored.
UPDATE sm_session SET max_interactions = 4 WHERE session_id = 'a';
SELECT * FROM pg_temp.shown('a');
SELECT max_interactions FROM sm_stats('a');
-- By the setting; a session's own wins, smaller or larger.
UPDATE sm_session SET max_interactions = NULL WHERE session_id = 'a';
SET session_memory.max_interactions = 2;
SELECT * FROM pg_temp.shown('a');
UPDATE sm_session SET max_interactions = 1 WHERE session_id = 'a';
SELECT * FROM pg_temp.shown('a');
UPDATE sm_session SET max_interactions = 5 WHERE session_id = 'a';
SELECT * FROM pg_temp.shown('a');
UPDATE sm_session SET max_interactions = 2147483647 WHERE session_id = 'a';
SELECT * FROM pg_temp.shown('a');
-- A new one pushes the oldest out.
UPDATE sm_session SET max_interactions = 3 WHERE session_id = 'a';
SELECT sm_append('a', '{"role": "user", "content": "7"}');
SELECT * FROM pg_temp.shown('a');
RESET session_memory.max_interactions;

-- Whatever is asked for, the cap counts from the newest: pages and windows end where it does.
SELECT (SELECT string_agg(seq::text, ' ') FROM sm_history('a', 7)) AS before_7, (SELECT string_agg(seq::text, ' ') FROM sm_history('a', 6, 5)) AS before_6,
       (SELECT string_agg(seq::text, ' ') FROM sm_history('a', 5)) AS before_5, (SELECT string_agg(seq::text, ' ') FROM sm_history('a', NULL, 2)) AS two,
       (SELECT string_agg(e->>'seq', ' ') FROM json_array_elements(sm_context('a', 2)) AS e) AS two_in_context,
       (SELECT string_agg(e->>'seq', ' ') FROM json_array_elements(sm_context('a', 100, 1000)) AS e) AS within_a_budget,
       (SELECT string_agg(seq::text, ' ') FROM sm_find('{"role": "user"}', max_results => 2)) AS two_found,
       (SELECT count(*) FROM sm_find('{"content": "4"}')) AS beyond \gx

-- It counts the living: what has expired takes no place.
SELECT pg_temp.fill('mixed', '3 hours', '2 days', '2 hours', '2 days', '1 hour', '2 days', '1 minute', '2 days');
UPDATE sm_session SET max_interactions = 3 WHERE session_id = 'mixed';
SELECT * FROM pg_temp.shown('mixed');
SELECT count(*) AS beyond FROM sm_find('{"content": "1"}', 'mixed');
UPDATE sm_session SET max_interactions = 5 WHERE session_id = 'mixed';
SELECT * FROM pg_temp.shown('mixed');
-- Gaps take none either.
SELECT pg_temp.fill('gaps', '7 minutes', '6 minutes', '5 minutes', '4 minutes', '3 minutes', '2 minutes', '1 minute');
DELETE FROM session_memory WHERE session_id = 'gaps' AND seq IN (4, 6);
UPDATE sm_session SET max_interactions = 3, interactions = 5, tokens = (SELECT sum(tokens) FROM session_memory WHERE session_id = 'gaps'),
                      bytes = (SELECT sum(_sm_bytes(interaction)) FROM session_memory WHERE session_id = 'gaps') WHERE session_id = 'gaps';
SELECT * FROM pg_temp.shown('gaps');
-- Longer than what one read fetches at a time.
SELECT sm_append('long', jsonb_agg(jsonb_build_object('role', 'user', 'content', n::text) ORDER BY n)) FROM generate_series(1, 300) AS n;
CREATE FUNCTION pg_temp.capped(cap int, OUT context int, OUT history bigint, OUT matches bigint, OUT before_295 bigint, OUT array_form int) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('session_memory.max_interactions', cap::text, false);
    context := json_array_length(sm_context('long', 1000));
    history := (SELECT count(*) FROM sm_history('long', NULL, 1000));
    matches := (SELECT count(*) FROM sm_find('{}', 'long', NULL, 1000));
    before_295 := (SELECT count(*) FROM sm_history('long', 295, 1000));
    array_form := (SELECT jsonb_array_length(v.history) FROM session_history AS v WHERE v.session_id = 'long');
END $$;
SELECT cap, c.* FROM unnest(ARRAY[1, 10, 63, 64, 65, 128, 192, 193, 299, 300, 301]) AS cap, pg_temp.capped(cap) AS c;
RESET session_memory.max_interactions;

-- What is beyond it cannot be taken either.
SELECT pg_temp.fill('taken', '3 minutes', '2 minutes', '1 minute');
UPDATE sm_session SET max_interactions = 2 WHERE session_id = 'taken';
SELECT (SELECT string_agg(e->>'seq', ' ') FROM jsonb_array_elements(sm_pop('taken', 10)) AS e) AS taken, sm_clear('taken');

-- Pruning removes what is beyond it, oldest first, and only that.
SELECT sm_prune();
SELECT session_id, string_agg(seq::text, ' ' ORDER BY seq) AS stored FROM session_memory WHERE session_id <> 'long' GROUP BY 1 ORDER BY 1;
SET session_memory.max_interactions = 5;
SELECT sm_prune(session_id => 'long'), sm_prune();
SELECT session_id, min(seq), max(seq), count(*) FROM session_memory GROUP BY 1 ORDER BY 1;
SELECT * FROM pg_temp.miscounted;
SELECT sm_add('long', 'q', 'a'), sm_prune('1 microsecond', 'mixed');
SELECT * FROM pg_temp.miscounted;

-- What is clearly beyond the cap is made due at once, so that somebody comes for it.
SELECT sm_add('due', 'q', 'a');
SELECT prune_at > now() + interval '1 hour' AS not_yet FROM sm_session WHERE session_id = 'due';
SELECT sm_append('due', jsonb_agg(jsonb_build_object('n', n))) FROM generate_series(1, 40) AS n;
SELECT prune_at <= now() AS at_once FROM sm_session WHERE session_id = 'due';
