-- Learning from events ------------------------------------------------------------------------------
--
-- Each event is taken apart into facts: values of its attributes, by type. For each value it is counted
-- how often it came up and how much it weighs. An event weighs 0.1 + 0.9 * satisfaction (unknown: 0.5), half of that
-- after a half-life. Weights are kept as logarithms to the base 2, counted from a fixed day: time going by
-- changes all of them alike, so nothing stored ever goes stale.
--
-- Every 64th event of a user, what is new goes into the tables below (sm_profile.learned_through says up to where).
-- Reads take what the tables hold, and the few events since from where they lie: so nothing is ever stale, and most
-- events cost no more than their row.
--
-- What is stored does not depend on the rules, but for half-lives and durations. Which of these it was
-- learned with is noted. Where they have changed since, reads go by the events alone, until the next 64th event
-- learns all anew.

CREATE TABLE @extschema@.sm_learned_kind (
    user_id          text COLLATE "C" NOT NULL,
    kind             text COLLATE "C" NOT NULL,
    events           bigint NOT NULL,
    rated            bigint NOT NULL,
    satisfaction_sum double precision NOT NULL,
    learned_with     text COLLATE "C" NOT NULL,
    CONSTRAINT sm_learned_kind_pkey PRIMARY KEY (user_id, kind)
) WITH (fillfactor = 80);

COMMENT ON TABLE @extschema@.sm_learned_kind IS 'The events of users, counted by kind. Kept by sm_record_event, up to sm_profile.learned_through.';
COMMENT ON COLUMN @extschema@.sm_learned_kind.user_id IS 'The user.';
COMMENT ON COLUMN @extschema@.sm_learned_kind.kind IS 'The kind.';
COMMENT ON COLUMN @extschema@.sm_learned_kind.events IS 'Number of events.';
COMMENT ON COLUMN @extschema@.sm_learned_kind.rated IS 'How many of them have a satisfaction.';
COMMENT ON COLUMN @extschema@.sm_learned_kind.satisfaction_sum IS 'Sum of these.';
COMMENT ON COLUMN @extschema@.sm_learned_kind.learned_with IS 'The half-lives and durations that they were learned with.';

CREATE TABLE @extschema@.sm_learned (
    user_id    text COLLATE "C" NOT NULL,
    kind       text COLLATE "C" NOT NULL,
    attribute  text COLLATE "C" NOT NULL,
    type       text COLLATE "C" NOT NULL,
    number     double precision NOT NULL,
    value      text COLLATE "C" NOT NULL,
    events     bigint NOT NULL,
    log_weight double precision NOT NULL,
    last_at    timestamptz NOT NULL,
    CONSTRAINT sm_learned_pkey PRIMARY KEY (user_id, kind, attribute, type, number, value)
) WITH (fillfactor = 80);

COMMENT ON TABLE @extschema@.sm_learned IS 'What the events of users say, but for numbers: each value of each attribute, how often and with which weight. Kept by sm_record_event, up to sm_profile.learned_through.';
COMMENT ON COLUMN @extschema@.sm_learned.user_id IS 'The user.';
COMMENT ON COLUMN @extschema@.sm_learned.kind IS 'The kind of the events.';
COMMENT ON COLUMN @extschema@.sm_learned.attribute IS 'The attribute, a key of their data.';
COMMENT ON COLUMN @extschema@.sm_learned.type IS 'text, date, duration or bad_date.';
COMMENT ON COLUMN @extschema@.sm_learned.number IS 'Of a date its month, of a duration its days; else 0.';
COMMENT ON COLUMN @extschema@.sm_learned.value IS 'A text; empty for all else.';
COMMENT ON COLUMN @extschema@.sm_learned.events IS 'How often it came up.';
COMMENT ON COLUMN @extschema@.sm_learned.log_weight IS 'Logarithm to the base 2 of the sum of their weights, counted from 2000.';
COMMENT ON COLUMN @extschema@.sm_learned.last_at IS 'When it last came up.';

CREATE TABLE @extschema@.sm_learned_attribute (
    user_id   text COLLATE "C" NOT NULL,
    kind      text COLLATE "C" NOT NULL,
    attribute text COLLATE "C" NOT NULL,
    type      text COLLATE "C" NOT NULL,
    events    bigint NOT NULL,
    numbers   double precision[],
    CONSTRAINT sm_learned_attribute_pkey PRIMARY KEY (user_id, kind, attribute, type)
) WITH (fillfactor = 80);

-- Doubles hardly compress.
ALTER TABLE @extschema@.sm_learned_attribute ALTER COLUMN numbers SET STORAGE EXTERNAL;

COMMENT ON TABLE @extschema@.sm_learned_attribute IS 'How often the attributes of users'' events had values of which type; and their numbers.';
COMMENT ON COLUMN @extschema@.sm_learned_attribute.user_id IS 'The user.';
COMMENT ON COLUMN @extschema@.sm_learned_attribute.kind IS 'The kind of the events.';
COMMENT ON COLUMN @extschema@.sm_learned_attribute.attribute IS 'The attribute.';
COMMENT ON COLUMN @extschema@.sm_learned_attribute.type IS 'The type.';
COMMENT ON COLUMN @extschema@.sm_learned_attribute.events IS 'How often values of that type came up.';

