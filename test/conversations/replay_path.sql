-- The comparisons of replay.sql that depend on how rows are read; `path` says how.
SET session_memory.access_path = :'path';

INSERT INTO result (name, wrong)
SELECT format('%s: sm_context of %s sessions, newest %s', :'path', :sessions, n),
       array_agg(session_id) FILTER (WHERE sm_context(session_id, n)::jsonb::text
                                           <> expected_context(session_id, n)::text)
FROM session, unnest('{1,5,8,1000}'::int[]) AS n GROUP BY n ORDER BY n;

INSERT INTO result (name, wrong)
SELECT format('%s: sm_messages of %s sessions, newest %s', :'path', :sessions, n),
       array_agg(session_id) FILTER (WHERE sm_messages(session_id, n)::jsonb::text
                                           <> expected_messages(session_id, n)::text)
FROM session, unnest('{1,5,8,1000}'::int[]) AS n GROUP BY n ORDER BY n;

INSERT INTO result (name, wrong)
SELECT format('%s: sm_history of %s sessions', :'path', :sessions), array_agg(session_id)
FROM session
WHERE (SELECT array_agg((seq, created_at)::text) FROM sm_history(session_id, NULL, 1000))
    IS DISTINCT FROM (SELECT array_agg((position, created_at)::text ORDER BY position DESC)
                      FROM living WHERE living.session_id = session.session_id);

INSERT INTO result (name, wrong)
SELECT format('%s: sm_find %s', :'path', part), array_agg(lost::text) FILTER (WHERE lost IS NOT NULL)
FROM unnest(ARRAY['{"metadata": {"sources": ["kb-1311"]}}', '{"metadata": {"slots": {"city": "Lisbon"}}}',
                  '{"metadata": {"sources": [{"id": "reise-06"}]}}', '{"role": "tool"}']::jsonb[]) AS part
    LEFT JOIN LATERAL (
        (SELECT 'missing', session_id, position FROM living WHERE interaction @> part
         EXCEPT SELECT 'missing', session_id, seq FROM sm_find(part, max_results => 1000))
        UNION ALL
        (SELECT 'too much', session_id, seq FROM sm_find(part, max_results => 1000)
         EXCEPT SELECT 'too much', session_id, position FROM living WHERE interaction @> part)
    ) AS lost ON true
GROUP BY part ORDER BY part;
