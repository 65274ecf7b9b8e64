-- Row-level security: each function shows and changes what plain SQL by the same role would, no more.
\i sql/fixture/begin.sql
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['regress_sm_ann', 'regress_sm_bob', 'regress_sm_all'] LOOP
        IF to_regrole(name) IS NOT NULL THEN EXECUTE format('DROP OWNED BY %I', name); END IF;
        EXECUTE format('DROP ROLE IF EXISTS %I', name);
        EXECUTE format('CREATE ROLE %I', name);
        PERFORM sm_grant(name::regrole, 'admin');
    END LOOP;
END $$;
ALTER ROLE regress_sm_all BYPASSRLS;
-- A user has the sessions that are theirs, and the interactions in them.
ALTER TABLE sm_session ENABLE ROW LEVEL SECURITY;
ALTER TABLE session_memory ENABLE ROW LEVEL SECURITY;
ALTER TABLE sm_session_data ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON sm_session USING (user_id = current_user);
CREATE POLICY own ON sm_session_data USING (EXISTS (SELECT FROM sm_session AS s WHERE s.session_id = sm_session_data.session_id));
CREATE POLICY own ON session_memory USING (EXISTS (SELECT FROM sm_session AS s WHERE s.session_id = session_memory.session_id));
-- Read once without a policy in the way, so that whatever is cached is cached for that.
SELECT sm_add('ann1', 'q1', 'a', '{"topic": "x"}', user_id => 'regress_sm_ann'), sm_add('ann1', 'q2', 'a'), sm_add('bob1', 'q1', 'a', '{"topic": "x"}', user_id => 'regress_sm_bob'), sm_add('none', 'q', 'a');
SELECT json_array_length(sm_context('ann1')), json_array_length(sm_context('bob1')), json_array_length(sm_context('none'));

CREATE FUNCTION pg_temp.seen(OUT by_hand text, OUT context text, OUT messages text, OUT history text, OUT matches text, OUT array_form text, OUT stats text, OUT all_stats text) LANGUAGE plpgsql AS $$
BEGIN
    by_hand := (SELECT string_agg(session_id || seq, ' ' ORDER BY session_id, seq) FROM session_memory);
    SELECT string_agg(id || json_array_length(sm_context(id)), ' ' ORDER BY n), string_agg(id || json_array_length(sm_messages(id)), ' ' ORDER BY n),
           string_agg(id || (SELECT count(*) FROM sm_history(id)), ' ' ORDER BY n)
    INTO context, messages, history FROM unnest(ARRAY['ann1', 'bob1', 'none']) WITH ORDINALITY AS i (id, n);
    matches := (SELECT string_agg(session_id || seq, ' ' ORDER BY session_id, seq) FROM sm_find('{}'));
    array_form := (SELECT string_agg(v.session_id || jsonb_array_length(v.history), ' ' ORDER BY session_id) FROM session_history AS v);
    stats := (SELECT string_agg(s.session_id || s.interactions, ' ' ORDER BY n) FROM unnest(ARRAY['ann1', 'bob1', 'none']) WITH ORDINALITY AS i (id, n), sm_stats(id) AS s);
    all_stats := (SELECT sessions || ' ' || interactions FROM sm_stats());
END $$;
GRANT EXECUTE ON FUNCTION pg_temp.seen(), pg_temp.fails(text) TO PUBLIC;
-- The same of what sessions have besides.
SELECT sm_set_state(id, jsonb_build_object('of', id)), sm_set_summary(id, 'Summary of ' || id, 1) FROM unnest(ARRAY['ann1', 'bob1', 'none']) AS id;
CREATE FUNCTION pg_temp.seen_of_sessions(OUT by_hand text, OUT sessions text, OUT session text, OUT state text, OUT summary text, OUT prompt text) LANGUAGE sql AS $$
    SELECT (SELECT string_agg(d.session_id, ' ' ORDER BY d.session_id) FROM sm_session_data AS d), (SELECT string_agg(l.session_id, ' ') FROM sm_sessions() AS l),
           string_agg(sm_session(id)->>'session_id', ' ' ORDER BY id), string_agg(sm_state(id)->>'of', ' ' ORDER BY id), string_agg(sm_summary(id)->>'summary', ', ' ORDER BY id),
           string_agg(concat(sm_prompt(id)->>'summary', sm_prompt(id)->>'state', sm_prompt(id)->>'formatted_context'), '' ORDER BY id)
    FROM unnest(ARRAY['ann1', 'bob1', 'none']) AS id
