-- What the search index covers ------------------------------------------------------------------
--
-- A GIN index keeps every key it has ever seen, also when no row is left that has it: with what was
-- said in it, each text a key of its own, it would grow without end while interactions come and go.
-- So it covers an interaction without query, answer, content, timestamp, tool_calls and
-- tool_call_id: metadata, role, name and whatever else the application put there.

CREATE FUNCTION @extschema@._sm_searchable(interaction jsonb)
RETURNS jsonb LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_searchable';
COMMENT ON FUNCTION @extschema@._sm_searchable(jsonb) IS
'Internal: an interaction without what was said, which is what the GIN index covers.';

