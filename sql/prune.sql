-- sm_prune: removes what has expired, or is older than an interval, and says how many interactions.
\i sql/fixture/begin.sql
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
-- Nothing to do.
SELECT sm_prune(), sm_prune(session_id => 'unknown'), sm_prune('1 hour');

-- Exactly what has expired: by the default ttl of a day, and by a session's own.
SELECT pg_temp.fill('a', '3 days', '25 hours', '23 hours', '1 hour'), pg_temp.fill('b', '3 hours', '1 hour', '1 minute'), pg_temp.fill('c', '3 days', '2 days');
UPDATE sm_session SET ttl = '2 hours' WHERE session_id = 'b';
SELECT sm_prune(session_id => 'b');
SELECT session_id, string_agg(seq::text, ' ' ORDER BY seq) AS stored FROM session_memory GROUP BY 1 ORDER BY 1;
SELECT sm_prune();
SELECT session_id, string_agg(seq::text, ' ' ORDER BY seq) AS stored FROM session_memory GROUP BY 1 ORDER BY 1;
SELECT sm_prune();
SELECT * FROM pg_temp.miscounted;
-- c holds nothing more, yet it was used just now.
SELECT session_id, last_seq, interactions, prune_at > now() AS to_be_visited FROM sm_session ORDER BY 1;

-- Older than an interval, in one session or in all.
SELECT sm_prune('30 minutes', 'b'), sm_prune('30 minutes', 'c');
SELECT session_id, string_agg(seq::text, ' ' ORDER BY seq) AS stored FROM session_memory GROUP BY 1 ORDER BY 1;
SELECT sm_prune('2 hours');
SELECT session_id, string_agg(seq::text, ' ' ORDER BY seq) AS stored FROM session_memory GROUP BY 1 ORDER BY 1;
-- An age that nothing has, however large.
SELECT sm_prune('100 years'), sm_prune('178000000 years'), sm_prune('100 years', 'a');
SELECT sm_prune('1 microsecond', 'a');
SELECT * FROM pg_temp.miscounted;
SELECT sm_context('a'), sm_add('a', 'q', 'a');

-- A session that has come to its end goes with its interactions, whatever their age; by idling, and by its ttl.
SELECT pg_temp.fill('idle', '2 hours', '1 hour'), pg_temp.fill('old', '2 days'), pg_temp.fill('alive', '1 hour');
UPDATE sm_session SET idle_timeout = '30 minutes', last_activity_at = now() - interval '40 minutes' WHERE session_id = 'idle';
UPDATE sm_session SET last_activity_at = now() - interval '2 days' WHERE session_id = 'old';
UPDATE sm_session SET idle_timeout = '30 minutes', last_activity_at = now() - interval '20 minutes' WHERE session_id = 'alive';
SELECT sm_prune(session_id => 'idle'), sm_prune(session_id => 'alive'), sm_prune();
SELECT session_id FROM sm_session WHERE session_id IN ('idle', 'old', 'alive');
SELECT count(*) FROM session_memory WHERE session_id IN ('idle', 'old');

-- A longer ttl keeps what the default would not, for ever if it says so.
SELECT pg_temp.fill('long', '3 days', '1 hour'), pg_temp.fill('ever', '1000 days', '1 hour');
UPDATE sm_session SET ttl = '4 days' WHERE session_id = 'long';
UPDATE sm_session SET ttl = '178000000 years' WHERE session_id = 'ever';
SELECT sm_prune();
SELECT session_id, interactions FROM sm_session WHERE session_id IN ('long', 'ever') ORDER BY 1;
SET session_memory.ttl = 0;
SELECT pg_temp.fill('default', '1000 days');
SELECT sm_prune();
RESET session_memory.ttl;
SELECT sm_prune();

-- What nobody has locked in, prune_at is only a hint: a late one loses nothing that is due.
SELECT pg_temp.fill('hint', '2 days', '1 hour');
UPDATE sm_session SET prune_at = now() + interval '10 years' WHERE session_id = 'hint';
SELECT sm_prune();
UPDATE sm_session SET prune_at = NULL, ttl = '1 minute' WHERE session_id = 'hint';
SELECT sm_prune();
-- And an early one removes nothing that is not.
SELECT pg_temp.fill('early', '1 hour');
UPDATE sm_session SET prune_at = now() - interval '10 years' WHERE session_id = 'early';
SELECT sm_prune(), interactions FROM sm_session WHERE session_id = 'early';
-- After a visit the hint is the time at which the oldest expires.
SELECT pg_temp.fill('next', '2 days', '20 hours', '1 hour');
SELECT sm_prune(session_id => 'next');
SELECT prune_at - now() BETWEEN interval '3 hours 59 minutes' AND interval '4 hours' AS in_four_hours FROM sm_session WHERE session_id = 'next';

-- Many sessions, more than one batch.
SELECT count(pg_temp.fill('many' || n, '2 days', '1 hour')) FROM generate_series(1, 1000) AS n;
SELECT sm_prune(), (SELECT count(*) FROM session_memory WHERE session_id LIKE 'many%') AS before_this_statement;
SELECT count(*), min(seq) FROM session_memory WHERE session_id LIKE 'many%';
-- Many interactions in one.
SELECT sm_append('deep', jsonb_agg(jsonb_build_object('n', n, 'timestamp', now() - interval '2 days'))) FROM generate_series(1, 5000) AS n;
SELECT sm_prune(session_id => 'deep'), sm_prune('1 microsecond');
SELECT count(*) FROM session_memory;
SELECT * FROM pg_temp.miscounted;
