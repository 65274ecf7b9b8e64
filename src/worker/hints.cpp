// Hints that follow the settings.
//
// The status row remembers the defaults that the hints were made with; while they are being
// renewed, the session_id up to which that is done; and the sessions that somebody held just then,
// which are tried again in each burst. At its first burst the janitor renews them all: it cannot
// know with which defaults they were made.
#include "worker/hints.hpp"

#include "pg/spi.hpp"
#include "settings.hpp"

namespace sm::worker {

namespace {

using pg::Value;

constexpr int64 kSessions = 2000;

pg::Statement status_statement(
    "SELECT w.applied_settings::pg_catalog.text, w.renewed_up_to::pg_catalog.text,"
    " w.not_renewed::pg_catalog.text[] FROM @.sm_worker_status AS w",
    {});

pg::Statement remember_statement(
    "UPDATE @.sm_worker_status AS w SET applied_settings = $1, renewed_up_to = $2,"
    " not_renewed = CASE WHEN pg_catalog.cardinality(pg_catalog.array_cat($3, $4))"
    " OPERATOR(pg_catalog.>) 0 THEN pg_catalog.array_cat($3, $4) END",
    {TEXTOID, TEXTOID, TEXTARRAYOID, TEXTARRAYOID});

// Makes the sessions of "stretch" due at $2, as far as nobody holds them. Returns where a walk of
// $3 sessions has come to, NULL at the end, and the sessions left out.
#define SM_RENEW                                                                          \
    " late AS MATERIALIZED (SELECT s.session_id FROM stretch AS a JOIN @.sm_session AS s" \
    " ON s.session_id OPERATOR(pg_catalog.=) a.session_id"                                \
    " WHERE s.prune_at OPERATOR(pg_catalog.>) $2"                                         \
    " AND (s.ttl IS NULL OR s.idle_timeout IS NULL OR s.max_interactions IS NULL)),"      \
    " free AS MATERIALIZED (SELECT s.session_id FROM late AS l JOIN @.sm_session AS s"    \
    " ON s.session_id OPERATOR(pg_catalog.=) l.session_id FOR UPDATE OF s SKIP LOCKED),"  \
    " renewed AS (UPDATE @.sm_session AS s SET prune_at = $2 FROM free AS f"              \
    " WHERE s.session_id OPERATOR(pg_catalog.=) f.session_id)"                            \
    " SELECT (SELECT CASE WHEN pg_catalog.count(*) OPERATOR(pg_catalog.=) $3"             \
    " THEN pg_catalog.max(a.session_id)::pg_catalog.text END FROM stretch AS a),"         \
    " ARRAY(SELECT l.session_id::pg_catalog.text FROM late AS l LEFT JOIN free AS f"      \
    " ON f.session_id OPERATOR(pg_catalog.=) l.session_id WHERE f.session_id IS NULL)"

pg::Statement walk_statement(
    "WITH stretch AS MATERIALIZED (SELECT s.session_id FROM @.sm_session AS s"
    " WHERE s.session_id OPERATOR(pg_catalog.>) $1 ORDER BY s.session_id LIMIT $3)," SM_RENEW,
    {TEXTOID, TIMESTAMPTZOID, INT8OID});

pg::Statement retry_statement(
    "WITH stretch AS MATERIALIZED (SELECT u.session_id FROM pg_catalog.unnest($1) AS u "
    "(session_id))," SM_RENEW,
    {TEXTARRAYOID, TIMESTAMPTZOID, INT8OID});

text *present_settings() {
    return cstring_to_text(psprintf("ttl %g, idle_timeout %g, max_interactions %d",
                                    settings::ttl_seconds, settings::idle_timeout_seconds,
                                    settings::max_interactions));
}

bool same(Value a, const text *b) {
    return !a.null && strcmp(TextDatumGetCString(a.datum), text_to_cstring(b)) == 0;
}

}  // namespace

bool renew_hints(const pg::Extension &extension, core::Time now) {
    return pg::with_spi([&] {
        text *present = present_settings();
        const pg::Rows status = status_statement.run(extension, {}, false);
        if (status.none()) return false;
        const bool changed = !same(status.at(0, 1), present);
        const Value from = changed ? Value::of(cstring_to_text("")) : status.at(0, 2);
        Value left_out = status.at(0, 3);
        if (from.null && left_out.null) return false;

        const Value limit = Value::of(kSessions);
        if (!left_out.null)
            left_out =
                retry_statement.run(extension, {left_out, Value::of(now), limit}, false).at(0, 2);
        Value to = Value::none();
        Value left_out_now = Value::none();
        if (!from.null) {
            const pg::Rows walk =
                walk_statement.run(extension, {from, Value::of(now), limit}, false);
            to = walk.at(0, 1);
            left_out_now = walk.at(0, 2);
        }
        remember_statement.run(extension, {Value::of(present), to, left_out, left_out_now}, false);
        return !to.null;
    });
}

}  // namespace sm::worker
