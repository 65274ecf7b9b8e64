-- Profiles and events: what outlives a session.
\i sql/fixture/begin.sql
-- A profile without its times.
CREATE FUNCTION pg_temp.attributes(profile jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT profile - ARRAY['first_seen_at', 'last_seen_at'] $$;

-- A user nobody knows; arguments are checked also where there is nothing yet.
SELECT sm_profile('ann') IS NULL AS unknown, (SELECT count(*) FROM sm_events('ann')) AS events;
SELECT pg_temp.fails($$SELECT sm_profile('')$$), pg_temp.fails($$SELECT * FROM sm_events('')$$) \gx
-- Merge patch, on nothing and on what there is.
SELECT pg_temp.attributes(sm_set_profile('ann', '{"name": "Ann", "contact": {"email": "ann@example.com"}, "tags": ["vip"], "gone": null}'));
SELECT pg_temp.attributes(sm_set_profile('ann', '{"contact": {"phone": "+43 1 234", "email": null}, "tags": ["regular"], "language": "de"}'));
SELECT pg_temp.attributes(sm_profile('ann')), pg_temp.attributes(sm_profile('ann')) = pg_temp.attributes(sm_set_profile('ann', '{}')) AS unchanged;
-- Our names win and are not stored, so that a profile can be given back as it came.
SELECT sm_set_profile('ann', sm_profile('ann') || '{"user_id": "bob", "first_seen_at": 5, "last_seen_at": null, "name": "Anna"}') ->> 'user_id' AS user_id;
SELECT attributes FROM sm_profile WHERE user_id = 'ann';
UPDATE sm_profile SET attributes = attributes || '{"user_id": "by hand", "first_seen_at": 0}' WHERE user_id = 'ann';
SELECT sm_profile('ann') ->> 'user_id' AS user_id, jsonb_typeof(sm_profile('ann') -> 'first_seen_at') AS first_seen_at;
SELECT pg_temp.attributes(sm_set_profile('empty', '{}'));
-- Rolled back.
BEGIN;
SELECT pg_temp.attributes(sm_set_profile('ann', '{"undone": true}'));
ROLLBACK;
SELECT sm_profile('ann') ? 'undone' AS undone;

-- First and last seen: by the profile, by events, by sessions.
UPDATE sm_profile SET first_seen_at = '2026-03-01 12:00+00', last_seen_at = '2026-03-01 12:00+00' WHERE user_id = 'ann';
SELECT sm_profile('ann') ->> 'first_seen_at' AS first_seen_at, sm_profile('ann') ->> 'last_seen_at' AS last_seen_at;
SELECT sm_record_event('ann', 'booking', '{"city": "Rome"}', '2026-03-05 12:00+00'), sm_record_event('ann', 'booking', '{"city": "Oslo"}', '2026-02-05 12:00+00');
SELECT sm_profile('ann') ->> 'first_seen_at' AS first_seen_at, sm_profile('ann') ->> 'last_seen_at' AS last_seen_at;
SELECT sm_add('of ann', 'q', 'a', created_at => '2026-01-05 12:00+00', user_id => 'ann');
UPDATE sm_session SET created_at = '2026-01-05 12:00+00', last_activity_at = '2026-04-01 12:00+00' WHERE session_id = 'of ann';
SELECT sm_profile('ann') ->> 'first_seen_at' AS first_seen_at, sm_profile('ann') ->> 'last_seen_at' AS last_seen_at;
SELECT sm_add('of bob', 'q', 'a', user_id => 'bob');
UPDATE sm_session SET created_at = '2026-01-06 12:00+00', last_activity_at = '2026-01-06 13:00+00' WHERE session_id = 'of bob';
SELECT sm_profile('bob') AS known_by_a_session;
-- What is planned does not count as seen.
SELECT sm_record_event('cas', 'booking', '{}', clock_timestamp() + interval '1 year');
SELECT (sm_profile('cas') ->> 'last_seen_at')::timestamptz <= clock_timestamp() AS not_in_the_future, (SELECT occurred_at > clock_timestamp() FROM sm_events('cas')) AS planned;

-- Events: numbered by user, kept as given.
SELECT sm_record_event('eve', 'booking', '{"city": "Rome", "nested": {"a": [1, null]}}', '2026-01-01 00:00+00', 0.9, 'any session');
SELECT sm_record_event('eve', 'purchase', '{}', '2026-01-03 00:00+00', 0), sm_record_event('eve', 'booking', '{"city": "Bari"}', '2026-01-02 00:00+00', 1), sm_record_event('fay', 'booking', '{}', '2026-01-02 00:00+00');
SELECT * FROM sm_events('eve');
SELECT * FROM sm_events('fay');
SELECT event_id FROM sm_events('eve', 'booking');
SELECT event_id FROM sm_events('eve', 'unheard of');
SELECT event_id FROM sm_events('eve', before => '2026-01-03 00:00+00');
SELECT event_id FROM sm_events('eve', 'booking', '2026-01-02 00:00+00', 5);
SELECT (SELECT count(*) FROM sm_events('eve', page_size => 2)) AS two, (SELECT count(*) FROM sm_events('eve', page_size => 0)) AS none, (SELECT count(*) FROM sm_events('eve', before => 'infinity')) AS all_of_them, (SELECT count(*) FROM sm_events('eve', before => '-infinity')) AS nothing;
-- Now, where no time is given: each event its own, so that pages by time leave nothing out.
SELECT count(sm_record_event('gus', 'visit', '{}')) FROM generate_series(1, 50);
SELECT count(*) AS events, count(DISTINCT occurred_at) AS times, bool_and(occurred_at BETWEEN statement_timestamp() - interval '1 hour' AND clock_timestamp()) AS just_now FROM sm_events('gus');
SELECT count(*) AS second_page, max(event_id) AS first_of_it FROM sm_events('gus', before => (SELECT min(occurred_at) FROM sm_events('gus', page_size => 20)));
-- Numbers are not used again, also by what was taken back.
BEGIN;
SELECT sm_record_event('eve', 'booking', '{}');
ROLLBACK;
DELETE FROM sm_event WHERE user_id = 'eve' AND event_id = 3;
SELECT sm_record_event('eve', 'booking', '{}', '2026-01-04 00:00+00');
-- Pages come from an index, of all events or of one kind.
CREATE FUNCTION pg_temp.plan(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || statement LOOP
        IF line ~ 'Scan|Sort' THEN RETURN NEXT trim(regexp_replace(line, ' on sm_event.*', '')); END IF;
    END LOOP;
END $$;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SELECT pg_temp.plan($$SELECT * FROM sm_events('eve', page_size => 10)$$);
SELECT pg_temp.plan($$SELECT * FROM sm_events('eve', 'booking', '2026-01-01', 10)$$);
RESET enable_seqscan;
RESET enable_bitmapscan;

-- A session of somebody else is refused while it lives; one without a user, or unheard of, is not.
SELECT sm_create_session('nobody''s'), sm_create_session('gone', 'bob');
UPDATE sm_session SET last_activity_at = '2020-01-01' WHERE session_id = 'gone';
SELECT sm_record_event('bob', 'visit', '{}', session_id => 'of bob'), sm_record_event('bob', 'visit', '{}', session_id => 'nobody''s'), sm_record_event('ann', 'visit', '{}', session_id => 'gone');
UPDATE sm_session SET last_activity_at = clock_timestamp() WHERE session_id = 'of bob';
SELECT pg_temp.fails($$SELECT sm_record_event('ann', 'visit', '{}', session_id => 'of bob')$$);

-- What is refused, and changes nothing.
CREATE FUNCTION pg_temp.stored() RETURNS text LANGUAGE sql AS $$
    SELECT md5(concat((SELECT string_agg(p::text, ',' ORDER BY user_id) FROM sm_profile AS p), (SELECT string_agg(e::text, ',' ORDER BY user_id, event_id) FROM sm_event AS e)))
$$;
SELECT pg_temp.stored() AS before \gset
SELECT call, pg_temp.fails('SELECT ' || call) AS outcome FROM unnest(ARRAY[
    'sm_profile(NULL)', 'sm_profile(repeat(''x'', 256))', 'sm_set_profile(NULL, ''{}'')', 'sm_set_profile('''', ''{}'')', 'sm_set_profile(repeat(''x'', 256), ''{}'')', 'sm_set_profile(''ann'', NULL)', 'sm_set_profile(''new'', ''[]'')', 'sm_set_profile(''ann'', ''"x"'')',
    'sm_record_event(NULL, ''k'', ''{}'')', 'sm_record_event('''', ''k'', ''{}'')', 'sm_record_event(repeat(''x'', 256), ''k'', ''{}'')', 'sm_record_event(''ann'', NULL, ''{}'')', 'sm_record_event(''ann'', '''', ''{}'')', 'sm_record_event(''ann'', repeat(''é'', 64), ''{}'')',
    'sm_record_event(''ann'', ''k'', NULL)', 'sm_record_event(''ann'', ''k'', ''[]'')', 'sm_record_event(''ann'', ''k'', ''5'')', 'sm_record_event(''ann'', ''k'', ''{}'', ''infinity'')', 'sm_record_event(''ann'', ''k'', ''{}'', ''-infinity'')',
    'sm_record_event(''ann'', ''k'', ''{}'', satisfaction => 1.01)', 'sm_record_event(''ann'', ''k'', ''{}'', satisfaction => -0.01)', 'sm_record_event(''ann'', ''k'', ''{}'', satisfaction => ''NaN'')', 'sm_record_event(''ann'', ''k'', ''{}'', session_id => '''')', 'sm_record_event(''ann'', ''k'', ''{}'', session_id => repeat(''x'', 256))',
    'sm_events(NULL)', 'sm_events(''ann'', '''')', 'sm_events(''ann'', repeat(''x'', 64))', 'sm_events(''ann'', page_size => NULL)', 'sm_events(''ann'', page_size => -1)', 'sm_events(repeat(''x'', 256))']) AS call;
SELECT regexp_replace(pg_temp.fails(format('SELECT sm_set_profile(%L, %L)', 'ann', jsonb_build_object('x', repeat('x', 1024 * 1024)))), '\d{7}', 'so many') AS too_large,
       regexp_replace(pg_temp.fails(format('SELECT sm_record_event(%L, %L, %L)', 'ann', 'k', jsonb_build_object('x', repeat('x', 1024 * 1024)))), '\d{7}', 'so many') AS event \gx
SELECT pg_temp.stored() = :'before' AS nothing_changed;
BEGIN READ ONLY;
SELECT pg_temp.fails($$SELECT sm_record_event('ann', 'k', '{}')$$), pg_temp.fails($$SELECT sm_set_profile('ann', '{}')$$);
SELECT sm_profile('bob') ->> 'user_id' AS reading, (SELECT count(*) FROM sm_events('bob')) AS events;
ROLLBACK;
-- Just allowed: up to the byte, and by characters.
SELECT length(sm_set_profile('wide', jsonb_build_object('k', repeat('x', 1024 * 1024 - 17))) ->> 'k') AS attributes, sm_record_event(repeat('🚲', 255), repeat('é', 63), jsonb_build_object('k', repeat('x', 1024 * 1024 - 17)), satisfaction => 1, session_id => repeat('🚲', 255)) AS event_id;
SELECT length(kind) AS kind, length(data ->> 'k') AS data FROM sm_events(repeat('🚲', 255), repeat('é', 63));

-- Row-level security and privileges are the caller's.
DO $$ BEGIN IF to_regrole('regress_sm_users') IS NOT NULL THEN DROP OWNED BY regress_sm_users; END IF; END $$;
DROP ROLE IF EXISTS regress_sm_users;
CREATE ROLE regress_sm_users;
SELECT sm_grant('regress_sm_users', 'writer');
ALTER TABLE sm_profile ENABLE ROW LEVEL SECURITY;
ALTER TABLE sm_event ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON sm_profile USING (user_id = current_setting('regress.who', true));
CREATE POLICY own ON sm_event USING (user_id = current_setting('regress.who', true));
SET ROLE regress_sm_users;
SET regress.who = 'eve';
SELECT sm_profile('eve') ->> 'user_id' AS own, sm_profile('ann') ->> 'name' AS name_of_another, (SELECT count(*) FROM sm_events('eve')) AS own_events, (SELECT count(*) FROM sm_events('ann')) AS of_another;
SELECT sm_record_event('eve', 'visit', '{}') AS own;
SELECT left(pg_temp.fails($$SELECT sm_record_event('ann', 'visit', '{}')$$), 5) AS of_another, left(pg_temp.fails($$SELECT sm_set_profile('ann', '{"name": "x"}')$$), 5) AS profile_of_another, left(pg_temp.fails($$SELECT sm_set_profile('quite new', '{}')$$), 5) AS of_nobody;
RESET ROLE;
SELECT sm_grant('regress_sm_users', 'reader');
SET ROLE regress_sm_users;
SELECT sm_profile('eve') ->> 'user_id' AS reading, pg_temp.fails($$SELECT sm_record_event('eve', 'visit', '{}')$$) AS writing, pg_temp.fails($$SELECT sm_set_profile('eve', '{}')$$) AS profile;
RESET ROLE;
SELECT sm_revoke('regress_sm_users');
SET ROLE regress_sm_users;
SELECT pg_temp.fails($$SELECT sm_profile('eve')$$), pg_temp.fails($$SELECT * FROM sm_events('eve')$$);
RESET ROLE;
DROP OWNED BY regress_sm_users;
DROP ROLE regress_sm_users;
