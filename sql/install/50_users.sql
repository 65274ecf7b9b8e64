-- Users: profiles and events, what outlives a session ------------------------------------------------

CREATE TABLE @extschema@.sm_profile (
    user_id         text COLLATE "C" NOT NULL,
    attributes      jsonb NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL,
    first_seen_at   timestamptz NOT NULL,
    last_seen_at    timestamptz NOT NULL,
    last_event_id   bigint NOT NULL DEFAULT 0,
    learned_through bigint NOT NULL DEFAULT 0,
    CONSTRAINT sm_profile_pkey PRIMARY KEY (user_id)
)
-- No index has what an event changes, so that the row can stay on its page.
WITH (fillfactor = 80);

COMMENT ON TABLE @extschema@.sm_profile IS 'Users with attributes or events, one row each; written by sm_set_profile and sm_record_event.';
COMMENT ON COLUMN @extschema@.sm_profile.user_id IS 'The user, 1 to 255 characters, chosen by the application.';
COMMENT ON COLUMN @extschema@.sm_profile.attributes IS 'What is known of the user: a JSON object changed by merge patch.';
COMMENT ON COLUMN @extschema@.sm_profile.created_at IS 'When the row was made.';
COMMENT ON COLUMN @extschema@.sm_profile.first_seen_at IS 'The earliest time of an event or a change of the attributes.';
COMMENT ON COLUMN @extschema@.sm_profile.last_seen_at IS 'The latest time of an event or a change of the attributes; never in the future.';
COMMENT ON COLUMN @extschema@.sm_profile.last_event_id IS 'The last event_id handed out; never handed out again.';
COMMENT ON COLUMN @extschema@.sm_profile.learned_through IS 'The events up to this event_id are in the learned tables; later ones are read where they lie.';

CREATE TABLE @extschema@.sm_event (
    user_id      text COLLATE "C" NOT NULL,
    event_id     bigint NOT NULL,
    kind         text COLLATE "C" NOT NULL,
    occurred_at  timestamptz NOT NULL,
    satisfaction real,
    session_id   text COLLATE "C",
    data         jsonb NOT NULL,
    CONSTRAINT sm_event_pkey PRIMARY KEY (user_id, event_id)
);

CREATE INDEX sm_event_occurred_at_idx ON @extschema@.sm_event (user_id, occurred_at, event_id);
CREATE INDEX sm_event_kind_idx ON @extschema@.sm_event (user_id, kind, occurred_at, event_id);

COMMENT ON TABLE @extschema@.sm_event IS 'Events: outcomes worth remembering of a user, like a booking or a purchase.';
COMMENT ON COLUMN @extschema@.sm_event.user_id IS 'Whose event it is.';
COMMENT ON COLUMN @extschema@.sm_event.event_id IS 'Its number among the events of its user: 1, 2, 3 …';
COMMENT ON COLUMN @extschema@.sm_event.kind IS 'What it is: booking, purchase, ticket …';
COMMENT ON COLUMN @extschema@.sm_event.occurred_at IS 'When it happened.';
COMMENT ON COLUMN @extschema@.sm_event.satisfaction IS 'How content the user was, from 0 to 1; NULL: not known.';
COMMENT ON COLUMN @extschema@.sm_event.session_id IS 'The session it came about in, which may be gone; NULL: not said.';
COMMENT ON COLUMN @extschema@.sm_event.data IS 'A JSON object: what preferences and insights are learned from.';
COMMENT ON INDEX @extschema@.sm_event_occurred_at_idx IS 'The events of a user, newest first: sm_events.';
COMMENT ON INDEX @extschema@.sm_event_kind_idx IS 'The same of one kind.';

SELECT pg_catalog.pg_extension_config_dump('@extschema@.sm_profile', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.sm_event', '');

CREATE FUNCTION @extschema@._sm_patched_profile(user_id text, attributes jsonb, patch jsonb)
RETURNS jsonb LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_patched_profile';
COMMENT ON FUNCTION @extschema@._sm_patched_profile(text, jsonb, jsonb) IS
'Internal: the attributes of a profile, changed by merge patch; without what is not for storing, and not too large.';

CREATE FUNCTION @extschema@._sm_check_events(user_id text, kind text, before timestamptz, page_size integer)
RETURNS integer LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sm_check_events';
COMMENT ON FUNCTION @extschema@._sm_check_events(text, text, timestamptz, integer) IS
'Internal: the arguments of sm_events, checked; returns page_size.';

CREATE FUNCTION @extschema@.sm_record_event(user_id text, kind text, data jsonb, occurred_at timestamptz DEFAULT NULL,
                                            satisfaction real DEFAULT NULL, session_id text DEFAULT NULL)
RETURNS bigint LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sm_record_event';
COMMENT ON FUNCTION @extschema@.sm_record_event(text, text, jsonb, timestamptz, real, text) IS
'Remembers an event of a user, like a booking, and learns from it; returns its number among their events.';

CREATE TYPE @extschema@.sm_event_row AS (
    event_id bigint, kind text, occurred_at timestamptz, satisfaction real, data jsonb, session_id text
);
COMMENT ON TYPE @extschema@.sm_event_row IS 'A row of sm_events.';

-- A single SELECT that the planner inlines: it sees whether a kind is asked for, and takes the index for it.
CREATE FUNCTION @extschema@.sm_events(user_id text, kind text DEFAULT NULL, before timestamptz DEFAULT NULL,
                                      page_size integer DEFAULT 50)
RETURNS SETOF @extschema@.sm_event_row LANGUAGE sql STABLE PARALLEL SAFE ROWS 50
BEGIN ATOMIC
    SELECT e.event_id, e.kind::text, e.occurred_at, e.satisfaction, e.data, e.session_id::text
    FROM @extschema@.sm_event AS e
    WHERE e.user_id = $1
      AND ($2 IS NULL OR e.kind = $2)
      AND e.occurred_at < coalesce($3, 'infinity'::timestamptz)
    ORDER BY e.occurred_at DESC, e.event_id DESC
    LIMIT @extschema@._sm_check_events($1, $2, $3, $4);
END;
COMMENT ON FUNCTION @extschema@.sm_events(text, text, timestamptz, integer) IS
'The events of a user page by page, newest first: for the next page give the occurred_at of the last.';
