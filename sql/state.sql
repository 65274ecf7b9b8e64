-- The state of a session: JSON Merge Patch (RFC 7396), on what there is or on nothing.
\i sql/fixture/begin.sql
-- The cases of RFC 7396, appendix A, whose original and patch are objects. An original that is none
-- cannot be: a state is an object or nothing, and nothing is patched like {}.
CREATE TABLE pg_temp.rfc7396 (number int, original jsonb, patch jsonb, result jsonb);
INSERT INTO pg_temp.rfc7396 VALUES
    (1, '{"a":"b"}', '{"a":"c"}', '{"a":"c"}'),
    (2, '{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'),
    (3, '{"a":"b"}', '{"a":null}', '{}'),
    (4, '{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'),
    (5, '{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'),
    (6, '{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'),
    (7, '{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'),
    (8, '{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'),
    (9, '["a","b"]', '["c","d"]', '["c","d"]'),
    (10, '{"a":"b"}', '["c"]', '["c"]'),
    (11, '{"a":"foo"}', 'null', 'null'),
    (12, '{"a":"foo"}', '"bar"', '"bar"'),
    (13, '{"e":null}', '{"a":1}', '{"e":null,"a":1}'),
    (14, '[1,2]', '{"a":"b","c":null}', '{"a":"b"}'),
    (15, '{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}');