COMMENT ON COLUMN @extschema@.sm_learned_attribute.numbers IS 'Where it is number: all of them, in no order.';

SELECT pg_catalog.pg_extension_config_dump('@extschema@.sm_learned_kind', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.sm_learned_attribute', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.sm_learned', '');

CREATE FUNCTION @extschema@._sm_facts(data jsonb, durations text[])
RETURNS TABLE (attribute text, type text, number double precision, value text)
LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 10 AS 'MODULE_PATHNAME', 'sm_facts';
COMMENT ON FUNCTION @extschema@._sm_facts(jsonb, text[]) IS
'Internal: the facts of an event; durations are pairs of attributes, until and since.';

CREATE FUNCTION @extschema@._sm_log_weight(occurred_at timestamptz, satisfaction real, half_life interval)
RETURNS double precision LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_log_weight';
COMMENT ON FUNCTION @extschema@._sm_log_weight(timestamptz, real, interval) IS
'Internal: the logarithm to the base 2 of an event''s weight.';

CREATE FUNCTION @extschema@._sm_log_add(a double precision, b double precision)
RETURNS double precision LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_log_add';
COMMENT ON FUNCTION @extschema@._sm_log_add(double precision, double precision) IS
'Internal: the logarithm of the sum of two numbers given by their logarithms.';

