// Taking interactions and whole sessions out of the memory.
#include "store/removal.hpp"

#include "pg/text.hpp"
#include "store/limits.hpp"

namespace sm::store {

namespace {

using pg::Value;

// What is counted of a row: `gone` holds this instead of the interaction, which is large.
#define SM_FACTS                                            \
    " m.session_id, m.created_at,"                          \
    " @._sm_begins_turn(m.interaction) AS question,"        \
    " @._sm_response_time(m.interaction) AS response_time," \
    " @._sm_confidence(m.interaction) AS confidence,"       \
    " @._sm_sources(m.interaction, 'sources') AS sources"

// Counts the rows of `gone` that are `counted`.
#define SM_COUNT_INTO_ACTIVITY                                                                    \
    "INSERT INTO @.sm_activity AS a (user_id, hour, session_id, interactions, questions,"         \
    " response_times, response_time_sum, confidences, confidence_sum, first_at, last_at)"         \
    " SELECT f.user_id, f.hour, f.session_id, pg_catalog.count(*),"                               \
    " pg_catalog.count(*) FILTER (WHERE f.question), pg_catalog.count(f.response_time),"          \
    " COALESCE(pg_catalog.sum(f.response_time), 0), pg_catalog.count(f.confidence),"              \
    " COALESCE(pg_catalog.sum(f.confidence), 0), pg_catalog.min(f.created_at),"                   \
    " pg_catalog.max(f.created_at)"                                                               \
    " FROM (SELECT g.*, @._sm_hour(g.created_at) AS hour"                                         \
    " FROM gone AS g WHERE g.counted AND g.user_id IS NOT NULL) AS f"                             \
    " GROUP BY f.user_id, f.hour, f.session_id"                                                   \
    " ON CONFLICT (user_id, hour, session_id) DO UPDATE SET"                                      \
    " interactions = a.interactions OPERATOR(pg_catalog.+) excluded.interactions,"                \
    " questions = a.questions OPERATOR(pg_catalog.+) excluded.questions,"                         \
    " response_times = a.response_times OPERATOR(pg_catalog.+) excluded.response_times,"          \
    " response_time_sum = a.response_time_sum OPERATOR(pg_catalog.+) excluded.response_time_sum," \
    " confidences = a.confidences OPERATOR(pg_catalog.+) excluded.confidences,"                   \
    " confidence_sum = a.confidence_sum OPERATOR(pg_catalog.+) excluded.confidence_sum,"          \
    " first_at = LEAST(a.first_at, excluded.first_at),"                                           \
    " last_at = GREATEST(a.last_at, excluded.last_at)"

// The last user of a session's id owns the count: an id begun anew by another user within the hour.
#define SM_COUNT_INTO_KB_USE                                                                      \
    "INSERT INTO @.sm_kb_use AS k (session_id, entry_id, hour, user_id, uses, last_used_at)"      \
    " SELECT g.session_id, e.entry_id, @._sm_hour(g.created_at), g.user_id, pg_catalog.count(*)," \
    " pg_catalog.max(g.created_at) FROM gone AS g CROSS JOIN LATERAL"                             \
    " pg_catalog.unnest(g.sources) AS e (entry_id)"                                               \
    " WHERE g.counted GROUP BY g.session_id, e.entry_id, @._sm_hour(g.created_at), g.user_id"     \
    " ON CONFLICT (session_id, entry_id, hour) DO UPDATE SET"                                     \
    " user_id = excluded.user_id, uses = k.uses OPERATOR(pg_catalog.+) excluded.uses,"            \
    " last_used_at = GREATEST(k.last_used_at, excluded.last_used_at)"

// What went is summed up by the place of its session in the lists.
#define SM_COUNT_AND_SUM_UP                                                    \
    ", active AS (" SM_COUNT_INTO_ACTIVITY "), used AS (" SM_COUNT_INTO_KB_USE \
    ")"                                                                        \
    " SELECT g.place, pg_catalog.count(*), pg_catalog.sum(g.tokens),"          \
    " pg_catalog.sum(g.bytes) FROM gone AS g GROUP BY g.place"

#define SM_DOOMED                                    \
    "(m.created_at OPERATOR(pg_catalog.<=) d.cutoff" \
    " OR m.seq OPERATOR(pg_catalog.<) d.keep_from)"
#define SM_GONE                                           \
    " RETURNING d.place, d.user_id, d.counted, m.tokens," \
    " @._sm_bytes(m.interaction) AS bytes," SM_FACTS ")"

// $1 sessions, $2 their users or NULL, $3 whether what leaves is counted, $4 cutoffs, $5 oldest seqs
// to keep.
pg::Statement delete_statement(
    "WITH gone AS (DELETE FROM @.session_memory AS m"
    " USING ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3),"
    " pg_catalog.unnest($4), pg_catalog.unnest($5))"
    " WITH ORDINALITY AS d (session_id, user_id, counted, cutoff, keep_from, place)"
    " WHERE m.session_id OPERATOR(pg_catalog.=) d.session_id AND " SM_DOOMED SM_GONE
        SM_COUNT_AND_SUM_UP,
    {TEXTARRAYOID, TEXTARRAYOID, BOOLARRAYOID, TIMESTAMPTZARRAYOID, INT8ARRAYOID});

// The same for one session too long for a batch: its oldest $6, or as many as make $7 bytes. The
// session's lock keeps others out, so the rows found are the rows deleted.
pg::Statement delete_some_statement(
    "WITH gone AS (DELETE FROM @.session_memory AS m"
    " USING (SELECT o.seq, 1::pg_catalog.int8 AS place, $2 AS user_id, $3 AS counted"
    " FROM (SELECT m.seq, pg_catalog.sum(@._sm_bytes(m.interaction)) OVER (ORDER BY m.seq"
    " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before"
    " FROM @.session_memory AS m, (SELECT $4 AS cutoff, $5 AS keep_from) AS d"
    " WHERE m.session_id OPERATOR(pg_catalog.=) $1 AND " SM_DOOMED
    " ORDER BY m.seq LIMIT $6) AS o"
    " WHERE COALESCE(o.bytes_before, 0) OPERATOR(pg_catalog.<) $7) AS d"
    " WHERE m.session_id OPERATOR(pg_catalog.=) $1 AND m.seq OPERATOR(pg_catalog.=) d.seq" SM_GONE
        SM_COUNT_AND_SUM_UP,
    {TEXTOID, TEXTOID, BOOLOID, TIMESTAMPTZOID, INT8OID, INT8OID, INT8OID});

#define SM_STORED                                                   \
    "WITH gone AS (SELECT $2 AS user_id, true AS counted," SM_FACTS \
    " FROM @.session_memory AS m WHERE m.session_id OPERATOR(pg_catalog.=) $1)"

pg::Statement count_statement(SM_STORED ", active AS (" SM_COUNT_INTO_ACTIVITY
                                        ") " SM_COUNT_INTO_KB_USE,
                              {TEXTOID, TEXTOID});

pg::Statement drop_statement(
    "DELETE FROM @.sm_session AS s USING pg_catalog.unnest($1) AS d (session_id)"
    " WHERE s.session_id OPERATOR(pg_catalog.=) d.session_id",
    {TEXTARRAYOID});

pg::Statement drop_data_statement(
    "DELETE FROM @.sm_session_data AS x USING pg_catalog.unnest($1) AS d (session_id)"
    " WHERE x.session_id OPERATOR(pg_catalog.=) d.session_id",
    {TEXTARRAYOID});

pg::Statement remove_artifacts_statement("SELECT @._sm_remove_artifacts($1)", {TEXTARRAYOID});

void take_sums(const Batch &batch, const pg::Rows &rows) {
    for (uint64 row = 0; row < rows.count; ++row) {
        Visit &visit = place_of(batch, rows, row);
        visit.interactions = DatumGetInt64(rows.at(row, 2).required());
        visit.tokens = DatumGetInt64(rows.at(row, 3).required());
        visit.bytes = DatumGetInt64(rows.at(row, 4).required());
    }
}

/// The users of the visits' sessions, NULL where a session has none.
ArrayType *user_ids(const Batch &batch) {
    auto *values = static_cast<Datum *>(palloc0(sizeof(Datum) * batch.count));
    auto *nulls = static_cast<bool *>(palloc0(sizeof(bool) * batch.count));
    for (int i = 0; i < batch.count; ++i) {
        const text *user_id = batch.visits[i].session.user_id;
        nulls[i] = user_id == nullptr;
        values[i] = PointerGetDatum(user_id);
    }
    int size[] = {batch.count};
    int from[] = {1};
    return construct_md_array(values, nulls, 1, size, from, TEXTOID, -1, false, TYPALIGN_INT);
}

/// What sessions have besides their interactions and their rows.
void remove_belongings(const pg::Extension &extension, ArrayType *sessions) {
    remove_artifacts_statement.run(extension, {Value::of(sessions)}, false);
    drop_data_statement.run(extension, {Value::of(sessions)}, false);
}

}  // namespace

Batch new_batch() {
    return {static_cast<Visit *>(palloc(sizeof(Visit) * kSessionsPerBatch)), 0};
}

ArrayType *session_ids(const Batch &batch) {
    return array_of(batch, TEXTOID,
                    [](const Visit &v) { return PointerGetDatum(v.session.session_id); });
}

Visit &place_of(const Batch &batch, const pg::Rows &rows, uint64 row) {
    return batch.visits[DatumGetInt64(rows.at(row, 1).required()) - 1];
}

void remove_interactions(const pg::Extension &extension, const Batch &batch, BatchSize most) {
    Visit &first = batch.visits[0];
    if (batch.count == 1 && most.exceeded_by(first.session.interactions, first.session.bytes)) {
        const Session &session = first.session;
        take_sums(batch, delete_some_statement.run(
                             extension,
                             {Value::of(session.session_id), Value::of(session.user_id),
                              Value::of(BoolGetDatum(!session.ended)),
                              Value::of(to_timestamptz(first.cutoff)), Value::of(first.keep_from),
                              Value::of(most.interactions), Value::of(most.bytes)},
                             false));
        first.unfinished = first.interactions >= most.interactions || first.bytes >= most.bytes;
        return;
    }
    take_sums(
        batch,
        delete_statement.run(
            extension,
            {Value::of(session_ids(batch)), Value::of(user_ids(batch)),
             Value::of(array_of(batch, BOOLOID,
                                [](const Visit &v) { return BoolGetDatum(!v.session.ended); })),
             Value::of(array_of(
                 batch, TIMESTAMPTZOID,
                 [](const Visit &v) { return TimestampTzGetDatum(to_timestamptz(v.cutoff)); })),
             Value::of(array_of(batch, INT8OID,
                                [](const Visit &v) { return Int64GetDatum(v.keep_from); }))},
            false));
}

void remove_sessions(const pg::Extension &extension, const Batch &batch) {
    ArrayType *sessions = session_ids(batch);
    remove_belongings(extension, sessions);
    drop_statement.run(extension, {Value::of(sessions)}, false);
}

void empty_session(const pg::Extension &extension, const Session &session) {
    Visit visit{session};
    const Batch batch{&visit, 1};
    remove_belongings(extension, session_ids(batch));
    remove_interactions(extension, batch, BatchSize::unlimited());
    // What row-level security hides cannot go, and nothing goes then.
    if (visit.interactions < session.interactions && !sees_all(extension))
        refuse_hidden(session.session_id);
}

void remove_session(const pg::Extension &extension, const Session &session) {
    empty_session(extension, session);
    Visit visit{session};
    drop_statement.run(extension, {Value::of(session_ids({&visit, 1}))}, false);
}

void count_session(const pg::Extension &extension, const Session &session) {
    count_statement.run(extension, {Value::of(session.session_id), Value::of(session.user_id)},
                        false);
}

}  // namespace sm::store