-- An original is laid in by hand: a patch cannot make a member that is null, as case 13 has it.
CREATE FUNCTION pg_temp.patched(original jsonb, patch jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sm_clear('rfc');
    PERFORM sm_create_session('rfc');
    IF jsonb_typeof(original) = 'object' THEN
        INSERT INTO sm_session_data (session_id, state) VALUES ('rfc', original);
    END IF;
    RETURN sm_set_state('rfc', patch);
END $$;
SELECT number, original, patch, result, pg_temp.patched(original, patch)::text = result::text AND sm_state('rfc') = result AS as_the_rfc_has_it
FROM pg_temp.rfc7396 WHERE jsonb_typeof(patch) = 'object' ORDER BY number;
-- A patch that is no object would make a state that is none.
SELECT number, patch, pg_temp.fails(format('SELECT pg_temp.patched(%L, %L)', original, patch)) AS outcome FROM pg_temp.rfc7396 WHERE jsonb_typeof(patch) <> 'object' ORDER BY number;
-- The example of its section 3.
SELECT pg_temp.patched('{"title": "Goodbye!", "author": {"givenName": "John", "familyName": "Doe"}, "tags": ["example", "sample"], "content": "This will be unchanged"}',
                       '{"title": "Hello!", "phoneNumber": "+01-123-456-7890", "author": {"familyName": null}, "tags": ["example"]}');

-- The same as the RFC's own algorithm, written down in SQL, over all pairs of many objects.
CREATE FUNCTION pg_temp.merge_patch(target jsonb, patch jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    result jsonb := CASE WHEN jsonb_typeof(target) = 'object' THEN target ELSE '{}' END;
    member record;
BEGIN
    IF jsonb_typeof(patch) <> 'object' THEN RETURN patch; END IF;
    FOR member IN SELECT * FROM jsonb_each(patch) LOOP
        IF jsonb_typeof(member.value) = 'null' THEN
            result := result - member.key;
        ELSE
            result := jsonb_set(result, ARRAY[member.key], pg_temp.merge_patch(result -> member.key, member.value));
        END IF;
    END LOOP;
    RETURN result;
END $$;
CREATE TABLE pg_temp.object (o jsonb);
INSERT INTO pg_temp.object VALUES
    ('{}'), ('{"a": 1}'), ('{"a": null}'), ('{"a": {}}'), ('{"a": {"b": null}}'), ('{"a": {"b": {"c": 1, "d": null}}, "z": 0}'), ('{"": "empty", "a": [], "b": [null, {"x": null}]}'),
    ('{"a": "text", "aa": "longer key", "b": {"a": 1}}'), ('{"aa": null, "b": {"a": {"a": null}}, "c": true}'), ('{"a": {"b": 5}, "b": null, "é": "ü", "🚲": {"🚲": null}}'), ('{"é": null, "🚲": {"🚲": 2, "x": [1, 2]}}'),
    ('{"a": 1e100, "b": -0.00, "c": 12345678901234567890.123}'), ('{"nested": {"a": {"b": {"c": {"d": {"e": 1}}}}}}'), ('{"nested": {"a": {"b": {"c": {"d": {"e": null, "f": 2}}}}}}'), ('{"nested": {"a": {"b": null}}}'), ('{"nested": [1, {"a": null}]}');
SELECT count(*) AS pairs, count(*) FILTER (WHERE pg_temp.patched(t.o, p.o)::text = pg_temp.merge_patch(t.o, p.o)::text) AS same FROM pg_temp.object AS t, pg_temp.object AS p;
-- One after the other.
SELECT sm_clear('rfc'), sm_create_session('rfc');
SELECT n, sm_set_state('rfc', o) FROM (SELECT row_number() OVER (ORDER BY o) AS n, o FROM pg_temp.object) AS x;
SELECT sm_state('rfc');

-- A session that does not exist is made; one that was only patched has no interactions.
SELECT sm_set_state('new', '{"slots": {"city": "Lisbon", "guests": 2}, "agent": "booking"}');
SELECT sm_set_state('new', '{"slots": {"guests": 3, "nights": null}, "agent": null}');
SELECT sm_state('new'), sm_session('new')->'state' AS session, sm_prompt('new')->'state' AS prompt, sm_context('new'), sm_session('new')->'last_seq' AS last_seq;
SELECT sm_add('new', 'q', 'a'), sm_state('new');
-- Without a state, and without a session.
SELECT sm_state('unknown'), sm_create_session('none'), sm_session('unknown');
SELECT sm_state('none'), sm_session('none')->'state' AS session, sm_prompt('none')->'state' AS prompt;
SELECT sm_set_state('none', '{}'), sm_set_state('none', '{"a": null}');
SELECT state FROM sm_session_data WHERE session_id = 'none';
SELECT count(*) AS made FROM sm_session WHERE session_id = 'unknown';
-- It leaves what else a session has.
SELECT sm_create_session('all', metadata => '{"m": 1}'), sm_append('all', '[{"n": 1}, {"n": 2}]'), sm_set_summary('all', 'So far.', 1), sm_set_state('all', '{"a": 1}');
SELECT sm_set_state('all', '{"b": 2}');
SELECT metadata, state, summary, report FROM sm_session_data WHERE session_id = 'all';

-- No object; an ended session. Neither changes anything.
SELECT pg_temp.fails($$SELECT sm_set_state('new', '[{"a": 1}]')$$), pg_temp.fails($$SELECT sm_set_state('new', '"a"')$$), pg_temp.fails($$SELECT sm_set_state('not made', '5')$$) \gx
SELECT sm_end_session('all') IS NOT NULL AS ended;
SELECT pg_temp.fails($$SELECT sm_set_state('all', '{"c": 3}')$$), sm_state('all') AS still_read, sm_state('new'), (SELECT count(*) FROM sm_session WHERE session_id = 'not made') AS made \gx
-- Rolled back.
BEGIN;
SELECT sm_set_state('new', '{"undone": true}');
ROLLBACK;
SELECT sm_state('new');

-- A megabyte is the most, of the whole state, however it grew.
SELECT pg_temp.fails(format('SELECT sm_set_state(%L, %L)', 'large', jsonb_build_object('text', repeat('x', 1024 * 1024)))) AS too_large_at_once;
SELECT count(*) AS made FROM sm_session WHERE session_id = 'large';
SELECT octet_length(sm_set_state('large', jsonb_build_object('a', repeat('x', 600 * 1024)))->>'a') AS bytes;
SELECT regexp_replace(pg_temp.fails(format('SELECT sm_set_state(%L, %L)', 'large', jsonb_build_object('b', repeat('x', 600 * 1024)))), '\d{7}', 'so many') AS too_large_together;
SELECT octet_length(sm_state('large')->>'a') AS bytes, sm_state('large') ? 'b' AS b;
DO $$ BEGIN PERFORM sm_set_state('large', jsonb_build_object('b', repeat('x', 600 * 1024))); EXCEPTION WHEN program_limit_exceeded THEN
    DECLARE detail text; BEGIN GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL; PERFORM set_config('regress.detail', detail, false); END; END $$;
SELECT current_setting('regress.detail') AS detail;
SELECT (SELECT string_agg(k, ' ') FROM jsonb_object_keys(sm_set_state('large', jsonb_build_object('a', NULL, 'b', repeat('y', 1000 * 1024)))) AS k) AS replaced;
SELECT octet_length(sm_prompt('large')->'state'->>'b') AS in_the_prompt;
-- Up to the byte: a text alone in an object has 16 bytes beside it, and one for the key.
SELECT length, left(pg_temp.fails(format('SELECT sm_clear(%1$L), sm_set_state(%1$L, %2$L)', 'edge', jsonb_build_object('k', repeat('x', length)))), 8) AS outcome
FROM unnest(ARRAY[1024 * 1024 - 17, 1024 * 1024 - 16]) AS length;

-- Nested 5,000 deep: stored, merged far down, shown. Deeper than the stack is an error, and no more.
CREATE FUNCTION pg_temp.deep(levels int, leaf jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT (repeat('{"a":', levels) || leaf::text || repeat('}', levels))::jsonb $$;
SELECT sm_set_state('deep', pg_temp.deep(5000, '{"x": 1}')) = pg_temp.deep(5000, '{"x": 1}') AS stored;
SELECT sm_set_state('deep', pg_temp.deep(5000, '{"y": 2, "x": null}')) = pg_temp.deep(5000, '{"y": 2}') AS merged;
SELECT sm_state('deep') = pg_temp.deep(5000, '{"y": 2}') AS state, sm_session('deep')->'state' = pg_temp.deep(5000, '{"y": 2}') AS session, sm_prompt('deep')->'state' = pg_temp.deep(5000, '{"y": 2}') AS prompt, length(sm_prompt('deep')->>'formatted_context') AS formatted;
SELECT (sm_end_session('deep')->'state') = pg_temp.deep(5000, '{"y": 2}') AS report;
SET max_stack_depth = '200kB';
SELECT left(pg_temp.fails($$SELECT sm_state('deep')$$), 8) AS reading, left(pg_temp.fails($$SELECT sm_prompt('deep')$$), 5) AS prompt, left(pg_temp.fails($$SELECT sm_clear('deep'), sm_set_state('deep', (SELECT state FROM sm_session_data WHERE session_id = 'deep'))$$), 5) AS merging;
RESET max_stack_depth;
SELECT sm_state('deep') = pg_temp.deep(5000, '{"y": 2}') AS unharmed;
-- Wide ones.
SELECT sm_set_state('wide', (SELECT jsonb_object_agg('k' || n, n) FROM generate_series(1, 20000) AS n)) = (SELECT jsonb_object_agg('k' || n, n) FROM generate_series(1, 20000) AS n) AS stored;
SELECT sm_set_state('wide', (SELECT jsonb_object_agg('k' || n, CASE WHEN n % 2 = 0 THEN n END) FROM generate_series(1, 20001) AS n)) = (SELECT jsonb_object_agg('k' || n, n) FROM generate_series(2, 20000, 2) AS n) AS every_second_removed;