$$;
GRANT EXECUTE ON FUNCTION pg_temp.seen_of_sessions() TO PUBLIC;
SET ROLE regress_sm_ann;
SELECT * FROM pg_temp.seen_of_sessions() \gx
SET ROLE regress_sm_all;
SELECT by_hand, sessions, session, state, summary FROM pg_temp.seen_of_sessions() \gx
RESET ROLE;
SELECT * FROM pg_temp.seen() \gx
SET ROLE regress_sm_ann;
SELECT * FROM pg_temp.seen() \gx
SELECT count(*) FROM sm_find('{"metadata": {"topic": "x"}}');
SELECT count(*) AS of_bob FROM sm_find('{}', user_id => 'regress_sm_bob');
SET ROLE regress_sm_bob;
SELECT * FROM pg_temp.seen() \gx
SET ROLE regress_sm_all;
SELECT * FROM pg_temp.seen() \gx
RESET ROLE;

-- Writing: one's own as ever; another's is refused and stays as it is, and so is one that would be nobody's.
SET ROLE regress_sm_bob;
SELECT sm_add('bob1', 'q2', 'a'), sm_add_message('bob1', 'user', 'x', idempotency_key => 'k', user_id => 'regress_sm_bob'), sm_append('bob1', '[{}, {}]'),
       sm_add('bob1', 'q', 'a', idempotency_key => 'k', user_id => 'regress_sm_bob'), sm_add('bob2', 'q', 'a', user_id => 'regress_sm_bob');
SELECT left(pg_temp.fails($$SELECT sm_add('ann1', 'q', 'a')$$), 5), pg_temp.fails($$SELECT sm_add('ann1', 'q', 'a', user_id => 'regress_sm_bob')$$), left(pg_temp.fails($$SELECT sm_add('ann1', 'q', 'a', idempotency_key => 'k')$$), 5),
       left(pg_temp.fails($$SELECT sm_append('ann1', '[{}, {}]')$$), 5), left(pg_temp.fails($$SELECT sm_add_message('none', 'user', 'x')$$), 5), pg_temp.fails($$SELECT sm_add('none', 'q', 'a', user_id => 'regress_sm_bob')$$) \gx
SELECT pg_temp.fails($$SELECT sm_add('new', 'q', 'a')$$), pg_temp.fails($$SELECT sm_add('new', 'q', 'a', user_id => 'regress_sm_ann')$$) \gx
-- Sessions: one's own; of another's there is none to be had, and none of that name to be made.
SELECT sm_create_session('bob3', 'regress_sm_bob', metadata => '{"a": 1}'), sm_set_state('bob3', '{"b": 2}'), sm_configure_session('bob3', ttl => '1 hour'), sm_touch('bob3');
SELECT sm_add('bob3', 'q' || n, 'a') FROM generate_series(1, 5) AS n;
SELECT session_id, through_seq FROM sm_claim_summaries();
SELECT sm_set_summary('bob3', 'So far.', 5), sm_session('bob3')->'metadata' AS metadata, sm_prompt('bob3')->'summary' AS summary;
SELECT sm_end_session('bob3')->'interactions' AS interactions, sm_clear('bob3');
SELECT call, pg_temp.fails('SELECT ' || call) AS outcome
FROM unnest(ARRAY['sm_create_session(''ann1'', ''regress_sm_bob'')', 'sm_create_session(''new'', ''regress_sm_ann'')', 'sm_configure_session(''ann1'', ttl => ''1 hour'')', 'sm_set_state(''ann1'', ''{"a": 1}'')']) AS call;
SELECT sm_touch('ann1'), sm_set_summary('ann1', 'x', 1), sm_end_session('ann1'), (SELECT count(*) FROM sm_claim_summaries()) AS claimed, sm_session('ann1'), sm_state('ann1');
-- Taking out.
SELECT sm_pop('ann1'), sm_clear('ann1'), sm_clear('none'), sm_prune('1 microsecond', 'ann1');
SELECT jsonb_array_length(sm_pop('bob1', 2)), sm_clear('bob2');
SELECT sm_prune('1 microsecond');
RESET ROLE;
SELECT session_id, user_id, last_seq, interactions, (SELECT count(*) FROM session_memory AS m WHERE m.session_id = s.session_id) AS counted FROM sm_session AS s ORDER BY 1;

-- An expired session of another's is not begun again.
UPDATE sm_session SET last_activity_at = now() - interval '2 days' WHERE session_id IN ('ann1', 'bob1');
SET ROLE regress_sm_bob;
SELECT pg_temp.fails($$SELECT sm_add('ann1', 'q', 'a', user_id => 'regress_sm_bob')$$), sm_add('bob1', 'q', 'a', user_id => 'regress_sm_bob');
SELECT sm_prune();
RESET ROLE;
SELECT session_id, interactions FROM sm_session ORDER BY 1;
UPDATE sm_session SET last_activity_at = now();

