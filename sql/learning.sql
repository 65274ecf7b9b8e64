-- Learning from events: each method against a plain re-computation, rules, and what cannot be learned.
\i sql/fixture/begin.sql
-- A profile without its times.

-- The hospitality case, by the rules that come with the extension.
SELECT sm_record_event('hanna', 'booking', '{"city": "Lisbon", "price_per_night": 120, "amenities": ["wifi", "pool"], "property_type": "apartment", "check_in_date": "2026-05-01", "check_out_date": "2026-05-04", "number_of_guests": 2}', '2026-03-01 00:00+00', 0.9),
       sm_record_event('hanna', 'booking', '{"city": "Porto", "price_per_night": 80, "amenities": ["wifi"], "property_type": "hotel", "check_in_date": "2026-05-20", "check_out_date": "2026-05-22", "number_of_guests": 2}', '2026-04-01 00:00+00', 0.4),
       sm_record_event('hanna', 'booking', '{"city": "Lisbon", "price_per_night": 100, "amenities": ["pool", "parking"], "property_type": "apartment", "check_in_date": "2026-09-30", "check_out_date": "2026-10-03", "number_of_guests": 4}', '2026-07-01 00:00+00', 1);
SELECT sm_preferences('hanna') AS preferences, sm_insights('hanna') AS insights \gx
SELECT sm_preferences('hanna') = sm_preferences('hanna', 'booking') AND sm_insights('hanna') = sm_insights('hanna', 'booking') AS same_by_kind, sm_preferences('hanna', 'purchase') AS other_kind, sm_insights('hanna', 'purchase');
-- Nobody, nothing to learn from, one event.
SELECT sm_preferences('nobody'), sm_insights('nobody');
SELECT sm_record_event('empty', 'booking', '{}'), sm_record_event('once', 'booking', '{"city": "Rome", "price_per_night": 99.5, "amenities": []}', satisfaction => 0);
SELECT sm_preferences('empty'), sm_insights('empty'), sm_preferences('once') AS once, sm_insights('once');

-- Other kinds need no rules: names follow from the attributes.
SELECT sm_record_event('otto', 'purchase', '{"category": "books", "price": 10, "tags": ["gift", "paper"], "box": "small", "hobby": "chess", "day": "monday", "address": "home", "person": "self", "delivered": "2026-12-24"}', '2026-01-01 00:00+00', 0.5),
       sm_record_event('otto', 'purchase', '{"category": "games", "price": 30, "tags": ["gift"]}', '2026-01-02 00:00+00', 0.75);
SELECT jsonb_pretty(sm_preferences('otto')) AS preferences, sm_insights('otto') AS insights;

