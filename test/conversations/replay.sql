-- Compares what the memory gives with what plain SQL over `source` gives, for every session, on both
-- read paths. The outcome goes to the table `result`, which result.sql prints.
\set ON_ERROR_STOP on
\set QUIET on
\pset format unaligned
\pset tuples_only on

-- What has not expired, under the default ttl of one day.
CREATE VIEW living AS
SELECT * FROM source WHERE created_at > clock_timestamp() - interval '1 day';

-- The newest n of every session, oldest first, as sm_context has to show them.
CREATE FUNCTION expected_context(wanted_session text, n int) RETURNS jsonb BEGIN ATOMIC
    SELECT coalesce(
        jsonb_agg(jsonb_build_object(
                      'seq', position,
                      'timestamp', to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'))
                  || interaction ORDER BY position), '[]')
    FROM (SELECT * FROM living WHERE session_id = wanted_session ORDER BY position DESC LIMIT n) AS w;
END;

-- The same window as chat-completion messages: what is our own bookkeeping is not in them.
CREATE FUNCTION expected_messages(wanted_session text, n int) RETURNS jsonb BEGIN ATOMIC
    SELECT coalesce(jsonb_agg(message ORDER BY position, part), '[]')
    FROM (SELECT * FROM living WHERE session_id = wanted_session ORDER BY position DESC LIMIT n) AS w,
        LATERAL (
            SELECT 1 AS part, jsonb_build_object('role', 'user', 'content', interaction->'query') AS message
            WHERE interaction ? 'query'
            UNION ALL
            SELECT 2, jsonb_build_object('role', 'assistant', 'content', interaction->'answer')
            WHERE interaction ? 'query'
            UNION ALL
            SELECT 1, interaction - '{metadata,timestamp}'::text[] WHERE NOT interaction ? 'query'
        ) AS m;
END;

CREATE TEMPORARY TABLE result (number int GENERATED ALWAYS AS IDENTITY, name text, wrong text[]);
CREATE TEMPORARY TABLE session AS
SELECT session_id, min(user_id) AS user_id, max(position) AS last_seq FROM source GROUP BY session_id;
SELECT count(*) AS sessions FROM session \gset

\set path sql
\ir replay_path.sql
\set path direct
\ir replay_path.sql

INSERT INTO result (name, wrong)
SELECT 'the rows are those that were added', array_agg(session_id || ' ' || position)
FROM (SELECT session_id, position, created_at FROM living
      EXCEPT SELECT session_id, seq, created_at FROM session_memory) AS lost;

INSERT INTO result (name, wrong)
SELECT 'every session has its user', array_agg(session_id)
FROM (SELECT session_id, user_id FROM session EXCEPT SELECT session_id, user_id FROM sm_session) AS lost;

INSERT INTO result (name, wrong)
SELECT 'the counters are those of the rows', array_agg(session_id)
FROM sm_session AS s
    LEFT JOIN (SELECT session_id, count(*) AS interactions, sum(tokens) AS tokens
               FROM session_memory GROUP BY session_id) AS m USING (session_id)
WHERE (s.interactions, s.tokens) IS DISTINCT FROM (coalesce(m.interactions, 0), coalesce(m.tokens, 0));
