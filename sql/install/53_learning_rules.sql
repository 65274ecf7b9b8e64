-- Rules of learning: how an attribute of a kind of event is learned, where its type does not say ----

CREATE TABLE @extschema@.sm_learning_rule (
    kind       text COLLATE "C" NOT NULL,
    attribute  text COLLATE "C" NOT NULL,
    method     text COLLATE "C" NOT NULL DEFAULT 'auto',
    preference text COLLATE "C",
    insight    text COLLATE "C",
    top        integer,
    half_life  interval,
    since      text COLLATE "C",
    built_in   boolean NOT NULL DEFAULT false,
    CONSTRAINT sm_learning_rule_pkey PRIMARY KEY (kind, attribute, built_in)
);

COMMENT ON TABLE @extschema@.sm_learning_rule IS 'How attributes of events are learned. A rule of one''s own goes before the one that comes with the extension.';
COMMENT ON COLUMN @extschema@.sm_learning_rule.kind IS 'The kind of the events.';
COMMENT ON COLUMN @extschema@.sm_learning_rule.attribute IS 'The attribute, a key of their data.';
COMMENT ON COLUMN @extschema@.sm_learning_rule.method IS 'auto (by type), top, range, average, months, duration or ignore.';
COMMENT ON COLUMN @extschema@.sm_learning_rule.preference IS 'Its name in sm_preferences; NULL: not there, or, where insight is NULL too, as it would be without a rule.';
COMMENT ON COLUMN @extschema@.sm_learning_rule.insight IS 'Its name in sm_insights; NULL: likewise.';
COMMENT ON COLUMN @extschema@.sm_learning_rule.top IS 'How many values a ranking has; NULL: 5.';
COMMENT ON COLUMN @extschema@.sm_learning_rule.half_life IS 'After how long an event weighs half in a ranking; NULL: 90 days.';
COMMENT ON COLUMN @extschema@.sm_learning_rule.since IS 'Of a duration: the attribute with the date that it begins at.';
COMMENT ON COLUMN @extschema@.sm_learning_rule.built_in IS 'Whether it comes with the extension.';

-- The hospitality case.
INSERT INTO @extschema@.sm_learning_rule (kind, attribute, method, preference, insight, since, built_in) VALUES
    ('booking', 'city', 'top', 'preferred_cities', 'favorite_destinations', NULL, true),
    ('booking', 'price_per_night', 'range', 'preferred_price_range', NULL, NULL, true),
    ('booking', 'amenities', 'top', 'preferred_amenities', NULL, NULL, true),
    ('booking', 'property_type', 'top', 'preferred_property_types', NULL, NULL, true),
    ('booking', 'check_in_date', 'months', NULL, 'seasonal_patterns', NULL, true),
    ('booking', 'check_out_date', 'duration', NULL, 'average_stay_length', 'check_in_date', true),
    ('booking', 'number_of_guests', 'ignore', NULL, NULL, NULL, true),
    ('booking', 'satisfaction', 'ignore', NULL, NULL, NULL, true);

SELECT pg_catalog.pg_extension_config_dump('@extschema@.sm_learning_rule', 'WHERE NOT built_in');

CREATE FUNCTION @extschema@._sm_rules(kind text)
RETURNS TABLE (kind text, attribute text, method text, preference text, insight text, top integer, half_life interval, since text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
    SELECT DISTINCT ON (r.kind, r.attribute) r.kind, r.attribute, r.method, r.preference, r.insight, r.top, r.half_life, r.since
    FROM @extschema@.sm_learning_rule AS r
    WHERE $1 IS NULL OR r.kind = $1
    ORDER BY r.kind, r.attribute, r.built_in;
END;
COMMENT ON FUNCTION @extschema@._sm_rules(text) IS 'Internal: the rules that count, of one kind or of all.';

CREATE FUNCTION @extschema@._sm_check_rule(kind text, attribute text, method text, preference text, insight text,
                                           top integer, half_life interval, since text)
RETURNS text LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_check_rule';
COMMENT ON FUNCTION @extschema@._sm_check_rule(text, text, text, text, text, integer, interval, text) IS
'Internal: a rule, checked; returns its method.';

CREATE FUNCTION @extschema@.sm_set_learning_rule(kind text, attribute text, method text DEFAULT 'auto', preference text DEFAULT NULL,
                                                 insight text DEFAULT NULL, top integer DEFAULT NULL,
                                                 half_life interval DEFAULT NULL, since text DEFAULT NULL)
RETURNS void LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    INSERT INTO @extschema@.sm_learning_rule AS r (kind, attribute, method, preference, insight, top, half_life, since)
    VALUES ($1, $2, @extschema@._sm_check_rule($1, $2, $3, $4, $5, $6, $7, $8), $4, $5, $6, $7, $8)
    ON CONFLICT ON CONSTRAINT sm_learning_rule_pkey DO UPDATE
    SET method = excluded.method, preference = excluded.preference, insight = excluded.insight, top = excluded.top,
        half_life = excluded.half_life, since = excluded.since;
END;
COMMENT ON FUNCTION @extschema@.sm_set_learning_rule(text, text, text, text, text, integer, interval, text) IS
'Says how an attribute of a kind of event is learned; applies at once to what is stored.';

CREATE FUNCTION @extschema@.sm_drop_learning_rule(kind text, attribute text)
RETURNS boolean LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    WITH gone AS (
        DELETE FROM @extschema@.sm_learning_rule AS r
        WHERE r.kind = @extschema@._sm_check_name($1, 'kind') AND r.attribute = @extschema@._sm_check_name($2, 'attribute')
          AND NOT r.built_in
        RETURNING r.kind)
    SELECT EXISTS (SELECT FROM gone);
END;
COMMENT ON FUNCTION @extschema@.sm_drop_learning_rule(text, text) IS
'Drops a rule of one''s own; what comes with the extension counts again. Returns whether there was one.';