-- What is learned of which value.
CREATE FUNCTION pg_temp.learned(value jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', f.type, CASE WHEN f.type <> 'text' THEN f.number END, nullif(f.value, '')), ', ') FROM _sm_facts(jsonb_build_object('a', value), NULL) AS f
$$;
SELECT left(v::text, 50) AS value, pg_temp.learned(v) AS learned FROM unnest(ARRAY['"Rome"', '""', '" "', 'null', 'true', '{"b": 1}', '5', '-0.0', '1e400', '1e-400', '12345678901234567890', '"5"',
    '["a", "b", "a"]', '[]', '["a", null, 1, ["b"], {"c": 1}, "2026-05-01"]']::jsonb[]) AS v;
SELECT pg_temp.learned(to_jsonb(repeat('é', 255))) IS NOT NULL AS of_255, pg_temp.learned(to_jsonb(repeat('é', 256))) IS NULL AS of_256,
       (SELECT count(*) FROM _sm_facts(jsonb_build_object(repeat('k', 255), 1, repeat('k', 256), 1), NULL)) AS attributes,
       (SELECT count(*) FROM _sm_facts(jsonb_build_object('a', (SELECT jsonb_agg(n) FROM generate_series(1, 2000) AS n)), NULL)) AS facts;
-- Dates: as ISO 8601 writes them; the date as it is written, whatever the offset.
SELECT v AS value, pg_temp.learned(to_jsonb(v)) AS learned FROM unnest(ARRAY['2026-05-01', '2026-05-01T14:30', '2026-05-01 14:30:00', '2026-05-01T14:30:00.123456Z', '2026-05-01T23:30:00+02:00', '2026-05-01 23:30:00.5 -0530', '2026-05-01 23:30:00+00', '20260501', '20260501T143000Z', '2024-02-29', '0001-01-01', '9999-12-31',
    '2026-02-29', '2026-13-01', '2026-00-10', '2026-05-32', '2026-05-01T24:00', '2026-05-01T14:60', '2026-05-01x', '2026-05-01 to 2026-05-04', '0000-01-01', '20261301', '2026-5-1', '01.05.2026', '2026-05', 'tomorrow']) AS v;
-- Types mixed under one name: what most values are wins, the others do not count.
SELECT sm_record_event('max', 'visit', jsonb_build_object('mixed', v)) FROM unnest(ARRAY['"a"', '"b"', '7', '8', '9', 'null', '"2026-01-01"', 'false']::jsonb[]) AS v;
SELECT sm_preferences('max'), sm_insights('max');
SELECT count(sm_record_event('max', 'visit', '{"mixed": ["a", "c"]}')) FROM generate_series(1, 2);
SELECT sm_preferences('max'), sm_insights('max');
-- Dates that are none are left out, and counted; so are durations that go backwards.
SELECT sm_record_event('dan', 'booking', jsonb_build_object('check_in_date', i, 'check_out_date', o))
FROM (VALUES ('2026-05-01', '2026-05-03'), ('2026-02-30', '2026-05-03'), ('soon', '2026-05-03'), ('2026-05-04', '2026-05-03'), ('2026-06-01', '20260605'), ('2026-06-30', NULL), ('2026-07-01', '2026-07-01T11:00Z')) AS v (i, o);
SELECT sm_insights('dan');

-- Decay: an event weighs half after a half-life, exactly; of two that weigh the same the later one is first.
SELECT round((2 ^ (_sm_log_weight('2026-01-01 00:00+00', s, h) - _sm_log_weight(timestamptz '2026-01-01 00:00+00' + n * h, s, h)))::numeric, 12) AS weight, n AS half_lives, s AS satisfaction
FROM unnest(ARRAY[interval '90 days', '1 day', '1 hour']) AS h, unnest(ARRAY[0, 1, 2, 10]) AS n, unnest(ARRAY[0, 0.5, 1]::real[]) AS s WHERE h = '90 days' OR s = 0.5 ORDER BY h, s, n;
SELECT s AS satisfaction, round((2 ^ (_sm_log_weight('2026-01-01', s, NULL) - _sm_log_weight('2026-01-01', 1, NULL)))::numeric, 6) AS weight FROM unnest(ARRAY[0, 0.25, 0.5, 1, NULL]::real[]) AS s;
SELECT count(sm_record_event('half', 'stay', '{"city": "old"}', '2026-01-01 00:00+00')) FROM generate_series(1, 4);
SELECT sm_record_event('half', 'stay', '{"city": "new"}', timestamptz '2026-01-01 00:00+00' + 2 * interval '90 days');
SELECT sm_preferences('half') AS the_same_weight;
SELECT sm_record_event('half', 'stay', '{"city": "old"}', '2025-01-01 00:00+00');
SELECT sm_preferences('half') AS a_little_more;
SELECT sm_record_event('half', 'stay', '{"city": "new"}', '2024-12-31 00:00+00', 1), sm_record_event('half', 'stay', '{"city": "new"}', '2024-12-31 00:00+00', 0);
SELECT sm_preferences('half') AS and_back, sm_insights('half');
-- Contradictory: often but badly, seldom but well.
SELECT count(sm_record_event('con', 'stay', '{"city": "bad"}', '2026-01-01', 0)) FROM generate_series(1, 3);
SELECT sm_record_event('con', 'stay', '{"city": "good"}', '2026-01-01', 1);
SELECT sm_preferences('con'), sm_insights('con');
-- Far away in time: nothing overflows, nothing is lost.
SELECT sm_record_event('far', 'stay', '{"city": "ancient"}', '4000-01-01 BC'), sm_record_event('far', 'stay', '{"city": "future"}', '200000-01-01'), sm_record_event('far', 'stay', '{"city": "now"}', '2026-01-01');
SELECT sm_preferences('far');

-- Percentiles, at each number of events, as percentile_cont has them.
SELECT setseed(0.42);
SELECT count(sm_record_event('p' || u, 'sale', jsonb_build_object('price', round((random() * 1000)::numeric, u % 3)))) FROM generate_series(1, 70) AS u, generate_series(1, u);
SELECT count(*) AS users, count(*) FILTER (WHERE sm_preferences(p.user_id) = jsonb_build_object('preferred_price_range', jsonb_build_object('min', p.q[1], 'max', p.q[2]))) AS as_percentile_cont
FROM (SELECT user_id, percentile_cont(ARRAY[0.25, 0.75]) WITHIN GROUP (ORDER BY (data ->> 'price')::float8) AS q FROM sm_event WHERE kind = 'sale' GROUP BY user_id) AS p;

-- (What is random depends on u and i, so that it is drawn for each row.)
-- All of it for generated histories, re-computed from the events in plain SQL.
CREATE TABLE pg_temp.likes (user_id text, preferences jsonb, insights jsonb);
SELECT count(sm_record_event('g' || u, 'booking', jsonb_strip_nulls(jsonb_build_object(
    'city', CASE WHEN random() < 0.9 THEN (ARRAY['Rome', 'Oslo', 'Bari', 'Graz', 'Lyon', 'Bonn', 'Nice'])[1 + floor(random() * 7)] END,
    'price_per_night', CASE WHEN random() < 0.9 THEN round((50 + random() * 400)::numeric, 2) END,
    'property_type', CASE WHEN random() < 0.9 THEN (ARRAY['hotel', 'villa', 'flat'])[1 + floor(random() * 3)] END,
    'amenities', (SELECT jsonb_agg(a) FROM unnest(ARRAY['wifi', 'pool', 'gym', 'spa', 'bar', 'sauna', 'parking']) AS a WHERE random() < 0.3 OR u + i < 0),
    'check_in_date', to_char(d, 'YYYY-MM-DD'), 'check_out_date', to_char(d + floor(random() * 14)::int, 'YYYY-MM-DD'))),
    occurred_at => d::timestamptz - random() * interval '60 days', satisfaction => CASE WHEN random() < 0.8 THEN random()::real END))
FROM generate_series(1, 12) AS u, generate_series(1, u * 17) AS i, LATERAL (SELECT date '2024-01-01' + (random() * 900)::int + 0 * i) AS x (d);
INSERT INTO pg_temp.likes
WITH event AS (
    SELECT user_id, data, occurred_at, (0.1 + 0.9 * coalesce(satisfaction, 0.5)) * 2.0 ^ (extract(epoch FROM occurred_at - '2026-01-01 00:00+00') / (90 * 86400)) AS weight FROM sm_event WHERE user_id LIKE 'g%'),
value AS (
    SELECT user_id, a AS attribute, v.value, weight FROM event, unnest(ARRAY['city', 'property_type', 'amenities']) AS a,
           LATERAL jsonb_array_elements_text(CASE jsonb_typeof(data -> a) WHEN 'array' THEN data -> a WHEN 'string' THEN jsonb_build_array(data -> a) ELSE '[]' END) AS v (value)),
score AS (SELECT user_id, attribute, value, sum(weight) AS weight, count(*) AS events FROM value GROUP BY 1, 2, 3),
place AS (SELECT *, row_number() OVER (PARTITION BY user_id, attribute ORDER BY weight DESC) AS by_weight, row_number() OVER (PARTITION BY user_id, attribute ORDER BY events DESC, weight DESC) AS by_events FROM score)
SELECT u.user_id,
       jsonb_strip_nulls(jsonb_build_object(
           'preferred_cities', (SELECT jsonb_agg(value ORDER BY by_weight) FROM place AS p WHERE p.user_id = u.user_id AND attribute = 'city' AND by_weight <= 5),
           'preferred_property_types', (SELECT jsonb_agg(value ORDER BY by_weight) FROM place AS p WHERE p.user_id = u.user_id AND attribute = 'property_type' AND by_weight <= 5),
           'preferred_amenities', (SELECT jsonb_agg(value ORDER BY by_weight) FROM place AS p WHERE p.user_id = u.user_id AND attribute = 'amenities' AND by_weight <= 5),
           'preferred_price_range', (SELECT jsonb_build_object('min', q[1], 'max', q[2]) FROM (SELECT percentile_cont(ARRAY[0.25, 0.75]) WITHIN GROUP (ORDER BY (data ->> 'price_per_night')::float8) AS q FROM event AS e WHERE e.user_id = u.user_id) AS x WHERE q[1] IS NOT NULL))),
       jsonb_build_object(
           'booking_count', (SELECT count(*) FROM event AS e WHERE e.user_id = u.user_id),
           'favorite_destinations', (SELECT jsonb_agg(value ORDER BY by_events) FROM place AS p WHERE p.user_id = u.user_id AND attribute = 'city' AND by_events <= 5),
           'average_stay_length', (SELECT avg((data ->> 'check_out_date')::date - (data ->> 'check_in_date')::date)::float8 FROM event AS e WHERE e.user_id = u.user_id),
           'seasonal_patterns', (SELECT jsonb_object_agg(month, events) FROM (SELECT extract(month FROM (data ->> 'check_in_date')::date)::text, count(*) FROM event AS e WHERE e.user_id = u.user_id GROUP BY 1) AS m (month, events)))
FROM (SELECT DISTINCT user_id FROM event) AS u;
-- One that agrees but for the last digits of an average.
CREATE FUNCTION pg_temp.rounded(insights jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT insights || jsonb_build_object('average_stay_length', round((insights ->> 'average_stay_length')::numeric, 9)) $$;
CREATE FUNCTION pg_temp.different() RETURNS TABLE (users bigint, preferences bigint, insights bigint) LANGUAGE sql AS $$
    SELECT count(*), count(*) FILTER (WHERE sm_preferences(l.user_id) IS DISTINCT FROM l.preferences), count(*) FILTER (WHERE pg_temp.rounded(sm_insights(l.user_id)) IS DISTINCT FROM pg_temp.rounded(l.insights)) FROM pg_temp.likes AS l
$$;
SELECT * FROM pg_temp.different();
-- Some of it is in the learned tables, the rest where it lies; all of it in the tables; none of it.
SELECT count(*) FILTER (WHERE learned_through = 0) AS none, count(*) FILTER (WHERE learned_through BETWEEN 1 AND last_event_id - 1) AS some FROM sm_profile WHERE user_id LIKE 'g%';
SELECT count(_sm_relearn(user_id)) FROM sm_profile WHERE user_id LIKE 'g%';
SELECT * FROM pg_temp.different();
SELECT bool_and(learned_through = last_event_id) AS all_learned FROM sm_profile WHERE user_id LIKE 'g%';
SELECT count(*) AS wrong FROM sm_learned_kind AS k JOIN (SELECT user_id, kind, count(*) AS events, count(satisfaction) AS rated, sum(satisfaction::numeric) AS satisfaction FROM sm_event GROUP BY 1, 2) AS e USING (user_id, kind)
WHERE k.user_id LIKE 'g%' AND (k.events, k.rated) IS DISTINCT FROM (e.events, e.rated) OR abs(k.satisfaction_sum - e.satisfaction) > 1e-6;
BEGIN;
DELETE FROM sm_learned; DELETE FROM sm_learned_attribute; DELETE FROM sm_learned_kind; UPDATE sm_profile SET learned_through = 0;
SELECT * FROM pg_temp.different();
ROLLBACK;
-- Weights, too: to nine digits.
SELECT count(*) > 50 AS many, bool_and(abs(l.log_weight - w.log_weight) < 1e-9 AND l.events = w.events AND l.last_at = w.last_at) AS same
FROM sm_learned AS l
JOIN (SELECT user_id, data ->> 'city' AS value, log(2, sum((0.1 + 0.9 * coalesce(satisfaction::float8::numeric, 0.5)) * 2.0 ^ (extract(epoch FROM occurred_at - '2000-01-01 00:00+00') / (90 * 86400)))) AS log_weight, count(*) AS events, max(occurred_at) AS last_at
      FROM sm_event WHERE user_id LIKE 'g%' GROUP BY 1, 2) AS w ON w.user_id = l.user_id AND l.attribute = 'city' AND l.type = 'text' AND w.value = l.value;
-- What was changed by hand is learned by _sm_relearn.
DELETE FROM sm_event WHERE user_id = 'hanna' AND event_id = 3;
SELECT _sm_relearn('hanna');
SELECT sm_preferences('hanna'), sm_insights('hanna');
DELETE FROM sm_event WHERE user_id = 'hanna';
SELECT _sm_relearn('hanna');
SELECT sm_preferences('hanna'), sm_insights('hanna'), (SELECT count(*) FROM sm_learned WHERE user_id = 'hanna') + (SELECT count(*) FROM sm_learned_kind WHERE user_id = 'hanna') AS rows;

-- Rules: each applies at once, to what is stored as to what lies there.
SELECT count(sm_record_event('rita', 'ticket', jsonb_build_object('topic', CASE WHEN i = 70 THEN 'last' ELSE (ARRAY['a', 'b', 'c'])[1 + i % 3] END, 'minutes', i, 'opened', '2026-01-' || to_char(i % 28 + 1, 'FM00'), 'closed', date '2026-01-05' + i % 28), timestamptz '2026-01-01 00:00+00' + i * interval '1 day', CASE WHEN i < 5 THEN 1 END))
FROM generate_series(1, 70) AS i;
SELECT sm_preferences('rita'), sm_insights('rita') \gx
SELECT sm_set_learning_rule('ticket', 'topic', preference => 'subjects', insight => 'usual_subjects', top => 2), sm_set_learning_rule('ticket', 'minutes', 'average', insight => 'average_minutes'),
       sm_set_learning_rule('ticket', 'closed', 'duration', since => 'opened'), sm_set_learning_rule('ticket', 'opened', 'ignore'), sm_set_learning_rule('ticket', 'satisfaction', insight => 'contentment');
SELECT sm_preferences('rita'), sm_insights('rita') \gx
SELECT (SELECT avg((data ->> 'closed')::date - (data ->> 'opened')::date)::numeric(10, 6) FROM sm_event WHERE user_id = 'rita') AS average, _sm_outdated('rita') AS learned_by_other_rules;
-- A short half-life: the last one is first. Before and after it has been learned anew.
SELECT sm_preferences('rita') ->> 'subjects' AS before;
SELECT sm_set_learning_rule('ticket', 'topic', half_life => '1 hour');
SELECT sm_preferences('rita') -> 'preferred_topics' AS outdated;
SELECT count(sm_record_event('rita', 'ticket', '{}', '2025-01-01')) FROM generate_series(1, 58);
SELECT sm_preferences('rita') -> 'preferred_topics' AS anew, _sm_outdated('rita') AS outdated, learned_through FROM sm_profile WHERE user_id = 'rita';
SET intervalstyle = 'iso_8601';
SELECT _sm_outdated('rita') AS outdated_by_intervalstyle;
SET intervalstyle = 'postgres';
SELECT sm_drop_learning_rule('ticket', 'topic') AS dropped, sm_drop_learning_rule('ticket', 'topic') AS again, sm_drop_learning_rule('booking', 'city') AS built_in;
SELECT sm_preferences('rita') -> 'preferred_topics' AS as_before;
-- One's own goes before what is built in, and gives way to it when dropped.
SELECT sm_set_learning_rule('booking', 'city', 'ignore');
SELECT sm_preferences('g3') ? 'preferred_cities' AS preference, sm_insights('g3') ? 'favorite_destinations' AS insight;
SELECT sm_drop_learning_rule('booking', 'city');
SELECT sm_preferences('g3') ? 'preferred_cities' AS preference, sm_insights('g3') ? 'favorite_destinations' AS insight;
-- All kinds together: what has the same name is learned as one; of two methods the one with more behind it.
SELECT count(sm_record_event('kim', 'tour', '{"city": "Rome", "price": 10, "size": "L"}', '2026-01-01')) FROM generate_series(1, 2);
SELECT count(sm_record_event('kim', 'cruise', '{"city": "Oslo", "price": 50}', '2026-01-01')) FROM generate_series(1, 3);
SELECT sm_record_event('kim', 'booking', '{"city": "Rome"}', '2026-01-01', 1), sm_record_event('kim', 'tour', '{"city": "Bari"}', '2026-01-01', 1);
SELECT sm_preferences('kim'), sm_insights('kim'), sm_preferences('kim', 'cruise') AS cruise, sm_insights('kim', 'tour') AS tour \gx
SELECT sm_set_learning_rule('tour', 'size', preference => 'preferred_price_range');
SELECT sm_preferences('kim') -> 'preferred_price_range' AS range, sm_preferences('kim', 'tour') -> 'preferred_price_range' AS of_two_with_the_same_number;

-- Who is first of two with as good as the same weight does not depend on when one asks.
SELECT sm_set_learning_rule('stay', 'city', half_life => '1000 days');
SELECT count(sm_record_event('tina', 'stay', jsonb_build_object('city', city), '2026-01-01 00:00Z'::timestamptz + after, 1))
FROM (VALUES ('Rome', interval '0'), ('Rome', '0'), ('Oslo', '1 second'), ('Oslo', '-1.03 seconds')) AS v (city, after);
CREATE TABLE pg_temp.asked (answer jsonb);
\set ECHO none
SELECT 'INSERT INTO pg_temp.asked SELECT sm_preferences(''tina'') FROM pg_sleep(0.003)' FROM generate_series(1, 60) \gexec
\set ECHO all
SELECT count(DISTINCT answer) AS answers FROM pg_temp.asked;
DROP TABLE pg_temp.asked;

-- What is refused.
SELECT call, pg_temp.fails('SELECT ' || call) AS outcome FROM unnest(ARRAY[
    'sm_preferences(NULL)', 'sm_preferences('''')', 'sm_preferences(repeat(''x'', 256))', 'sm_preferences(''ann'', '''')', 'sm_preferences(''ann'', repeat(''x'', 64))', 'sm_insights(NULL)', 'sm_insights('''')', 'sm_insights(''ann'', repeat(''x'', 64))',
    'sm_set_learning_rule(NULL, ''a'')', 'sm_set_learning_rule('''', ''a'')', 'sm_set_learning_rule(''k'', NULL)', 'sm_set_learning_rule(''k'', '''')', 'sm_set_learning_rule(repeat(''k'', 64), ''a'')', 'sm_set_learning_rule(''k'', ''a'', NULL)', 'sm_set_learning_rule(''k'', ''a'', ''best'')',
    'sm_set_learning_rule(''k'', ''a'', preference => '''')', 'sm_set_learning_rule(''k'', ''a'', insight => '''')', 'sm_set_learning_rule(''k'', ''a'', top => 0)', 'sm_set_learning_rule(''k'', ''a'', top => 101)', 'sm_set_learning_rule(''k'', ''a'', top => -1)', 'sm_set_learning_rule(''k'', ''a'', half_life => ''0'')', 'sm_set_learning_rule(''k'', ''a'', half_life => ''-1 day'')',
    'sm_set_learning_rule(''k'', ''a'', ''duration'')', 'sm_set_learning_rule(''k'', ''a'', ''top'', since => ''b'')', 'sm_set_learning_rule(''k'', ''a'', ''duration'', since => ''a'')', 'sm_drop_learning_rule(NULL, ''a'')', 'sm_drop_learning_rule(''k'', NULL)', 'sm_drop_learning_rule(''k'', '''')']) AS call;
SELECT count(*) AS rules FROM sm_learning_rule WHERE kind = 'k';
-- Rules of one's own are exported, and come back; what comes with the extension stays where it is.
CREATE TABLE pg_temp.document AS SELECT jsonb_agg(l) AS document FROM sm_export() AS l WHERE l ? 'session_memory' OR l ->> 'table' = 'sm_learning_rule';
UPDATE pg_temp.document SET document = document || jsonb_build_array(jsonb_build_object('end', jsonb_build_object('lines', jsonb_array_length(document) - 1)));
SELECT (SELECT count(*) FROM sm_learning_rule WHERE NOT built_in) = jsonb_array_length(document) - 2 AS all_of_them FROM pg_temp.document;
SELECT sm_set_learning_rule('tour', 'size', 'ignore'), sm_drop_learning_rule('ticket', 'minutes') AS dropped;
SELECT sm_preferences('kim', 'tour') ? 'preferred_price_range' AS range, sm_insights('rita') ? 'average_minutes' AS minutes;
SELECT jsonb_typeof(sm_import(document)) AS imported FROM pg_temp.document;
SELECT sm_insights('rita') ? 'average_minutes' AS minutes, (SELECT count(*) FROM sm_learning_rule WHERE built_in) AS built_in;
DROP TABLE pg_temp.document;
