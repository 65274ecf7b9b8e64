-- The report of a session ----------------------------------------------------------------------------
--
-- Of what lives when it ends: texts of questions stay with the session and go with it; what
-- remains for longer are the numbers of sm_activity and sm_kb_use.

CREATE FUNCTION @extschema@._sm_report(session_id text, reason text, ended_at timestamptz)
RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH living AS MATERIALIZED (
        SELECT m.seq, m.created_at, m.tokens, m.interaction
        FROM @extschema@.session_memory AS m
        JOIN @extschema@.sm_session AS s ON s.session_id = m.session_id
        WHERE m.session_id = $1
          AND @extschema@._sm_interaction_end(m.created_at, s.ttl, @extschema@._sm_default_ttl()) > statement_timestamp()
        ORDER BY m.seq DESC
        LIMIT (SELECT @extschema@._sm_cap(c.max_interactions) FROM @extschema@.sm_session AS c WHERE c.session_id = $1)),
    -- What is said of an answer stands with the answer, in the turn of its question.
    turns AS (
        SELECT l.seq, count(*) FILTER (WHERE @extschema@._sm_begins_turn(l.interaction)) OVER (ORDER BY l.seq) AS turn,
               coalesce(l.interaction ->> 'query', CASE WHEN jsonb_typeof(l.interaction -> 'content') = 'string'
                                                        THEN l.interaction ->> 'content' END) AS question,
               @extschema@._sm_response_time(l.interaction) AS response_time,
               @extschema@._sm_confidence(l.interaction) AS confidence
        FROM living AS l),
    spoken AS (
        SELECT r.role
        FROM living AS l
        CROSS JOIN LATERAL (
            SELECT 'user' WHERE l.interaction ? 'query'
            UNION ALL SELECT 'assistant' WHERE l.interaction ? 'answer'
            UNION ALL SELECT l.interaction ->> 'role' WHERE l.interaction ? 'role') AS r (role))
    SELECT jsonb_build_object(
               'session_id', s.session_id, 'user_id', s.user_id, 'reason', $2,
               'created_at', @extschema@._sm_time(s.created_at), 'ended_at', @extschema@._sm_time($3),
               'interactions', t.interactions, 'turns', t.turns, 'tokens', t.tokens,
               'first_at', @extschema@._sm_time(t.first_at), 'last_at', @extschema@._sm_time(t.last_at),
               'duration_seconds', extract(epoch FROM t.last_at - t.first_at),
               'roles', (SELECT coalesce(jsonb_object_agg(c.role, c.messages), '{}'::jsonb)
                         FROM (SELECT p.role, count(*) FROM spoken AS p WHERE p.role IS NOT NULL GROUP BY p.role)
                              AS c (role, messages)),
               'metadata_keys', (SELECT coalesce(jsonb_agg(DISTINCT k.key ORDER BY k.key), '[]'::jsonb)
                                 FROM living AS l
                                 CROSS JOIN LATERAL jsonb_object_keys(
                                     CASE WHEN jsonb_typeof(l.interaction -> 'metadata') = 'object'
                                          THEN l.interaction -> 'metadata' ELSE '{}'::jsonb END) AS k (key)),
               'average_response_time', t.response_time, 'average_confidence', t.confidence,
               'questions', (SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                                        'seq', q.seq, 'text', left(q.text, 500), 'response_time', q.response_time,
                                        'confidence', q.confidence)) ORDER BY q.seq), '[]'::jsonb)
                             FROM (SELECT min(l.seq) AS seq, (array_agg(l.question ORDER BY l.seq))[1] AS text,
                                          (array_remove(array_agg(l.response_time ORDER BY l.seq), NULL))[1] AS response_time,
                                          (array_remove(array_agg(l.confidence ORDER BY l.seq), NULL))[1] AS confidence
                                   FROM turns AS l WHERE l.turn > 0 GROUP BY l.turn
                                   ORDER BY l.turn DESC LIMIT 100) AS q),
               'sources', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', e.id, 'uses', e.uses) ORDER BY e.uses DESC, e.id COLLATE "C"), '[]'::jsonb)
                           FROM (SELECT u.id, count(*) AS uses
                                 FROM living AS l CROSS JOIN LATERAL unnest(@extschema@._sm_sources(l.interaction, 'sources')) AS u (id)
                                 GROUP BY u.id ORDER BY 2 DESC, u.id COLLATE "C" LIMIT 100) AS e),
               'collections', (SELECT coalesce(jsonb_agg(DISTINCT u.id ORDER BY u.id), '[]'::jsonb)
                               FROM living AS l
                               CROSS JOIN LATERAL (SELECT unnest(@extschema@._sm_sources(l.interaction, 'collections'))
                                                   UNION ALL
                                                   SELECT unnest(@extschema@._sm_sources(l.interaction, 'collection'))) AS u (id)),
               'state', coalesce(x.state, '{}'::jsonb), 'summary', x.summary)
    FROM @extschema@.sm_session AS s
    LEFT JOIN @extschema@.sm_session_data AS x ON x.session_id = s.session_id
    CROSS JOIN (SELECT count(*), count(*) FILTER (WHERE @extschema@._sm_begins_turn(l.interaction)),
                       coalesce(sum(l.tokens), 0), min(l.created_at), max(l.created_at),
                       avg(@extschema@._sm_response_time(l.interaction)), avg(@extschema@._sm_confidence(l.interaction))
                FROM living AS l) AS t (interactions, turns, tokens, first_at, last_at, response_time, confidence)
    WHERE s.session_id = $1;
END;
COMMENT ON FUNCTION @extschema@._sm_report(text, text, timestamptz) IS
'Internal: what sm_end_session finds out about a session.';

CREATE FUNCTION @extschema@.sm_end_session(session_id text, reason text DEFAULT 'completed')
RETURNS jsonb LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sm_end_session';
COMMENT ON FUNCTION @extschema@.sm_end_session(text, text) IS
'Closes a session to writing and returns its report; NULL where there is no such session.';