-- A policy on one of the tables alone, made while the session goes on.
DROP POLICY own ON sm_session;
ALTER TABLE sm_session DISABLE ROW LEVEL SECURITY;
DROP POLICY own ON session_memory;
CREATE POLICY odd ON session_memory USING (seq % 2 = 1);
SET ROLE regress_sm_ann;
SELECT left(pg_temp.fails($$SELECT sm_append('mine', '[{}, {}]')$$), 5);
RESET ROLE;
SELECT count(*) AS of_it FROM sm_session WHERE session_id = 'mine';
SELECT sm_append('mine', '[{"query": 1}, {"query": 2}, {"query": 3}, {"query": 4}, {"query": 5}]', 'regress_sm_ann');
SET ROLE regress_sm_ann;
SELECT (SELECT string_agg(e->>'seq', ' ') FROM json_array_elements(sm_context('mine', 2)) AS e) AS context, (SELECT string_agg(e->>'content', ' ') FROM json_array_elements(sm_messages('mine', 2)) AS e) AS messages,
       (SELECT string_agg(seq::text, ' ') FROM sm_history('mine', 5)) AS history, (SELECT string_agg(seq::text, ' ') FROM sm_find('{}', 'mine')) AS found;
RESET ROLE;
SELECT (SELECT string_agg(e->>'seq', ' ') FROM json_array_elements(sm_context('mine')) AS e) AS for_a_superuser;
-- A key whose interaction one sees is found, and nothing is added; one that lies hidden cannot be used again.
SELECT sm_add('mine', 'q', 'a', idempotency_key => 'hidden'), sm_add('mine', 'q', 'a', idempotency_key => 'shown');
ALTER POLICY odd ON session_memory WITH CHECK (true);
SET ROLE regress_sm_ann;
SELECT sm_add('mine', 'again', 'a', idempotency_key => 'shown', user_id => 'regress_sm_ann'), sm_add_message('mine', 'user', 'again', idempotency_key => 'shown');
SELECT left(pg_temp.fails($$SELECT sm_add('mine', 'q', 'a', idempotency_key => 'hidden')$$), 5);
SELECT sm_add('mine', 'q', 'a', idempotency_key => 'fresh');
RESET ROLE;
ALTER POLICY odd ON session_memory WITH CHECK (seq % 2 = 1);
SELECT string_agg(seq || coalesce(' ' || idempotency_key, ''), ', ' ORDER BY seq) AS stored FROM session_memory WHERE session_id = 'mine' AND seq > 5;
SELECT jsonb_array_length(sm_pop('mine', 3));
-- What is hidden cannot go, so the session does not go half.
SET ROLE regress_sm_ann;
SELECT pg_temp.fails($$SELECT sm_clear('mine')$$);
RESET ROLE;
SELECT interactions, (SELECT count(*) FROM session_memory WHERE session_id = 'mine') AS stored FROM sm_session WHERE session_id = 'mine';
-- Off again, in a transaction that is undone.
BEGIN;
ALTER TABLE session_memory DISABLE ROW LEVEL SECURITY;
SET LOCAL ROLE regress_sm_ann;
SELECT json_array_length(sm_context('mine', 100));
ROLLBACK;
SET ROLE regress_sm_ann;
SELECT json_array_length(sm_context('mine', 100));
-- With row_security off it is an error rather than a part.
SET row_security = off;
SELECT pg_temp.fails($$SELECT sm_context('mine')$$), pg_temp.fails($$SELECT * FROM sm_history('mine')$$), pg_temp.fails($$SELECT * FROM sm_find('{}')$$) \gx
RESET row_security;
RESET ROLE;

-- The owner is bound where it is forced; nobody may be shown anything without a policy.
DROP POLICY odd ON session_memory;
SET ROLE regress_sm_ann;
SELECT sm_context('mine'), sm_messages('mine'), (SELECT count(*) FROM sm_history('mine')), (SELECT count(*) FROM sm_find('{}'));
RESET ROLE;
ALTER TABLE session_memory OWNER TO regress_sm_ann;
SET ROLE regress_sm_ann;
SELECT json_array_length(sm_context('mine', 100)) AS as_owner;
ALTER TABLE session_memory FORCE ROW LEVEL SECURITY;
SELECT json_array_length(sm_context('mine', 100)) AS as_forced_owner;
RESET ROLE;
ALTER TABLE session_memory OWNER TO CURRENT_USER;
DROP OWNED BY regress_sm_ann, regress_sm_bob, regress_sm_all;
DROP ROLE regress_sm_ann, regress_sm_bob, regress_sm_all;
