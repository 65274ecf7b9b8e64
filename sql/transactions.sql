-- Transactions: what a call does belongs to its transaction, and what it shows is what a SELECT in its
-- place would.
\i sql/fixture/begin.sql
CREATE FUNCTION pg_temp.seqs(context json) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(e->>'seq', ' ' ORDER BY n) FROM json_array_elements(context) WITH ORDINALITY AS c (e, n)
$$;
SELECT sm_append('s', '[{"n": 1}, {"n": 2}]');

-- Rolled back: nothing stays, and seq goes on as if it had not been.
BEGIN;
SELECT sm_add('s', 'q', 'a'), sm_add('new', 'q', 'a', idempotency_key => 'k');
SELECT pg_temp.seqs(sm_context('s')) AS s, pg_temp.seqs(sm_context('new')) AS new;
ROLLBACK;
SELECT pg_temp.seqs(sm_context('s')) AS s, pg_temp.seqs(sm_context('new')) AS new, sm_add('s', 'q', 'a');
BEGIN;
SELECT jsonb_array_length(sm_pop('s', 2)), sm_clear('s');
SELECT sm_context('s');
ROLLBACK;
SELECT pg_temp.seqs(sm_context('s'));

-- Savepoints.
BEGIN;
SELECT sm_add('s', 'kept', 'a');
SAVEPOINT one;
SELECT sm_add('s', 'undone', 'a'), sm_add('undone', 'q', 'a');
SAVEPOINT two;
SELECT jsonb_array_length(sm_pop('s', 3));
SELECT pg_temp.seqs(sm_context('s'));
ROLLBACK TO two;
SELECT pg_temp.seqs(sm_context('s'));
ROLLBACK TO one;
SELECT pg_temp.seqs(sm_context('s')), sm_context('undone');
SELECT sm_add('s', 'instead', 'a');
RELEASE one;
COMMIT;
SELECT e->>'seq' AS seq, e->>'query' AS query FROM json_array_elements(sm_context('s', 2)) AS e;

-- PL/pgSQL blocks with a handler: an error of ours, or of others after us, undoes the block and nothing more.
CREATE FUNCTION pg_temp.blocks() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sm_add('b', '1', 'a');
    BEGIN
        PERFORM sm_add('b', 'undone', 'a');
        PERFORM sm_add('b', 'x', 'a', '[]');
    EXCEPTION WHEN invalid_parameter_value THEN
        RETURN NEXT SQLERRM;
    END;
    BEGIN
        PERFORM sm_append('b', '[{"n": 1}, {"n": 2}]');
        PERFORM 1 / 0;
    EXCEPTION WHEN division_by_zero THEN
        RETURN NEXT pg_temp.seqs(sm_context('b'));
    END;
    BEGIN
        PERFORM sm_context('b', -1);
    EXCEPTION WHEN invalid_parameter_value THEN
        RETURN NEXT SQLERRM;
    END;
    FOR i IN 1..50 LOOP
        BEGIN
            PERFORM sm_add('b', 'loop', 'a');
            IF i % 2 = 0 THEN RAISE division_by_zero; END IF;
        EXCEPTION WHEN division_by_zero THEN NULL;
        END;
    END LOOP;
    -- Each statement of a function sees what those before it did.
    PERFORM sm_add('b', 'last', 'a');
    RETURN NEXT pg_temp.seqs(sm_context('b', 3));
END $$;
SELECT * FROM pg_temp.blocks();
SELECT count(*), max(seq), count(*) FILTER (WHERE interaction->>'query' = 'loop') AS of_the_loop FROM session_memory WHERE session_id = 'b';
-- An error while the first call of a connection prepares itself leaves the next one whole.
\c -
SET client_min_messages = warning;
SET session_memory.worker = off;
DO $$ BEGIN PERFORM sm_add('c', 'q', 'a'); RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN NULL; END $$;
DO $$ BEGIN PERFORM sm_context('s'); RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN NULL; END $$;
SELECT sm_add('c', 'q', 'a'), json_array_length(sm_context('s'));
CREATE FUNCTION pg_temp.seqs(context json) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(e->>'seq', ' ' ORDER BY n) FROM json_array_elements(context) WITH ORDINALITY AS c (e, n)
$$;

