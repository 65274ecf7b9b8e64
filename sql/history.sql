-- sm_history: a session page by page, newest first.
\i sql/fixture/begin.sql
SELECT * FROM sm_history('unknown');
SELECT sm_append('h', jsonb_agg(jsonb_build_object('n', n, 'tokens', n * 10, 'timestamp', 1893456000 + n) ORDER BY n)) FROM generate_series(1, 120) AS n;

-- Every column, newest first.
SELECT * FROM sm_history('h', page_size => 3);

-- Page after page until nothing comes; together exactly everything, once.
SELECT count(*), max(seq), min(seq) FROM sm_history('h');
SELECT count(*), max(seq), min(seq) FROM sm_history('h', 71);
SELECT count(*), max(seq), min(seq) FROM sm_history('h', 21);
SELECT count(*) FROM sm_history('h', 1);
WITH RECURSIVE page (number, seqs) AS (
    SELECT 1, (SELECT array_agg(seq) FROM sm_history('h', NULL, 7))
    UNION ALL
    SELECT number + 1, (SELECT array_agg(seq) FROM sm_history('h', seqs[cardinality(seqs)], 7)) FROM page WHERE seqs IS NOT NULL)
SELECT count(*) AS pages, (SELECT array_agg(s ORDER BY p.number, n) FROM page AS p, unnest(p.seqs) WITH ORDINALITY AS u (s, n))
    = (SELECT array_agg(n ORDER BY n DESC) FROM generate_series(1, 120) AS n)::bigint[] AS everything_once
FROM page;

-- Borders.
SELECT 'none' AS case, count(*) FROM sm_history('h', page_size => 0)
UNION ALL SELECT 'one', count(*) FROM sm_history('h', page_size => 1)
UNION ALL SELECT 'as many as there are', count(*) FROM sm_history('h', NULL, 120)
UNION ALL SELECT 'the most', count(*) FROM sm_history('h', NULL, 2147483647)
UNION ALL SELECT 'before the first', count(*) FROM sm_history('h', 1)
UNION ALL SELECT 'before zero', count(*) FROM sm_history('h', 0)
UNION ALL SELECT 'before -1', count(*) FROM sm_history('h', -1)
UNION ALL SELECT 'before the last', count(*) FROM sm_history('h', 120, 1000)
UNION ALL SELECT 'before far more', count(*) FROM sm_history('h', 9223372036854775807, 1000)
UNION ALL SELECT 'before far less', count(*) FROM sm_history('h', -9223372036854775808, 1000);

-- In the select list, joined, limited, and stopped early.
SELECT (sm_history('h', 3)).seq;
SELECT s.session_id, x.seq FROM sm_session AS s CROSS JOIN LATERAL sm_history(s.session_id, 100, 2) AS x;
SELECT seq FROM sm_history('h') LIMIT 2;

-- What the table holds, for all of it.
SELECT count(*) AS wrong
FROM (SELECT * FROM sm_history('h', NULL, 1000) EXCEPT SELECT seq, created_at, tokens, interaction FROM session_memory WHERE session_id = 'h') AS h;
-- A page below a gap.
DELETE FROM session_memory WHERE session_id = 'h' AND seq BETWEEN 30 AND 100;
SELECT array_agg(seq) FROM sm_history('h', 103, 5);
