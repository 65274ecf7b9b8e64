-- Reads JSON lines from psql's standard input and lays their interactions, each with its time, into
-- the table `source`. Two shapes are understood: the conversations of this folder, whose
-- interactions carry "offset_seconds" from the start; and dialogues with "turns" and no times.
-- Every conversation ends a little before now, so one that went on for days has expired in part.
\set ON_ERROR_STOP on
\set QUIET on
CREATE TABLE source_line (number bigint GENERATED ALWAYS AS IDENTITY, line jsonb);
-- JSON text has no control characters, so these make every line one value, just as it is.
\copy source_line (line) FROM pstdin (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02')

CREATE TABLE source AS
SELECT line->>'session_id' AS session_id,
       coalesce(line->>'user_id', 'visitor-' || number % 60) AS user_id,
       coalesce(line->>'domain', 'dialogue') AS domain,
       position,
       date_trunc('milliseconds', now()) - make_interval(secs => number)
           - make_interval(secs => (line #>> '{interactions,-1,offset_seconds}')::int
                                   - (value->>'offset_seconds')::int) AS created_at,
       value - 'offset_seconds' AS interaction
FROM source_line, jsonb_array_elements(line->'interactions') WITH ORDINALITY AS i (value, position)
UNION ALL
SELECT line->>'session_id', 'visitor-' || number % 60, 'dialogue', position,
       date_trunc('milliseconds', now()) - make_interval(secs => number)
           - make_interval(secs => 20 * (jsonb_array_length(line->'turns') - position)::int),
       jsonb_build_object('role', value->'role', 'content', value->'content')
           || CASE WHEN value ? 'intent'
                   THEN jsonb_build_object('metadata', value - '{role,content}'::text[]) ELSE '{}' END
FROM source_line, jsonb_array_elements(line->'turns') WITH ORDINALITY AS t (value, position);
ALTER TABLE source ADD PRIMARY KEY (session_id, position);
ANALYZE source;
