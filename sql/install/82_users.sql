-- Who is in the memory ------------------------------------------------------------------------------

-- One look into each index, however many rows a user has.
CREATE FUNCTION @extschema@._sm_next_user(after text)
RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT least((SELECT s.user_id FROM @extschema@.sm_session AS s WHERE s.user_id > $1 ORDER BY s.user_id LIMIT 1),
                 (SELECT p.user_id FROM @extschema@.sm_profile AS p WHERE p.user_id > $1 ORDER BY p.user_id LIMIT 1),
                 (SELECT a.user_id FROM @extschema@.sm_activity AS a WHERE a.user_id > $1 ORDER BY a.user_id LIMIT 1));
END;
COMMENT ON FUNCTION @extschema@._sm_next_user(text) IS
'Internal: the next user by id, of those with sessions, a profile, or activity in the past; NULL: there is none.';

-- What is stored, like sm_stats(): also sessions that have expired and await removal.
CREATE FUNCTION @extschema@.sm_users(after text DEFAULT NULL, page_size integer DEFAULT 50)
RETURNS TABLE (user_id text, name text, sessions bigint, interactions bigint, bytes bigint,
               first_seen_at timestamptz, last_seen_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 50
BEGIN ATOMIC
    WITH RECURSIVE page (user_id, place) AS (
        SELECT @extschema@._sm_next_user(coalesce($1, '')), 1
        UNION ALL
        SELECT @extschema@._sm_next_user(w.user_id), w.place + 1
        FROM page AS w
        WHERE w.user_id IS NOT NULL AND w.place < $2)
    SELECT w.user_id, p.attributes ->> 'name', s.sessions, s.interactions, s.bytes,
           least(p.first_seen_at, s.first_at, a.first_at), greatest(p.last_seen_at, s.last_at, a.last_at)
    FROM page AS w
    LEFT JOIN @extschema@.sm_profile AS p ON p.user_id = w.user_id
    CROSS JOIN LATERAL (
        SELECT count(*), coalesce(sum(s.interactions), 0)::bigint, coalesce(sum(s.bytes), 0)::bigint,
               min(s.created_at), max(s.last_activity_at)
        FROM @extschema@.sm_session AS s
        WHERE s.user_id = w.user_id) AS s (sessions, interactions, bytes, first_at, last_at)
    CROSS JOIN LATERAL (
        SELECT min(a.first_at), max(a.last_at)
        FROM @extschema@.sm_activity AS a
        WHERE a.user_id = w.user_id) AS a (first_at, last_at)
    WHERE w.user_id IS NOT NULL
    ORDER BY w.place
    LIMIT @extschema@._sm_check_limit($2, 'page_size');
END;
COMMENT ON FUNCTION @extschema@.sm_users(text, integer) IS
'The users page by page in the order of their ids, and what is stored of each: for the next page give the last user_id.';
