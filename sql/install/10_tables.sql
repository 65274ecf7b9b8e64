-- Tables ------------------------------------------------------------------------------------------

CREATE TABLE @extschema@.sm_session (
    session_id       text COLLATE "C" NOT NULL,
    user_id          text COLLATE "C",
    created_at       timestamptz NOT NULL,
    last_activity_at timestamptz NOT NULL,
    last_seq         bigint NOT NULL DEFAULT 0,
    interactions     bigint NOT NULL DEFAULT 0,
    tokens           bigint NOT NULL DEFAULT 0,
    bytes            bigint NOT NULL DEFAULT 0,
    ttl              interval,
    idle_timeout     interval,
    max_interactions integer,
    summary_seq      bigint NOT NULL DEFAULT 0,
    summary_due_at   timestamptz,
    ended_at         timestamptz,
    prune_at         timestamptz,
    CONSTRAINT sm_session_pkey PRIMARY KEY (session_id)
)
-- Half of each page is left for the next version of its rows: every add updates its session's row, and
-- what it changes is in no index, but for the time when a summary falls due, so that nearly all
-- of the updates stay on their page.
WITH (fillfactor = 50);

CREATE INDEX sm_session_user_id_idx ON @extschema@.sm_session (user_id, session_id);
CREATE INDEX sm_session_prune_at_idx ON @extschema@.sm_session (prune_at);
CREATE INDEX sm_session_summary_due_at_idx ON @extschema@.sm_session (summary_due_at)
    WHERE summary_due_at IS NOT NULL;

COMMENT ON TABLE @extschema@.sm_session IS 'Sessions of the session memory: owner, settings and exact counters, one narrow row each.';
COMMENT ON COLUMN @extschema@.sm_session.session_id IS 'The conversation, 1 to 255 characters, chosen by the application.';
COMMENT ON COLUMN @extschema@.sm_session.user_id IS 'Whose session it is; NULL: not said.';
COMMENT ON COLUMN @extschema@.sm_session.created_at IS 'When the session began.';
COMMENT ON COLUMN @extschema@.sm_session.last_activity_at IS 'When it was last used.';
COMMENT ON COLUMN @extschema@.sm_session.last_seq IS 'The last seq handed out; never handed out again.';
COMMENT ON COLUMN @extschema@.sm_session.interactions IS 'Number of its interactions that are stored.';
COMMENT ON COLUMN @extschema@.sm_session.tokens IS 'Sum of their tokens.';
COMMENT ON COLUMN @extschema@.sm_session.bytes IS 'Sum of their sizes, uncompressed.';
COMMENT ON COLUMN @extschema@.sm_session.ttl IS 'How long its interactions live; NULL: session_memory.ttl.';
COMMENT ON COLUMN @extschema@.sm_session.idle_timeout IS 'How long it lives after its last activity; NULL: session_memory.idle_timeout.';
COMMENT ON COLUMN @extschema@.sm_session.max_interactions IS 'How many interactions it keeps, the newest; NULL: session_memory.max_interactions.';
COMMENT ON COLUMN @extschema@.sm_session.summary_seq IS 'The summary stands for all interactions up to this seq.';
COMMENT ON COLUMN @extschema@.sm_session.summary_due_at IS 'Since when a new summary is due, or until when one worker has claimed to write it; NULL: none is due.';
COMMENT ON COLUMN @extschema@.sm_session.ended_at IS 'When it was ended; it is closed to writing since.';
COMMENT ON COLUMN @extschema@.sm_session.prune_at IS 'The earliest time at which something of it may be due for removal: a hint for the background worker.';
COMMENT ON INDEX @extschema@.sm_session_user_id_idx IS 'The sessions of a user.';
COMMENT ON INDEX @extschema@.sm_session_prune_at_idx IS 'The work list of the background worker.';
COMMENT ON INDEX @extschema@.sm_session_summary_due_at_idx IS 'The work list of those who write summaries.';

-- What is wide and changes rarely, out of the way of the hot row. A session may have no row here.
CREATE TABLE @extschema@.sm_session_data (
    session_id text COLLATE "C" NOT NULL,
    metadata   jsonb,
    state      jsonb,
    summary    text,
    report     jsonb,
    CONSTRAINT sm_session_data_pkey PRIMARY KEY (session_id)
) WITH (fillfactor = 80);

COMMENT ON TABLE @extschema@.sm_session_data IS 'The wide parts of sessions: metadata, state, summary, final report.';
COMMENT ON COLUMN @extschema@.sm_session_data.session_id IS 'The session.';
COMMENT ON COLUMN @extschema@.sm_session_data.metadata IS 'What sm_create_session was given.';
COMMENT ON COLUMN @extschema@.sm_session_data.state IS 'Slots, current agent, booking data …: a JSON object changed by merge patch.';
COMMENT ON COLUMN @extschema@.sm_session_data.summary IS 'Stands for all interactions up to sm_session.summary_seq.';
COMMENT ON COLUMN @extschema@.sm_session_data.report IS 'What sm_end_session found.';

