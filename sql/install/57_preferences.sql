-- What is learned, as JSON: preferences and insights -------------------------------------------------
--
-- Each attribute has the type that most of its values have; method and names follow from it unless a rule says
-- otherwise. What gets the same name, in one kind or in several, is learned together: as if it were one attribute.

CREATE FUNCTION @extschema@._sm_check_learned(user_id text, kind text)
RETURNS boolean LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_check_learned';
COMMENT ON FUNCTION @extschema@._sm_check_learned(text, text) IS
'Internal: the arguments of sm_preferences and sm_insights, checked; returns true.';

-- A ranking of preferences goes by weight, one of insights by number. Weights that differ by less than a billionth are
-- taken to be the same, whatever the order of their sum; then the later one is first. They are rounded as counted from
-- the same point in time, not from now: who is first must not depend on the moment of the call.
CREATE FUNCTION @extschema@._sm_learned_json(user_id text, kind text, insights boolean)
RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE SET jit = off
BEGIN ATOMIC
    WITH kind AS MATERIALIZED (SELECT k.* FROM @extschema@._sm_kinds($1, $2) AS k),
    rule AS MATERIALIZED (SELECT r.* FROM @extschema@._sm_rules($2) AS r),
    fresh AS MATERIALIZED (
        SELECT l.kind, l.attribute, l.type, l.number, l.value, l.events, l.log_weight, l.last_at
        FROM kind AS k CROSS JOIN LATERAL @extschema@._sm_learn($1, k.kind, k.durations, k.from_id) AS l),
    typed AS MATERIALIZED (
        SELECT t.kind, t.attribute, t.type, sum(t.events) AS events
        FROM (SELECT a.kind, a.attribute, a.type, a.events
              FROM kind AS k JOIN @extschema@.sm_learned_attribute AS a ON a.user_id = $1 AND a.kind = k.kind
              WHERE k.stored
              UNION ALL
              SELECT f.kind, f.attribute, f.type, f.events FROM fresh AS f) AS t
        GROUP BY t.kind, t.attribute, t.type),
    learned AS MATERIALIZED (
        SELECT DISTINCT ON (t.kind, t.attribute)
               t.kind, t.attribute, t.type, m.method, r.preference, r.insight,
               r.preference IS NOT NULL OR r.insight IS NOT NULL AS named, coalesce(r.top, 5) AS top, r.half_life, r.since
        FROM typed AS t
        LEFT JOIN rule AS r ON r.kind = t.kind AND r.attribute = t.attribute
        CROSS JOIN LATERAL (
            SELECT CASE coalesce(r.method, 'auto')
                       WHEN 'auto' THEN CASE t.type WHEN 'text' THEN 'top' WHEN 'number' THEN 'range' WHEN 'date' THEN 'months' END
                       WHEN 'top' THEN CASE WHEN t.type = 'text' THEN 'top' END
                       WHEN 'range' THEN CASE WHEN t.type = 'number' THEN 'range' END
                       WHEN 'average' THEN CASE WHEN t.type = 'number' THEN 'average' END
                       WHEN 'months' THEN CASE WHEN t.type = 'date' THEN 'months' END
                       WHEN 'duration' THEN CASE WHEN t.type = 'duration' THEN 'duration' END
                   END COLLATE "C") AS m (method)
        WHERE m.method IS NOT NULL
        ORDER BY t.kind, t.attribute, t.events DESC, t.type DESC),
    attribute AS MATERIALIZED (
        SELECT l.kind, l.attribute, l.type, l.method, n.name, l.top, w.log_now,
               max(w.log_now) OVER (PARTITION BY n.name) AS log_epoch
        FROM learned AS l
        CROSS JOIN LATERAL @extschema@._sm_log_weight(statement_timestamp(), 1, l.half_life) AS w (log_now)
        CROSS JOIN LATERAL (
            SELECT CASE WHEN l.named THEN CASE WHEN $3 THEN l.insight ELSE l.preference END
                        WHEN $3 THEN CASE l.method WHEN 'months' THEN l.attribute || '_by_month'
                                                   WHEN 'average' THEN 'average_' || l.attribute
                                                   WHEN 'duration' THEN 'average_' || l.since || '_to_' || l.attribute END
                        ELSE CASE l.method WHEN 'top' THEN 'preferred_' || @extschema@._sm_plural(l.attribute)
                                           WHEN 'range' THEN 'preferred_' || l.attribute || '_range' END END) AS n (name)
        WHERE n.name IS NOT NULL),
    fact AS MATERIALIZED (
        SELECT x.name, x.method, x.type, x.number, x.value, sum(x.events)::bigint AS events,
               @extschema@._sm_log_sum(x.log_weight) + max(x.log_epoch) AS log_weight, max(x.last_at) AS last_at,
               max(x.top) AS top
        FROM (SELECT a.name, a.method, a.top, a.log_epoch, s.type, s.number, s.value, s.events,
                     s.log_weight - a.log_now AS log_weight, s.last_at
              FROM attribute AS a
              JOIN kind AS k ON k.kind = a.kind AND k.stored
              JOIN @extschema@.sm_learned AS s
                  ON s.user_id = $1 AND s.kind = a.kind AND s.attribute = a.attribute AND s.type = a.type
              UNION ALL
              SELECT a.name, a.method, a.top, a.log_epoch, f.type, f.number, f.value, f.events,
                     f.log_weight - a.log_now, f.last_at
              FROM attribute AS a JOIN fresh AS f ON f.kind = a.kind AND f.attribute = a.attribute AND f.type = a.type
              WHERE a.type <> 'number') AS x
        GROUP BY x.name, x.method, x.type, x.number, x.value),
    ranked AS (
        SELECT f.name, f.value, f.events, f.top,
               row_number() OVER (PARTITION BY f.name
                                  ORDER BY CASE WHEN $3 THEN f.events END DESC, round(f.log_weight * 1e9) DESC, f.last_at DESC,
                                           f.value) AS rank
        FROM fact AS f WHERE f.method = 'top'),
    numbers AS (
        SELECT x.name, x.method, @extschema@._sm_concat(x.numbers) AS numbers
        FROM (SELECT a.name, a.method, s.numbers
              FROM attribute AS a
              JOIN kind AS k ON k.kind = a.kind AND k.stored
              JOIN @extschema@.sm_learned_attribute AS s
                  ON s.user_id = $1 AND s.kind = a.kind AND s.attribute = a.attribute AND s.type = a.type
              WHERE a.type = 'number'
              UNION ALL
              SELECT a.name, a.method, array_agg(f.number)
              FROM attribute AS a
              JOIN fresh AS f ON f.kind = a.kind AND f.attribute = a.attribute AND f.type = a.type
              CROSS JOIN LATERAL generate_series(1, f.events)
              WHERE a.type = 'number'
              GROUP BY a.name, a.method) AS x
        GROUP BY x.name, x.method),
    result AS (
        SELECT r.name, 'top' COLLATE "C" AS method, sum(r.events) AS events,
               jsonb_agg(r.value ORDER BY r.rank) FILTER (WHERE r.rank <= r.top) AS value
        FROM ranked AS r GROUP BY r.name
        UNION ALL
        SELECT n.name, n.method, cardinality(n.numbers),
               CASE n.method WHEN 'range' THEN @extschema@._sm_quartiles(n.numbers)
                             ELSE (SELECT to_jsonb(avg(x.number)) FROM unnest(n.numbers) AS x (number)) END
        FROM numbers AS n
        UNION ALL
        SELECT f.name, f.method, sum(f.events), to_jsonb(sum(f.number * f.events) / sum(f.events)::double precision)
        FROM fact AS f WHERE f.method = 'duration' GROUP BY f.name, f.method
        UNION ALL
        SELECT f.name, f.method, sum(f.events), jsonb_object_agg(f.number::integer::text, f.events)
        FROM fact AS f WHERE f.method = 'months' GROUP BY f.name, f.method
        UNION ALL
        SELECT 'ignored_dates', 'ignored', NULL, jsonb_object_agg(i.attribute, i.events)
        FROM (SELECT t.attribute, sum(t.events)
              FROM typed AS t
              LEFT JOIN rule AS r ON r.kind = t.kind AND r.attribute = t.attribute
              LEFT JOIN learned AS l ON l.kind = t.kind AND l.attribute = t.attribute
              WHERE $3 AND r.method IS DISTINCT FROM 'ignore'
                AND (t.type = 'bad_date' OR t.type = 'text' AND (r.method IN ('months', 'duration') OR l.method = 'months'))
              GROUP BY t.attribute) AS i (attribute, events)
        HAVING count(*) > 0
        UNION ALL
        SELECT k.kind || '_count', 'count', NULL, to_jsonb(k.events) FROM kind AS k WHERE $3
        UNION ALL
        SELECT coalesce(r.insight, 'average_satisfaction'), 'satisfaction', NULL,
               to_jsonb(sum(k.satisfaction_sum) / sum(k.rated)::double precision)
        FROM kind AS k LEFT JOIN rule AS r ON r.kind = k.kind AND r.attribute = 'satisfaction'
        WHERE $3 AND k.rated > 0 AND r.method IS DISTINCT FROM 'ignore'
        GROUP BY 1),
    -- Where two methods give one name, the one with more values behind it.
    chosen AS (
        SELECT DISTINCT ON (r.name) r.name, r.value FROM result AS r ORDER BY r.name, r.events DESC NULLS FIRST, r.method)
    SELECT coalesce(jsonb_object_agg(c.name, c.value), '{}'::jsonb) FROM chosen AS c;
END;
COMMENT ON FUNCTION @extschema@._sm_learned_json(text, text, boolean) IS
'Internal: preferences or insights of a user.';

CREATE FUNCTION @extschema@.sm_preferences(user_id text, kind text DEFAULT NULL)
RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT @extschema@._sm_learned_json($1, $2, false) WHERE @extschema@._sm_check_learned($1, $2);
END;
COMMENT ON FUNCTION @extschema@.sm_preferences(text, text) IS
'What a user likes, learned from their events of one kind or of all: rankings and ranges; {} where nothing is known.';

CREATE FUNCTION @extschema@.sm_insights(user_id text, kind text DEFAULT NULL)
RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT @extschema@._sm_learned_json($1, $2, true) WHERE @extschema@._sm_check_learned($1, $2);
END;
COMMENT ON FUNCTION @extschema@.sm_insights(text, text) IS
'What the events of a user say, of one kind or of all: counts, averages, rankings by number, months; {} where nothing is known.';
