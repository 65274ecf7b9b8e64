-- Helpers: what the SQL below needs of C++. Not part of the interface -----------------------------

CREATE FUNCTION @extschema@._sm_session_end(last_activity_at timestamptz, ttl interval, idle_timeout interval, ended_at timestamptz,
                                            default_ttl bigint, default_idle_timeout bigint)
RETURNS timestamptz LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_session_end';
COMMENT ON FUNCTION @extschema@._sm_session_end(timestamptz, interval, interval, timestamptz, bigint, bigint) IS
'Internal: when a session expires. Defaults in microseconds.';

CREATE FUNCTION @extschema@._sm_interaction_end(created_at timestamptz, ttl interval, default_ttl bigint)
RETURNS timestamptz LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_interaction_end';
COMMENT ON FUNCTION @extschema@._sm_interaction_end(timestamptz, interval, bigint) IS
'Internal: when an interaction expires. The default in microseconds.';

CREATE FUNCTION @extschema@._sm_default_ttl()
RETURNS bigint LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_default_ttl';
COMMENT ON FUNCTION @extschema@._sm_default_ttl() IS 'Internal: session_memory.ttl in microseconds.';

CREATE FUNCTION @extschema@._sm_default_idle_timeout()
RETURNS bigint LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_default_idle_timeout';
COMMENT ON FUNCTION @extschema@._sm_default_idle_timeout() IS 'Internal: session_memory.idle_timeout in microseconds.';

CREATE FUNCTION @extschema@._sm_lifetime(own interval, otherwise bigint)
RETURNS interval LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_lifetime';
COMMENT ON FUNCTION @extschema@._sm_lifetime(interval, bigint) IS
'Internal: a lifetime of one''s own or the default, given in microseconds; NULL: for ever.';

CREATE FUNCTION @extschema@._sm_patience()
RETURNS interval LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_patience';
COMMENT ON FUNCTION @extschema@._sm_patience() IS
'Internal: how long the background worker may leave something lying.';

CREATE FUNCTION @extschema@._sm_worker_enabled()
RETURNS boolean LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_worker_enabled';
COMMENT ON FUNCTION @extschema@._sm_worker_enabled() IS 'Internal: session_memory.worker.';

CREATE FUNCTION @extschema@._sm_max_size()
RETURNS bigint LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_max_size';
COMMENT ON FUNCTION @extschema@._sm_max_size() IS 'Internal: session_memory.max_size in bytes; NULL: no limit.';

CREATE FUNCTION @extschema@._sm_cap(max_interactions integer)
RETURNS integer LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_cap';
COMMENT ON FUNCTION @extschema@._sm_cap(integer) IS
'Internal: how many interactions a session keeps; NULL: all.';

CREATE FUNCTION @extschema@._sm_bytes(interaction jsonb)
RETURNS integer LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_bytes';
COMMENT ON FUNCTION @extschema@._sm_bytes(jsonb) IS
'Internal: size of an interaction as sm_session.bytes counts it, uncompressed.';

CREATE FUNCTION @extschema@._sm_time("time" timestamptz)
RETURNS text LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_time';
COMMENT ON FUNCTION @extschema@._sm_time(timestamptz) IS
'Internal: a time as JSON shows it, always in UTC.';

CREATE FUNCTION @extschema@._sm_check_find(contains jsonb, session_id text, user_id text, max_results integer)
RETURNS integer LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_check_find';
COMMENT ON FUNCTION @extschema@._sm_check_find(jsonb, text, text, integer) IS
'Internal: the arguments of sm_find, checked; returns max_results.';

CREATE FUNCTION @extschema@._sm_check_name(value text, name text)
RETURNS text LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_check_name';
COMMENT ON FUNCTION @extschema@._sm_check_name(text, text) IS
'Internal: a session_id or user_id, checked.';