-- A read sees what a SELECT in the same place sees: not what its own statement changes.
SELECT sm_add('see', 'q', 'a') AS added, pg_temp.seqs(sm_context('see')) AS context, (SELECT count(*) FROM sm_history('see')) AS history, (SELECT count(*) FROM session_memory WHERE session_id = 'see') AS by_hand;
SELECT sm_add('see', 'q', 'a') AS added, pg_temp.seqs(sm_context('see')) AS context, (SELECT count(*) FROM sm_history('see')) AS history, (SELECT count(*) FROM session_memory WHERE session_id = 'see') AS by_hand;
WITH gone AS (DELETE FROM session_memory WHERE session_id = 'see' AND seq = 1 RETURNING seq)
SELECT seq, pg_temp.seqs(sm_context('see')) AS context, (SELECT count(*) FROM session_memory WHERE session_id = 'see') AS by_hand FROM gone;
-- Who takes a row out by hand puts the counters right by hand.
UPDATE sm_session AS s SET (interactions, tokens, bytes) = (SELECT count(*), sum(m.tokens), sum(_sm_bytes(m.interaction)) FROM session_memory AS m WHERE m.session_id = 'see') WHERE s.session_id = 'see';
SELECT pg_temp.seqs(sm_context('see')), sm_clear('see');

-- A cursor shows the state in which it was opened.
BEGIN;
DECLARE shown CURSOR FOR SELECT n, pg_temp.seqs(sm_context('cursor')) AS context, pg_temp.seqs(sm_messages('cursor')) IS NOT NULL AS messages, (SELECT count(*) FROM session_memory WHERE session_id = 'cursor') AS by_hand FROM generate_series(1, 3) AS n;
SELECT sm_add('cursor', 'q', 'a');
FETCH shown;
CLOSE shown;
DECLARE shown CURSOR FOR SELECT n, pg_temp.seqs(sm_context('cursor')) AS context, (SELECT count(*) FROM session_memory WHERE session_id = 'cursor') AS by_hand FROM generate_series(1, 3) AS n;
DECLARE pages CURSOR FOR SELECT seq FROM sm_history('cursor');
SELECT sm_append('cursor', '[{}, {}]');
FETCH shown;
SELECT jsonb_array_length(sm_pop('cursor', 3));
FETCH shown;
FETCH ALL pages;
SELECT pg_temp.seqs(sm_context('cursor'));
FETCH shown;
COMMIT;
BEGIN;
SELECT sm_append('scroll', '[{}, {}, {}]');
DECLARE pages SCROLL CURSOR FOR SELECT seq FROM sm_history('scroll');
FETCH 2 pages;
FETCH BACKWARD 1 pages;
DECLARE held CURSOR WITH HOLD FOR SELECT pg_temp.seqs(sm_context('scroll'));
COMMIT;
SELECT sm_add('scroll', 'q', 'a');
FETCH held;
CLOSE held;

-- Isolation levels: one's own changes show, in order.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT sm_add('rr', 'q', 'a'), pg_temp.seqs(sm_context('s', 1));
SELECT sm_add('rr', 'q', 'a', idempotency_key => 'k'), sm_add('rr', 'q', 'a', idempotency_key => 'k');
SELECT pg_temp.seqs(sm_context('rr')), (SELECT count(*) FROM sm_find('{}', 'rr')), jsonb_array_length(sm_pop('rr')), sm_prune();
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT sm_append('ser', '[{}, {}]');
SELECT pg_temp.seqs(sm_context('ser')), (SELECT count(*) FROM sm_history('ser')), jsonb_array_length(sm_pop('ser')), sm_prune(), sm_clear('ser');
COMMIT;
SELECT pg_temp.seqs(sm_context('rr')) AS rr, sm_context('ser') AS ser;
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE;
SELECT pg_temp.seqs(sm_context('s'));
COMMIT;

