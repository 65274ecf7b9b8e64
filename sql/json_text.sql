-- JSON text: what sm_context writes is, byte for byte, what the server's jsonb::text prints, for
-- generated documents of every type, depth and alphabet.
\i sql/fixture/begin.sql
SELECT setseed(0.4711) IS NOT NULL AS seeded;

-- A text of up to 40 characters: ASCII, controls, quotes and backslashes, and UTF-8 of every length.
CREATE FUNCTION pg_temp.any_text() RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(string_agg(CASE (random() * 9)::int
               WHEN 0 THEN chr(1 + (random() * 30)::int)
               WHEN 1 THEN (ARRAY['"', '\', '/', E'\b', E'\f', E'\n', E'\r', E'\t'])[1 + (random() * 7)::int]
               WHEN 2 THEN chr(128 + (random() * 1900)::int)
               WHEN 3 THEN chr(2048 + (random() * 50000)::int)
               WHEN 4 THEN chr(65536 + (random() * 900000)::int)
               ELSE chr(32 + (random() * 95)::int) END, ''), '')
    FROM generate_series(1, (random() * random() * 40)::int)
$$;

CREATE FUNCTION pg_temp.any_number() RETURNS numeric LANGUAGE sql VOLATILE AS $$
    SELECT CASE (random() * 6)::int
               WHEN 0 THEN 0
               WHEN 1 THEN (random() * 1000)::int
               WHEN 2 THEN -(random() * 1e15)::bigint
               WHEN 3 THEN round((random() * 1000)::numeric, (random() * 12)::int)
               WHEN 4 THEN (random()::numeric - 0.5) * 10 ^ (random() * 60)::int
               WHEN 5 THEN (random()::numeric - 0.5) / 10 ^ (random() * 60)::int
               ELSE 10000 ^ (random() * 9)::int END
$$;

CREATE FUNCTION pg_temp.any_value(depth int) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    kind int := (random() * CASE WHEN depth > 0 THEN 7 ELSE 4 END)::int;
    value jsonb;
BEGIN
    CASE
        WHEN kind = 0 THEN RETURN 'null';
        WHEN kind = 1 THEN RETURN to_jsonb(random() < 0.5);
        WHEN kind = 2 THEN RETURN to_jsonb(pg_temp.any_number());
        WHEN kind <= 4 THEN RETURN to_jsonb(pg_temp.any_text());
        WHEN kind = 5 THEN
            value := '[]';
            FOR i IN 1 .. (random() * random() * 40)::int LOOP
                value := value || jsonb_build_array(pg_temp.any_value(depth - 1));
            END LOOP;
            RETURN value;
        ELSE
            value := '{}';
            FOR i IN 1 .. (random() * random() * 40)::int LOOP
                value := value || jsonb_build_object(pg_temp.any_text(), pg_temp.any_value(depth - 1));
            END LOOP;
            RETURN value;
    END CASE;
END $$;

-- Each document is one interaction, under a key of its own; "seq" and "timestamp" come before it.
CREATE TEMP TABLE source AS
SELECT i, jsonb_build_object('d', pg_temp.any_value(i % 4)) AS document FROM generate_series(1, 600) AS i;
INSERT INTO source
SELECT 2000 + i, jsonb_build_object('d', (repeat('[{"":', i) || '0' || repeat('}]', i))::jsonb)
FROM unnest(ARRAY[1, 30, 31, 32, 33, 63, 64, 65, 300, 700]) AS i;

SELECT count(*) AS documents, bool_or(length(document::text) > 5000) AS long_ones,
       count(DISTINCT jsonb_typeof(document -> 'd')) AS types FROM source;
SELECT max(sm_append('json ' || i, document)) AS last_seq FROM source;

SELECT count(*) AS differences
FROM source
CROSS JOIN LATERAL sm_context('json ' || i, 1) AS c
JOIN session_memory AS m ON m.session_id = 'json ' || i
WHERE c::text IS DISTINCT FROM
      '[{"seq": 1, "timestamp": "' || to_char(m.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') || '+00:00", '
      || substr(m.interaction::text, 2) || ']';

DROP EXTENSION session_memory CASCADE;
