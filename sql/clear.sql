-- sm_clear: removes a session with all that is its, and nothing else.
\i sql/fixture/begin.sql
-- Sessions whose counters are not what counting gives. There must never be one.
CREATE VIEW pg_temp.miscounted AS
SELECT s.session_id, s.interactions, s.tokens, s.bytes, c.*
FROM sm_session AS s
CROSS JOIN LATERAL (SELECT count(*) AS counted, coalesce(sum(m.tokens), 0) AS tokens_counted,
                           coalesce(sum(_sm_bytes(m.interaction)), 0) AS bytes_counted
                    FROM session_memory AS m WHERE m.session_id = s.session_id) AS c
WHERE (s.interactions, s.tokens, s.bytes) IS DISTINCT FROM (c.counted, c.tokens_counted, c.bytes_counted);
SELECT sm_append(id, '[{"n": 1}, {"n": 2}, {"n": 3}]', 'ann') FROM unnest(ARRAY['a', 'b', 'A', 'a ']) AS id;
SELECT sm_clear('a'), sm_clear('a'), sm_clear('unknown');
SELECT quote_literal(session_id) AS session, count(*) FROM session_memory GROUP BY 1 ORDER BY 1;
SELECT quote_literal(session_id) AS session, interactions FROM sm_session ORDER BY 1;
SELECT sm_context('a'), (SELECT count(*) FROM sm_history('a')), (SELECT count(*) FROM sm_find('{}', 'a')), (SELECT count(*) FROM sm_stats('a'));

-- A new session may take the name; it begins at 1, with nothing of the old one and for whom it likes.
UPDATE sm_session SET ttl = '1 hour', max_interactions = 1, ended_at = now() WHERE session_id = 'b';
SELECT sm_clear('b');
SELECT sm_add('b', 'q', 'a', user_id => 'bob'), sm_add('b', 'q', 'a');
SELECT user_id, last_seq, interactions, ttl, max_interactions, ended_at FROM sm_session WHERE session_id = 'b';

-- One that has expired is as good as not there, yet its rows go.
UPDATE sm_session SET idle_timeout = '1 minute', last_activity_at = now() - interval '2 minutes' WHERE session_id = 'A';
SELECT sm_clear('A');
SELECT count(*) FROM session_memory WHERE session_id = 'A';
-- One without interactions is there.
SELECT jsonb_array_length(sm_pop('b', 10)), sm_clear('b');
SELECT * FROM pg_temp.miscounted;
SELECT quote_literal(session_id) AS session FROM sm_session;