-- Prepared statements, with plans for the values at hand and for any.
PREPARE add (text, text) AS SELECT sm_add($1, $2, 'a');
PREPARE context (text, int, int) AS SELECT pg_temp.seqs(sm_context($1, $2, $3));
PREPARE history (text, bigint, int) AS SELECT seq FROM sm_history($1, $2, $3);
EXECUTE add('p1', 'x'); EXECUTE add('p1', 'y'); EXECUTE add('p2', 'x');
EXECUTE context('p1', 5, NULL); EXECUTE context('p2', 5, NULL); EXECUTE context('p1', 1, NULL); EXECUTE context('p1', 5, 0);
SET plan_cache_mode = force_generic_plan;
EXECUTE add('p1', 'z'); EXECUTE context('p1', 5, NULL); EXECUTE context('p2', 5, NULL); EXECUTE context('unknown', 5, NULL); EXECUTE history('p1', NULL, 2); EXECUTE history('p1', 2, 2);
-- Beyond changes to the tables.
ALTER TABLE session_memory ADD COLUMN note text DEFAULT 'none';
EXECUTE add('p1', 'after'); EXECUTE context('p1', 5, NULL); EXECUTE history('p1', NULL, 1);
ALTER TABLE session_memory DROP COLUMN note;
CREATE INDEX extra ON session_memory (created_at);
EXECUTE add('p1', 'after'); EXECUTE context('p1', 5, NULL);
RESET plan_cache_mode;
DEALLOCATE ALL;

-- Two-phase commit.
SELECT current_setting('max_prepared_transactions')::int = 0 AS none \gset
\o /dev/null
\if :none
SELECT sm_add('two', 'q', 'a');
\else
BEGIN;
SELECT sm_add('two', 'q', 'a');
PREPARE TRANSACTION 'session_memory two';
COMMIT PREPARED 'session_memory two';
\endif
\o
SELECT pg_temp.seqs(sm_context('two'));

-- Read-only: reading goes, writing is refused.
BEGIN READ ONLY;
SELECT pg_temp.seqs(sm_context('p1', 2)), json_array_length(sm_messages('p1', 2)), (SELECT count(*) FROM sm_history('p1')), (SELECT count(*) FROM sm_find('{}', 'p1')), (SELECT interactions FROM sm_stats('p1'));
COMMIT;
\set VERBOSITY sqlstate
BEGIN READ ONLY; SELECT sm_add('p1', 'q', 'a'); ROLLBACK;
BEGIN READ ONLY; SELECT sm_add_message('p1', 'user', 'q'); ROLLBACK;
BEGIN READ ONLY; SELECT sm_append('p1', '{}'); ROLLBACK;
BEGIN READ ONLY; SELECT sm_pop('p1'); ROLLBACK;
BEGIN READ ONLY; SELECT sm_clear('p1'); ROLLBACK;
BEGIN READ ONLY; SELECT sm_prune(); ROLLBACK;
\set VERBOSITY default
SELECT pg_temp.seqs(sm_context('p1', 10));
-- Sessions whose counters are not what counting gives. There must never be one.
CREATE VIEW pg_temp.miscounted AS
SELECT s.session_id, s.interactions, s.tokens, s.bytes, c.*
FROM sm_session AS s
CROSS JOIN LATERAL (SELECT count(*) AS counted, coalesce(sum(m.tokens), 0) AS tokens_counted,
                           coalesce(sum(_sm_bytes(m.interaction)), 0) AS bytes_counted
                    FROM session_memory AS m WHERE m.session_id = s.session_id) AS c
WHERE (s.interactions, s.tokens, s.bytes) IS DISTINCT FROM (c.counted, c.tokens_counted, c.bytes_counted);
SELECT * FROM pg_temp.miscounted;
