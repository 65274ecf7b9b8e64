-- sm_pop: takes the newest back and returns it, oldest first.
\i sql/fixture/begin.sql
-- Sessions whose counters are not what counting gives. There must never be one.
CREATE VIEW pg_temp.miscounted AS
SELECT s.session_id, s.interactions, s.tokens, s.bytes, c.*
FROM sm_session AS s
CROSS JOIN LATERAL (SELECT count(*) AS counted, coalesce(sum(m.tokens), 0) AS tokens_counted,
                           coalesce(sum(_sm_bytes(m.interaction)), 0) AS bytes_counted
                    FROM session_memory AS m WHERE m.session_id = s.session_id) AS c
WHERE (s.interactions, s.tokens, s.bytes) IS DISTINCT FROM (c.counted, c.tokens_counted, c.bytes_counted);
SET session_memory.ttl = 0;
SELECT sm_append('p', jsonb_agg(jsonb_build_object('role', 'user', 'content', n::text, 'timestamp', '2026-01-31T12:00:00Z') ORDER BY n), 'ann') FROM generate_series(1, 10) AS n;
SELECT sm_pop('p'), pg_typeof(sm_pop('p', 0));
SELECT (SELECT string_agg(e->>'seq', ' ') FROM jsonb_array_elements(sm_pop('p', 3)) AS e) AS taken, sm_pop('p', 0) AS none;
SELECT string_agg(seq::text, ' ' ORDER BY seq) AS left_over FROM session_memory WHERE session_id = 'p';
SELECT string_agg(seq::text, ' ' ORDER BY seq) AS shown FROM sm_history('p');
-- A seq is not handed out again.
SELECT sm_add('p', 'q', 'a');
-- More than there is: all there is. Then nothing.
SELECT jsonb_array_length(sm_pop('p', 2147483647));
SELECT sm_pop('p'), sm_pop('p', 5), sm_pop('unknown');
SELECT session_id, user_id, last_seq, interactions, tokens, bytes FROM sm_session;
SELECT * FROM pg_temp.miscounted;
-- The session stays, with its owner.
SELECT pg_temp.fails($$SELECT sm_add('p', 'q', 'a', user_id => 'bob')$$), sm_add('p', 'q', 'a', user_id => 'ann');

-- What has expired is not given back, and nothing that lives is taken in its stead.
SET session_memory.ttl = '1h';
SELECT sm_append('half', jsonb_build_array(jsonb_build_object('n', 1, 'timestamp', now() - interval '2 hours'), jsonb_build_object('n', 2, 'timestamp', now() - interval '30 minutes'),
                                           jsonb_build_object('n', 3, 'timestamp', now() - interval '2 hours'), jsonb_build_object('n', 4, 'timestamp', now() - interval '10 minutes')));
SELECT (SELECT string_agg(e->>'seq', ' ') FROM jsonb_array_elements(sm_pop('half', 2)) AS e) AS taken;
SELECT string_agg(seq::text, ' ' ORDER BY seq) AS stored FROM session_memory WHERE session_id = 'half';
SELECT sm_pop('half', 10);
SELECT * FROM pg_temp.miscounted;

-- Under a cap: what it hides is neither taken nor comes back because something newer is taken, whether or not anybody has removed it.
SET session_memory.ttl = 0;
SELECT sm_append('capped', jsonb_agg(jsonb_build_object('n', n) ORDER BY n)) FROM generate_series(1, 6) AS n;
SELECT sm_configure_session('capped', max_interactions => 3);
SELECT (SELECT string_agg(e->>'seq', ' ') FROM jsonb_array_elements(sm_pop('capped', 2)) AS e) AS taken;
SELECT (SELECT string_agg(seq::text, ' ') FROM sm_history('capped')) AS shown, (SELECT string_agg(seq::text, ' ' ORDER BY seq) FROM session_memory WHERE session_id = 'capped') AS stored,
       interactions, last_seq FROM sm_session WHERE session_id = 'capped';
SELECT (SELECT string_agg(e->>'seq', ' ') FROM jsonb_array_elements(sm_pop('capped', 2)) AS e) AS taken, sm_append('capped', '[{}, {}, {}, {}]');
SELECT jsonb_array_length(sm_pop('capped', 10)) AS taken_at_most, sm_pop('capped');
SET session_memory.max_interactions = 2;
SELECT sm_append('capped by setting', '[{}, {}, {}]');
SELECT (SELECT string_agg(e->>'seq', ' ') FROM jsonb_array_elements(sm_pop('capped by setting')) AS e) AS taken;
RESET session_memory.max_interactions;
SELECT string_agg(seq::text, ' ') AS shown_without_the_cap FROM sm_history('capped by setting');
-- Nothing is removed by a pop within the cap, or undone with it.
SELECT sm_append('within', '[{}, {}, {}]'), sm_configure_session('within', max_interactions => 3);
SELECT jsonb_array_length(sm_pop('within')), (SELECT count(*) FROM session_memory WHERE session_id = 'within') AS stored_before;
SELECT string_agg(seq::text, ' ') AS shown FROM sm_history('within');
SELECT * FROM pg_temp.miscounted;

-- An expired session gives nothing; an ended one refuses.
SELECT sm_add('idle', 'q', 'a'), sm_add('ended', 'q', 'a');
UPDATE sm_session SET idle_timeout = '1 minute', last_activity_at = now() - interval '2 minutes' WHERE session_id = 'idle';
UPDATE sm_session SET ended_at = now() WHERE session_id = 'ended';
SELECT sm_pop('idle'), pg_temp.fails($$SELECT sm_pop('ended')$$);
SELECT count(*) FROM session_memory WHERE session_id IN ('idle', 'ended');

-- Large, small and odd ones come back as they were.
SELECT sm_append('odd', jsonb_build_array('{}'::jsonb, '{"seq": 9, "x": "\"\\\u0001"}'::jsonb, jsonb_build_object('long', repeat('é', 50000)), jsonb_build_object('random', (SELECT string_agg(md5(n::text), '') FROM generate_series(1, 2000) AS n))));
CREATE TEMPORARY TABLE stored AS SELECT seq, interaction FROM session_memory WHERE session_id = 'odd';
SELECT s.seq, e - '{seq,timestamp}'::text[] = s.interaction - '{seq,timestamp}'::text[] AS same
FROM jsonb_array_elements(sm_pop('odd', 4)) AS e JOIN stored AS s ON s.seq = (e->>'seq')::bigint ORDER BY 1;
SELECT * FROM pg_temp.miscounted;
