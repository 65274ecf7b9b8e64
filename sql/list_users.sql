-- sm_users: everybody who is known by a session, a profile or activity, page by page.
\i sql/fixture/begin.sql
SELECT * FROM sm_users();
SELECT sm_add('a-1', 'q', 'a', created_at => '2999-01-01 00:00+00', user_id => 'ann'), sm_add('a-1', 'q', 'a'), sm_add('a-2', 'q', 'a', user_id => 'ann'), sm_add('b-1', 'q', 'a', user_id => 'Bob'), sm_add('n', 'q', 'a');
UPDATE sm_session SET created_at = '2026-01-02 00:00+00', last_activity_at = '2999-01-01 00:00+00';
UPDATE sm_session SET created_at = '2026-01-01 00:00+00', last_activity_at = '2998-01-01 00:00+00' WHERE session_id = 'a-2';
SELECT sm_set_profile('ann', '{"name": "Ann"}') ->> 'name' AS name, sm_set_profile('cat', '{"name": {"first": "Cat"}}') -> 'name' AS of_cat, sm_set_profile(E'odd\n"user', '{}') IS NOT NULL AS odd;
UPDATE sm_profile SET first_seen_at = '2025-01-01 00:00+00', last_seen_at = '2026-01-01 00:00+00';
INSERT INTO sm_activity VALUES ('ann', '2024-01-01 00:00+00', 'gone', 1, 1, 0, 0, 0, 0, '2024-01-01 00:10+00', '2024-01-01 00:20+00'), ('dan', '2024-01-01 00:00+00', 'gone', 1, 1, 0, 0, 0, 0, '2024-01-01 00:10+00', '2024-01-01 00:20+00'), ('dan', '2024-02-01 00:00+00', 'gone', 1, 1, 0, 0, 0, 0, '2024-02-01 00:10+00', '2024-02-01 00:20+00');
-- Capital letters come first: the order is that of the bytes. Who is nobody is not there.
SELECT *, bytes = (SELECT sum(s.bytes) FROM sm_session AS s WHERE s.user_id = u.user_id) AS bytes_right FROM sm_users() AS u;
-- Page by page, each once.
SELECT user_id FROM sm_users(page_size => 2);
SELECT user_id FROM sm_users('ann', 2);
SELECT user_id FROM sm_users('dan', 2);
SELECT user_id FROM sm_users(E'odd\n"user', 2);
SELECT user_id FROM sm_users('a', 1);
SELECT count(*) FROM sm_users(page_size => 0);
-- Many users, one of them with many sessions: the pages have everybody.
SELECT count(sm_add('many-' || n, 'q', 'a', user_id => CASE WHEN n % 3 = 0 THEN 'most' ELSE 'user-' || n % 200 END)) FROM generate_series(1, 1000) AS n;
WITH RECURSIVE pages (last, users) AS (
    SELECT ''::text, ARRAY[]::text[]
    UNION ALL
    SELECT p.ids[cardinality(p.ids)], w.users || p.ids FROM pages AS w CROSS JOIN LATERAL (SELECT array_agg(u.user_id ORDER BY u.user_id COLLATE "C") FROM sm_users(w.last, 7) AS u) AS p (ids) WHERE p.ids IS NOT NULL)
SELECT users = (SELECT array_agg(user_id ORDER BY user_id COLLATE "C") FROM (SELECT user_id FROM sm_session UNION SELECT user_id FROM sm_profile UNION SELECT user_id FROM sm_activity) AS e WHERE user_id IS NOT NULL) AS everybody, cardinality(users) > 200 AS many
FROM pages ORDER BY cardinality(users) DESC LIMIT 1;
SELECT sessions, interactions FROM sm_users('morf', 1);
SELECT pg_temp.fails(s) AS error, s AS statement FROM unnest(ARRAY[$$SELECT sm_users(page_size => -1)$$, $$SELECT sm_users(page_size => NULL)$$]) AS s;
DROP EXTENSION session_memory;
