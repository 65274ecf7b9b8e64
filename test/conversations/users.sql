-- What outlives the conversations of `turn`, which have ended: each with slots is remembered as an
-- event of its user; preferences, insights, activity and the list of users are compared with what plain SQL over `turn` and
-- `stated` gives; then a user is forgotten and restored. Outcome: `result`.
\set ON_ERROR_STOP on
\set QUIET on

-- The slots at the end of a conversation, with the city or place under one name.
CREATE TABLE outcome AS
SELECT s.session_id, t.user_id, (s.state->'slots') || jsonb_strip_nulls(jsonb_build_object('place', coalesce(
           s.state #> '{slots,city}', s.state #> '{slots,location}', s.state #> '{slots,destination}'))) AS slots,
       statement_timestamp() - make_interval(hours => (row_number() OVER (ORDER BY s.session_id))::int) AS at
FROM stated AS s
JOIN (SELECT session_id, min(user_id) AS user_id FROM turn GROUP BY session_id) AS t USING (session_id)
WHERE s.until IS NULL;
\o /dev/null
SELECT sm_record_event(user_id, 'talk', slots, at, session_id => session_id) FROM outcome ORDER BY at;
\o

INSERT INTO result (name, wrong)
SELECT format('users: %s events of %s users come back as they were', count(*), count(DISTINCT o.user_id)), array_agg(o.session_id) FILTER (WHERE e.data IS NULL)
FROM outcome AS o
LEFT JOIN LATERAL (SELECT e.data FROM sm_events(o.user_id, 'talk', page_size => 1000) AS e
                   WHERE (e.session_id, e.occurred_at, e.data) = (o.session_id, o.at, o.slots)) AS e ON true;

-- Unrated events weigh the same, and half as much after 90 days.
INSERT INTO result (name, wrong)
SELECT format('users: the places that %s users prefer', count(*)), array_agg(user_id) FILTER (WHERE liked IS DISTINCT FROM sm_preferences(user_id, 'talk')->'preferred_places')
FROM (SELECT user_id, jsonb_agg(place ORDER BY score DESC, place COLLATE "C") FILTER (WHERE rank <= 5) AS liked
      FROM (SELECT user_id, place, score, row_number() OVER (PARTITION BY user_id ORDER BY score DESC, place COLLATE "C") AS rank
            FROM (SELECT user_id, slots->>'place' AS place, sum(power(2, extract(epoch FROM at - now()) / (90 * 86400))) AS score
                  FROM outcome WHERE jsonb_typeof(slots->'place') = 'string' GROUP BY 1, 2) AS scored) AS ranked
      GROUP BY user_id) AS expected;

INSERT INTO result (name, wrong)
SELECT 'users: insights count their events', array_agg(user_id) FILTER (WHERE sm_insights(user_id, 'talk')->'talk_count' IS DISTINCT FROM to_jsonb(events))
FROM (SELECT user_id, count(*) AS events FROM outcome GROUP BY user_id) AS expected;

-- Every interaction of the sessions that have ended is counted, and nothing else of these sessions.
INSERT INTO result (name, wrong)
SELECT 'users: activity of what has ended', array_agg(user_id) FILTER (WHERE counted IS DISTINCT FROM said)
FROM (SELECT user_id, count(*) AS said FROM turn GROUP BY user_id) AS t
FULL JOIN (SELECT user_id, sum(interactions) AS counted FROM sm_activity WHERE session_id LIKE 'again %' GROUP BY user_id) AS a USING (user_id);

INSERT INTO result (name, wrong)
SELECT 'users: all are listed', array_agg(user_id)
FROM (SELECT DISTINCT user_id FROM turn EXCEPT SELECT user_id FROM sm_users(page_size => 100000)) AS missing;

-- One who is forgotten is gone, and alone; restored, the user is as before.
CREATE TABLE known AS SELECT user_id, sm_preferences(user_id) AS preferences, sm_user_activity(user_id) AS activity FROM (SELECT DISTINCT user_id FROM outcome) AS u;
SELECT min(user_id) AS somebody FROM known \gset
SELECT (sm_forget_user(:'somebody', :'somebody')->>'backup_id')::bigint AS backup \gset
INSERT INTO result (name, wrong)
SELECT 'users: the one who is forgotten is gone, and nobody else', array_agg(user_id)
FROM known WHERE (preferences = sm_preferences(user_id) AND activity = sm_user_activity(user_id)) = (user_id = :'somebody');
\o /dev/null
SELECT sm_restore(:backup, :'somebody');
\o
INSERT INTO result (name, wrong)
SELECT 'users: restored, all are as before', array_agg(user_id)
FROM known WHERE (preferences = sm_preferences(user_id) AND activity = sm_user_activity(user_id)) IS NOT TRUE;
