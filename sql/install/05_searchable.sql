-- What the search index covers ------------------------------------------------------------------
--
-- A GIN index keeps every key it has ever seen, also when no row is left that has it: with what was
-- said in it, each text a key of its own, it would grow without end while interactions come and go.
-- So it covers an interaction without query, answer, content, timestamp, tool_calls and
-- tool_call_id, and without what frameworks call these: data, arguments, output, call_id and
-- encrypted_content. What it covers is metadata, role, name, type and whatever else the application
-- put there. A key is left out whatever else an object has: what is searched for is a part of an
-- object, and what is left out of the one must be left out of the other.

CREATE FUNCTION @extschema@._sm_searchable(interaction jsonb)
RETURNS jsonb LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_searchable';
COMMENT ON FUNCTION @extschema@._sm_searchable(jsonb) IS
'Internal: an interaction without what was said, which is what the GIN index covers.';

