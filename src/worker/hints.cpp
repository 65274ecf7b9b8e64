// Hints that follow the settings.
//
// The status row remembers the defaults that the hints were made with, and, while they are being
// renewed, the session_id up to which that is done. A session that somebody holds is left out: it
// is alive, and keeps its late hint.
#include "worker/hints.hpp"

#include "pg/spi.hpp"
#include "settings.hpp"

namespace sm::worker {

namespace {

using pg::Value;

constexpr int32 kSessions = 2000;

pg::Statement applied_statement(
    "SELECT w.applied_settings, w.renewed_up_to FROM @.sm_worker_status AS w", {});

pg::Statement begin_statement(
    "UPDATE @.sm_worker_status AS w SET applied_settings = $1, renewed_up_to = $2",
    {TEXTOID, TEXTOID});

// Walks the primary key from $1 on; returns where the walk has come to, NULL at the end.
pg::Statement renew_statement(
    "WITH stretch AS MATERIALIZED (SELECT s.session_id FROM @.sm_session AS s"
    " WHERE s.session_id OPERATOR(pg_catalog.>) $1 ORDER BY s.session_id LIMIT $3),"
    " free AS MATERIALIZED (SELECT s.session_id FROM stretch AS a JOIN @.sm_session AS s"
    " ON s.session_id OPERATOR(pg_catalog.=) a.session_id"
    " WHERE s.prune_at OPERATOR(pg_catalog.>) $2"
    " AND (s.ttl IS NULL OR s.idle_timeout IS NULL OR s.max_interactions IS NULL)"
    " FOR UPDATE OF s SKIP LOCKED),"
    " renewed AS (UPDATE @.sm_session AS s SET prune_at = $2 FROM free AS f"
    " WHERE s.session_id OPERATOR(pg_catalog.=) f.session_id)"
    " SELECT CASE WHEN pg_catalog.count(*) OPERATOR(pg_catalog.=) $3 THEN "
    "pg_catalog.max(a.session_id) END"
    " FROM stretch AS a",
    {TEXTOID, TIMESTAMPTZOID, INT8OID});

text *present_settings() {
    return cstring_to_text(psprintf("ttl %g, idle_timeout %g, max_interactions %d",
                                    settings::ttl_seconds, settings::idle_timeout_seconds,
                                    settings::max_interactions));
}

void remember(const pg::Extension &extension, text *applied, Value renewed_up_to) {
    begin_statement.run(extension, {Value::of(applied), renewed_up_to}, false);
}

}  // namespace

bool renew_hints(const pg::Extension &extension, core::Time now) {
    return pg::with_spi([&] {
        text *present = present_settings();
        const pg::Rows status = applied_statement.run(extension, {}, false);
        if (status.none()) return false;
        const Value applied = status.at(0, 1);
        Value from = status.at(0, 2);
        if (applied.null) {
            remember(extension, present, Value::none());
            return false;
        }
        const bool changed =
            strcmp(TextDatumGetCString(applied.datum), text_to_cstring(present)) != 0;
        if (!changed && from.null) return false;
        if (changed) from = Value::of(cstring_to_text(""));
        const Value to =
            renew_statement
                .run(extension, {from, Value::of(now), Value::of(int64{kSessions})}, false)
                .at(0, 1);
        remember(extension, present, to);
        return !to.null;
    });
}

}  // namespace sm::worker
