-- What an agent can start from, within its size; and who is removed after not having been active for long.
\i sql/fixture/begin.sql
-- A profile without its times.

-- Nobody; then all that there is.
SELECT sm_personalization('nobody');
SELECT sm_set_profile('ann', '{"name": "Ann"}') ->> 'name' AS name, sm_record_event('ann', 'booking', '{"city": "Rome", "price_per_night": 90}', '2026-05-01', 0.5);
SELECT sm_add('of ann 1', 'q', 'a', user_id => 'ann'), sm_add('of ann 2', 'q', 'a', user_id => 'ann'), sm_add('of bob', 'q', 'a', user_id => 'bob'), sm_set_summary('of ann 1', 'Asked about Rome.', 1);
UPDATE sm_session SET created_at = '2026-05-01', last_activity_at = clock_timestamp() + interval '1 minute' WHERE session_id = 'of ann 1';
SELECT jsonb_object_keys(sm_personalization('ann'));
SELECT sm_personalization('ann') -> 'profile' = sm_profile('ann') AS profile, sm_personalization('ann') -> 'preferences' = sm_preferences('ann') AS preferences, sm_personalization('ann') -> 'insights' = sm_insights('ann') AS insights;
SELECT s -> 'session_id' AS session_id, s -> 'summary' AS summary, s -> 'interactions' AS interactions, s -> 'ended_at' AS ended_at, (SELECT count(*) FROM jsonb_object_keys(s)) AS keys FROM jsonb_array_elements(sm_personalization('ann') -> 'recent_sessions') AS s;
SELECT sm_personalization('ann') -> 'recent_events' AS recent_events;
-- The five latest sessions and the ten latest events; what has expired is not among them.
SELECT count(sm_add('many ' || n, 'q', 'a', created_at => clock_timestamp() - n * interval '1 minute', user_id => 'many')), count(sm_record_event('many', 'visit', jsonb_build_object('n', n), '2026-01-01'::timestamptz + n * interval '1 day')) FROM generate_series(1, 12) AS n;
UPDATE sm_session SET last_activity_at = '2020-01-01' WHERE session_id = 'many 2';
SELECT jsonb_path_query_array(sm_personalization('many'), '$.recent_sessions[*].session_id') AS sessions, jsonb_path_query_array(sm_personalization('many'), '$.recent_events[*].data.n') AS events;
-- Whatever there is, it stays below 32 kB: the longest members of objects go first, and the oldest elements of lists.
SELECT count(sm_set_profile(repeat('🚲', 255), jsonb_build_object('attribute ' || n, repeat('é', n * 100)))) FROM generate_series(1, 60) AS n;
SELECT count(sm_add('🚲 ' || n, 'q', 'a', user_id => repeat('🚲', 255))), count(sm_set_summary('🚲 ' || n, repeat('é', 5000), 1)) FROM generate_series(1, 6) AS n;
SELECT count(sm_record_event(repeat('🚲', 255), 'visit', jsonb_build_object('list', (SELECT jsonb_agg(repeat(chr(65 + i), 250)) FROM generate_series(1, 20) AS i), 'n', n, 'a' || n, repeat('b', 900)))) FROM generate_series(1, 40) AS n;
SELECT octet_length(sm_personalization(repeat('🚲', 255))::text) BETWEEN 20000 AND 32768 AS within, (SELECT count(*) FROM jsonb_object_keys(sm_personalization(repeat('🚲', 255)) -> 'profile')) AS of_the_profile,
       sm_personalization(repeat('🚲', 255)) -> 'profile' ? 'attribute 1' AS shortest, sm_personalization(repeat('🚲', 255)) -> 'profile' ? 'attribute 60' AS longest,
       jsonb_array_length(sm_personalization(repeat('🚲', 255)) -> 'recent_sessions') AS sessions, jsonb_array_length(sm_personalization(repeat('🚲', 255)) -> 'recent_events') AS events,
       length(sm_personalization(repeat('🚲', 255)) #>> '{recent_sessions,0,summary}') AS summary, (SELECT string_agg(k, ' ') FROM jsonb_object_keys(sm_personalization(repeat('🚲', 255)) #> '{recent_events,0,data}') AS k) AS of_an_event;
SELECT pg_temp.fails($$SELECT sm_personalization(NULL)$$), pg_temp.fails($$SELECT sm_personalization('')$$), pg_temp.fails($$SELECT sm_personalization(repeat('x', 256))$$) \gx

-- Users who were last active so many days ago, by what there is of them.
DELETE FROM sm_profile; DELETE FROM sm_event; DELETE FROM sm_learned; DELETE FROM sm_learned_attribute; DELETE FROM sm_learned_kind; DELETE FROM sm_activity;
SELECT count(sm_record_event('user ' || days, 'booking', '{"city": "Rome", "price_per_night": 5}', statement_timestamp() - days * interval '1 day')) FROM unnest(ARRAY[10, 100, 200, 300, 400, 500]) AS days, generate_series(1, 65);
SELECT count(sm_set_profile('user ' || days, '{"name": "x"}')) FROM unnest(ARRAY[100, 200, 300, 400]) AS days;
UPDATE sm_profile SET last_seen_at = statement_timestamp() - substr(user_id, 6)::int * interval '1 day' WHERE user_id LIKE 'user %';
CREATE FUNCTION pg_temp.users() RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' / ', (SELECT string_agg(substr(user_id, 6), ' ' ORDER BY user_id) FROM sm_profile), (SELECT string_agg(DISTINCT substr(user_id, 6), ' ' ORDER BY substr(user_id, 6)) FROM sm_event),
                     (SELECT string_agg(DISTINCT substr(user_id, 6), ' ' ORDER BY substr(user_id, 6)) FROM sm_learned), (SELECT string_agg(DISTINCT substr(user_id, 6), ' ' ORDER BY substr(user_id, 6)) FROM sm_learned_attribute),
                     (SELECT string_agg(DISTINCT substr(user_id, 6), ' ' ORDER BY substr(user_id, 6)) FROM sm_learned_kind))
