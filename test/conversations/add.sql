-- Adds what `source` holds, as an application would: an exchange by sm_add, a plain message by
-- sm_add_message, anything richer by sm_append; and every third session at once by sm_append.
\set ON_ERROR_STOP on
\set QUIET on
\o /dev/null
SELECT CASE
           WHEN interaction ? 'query' THEN
               sm_add(session_id, interaction->>'query', interaction->>'answer',
                      interaction->'metadata', created_at, user_id => user_id)
           WHEN jsonb_typeof(interaction->'content') = 'string'
                AND interaction - '{role,content,metadata}'::text[] = '{}' THEN
               sm_add_message(session_id, interaction->>'role', interaction->>'content',
                              interaction->'metadata', created_at, user_id => user_id)
           ELSE
               sm_append(session_id,
                         interaction || jsonb_build_object('timestamp', created_at), user_id)
       END
FROM (SELECT * FROM source WHERE hashtext(session_id) % 3 <> 0 ORDER BY session_id, position) AS one_by_one;

SELECT sm_append(session_id,
                 jsonb_agg(interaction || jsonb_build_object('timestamp', created_at) ORDER BY position),
                 min(user_id))
FROM source WHERE hashtext(session_id) % 3 = 0 GROUP BY session_id;
\o
