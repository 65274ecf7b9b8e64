// Reading a session's interactions by SQL.
//
// Both statements run on the caller's snapshot, so they see one state, and the same as a SELECT in
// the caller's place would. A cap counts living interactions from the newest, whatever is asked
// for.
#include "store/limits.hpp"
#include "store/reader.hpp"

namespace sm::store {

namespace {

using pg::Value;

pg::Statement session_statement(
    "SELECT s.ttl::pg_catalog.interval, s.idle_timeout::pg_catalog.interval,"
    " s.max_interactions::pg_catalog.int4, s.last_activity_at::pg_catalog.timestamptz,"
    " s.summary_seq::pg_catalog.int8, s.ended_at::pg_catalog.timestamptz"
    " FROM @.sm_session AS s WHERE s.session_id OPERATOR(pg_catalog.=) $1",
    {TEXTOID});

pg::Statement newest_statement(
    "SELECT " SM_INTERACTION_COLUMNS("m") " FROM @.session_memory AS m"
    " WHERE m.session_id OPERATOR(pg_catalog.=) $1 AND m.seq OPERATOR(pg_catalog.<) $2"
    " AND m.created_at OPERATOR(pg_catalog.>) $3 ORDER BY m.seq DESC LIMIT $4",
    {TEXTOID, INT8OID, TIMESTAMPTZOID, INT8OID});

constexpr int64 kChunk = 64;
constexpr int64 kLongestChunk = 4096;

}  // namespace

StoredInteraction interaction_from(const pg::Rows &rows, uint64 row) {
    return {DatumGetInt64(rows.at(row, 1).required()),
            DatumGetTimestampTz(rows.at(row, 2).required()),
            DatumGetInt32(rows.at(row, 3).required()), DatumGetJsonbP(rows.at(row, 4).required())};
}

void read_by_sql(const pg::Extension &extension, const Reading &reading, SessionFacts *facts,
                 Visitor visit) {
    const Value session_id = Value::of(reading.session_id);
    const pg::Rows session = session_statement.run(extension, {session_id}, true);
    if (session.none()) return;
    facts->limits = limits_of(session.at(0, 1), session.at(0, 2), session.at(0, 3));
    facts->last_activity = DatumGetTimestampTz(session.at(0, 4).required());
    facts->summary_seq = DatumGetInt64(session.at(0, 5).required());
    facts->ended = !session.at(0, 6).null;
    facts->alive = !facts->expired(reading.now);
    if (!facts->alive) return;

    const core::Limits &limits = facts->limits;
    // Chunk by chunk, each a scan of the primary key from where the last one ended.
    const Value cutoff = Value::of(to_timestamptz(limits.cutoff(reading.now)));
    const bool capped = limits.max_interactions != core::kNoCap;
    int64 before = capped ? PG_INT64_MAX : reading.before_seq;
    int64 left = limits.max_interactions;
    int64 chunk = Min(Max(reading.expected, 1), kLongestChunk);
    while (left > 0) {
        CHECK_FOR_INTERRUPTS();
        const int64 wanted = Min(chunk, left);
        const pg::Rows rows = newest_statement.run(
            extension, {session_id, Value::of(before), cutoff, Value::of(wanted)}, true);
        for (uint64 row = 0; row < rows.count; ++row) {
            const StoredInteraction interaction = interaction_from(rows, row);
            before = interaction.seq;
            if (interaction.seq < reading.before_seq && !visit(interaction)) return;
        }
        if (static_cast<int64>(rows.count) < wanted) return;
        left -= rows.count;
        chunk = Min(Max(2 * chunk, kChunk), kLongestChunk);
    }
}

}  // namespace sm::store