CREATE TABLE @extschema@.session_memory (
    session_id      text COLLATE "C" NOT NULL,
    seq             bigint NOT NULL,
    created_at      timestamptz NOT NULL,
    tokens          integer NOT NULL,
    idempotency_key text COLLATE "C",
    interaction     jsonb NOT NULL,
    CONSTRAINT session_memory_pkey PRIMARY KEY (session_id, seq)
)
-- No fillfactor, since rows are never updated. Vacuum after a tenth: what expires is a steady stream,
-- and its space should be used again.
WITH (autovacuum_vacuum_scale_factor = 0.1);

-- Rows above 2 kB are compressed. For an exchange of 3 kB lz4 takes 60 microseconds and 2.9 kB in all
-- where pglz takes 105 and 4.1; leaving it uncompressed (a toast_tuple_target of 4 kB) takes 60 and 4.2.
-- Where the server was built without lz4, its default stays.
DO $$
BEGIN
    ALTER TABLE @extschema@.session_memory ALTER COLUMN interaction SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    NULL;
END $$;

-- fastupdate stays on: it makes an add 2 microseconds and 200 bytes of log cheaper.
CREATE INDEX session_memory_interaction_idx ON @extschema@.session_memory 
    USING gin (@extschema@._sm_searchable(interaction) jsonb_path_ops);
CREATE UNIQUE INDEX session_memory_idempotency_key_idx ON @extschema@.session_memory (session_id, idempotency_key)
    WHERE idempotency_key IS NOT NULL;

COMMENT ON TABLE @extschema@.session_memory IS 'Interactions of the session memory, one row each, append only.';
COMMENT ON COLUMN @extschema@.session_memory.session_id IS 'The session it belongs to.';
COMMENT ON COLUMN @extschema@.session_memory.seq IS 'Its position in the session: 1, 2, 3 …';
COMMENT ON COLUMN @extschema@.session_memory.created_at IS 'When it happened; its ttl counts from here.';
COMMENT ON COLUMN @extschema@.session_memory.tokens IS 'How many tokens it costs a model: its own "tokens", else an estimate.';
COMMENT ON COLUMN @extschema@.session_memory.idempotency_key IS 'A second add with the same key adds nothing.';
COMMENT ON COLUMN @extschema@.session_memory.interaction IS 'A JSON object: an exchange {"query","answer"} or a message {"role","content"}, with whatever else was given.';
COMMENT ON INDEX @extschema@.session_memory_interaction_idx IS 'Search by containment: sm_find.';
COMMENT ON INDEX @extschema@.session_memory_idempotency_key_idx IS 'The idempotency keys of a session.';

-- The worker's own notes on this server; not part of a dump. Its first columns are read by position.
CREATE TABLE @extschema@.sm_worker_status (
    singleton        boolean NOT NULL DEFAULT true,
    last_run_at      timestamptz NOT NULL,
    last_finished_at timestamptz,
    bursts           bigint NOT NULL DEFAULT 0,
    removed_total    bigint NOT NULL DEFAULT 0,
    last_error       text,
    last_error_at    timestamptz,
    applied_settings text,
    renewed_up_to    text COLLATE "C",
    not_renewed      text[] COLLATE "C",
    evicted_total    bigint NOT NULL DEFAULT 0,
    last_retention_at timestamptz,
    CONSTRAINT sm_worker_status_pkey PRIMARY KEY (singleton),
    CONSTRAINT sm_worker_status_singleton CHECK (singleton)
);

COMMENT ON TABLE @extschema@.sm_worker_status IS 'What the background worker last did in this database; one row.';
COMMENT ON COLUMN @extschema@.sm_worker_status.singleton IS 'True: there is one row.';
COMMENT ON COLUMN @extschema@.sm_worker_status.last_run_at IS 'When its last burst of work began.';
COMMENT ON COLUMN @extschema@.sm_worker_status.last_finished_at IS 'When its last burst of work ended.';
COMMENT ON COLUMN @extschema@.sm_worker_status.bursts IS 'Number of its bursts.';
COMMENT ON COLUMN @extschema@.sm_worker_status.removed_total IS 'Number of interactions it has removed.';
COMMENT ON COLUMN @extschema@.sm_worker_status.last_retention_at IS 'When it last looked for what has been kept for long enough: counts of activity, backups.';
COMMENT ON COLUMN @extschema@.sm_worker_status.evicted_total IS 'Number of sessions it has evicted, because the memory was larger than session_memory.max_size.';
COMMENT ON COLUMN @extschema@.sm_worker_status.last_error IS 'The last error it met.';
COMMENT ON COLUMN @extschema@.sm_worker_status.last_error_at IS 'When that was.';
COMMENT ON COLUMN @extschema@.sm_worker_status.applied_settings IS 'The defaults that the hints in sm_session.prune_at were made with.';
COMMENT ON COLUMN @extschema@.sm_worker_status.not_renewed IS 'Sessions that were in use just then, to be tried again.';
COMMENT ON COLUMN @extschema@.sm_worker_status.renewed_up_to IS 'While hints are being renewed after a change of the defaults: the session it has come to.';

SELECT pg_catalog.pg_extension_config_dump('@extschema@.sm_session', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.sm_session_data', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.session_memory', '');