$$;
SELECT pg_temp.users();
SELECT sm_prune_profiles('1000 days') AS none, sm_prune_profiles('450 days') AS one, sm_prune_profiles('450 days') AS again;
SELECT pg_temp.users();
-- By default after a year. Not those who are active otherwise: a session that lives, one used since, an event to come, what is counted.
SELECT sm_add('living', 'q', 'a', user_id => 'user 400');
SELECT sm_prune_profiles();
UPDATE sm_session SET last_activity_at = '2020-01-01', ttl = '100 years' WHERE session_id = 'living';
SELECT sm_prune_profiles() AS alive_though_not_used;
UPDATE sm_session SET last_activity_at = statement_timestamp() - interval '20 days', ttl = '1 day' WHERE session_id = 'living';
SELECT sm_prune_profiles() AS expired_but_used_since;
UPDATE sm_session SET last_activity_at = '2020-01-01' WHERE session_id = 'living';
SELECT sm_record_event('user 400', 'booking', '{}', statement_timestamp() + interval '90 days');
UPDATE sm_profile SET last_seen_at = '2020-01-01' WHERE user_id = 'user 400';
SELECT sm_prune_profiles() AS booked;
DELETE FROM sm_event WHERE user_id = 'user 400' AND occurred_at > clock_timestamp();
INSERT INTO sm_activity VALUES ('user 400', '2026-01-01', 'gone', 1, 1, 0, 0, 0, 0, '2020-01-01', statement_timestamp() - interval '1 day');
INSERT INTO sm_kb_use VALUES ('gone', 'entry', '2020-01-01', 'user 400', 1, '2020-01-01'), ('other', 'entry', '2020-01-01', 'user 10', 1, '2020-01-01');
SELECT sm_prune_profiles() AS counted, sm_profile('user 400') IS NOT NULL AS known;
UPDATE sm_activity SET last_at = '2020-01-01' WHERE user_id = 'user 400';
SELECT sm_prune_profiles() AS inactive;
SELECT pg_temp.users(), (SELECT count(*) FROM sm_activity) AS activity, (SELECT string_agg(user_id, ' ') FROM sm_kb_use) AS kb_use;
-- Known by what remains of a session that is gone.
INSERT INTO sm_activity VALUES ('remains', '2026-01-01', 'gone', 1, 1, 0, 0, 0, 0, '2026-01-01 00:10', '2026-01-01 00:50');
SELECT sm_profile('remains');
-- In batches, as the background worker does.
SELECT _sm_prune_profiles('50 days', 0) AS none, _sm_prune_profiles('50 days', 2) AS two, _sm_prune_profiles('50 days', 2) AS one, _sm_prune_profiles('50 days', 2) AS nothing;
SELECT pg_temp.users();
SELECT call, pg_temp.fails('SELECT ' || call) AS outcome FROM unnest(ARRAY['sm_prune_profiles(NULL)', 'sm_prune_profiles(''0'')', 'sm_prune_profiles(''-1 day'')', '_sm_prune_profiles(NULL, 1)', '_sm_prune_profiles(''1 day'', NULL)', '_sm_prune_profiles(''1 day'', -1)']) AS call;
SELECT sm_prune_profiles('300000 years') AS before_all_time;
BEGIN READ ONLY;
SELECT pg_temp.fails('SELECT sm_prune_profiles()');
ROLLBACK;
