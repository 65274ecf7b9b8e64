-- Plays every conversation of `source` again, turn by turn, as an application that keeps slots in the
-- state and summaries of what was said would; and compares the state after every turn that has slots,
-- and the prompt at every fifth turn, with what plain SQL over `source` gives. Outcome: `result`.
\set ON_ERROR_STOP on
\set QUIET on

-- Under names of their own; nothing else is due.
SELECT count(sm_clear(session_id)) AS cleared FROM sm_session \gset

CREATE TABLE turn AS
SELECT 'again ' || session_id AS session_id, user_id, position, interaction,
       CASE WHEN jsonb_typeof(interaction #> '{metadata,slots}') = 'object'
            THEN jsonb_build_object('slots', jsonb_strip_nulls(interaction #> '{metadata,slots}'), 'turn', position) END AS state
FROM source;
ALTER TABLE turn ADD PRIMARY KEY (session_id, position);
-- The state that holds from one turn with slots to the next.
CREATE TABLE stated AS
SELECT session_id, position, state, lag(state, 1, '{}') OVER (PARTITION BY session_id ORDER BY position) AS before,
       lead(position) OVER (PARTITION BY session_id ORDER BY position) AS until
FROM turn WHERE state IS NOT NULL;
ALTER TABLE stated ADD PRIMARY KEY (session_id, position);
-- What the summaries of the sessions are, as far as they were written.
CREATE TABLE summarized (session_id text PRIMARY KEY, through_seq bigint, summary text);
CREATE TABLE compared (what text, session_id text, position bigint, alike boolean);
ANALYZE turn, stated;

-- The merge patch that makes one object of another: what disappears is null in it.
CREATE FUNCTION difference(before jsonb, after jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_object_agg(key, CASE
               WHEN NOT after ? key THEN 'null'
               WHEN jsonb_typeof(before->key) = 'object' AND jsonb_typeof(after->key) = 'object' THEN difference(before->key, after->key)
               ELSE after->key END), '{}')
    FROM (SELECT jsonb_object_keys(before) AS key UNION SELECT jsonb_object_keys(after)) AS k
    WHERE before->key IS DISTINCT FROM after->key
$$;

-- An interaction as messages, and as lines of plain text.
CREATE FUNCTION as_messages(interaction jsonb) RETURNS SETOF jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('role', 'user', 'content', interaction->'query') WHERE interaction ? 'query'
    UNION ALL
    SELECT jsonb_build_object('role', 'assistant', 'content', interaction->'answer') WHERE interaction ? 'query'
    UNION ALL
    SELECT interaction - '{metadata,timestamp}'::text[] WHERE NOT interaction ? 'query'
$$;
CREATE FUNCTION as_text(message jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT concat(
        (SELECT CASE message->>'role' WHEN 'user' THEN 'User' WHEN 'assistant' THEN 'Assistant' WHEN 'system' THEN 'System'
                                      WHEN 'tool' THEN 'Tool' ELSE message->>'role' END || ': ' || (message->>'content') || E'\n'
         WHERE jsonb_typeof(message->'content') <> 'null'),
        (SELECT 'Tool calls: ' || (message->'tool_calls')::text || E'\n' WHERE message ? 'tool_calls'))
$$;

-- The prompt after `done` turns: the summary, if there is one within reach, and all after it; else the
-- newest `most`.
CREATE FUNCTION expected_prompt(wanted text, done bigint, most int) RETURNS jsonb LANGUAGE sql AS $$
    WITH summary AS (SELECT through_seq, summary FROM summarized
                     WHERE session_id = wanted AND done - through_seq <= 4 * greatest(most, 5)),
    state AS (SELECT state FROM stated WHERE session_id = wanted AND position <= done AND (until > done OR until IS NULL)),
    shown AS (SELECT m.message, row_number() OVER (ORDER BY t.position, m.part) AS n
              FROM turn AS t, LATERAL as_messages(t.interaction) WITH ORDINALITY AS m (message, part)
              WHERE t.session_id = wanted AND t.position <= done
                AND t.position > coalesce((SELECT through_seq FROM summary), done - most)),
    section AS (
        SELECT 1 AS n, E'Summary of the conversation so far:\n' || summary || E'\n' AS text FROM summary
        UNION ALL
        SELECT 2, E'Current state:\n' || string_agg(format(E'- %s: %s\n', key, value), '' ORDER BY place)
        FROM state, LATERAL jsonb_each_text(state.state) WITH ORDINALITY AS s (key, value, place)
        UNION ALL
        SELECT 3, E'Recent conversation:\n' || string_agg(as_text(message), '' ORDER BY shown.n) FROM shown)
    SELECT jsonb_build_object(
        'summary', (SELECT summary FROM summary), 'state', coalesce((SELECT state FROM state), '{}'),
        'messages', (SELECT coalesce(jsonb_agg(message ORDER BY n), '[]') FROM shown),
        'formatted_context', (SELECT coalesce(string_agg(text, E'\n' ORDER BY n), '') FROM section WHERE text IS NOT NULL))
$$;

CREATE PROCEDURE play() LANGUAGE plpgsql AS $$
DECLARE
    path text;
BEGIN
    FOR now IN 1..(SELECT max(position) FROM turn) LOOP
        PERFORM sm_append(t.session_id, t.interaction - 'timestamp', t.user_id) FROM turn AS t WHERE t.position = now;
        INSERT INTO compared
        SELECT 'sm_set_state returns the new state', s.session_id, now, sm_set_state(s.session_id, difference(s.before, s.state)) = s.state
        FROM stated AS s WHERE s.position = now;
        COMMIT;
        FOREACH path IN ARRAY ARRAY['sql', 'direct'] LOOP
            PERFORM set_config('session_memory.access_path', path, true);
            INSERT INTO compared SELECT path || ': sm_state is what the slots were', s.session_id, now, sm_state(s.session_id)::text = s.state::text FROM stated AS s WHERE s.position = now;
            IF now % 5 = 0 THEN
                INSERT INTO compared
                SELECT format('%s: sm_prompt at every fifth turn, newest %s', path, most), t.session_id, now, sm_prompt(t.session_id, most)::text = expected_prompt(t.session_id, now, most)::text
                FROM turn AS t, unnest(ARRAY[8, 3]) AS most WHERE t.position = now;
                INSERT INTO compared
                SELECT path || ': sm_messages at every fifth turn', t.session_id, now,
                       sm_messages(t.session_id, 8)::jsonb = CASE WHEN e.prompt->>'summary' IS NULL THEN '[]'
                                                             ELSE jsonb_build_array(jsonb_build_object('role', 'system', 'content', e.prompt->'summary')) END
                                                        || (e.prompt->'messages')
                FROM turn AS t, LATERAL expected_prompt(t.session_id, now, 8) AS e (prompt) WHERE t.position = now;
            END IF;
        END LOOP;
        -- Now and then some of those who are due are summarized, as far as was handed out or a little less.
        IF now % 3 = 0 THEN
            WITH claimed AS MATERIALIZED (SELECT * FROM sm_claim_summaries(now * 10)),
            written AS MATERIALIZED (
                SELECT c.*, c.through_seq - abs(hashtext(c.session_id)) % 3 AS upto,
                       format(E'Turns 1 to %s, the last of them "%s".\n%s', c.through_seq - abs(hashtext(c.session_id)) % 3, (SELECT e->>'content' FROM json_array_elements(c.interactions) AS e LIMIT 1), repeat('And so on. ', now)) AS summary
                FROM claimed AS c),
            noted AS (
                INSERT INTO compared
                SELECT 'sm_claim_summaries hands out what is new', w.session_id, now,
                       w.previous_summary IS NOT DISTINCT FROM (SELECT s.summary FROM summarized AS s WHERE s.session_id = w.session_id)
                       AND w.from_seq = coalesce((SELECT s.through_seq FROM summarized AS s WHERE s.session_id = w.session_id), 0) + 1
                       AND w.through_seq = (SELECT max(t.position) FROM turn AS t WHERE t.session_id = w.session_id AND t.position <= now)
                       AND (SELECT jsonb_agg(e::jsonb - '{seq,timestamp}'::text[] ORDER BY n) FROM json_array_elements(w.interactions) WITH ORDINALITY AS e (e, n))
                           = (SELECT jsonb_agg(t.interaction - 'timestamp' ORDER BY t.position) FROM turn AS t WHERE t.session_id = w.session_id AND t.position BETWEEN w.from_seq AND w.through_seq)
                       AND sm_set_summary(w.session_id, w.summary, w.upto)
                FROM written AS w)
            INSERT INTO summarized SELECT w.session_id, w.upto, w.summary FROM written AS w
            ON CONFLICT (session_id) DO UPDATE SET through_seq = EXCLUDED.through_seq, summary = EXCLUDED.summary;
        END IF;
        COMMIT;
    END LOOP;
    INSERT INTO compared
    SELECT 'sm_end_session reports what was', e.session_id, (e.expected->>'interactions')::bigint,
           sm_end_session(e.session_id, 'played to its end') @> e.expected
    FROM (SELECT t.session_id, jsonb_build_object(
                     'interactions', count(*), 'user_id', min(t.user_id), 'reason', 'played to its end',
                     'turns', count(*) FILTER (WHERE t.interaction ? 'query' OR t.interaction->>'role' = 'user'
                                                  AND NOT t.interaction @> '{"content": [{"type": "tool_result"}]}'),
                     'state', coalesce((SELECT s.state FROM stated AS s WHERE s.session_id = t.session_id AND s.until IS NULL), '{}'),
                     'summary', (SELECT s.summary FROM summarized AS s WHERE s.session_id = t.session_id),
                     'tokens', (SELECT sum(m.tokens) FROM session_memory AS m WHERE m.session_id = t.session_id)) AS expected
          FROM turn AS t GROUP BY t.session_id) AS e;
END $$;
CALL play();

INSERT INTO result (name, wrong)
SELECT format('again, turn by turn: %s, %s times', what, count(*)), array_agg(session_id || ' ' || position ORDER BY position) FILTER (WHERE alike IS NOT TRUE)
FROM compared GROUP BY what ORDER BY what;
INSERT INTO result (name, wrong)
SELECT 'again, turn by turn: nothing was left out', CASE WHEN count(*) < 11 OR max(summaries) = 0 OR max(removed) = 0 THEN ARRAY['too little to compare'] END
FROM (SELECT DISTINCT what FROM compared) AS w, (SELECT count(*) AS summaries FROM summarized) AS s,
     (SELECT count(*) AS removed FROM stated WHERE difference(before, state)::text ~ 'null') AS r;
