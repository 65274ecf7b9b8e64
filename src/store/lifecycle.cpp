// What sessions live through besides their interactions.
#include "store/lifecycle.hpp"

#include "settings.hpp"
#include "store/limits.hpp"
#include "store/removal.hpp"

namespace sm::store {

namespace {

using pg::Value;

struct DataStatements {
    pg::Statement read;
    pg::Statement write;
};

#define SM_DATA_STATEMENTS(column, type, type_oid)                                    \
    {                                                                                 \
        {"SELECT x." column "::pg_catalog." type                                      \
         " FROM @.sm_session_data AS x WHERE x.session_id OPERATOR(pg_catalog.=) $1", \
         {TEXTOID}},                                                                  \
            {"INSERT INTO @.sm_session_data (session_id, " column                     \
             ") VALUES ($1, $2) ON CONFLICT (session_id) DO UPDATE SET " column       \
             " = EXCLUDED." column,                                                   \
             {TEXTOID, type_oid}},                                                    \
    }

DataStatements data_statements[] = {
    SM_DATA_STATEMENTS("metadata", "jsonb", JSONBOID),
    SM_DATA_STATEMENTS("state", "jsonb", JSONBOID),
    SM_DATA_STATEMENTS("summary", "text", TEXTOID),
    SM_DATA_STATEMENTS("report", "jsonb", JSONBOID),
};

DataStatements &statements_of(DataColumn column) {
    return data_statements[static_cast<int>(column)];
}

// prune_at becomes the present: only the janitor, under the lock, works out when something is due.
pg::Statement configure_statement(
    "UPDATE @.sm_session AS s SET ttl = COALESCE($2, s.ttl), idle_timeout = COALESCE($3, "
    "s.idle_timeout),"
    " max_interactions = COALESCE($4, s.max_interactions), prune_at = LEAST(s.prune_at, $5)"
    " WHERE s.session_id OPERATOR(pg_catalog.=) $1",
    {TEXTOID, INTERVALOID, INTERVALOID, INT4OID, TIMESTAMPTZOID});

pg::Statement touch_statement(
    "UPDATE @.sm_session AS s SET last_activity_at = GREATEST(s.last_activity_at, $2)"
    " WHERE s.session_id OPERATOR(pg_catalog.=) $1 AND s.ended_at IS NULL"
    " AND @._sm_session_end(s.last_activity_at, s.ttl, s.idle_timeout, s.ended_at, $3, $4)"
    " OPERATOR(pg_catalog.>) $2",
    {TEXTOID, TIMESTAMPTZOID, INT8OID, INT8OID});

// Who holds the row is, as a rule, using the session and will leave a later time there; a read does
// not wait to find out.
pg::Statement touch_if_free_statement(
    "UPDATE @.sm_session AS s SET last_activity_at = $2 WHERE s.session_id OPERATOR(pg_catalog.=) ("
    "SELECT f.session_id FROM @.sm_session AS f WHERE f.session_id OPERATOR(pg_catalog.=) $1"
    " AND f.last_activity_at OPERATOR(pg_catalog.<) $5"
    " AND @._sm_session_end(f.last_activity_at, f.ttl, f.idle_timeout, f.ended_at, $3, $4)"
    " OPERATOR(pg_catalog.>) $2 FOR UPDATE SKIP LOCKED)",
    {TEXTOID, TIMESTAMPTZOID, INT8OID, INT8OID, TIMESTAMPTZOID});

pg::Statement advance_statement(
    "UPDATE @.sm_session AS s SET summary_seq = $2, summary_due_at = CASE"
    " WHEN s.last_seq OPERATOR(pg_catalog.-) $2 OPERATOR(pg_catalog.>=) $3 THEN $4 END"
    " WHERE s.session_id OPERATOR(pg_catalog.=) $1 RETURNING "
    "s.summary_due_at::pg_catalog.timestamptz",
    {TEXTOID, INT8OID, INT8OID, TIMESTAMPTZOID});

pg::Statement close_statement(
    "UPDATE @.sm_session AS s SET ended_at = $2, summary_due_at = NULL"
    " WHERE s.session_id OPERATOR(pg_catalog.=) $1",
    {TEXTOID, TIMESTAMPTZOID});

pg::Statement report_statement("SELECT @._sm_report($1, $2, $3)::pg_catalog.jsonb",
                               {TEXTOID, TEXTOID, TIMESTAMPTZOID});

}  // namespace

Value read_data(const pg::Extension &extension, text *session_id, DataColumn column) {
    const pg::Rows rows = statements_of(column).read.run(extension, {Value::of(session_id)}, false);
    return rows.none() ? Value::none() : rows.at(0, 1);
}

Value read_copy(const pg::Extension &extension, text *session_id, DataColumn column,
                MemoryContext context) {
    return pg::with_spi([&] {
        const pg::Rows rows =
            statements_of(column).read.run(extension, {Value::of(session_id)}, true);
        Value value = rows.none() ? Value::none() : rows.at(0, 1);
        if (!value.null)
            value.datum = pg::with_context(
                context, [&] { return PointerGetDatum(PG_DETOAST_DATUM_COPY(value.datum)); });
        return value;
    });
}

void write_data(const pg::Extension &extension, text *session_id, DataColumn column, Datum value) {
    statements_of(column).write.run(extension, {Value::of(session_id), Value::of(value)}, false);
}

void configure_session(const pg::Extension &extension, text *session_id, core::Time now, Value ttl,
                       Value idle_timeout, Value max_interactions) {
    configure_statement.run(
        extension, {Value::of(session_id), ttl, idle_timeout, max_interactions, Value::of(now)},
        false);
}

bool touch_session(const pg::Extension &extension, text *session_id, core::Time now) {
    return touch_statement
               .run(extension,
                    {Value::of(session_id), Value::of(now), Value::of(default_ttl()),
                     Value::of(default_idle_timeout())},
                    false)
               .count == 1;
}

void advance_summary(const pg::Extension &extension, text *session_id, int64 through_seq,
                     core::Time now) {
    const pg::Rows rows =
        advance_statement.run(extension,
                              {Value::of(session_id), Value::of(through_seq),
                               Value::of(int64{settings::summary_interval}), Value::of(now)},
                              false);
    if (!rows.none() && !rows.at(0, 1).null) notify_summary_due(session_id);
}

Value end_session(const pg::Extension &extension, text *session_id, text *reason, core::Time now) {
    Session session;
    if (!lock_session(extension, session_id, &session) || session.expired(now))
        return Value::none();
    if (session.ended) return read_data(extension, session_id, DataColumn::kReport);
    const Value report =
        report_statement
            .run(extension, {Value::of(session_id), Value::of(reason), Value::of(now)}, false)
            .at(0, 1);
    write_data(extension, session_id, DataColumn::kReport, report.required());
    count_session(extension, session);
    close_statement.run(extension, {Value::of(session_id), Value::of(now)}, false);
    return report;
}

void touch_by_read(const pg::Extension &extension, text *session_id, const SessionFacts &facts,
                   core::Time now) {
    if (likely(!facts.alive || facts.ended || facts.limits.idle_timeout == core::kForever)) return;
    const core::Lifetime interval = facts.limits.touch_interval();
    if (now - facts.last_activity <= interval) return;
    if (XactReadOnly || RecoveryInProgress() || IsolationUsesXactSnapshot() || IsInParallelMode())
        return;
    if (!pg::has_table_privilege(extension.relation("sm_session"), GetUserId(), ACL_UPDATE)) return;
    pg::with_spi([&] {
        touch_if_free_statement.run(
            extension,
            {Value::of(session_id), Value::of(now), Value::of(default_ttl()),
             Value::of(default_idle_timeout()), Value::of(now - interval)},
            false);
    });
}

}  // namespace sm::store