CREATE AGGREGATE @extschema@._sm_log_sum(double precision)
    (SFUNC = @extschema@._sm_log_add, STYPE = double precision, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@._sm_log_sum(double precision) IS
'Internal: the logarithm of the sum of numbers given by their logarithms.';

CREATE AGGREGATE @extschema@._sm_concat(double precision[])
    (SFUNC = pg_catalog.array_cat, STYPE = double precision[], PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@._sm_concat(double precision[]) IS 'Internal: the elements of all arrays, as one.';

CREATE FUNCTION @extschema@._sm_quartiles(numbers double precision[])
RETURNS jsonb LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_quartiles';
COMMENT ON FUNCTION @extschema@._sm_quartiles(double precision[]) IS
'Internal: {"min", "max"}: the 25th and the 75th percentile, as percentile_cont has them; NULL of nothing.';

CREATE FUNCTION @extschema@._sm_plural(name text)
RETURNS text LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_plural';
COMMENT ON FUNCTION @extschema@._sm_plural(text) IS 'Internal: the English plural of a name.';

-- What follows returns sets, also where it is one row, so that the planner puts it into what calls it.
CREATE FUNCTION @extschema@._sm_kind_rules(kind text)
RETURNS TABLE (learned_with text, durations text[]) LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT coalesce(string_agg(concat_ws(' ', to_json(r.attribute), extract(epoch FROM r.half_life), to_json(r.since)), ', '
                               ORDER BY r.attribute), ''),
           string_to_array(string_agg(r.attribute || E'\x01' || r.since, E'\x01' ORDER BY r.attribute), E'\x01')
    FROM @extschema@._sm_rules($1) AS r
    WHERE r.half_life IS NOT NULL OR r.since IS NOT NULL;
END;
COMMENT ON FUNCTION @extschema@._sm_kind_rules(text) IS
'Internal: the half-lives and durations of a kind, as one text; the durations as pairs of attributes, until and since.';

CREATE FUNCTION @extschema@._sm_kinds(user_id text, kind text)
RETURNS TABLE (kind text, stored boolean, from_id bigint, learned_with text, durations text[], events bigint, rated bigint,
               satisfaction_sum double precision)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 3
BEGIN ATOMIC
    SELECT a.kind, w.learned_with = a.learned_with,
           CASE WHEN w.learned_with <> a.learned_with THEN 1 ELSE coalesce(a.learned_through, 0) + 1 END,
           w.learned_with, w.durations, a.events, a.rated, a.satisfaction_sum
    FROM (SELECT c.kind, sum(c.events)::bigint, sum(c.rated)::bigint, sum(c.satisfaction_sum), max(c.learned_with),
                 (SELECT p.learned_through FROM @extschema@.sm_profile AS p WHERE p.user_id = $1)
          FROM (SELECT k.kind, k.events, k.rated, k.satisfaction_sum, k.learned_with
                FROM @extschema@.sm_learned_kind AS k WHERE k.user_id = $1
                UNION ALL
                SELECT e.kind, 1, CASE WHEN e.satisfaction IS NULL THEN 0 ELSE 1 END,
                       coalesce(e.satisfaction::numeric::double precision, 0), NULL
                FROM @extschema@.sm_event AS e
                WHERE e.user_id = $1
                  AND e.event_id > coalesce((SELECT p.learned_through FROM @extschema@.sm_profile AS p WHERE p.user_id = $1), 0)
               ) AS c
          WHERE $2 IS NULL OR c.kind = $2
          GROUP BY c.kind) AS a (kind, events, rated, satisfaction_sum, learned_with, learned_through)
    CROSS JOIN LATERAL @extschema@._sm_kind_rules(a.kind) AS w;
END;
COMMENT ON FUNCTION @extschema@._sm_kinds(text, text) IS
'Internal: the kinds of events of a user: whether what is stored of them is of use, and from which event on they are to be read.';

-- The kind is asked for in a way that leads to no index: the numbers of the events do.
CREATE FUNCTION @extschema@._sm_learn(user_id text, kind text, durations text[], from_id bigint)
RETURNS SETOF @extschema@.sm_learned LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT e.user_id, e.kind, f.attribute, f.type, f.number, f.value, count(*),
           @extschema@._sm_log_sum(@extschema@._sm_log_weight(e.occurred_at, e.satisfaction, r.half_life)),
           max(e.occurred_at)
    FROM @extschema@.sm_event AS e
    CROSS JOIN LATERAL @extschema@._sm_facts(e.data, $3) AS f
    LEFT JOIN @extschema@._sm_rules($2) AS r ON r.attribute = f.attribute COLLATE "C"
    WHERE e.user_id = $1 AND ($2 IS NULL OR e.kind = $2) AND e.event_id >= $4
    GROUP BY e.user_id, e.kind, f.attribute, f.type, f.number, f.value;
END;
COMMENT ON FUNCTION @extschema@._sm_learn(text, text, text[], bigint) IS
'Internal: what the events of a user say, from a number on.';

-- Under the lock on the profile's row, and where nothing stored was learned with other rules.
CREATE FUNCTION @extschema@._sm_fold(user_id text)
RETURNS void LANGUAGE sql VOLATILE PARALLEL UNSAFE SET jit = off
BEGIN ATOMIC
    WITH kinds AS MATERIALIZED (SELECT k.* FROM @extschema@._sm_kinds($1, NULL) AS k),
    fresh AS MATERIALIZED (
        SELECT l.* FROM kinds AS k CROSS JOIN LATERAL @extschema@._sm_learn($1, k.kind, k.durations, k.from_id) AS l),
    learned AS (
        INSERT INTO @extschema@.sm_learned AS l SELECT f.* FROM fresh AS f WHERE f.type <> 'number'
        ON CONFLICT ON CONSTRAINT sm_learned_pkey DO UPDATE
        SET events = l.events + excluded.events, log_weight = @extschema@._sm_log_add(l.log_weight, excluded.log_weight),
            last_at = greatest(l.last_at, excluded.last_at)),
    attributes AS (
        INSERT INTO @extschema@.sm_learned_attribute AS a
        SELECT f.user_id, f.kind, f.attribute, f.type, count(*), array_agg(f.number) FILTER (WHERE f.type = 'number')
        FROM fresh AS f CROSS JOIN LATERAL generate_series(1, f.events)
        GROUP BY f.user_id, f.kind, f.attribute, f.type
        ON CONFLICT ON CONSTRAINT sm_learned_attribute_pkey DO UPDATE
        SET events = a.events + excluded.events, numbers = a.numbers || excluded.numbers),
    counted AS (
        INSERT INTO @extschema@.sm_learned_kind AS c (user_id, kind, events, rated, satisfaction_sum, learned_with)
        SELECT $1, k.kind, k.events, k.rated, k.satisfaction_sum, k.learned_with FROM kinds AS k
        ON CONFLICT ON CONSTRAINT sm_learned_kind_pkey DO UPDATE
        SET events = excluded.events, rated = excluded.rated, satisfaction_sum = excluded.satisfaction_sum)
    UPDATE @extschema@.sm_profile AS p SET learned_through = p.last_event_id WHERE p.user_id = $1;
END;
COMMENT ON FUNCTION @extschema@._sm_fold(text) IS
'Internal: puts what the new events of a user say into the learned tables.';

CREATE FUNCTION @extschema@._sm_relearn(user_id text)
RETURNS void LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    UPDATE @extschema@.sm_profile AS p SET learned_through = 0 WHERE p.user_id = $1;
    DELETE FROM @extschema@.sm_learned AS l WHERE l.user_id = $1;
    DELETE FROM @extschema@.sm_learned_attribute AS a WHERE a.user_id = $1;
    DELETE FROM @extschema@.sm_learned_kind AS k WHERE k.user_id = $1;
    SELECT @extschema@._sm_fold($1);
END;
COMMENT ON FUNCTION @extschema@._sm_relearn(text) IS
'Internal: learns all that the events of a user say, from the beginning; for when events were changed by other means than sm_record_event.';

CREATE FUNCTION @extschema@._sm_outdated(user_id text)
RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT EXISTS (
        SELECT FROM @extschema@.sm_learned_kind AS k CROSS JOIN LATERAL @extschema@._sm_kind_rules(k.kind) AS w
        WHERE k.user_id = $1 AND k.learned_with <> w.learned_with);
END;
COMMENT ON FUNCTION @extschema@._sm_outdated(text) IS
'Internal: whether something of a user was learned with other rules than those of now.';
