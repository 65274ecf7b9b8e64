-- Every statement of ours goes by the right index, also one that was planned while the tables were
-- empty: nothing then is cheaper than reading all of them, and a plan stays.
\i sql/fixture/begin.sql
-- Since the counts were last handed over: what was read although it leads to a session by way of all
-- others, and whether sessions were found by their key.
CREATE FUNCTION pg_temp.read(OUT by_key boolean, OUT otherwise text) LANGUAGE sql AS $$
    SELECT pg_stat_get_xact_numscans('sm_session_pkey'::regclass) > 0,
           string_agg(r.relation::text, ', ' ORDER BY r.relation::text)
               FILTER (WHERE pg_stat_get_xact_numscans(r.relation) > 0)
    FROM (VALUES ('session_memory'::regclass), ('sm_session'), ('sm_session_data'), ('sm_session_user_id_idx'),
                 ('sm_session_prune_at_idx'), ('sm_session_summary_due_at_idx')) AS r (relation)
$$;
-- Pages of a table that has never been vacuumed are guessed; now it is known that there are none.
VACUUM session_memory, sm_session, sm_session_data;

SELECT pg_stat_force_next_flush() \g /dev/null
BEGIN;
SELECT count(sm_context('empty')), count(sm_messages('empty')), count(sm_pop('empty')), sum(sm_clear('empty')::int), count(sm_add('plan-' || i, 'q', 'a'))
FROM generate_series(1, 20) AS i;
SELECT * FROM pg_temp.read();
COMMIT;
SELECT pg_stat_force_next_flush() \g /dev/null
BEGIN;
SELECT count(sm_add('plan-' || i, 'q', 'a')), count(sm_add('plan-' || i, 'q', 'a', idempotency_key => 'k')), count(sm_add('plan-' || i, 'q', 'a', user_id => 'plans')),
       count(sm_append('plan-' || i, '[{"role": "user", "content": "1"}, {"role": "user", "content": "2"}]'))
FROM generate_series(1, 20) AS i;
SELECT * FROM pg_temp.read();
COMMIT;
SELECT pg_stat_force_next_flush() \g /dev/null
BEGIN;
SELECT count(sm_context('plan-' || i)), count(sm_messages('plan-' || i)), sum((SELECT count(*) FROM sm_history('plan-' || i))) FROM generate_series(1, 20) AS i;
SELECT * FROM pg_temp.read();
COMMIT;
SELECT pg_stat_force_next_flush() \g /dev/null
BEGIN;
SELECT count(sm_set_state('plan-' || i, '{"a": 1}')), count(sm_set_summary('plan-' || i, 'So far.', 2)), sum(sm_touch('plan-' || i)::int) FROM generate_series(1, 20) AS i;
SELECT * FROM pg_temp.read();
COMMIT;
SELECT pg_stat_force_next_flush() \g /dev/null
BEGIN;
SELECT count(sm_configure_session('plan-' || i, max_interactions => 2)), sum(jsonb_array_length(sm_pop('plan-' || i))), sum(sm_prune(session_id => 'plan-' || i)), sum(sm_clear('plan-' || i)::int)
FROM generate_series(1, 20) AS i;
SELECT * FROM pg_temp.read();
COMMIT;

-- What the server has learned of one session only is no reason either.
SELECT count(sm_add('plan-only', 'q', 'a')) FROM generate_series(1, 200);
ANALYZE session_memory, sm_session;
SELECT pg_stat_force_next_flush() \g /dev/null
BEGIN;
SELECT sm_clear('plan-only');
SELECT * FROM pg_temp.read();
COMMIT;

-- Statements of others are planned as ever, also those that ours set off: reading this table whole
-- is cheaper than going through its index.
CREATE TABLE plan_small (id int PRIMARY KEY);
INSERT INTO plan_small VALUES (1);
ANALYZE plan_small;
CREATE FUNCTION plan_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM public.plan_small WHERE id = 1;
    RETURN NULL;
END $$;
CREATE TRIGGER plan_trigger AFTER INSERT OR UPDATE ON sm_session FOR EACH ROW EXECUTE FUNCTION plan_trigger();
CREATE TRIGGER plan_trigger AFTER INSERT ON session_memory FOR EACH ROW EXECUTE FUNCTION plan_trigger();
SELECT pg_stat_force_next_flush() \g /dev/null
BEGIN;
SELECT count(sm_add('plan-trigger', 'q', 'a')) FROM generate_series(1, 20);
SELECT pg_stat_get_xact_numscans('plan_small'::regclass) > 0 AS whole, pg_stat_get_xact_numscans('plan_small_pkey'::regclass) > 0 AS by_index;
COMMIT;
DROP TRIGGER plan_trigger ON sm_session;
DROP TRIGGER plan_trigger ON session_memory;
DROP FUNCTION plan_trigger;
-- An error while planning leaves the settings as they were.
CREATE FUNCTION plan_fails(int) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT true';
CREATE INDEX plan_fails ON sm_session (created_at) WHERE plan_fails(1);
CREATE OR REPLACE FUNCTION plan_fails(int) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RAISE 'not planned'; END $$;
\set VERBOSITY terse
SELECT sm_add('plan-error', 'q', 'a');
\set VERBOSITY default
DROP INDEX plan_fails;
DROP FUNCTION plan_fails;
SELECT pg_stat_force_next_flush() \g /dev/null
BEGIN;
SELECT FROM plan_small WHERE id = 1;
SELECT pg_stat_get_xact_numscans('plan_small'::regclass) > 0 AS whole, pg_stat_get_xact_numscans('plan_small_pkey'::regclass) > 0 AS by_index;
COMMIT;
DROP TABLE plan_small;
SELECT sm_clear('plan-trigger');
