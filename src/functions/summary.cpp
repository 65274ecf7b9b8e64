// sm_claim_summaries: handing out what a model should summarize.
//
// A session is due since summary_due_at. To claim it is to move that time to the end of the lease:
// if the worker dies, the session is due again by itself. What is handed out is read after the row
// is locked, so the previous summary and the interactions since it belong together.
#include "functions/entry.hpp"
#include "functions/interaction_json.hpp"
#include "store/lifecycle.hpp"
#include "store/limits.hpp"

using namespace sm;
using functions::Arguments;
using pg::Value;

namespace {

pg::Statement due_statement("SELECT " SM_SESSION_COLUMNS
                            " FROM @.sm_session AS s WHERE s.summary_due_at "
                            "OPERATOR(pg_catalog.<=) $1 AND s.ended_at IS NULL"
                            " AND @._sm_session_end(s.last_activity_at, s.ttl, s.idle_timeout, "
                            "s.ended_at, $3, $4) OPERATOR(pg_catalog.>) $1"
                            " ORDER BY s.summary_due_at LIMIT $2 FOR UPDATE OF s SKIP LOCKED",
                            {TIMESTAMPTZOID, INT8OID, INT8OID, INT8OID});

pg::Statement claim_statement(
    "UPDATE @.sm_session AS s SET summary_due_at = $2 WHERE s.session_id OPERATOR(pg_catalog.=) $1",
    {TEXTOID, TIMESTAMPTZOID});

pg::Statement since_statement(
    "SELECT " SM_INTERACTION_COLUMNS("m") " FROM @.session_memory AS m"
    " WHERE m.session_id OPERATOR(pg_catalog.=) $1 AND m.seq OPERATOR(pg_catalog.>) $2"
    " AND m.created_at OPERATOR(pg_catalog.>) $3 ORDER BY m.seq",
    {TEXTOID, INT8OID, TIMESTAMPTZOID});

/// Puts one row into the result, or takes the session off the list where nothing new lives in it.
void hand_out(const pg::Extension &extension, ReturnSetInfo *result, const store::Session &session,
              core::Time now, core::Time until) {
    const Value session_id = Value::of(session.session_id);
    const pg::Rows rows =
        since_statement.run(extension,
                            {session_id, Value::of(session.summary_seq),
                             Value::of(store::to_timestamptz(session.limits.cutoff(now)))},
                            false);
    if (rows.none()) {
        claim_statement.run(extension, {session_id, Value::none()}, false);
        return;
    }
    functions::JsonBuffer out;
    out.append("[");
    for (uint64 row = 0; row < rows.count; ++row) {
        if (row > 0) out.append(", ");
        functions::write_interaction(out, store::interaction_from(rows, row));
    }
    out.append("]");
    claim_statement.run(extension, {session_id, Value::of(store::to_timestamptz(until))}, false);
    const Value summary =
        store::read_data(extension, session.session_id, store::DataColumn::kSummary);
    const Datum through_seq = rows.at(rows.count - 1, 1).required();
    Datum values[] = {session_id.datum, Int64GetDatum(session.summary_seq + 1), through_seq,
                      summary.datum, out.finish()};
    bool nulls[] = {false, false, false, summary.null, false};
    tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

}  // namespace

extern "C" {

SM_FUNCTION(sm_claim_summaries);

// sm_claim_summaries(max_sessions, lease) → rows
Datum sm_claim_summaries(PG_FUNCTION_ARGS) {
    PreventCommandIfReadOnly("sm_claim_summaries()");
    const Arguments arguments(fcinfo);
    const int64 max_sessions = arguments.required_limit(0, "max_sessions");
    const auto lease = arguments.optional_lifetime(1, "lease");
    if (!lease)
        ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("lease must not be null"),
                errhint("This argument needs a value."));
    const core::Time now = store::statement_clock();
    const pg::Extension &extension = functions::enter(fcinfo);
    InitMaterializedSRF(fcinfo, 0);
    auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    pg::with_spi([&] {
        const pg::Rows due = due_statement.run(
            extension,
            {Value::of(now), Value::of(max_sessions), Value::of(store::default_ttl()),
             Value::of(store::default_idle_timeout())},
            false);
        for (uint64 row = 0; row < due.count; ++row) {
            CHECK_FOR_INTERRUPTS();
            hand_out(extension, result, store::session_from(due, row), now,
                     core::end_of_life(now, *lease));
        }
    });
    PG_RETURN_NULL();
}

}  // extern "C"
