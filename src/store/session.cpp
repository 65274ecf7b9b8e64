// The session row: finding it, locking it, removing it with all that is its.
#include "store/session.hpp"

#include "pg/text.hpp"
#include "store/limits.hpp"

namespace sm::store {

namespace {

pg::Statement lock_statement(
    "SELECT " SM_SESSION_COLUMNS
    " FROM @.sm_session AS s WHERE s.session_id OPERATOR(pg_catalog.=) $1 FOR UPDATE OF s",
    {TEXTOID});

pg::Statement subtract_statement(
    "UPDATE @.sm_session AS s SET interactions = s.interactions OPERATOR(pg_catalog.-) $2,"
    " tokens = s.tokens OPERATOR(pg_catalog.-) $3, bytes = s.bytes OPERATOR(pg_catalog.-) $4"
    " WHERE s.session_id OPERATOR(pg_catalog.=) $1",
    {TEXTOID, INT8OID, INT8OID, INT8OID});

pg::Statement remove_interactions_statement(
    "DELETE FROM @.session_memory AS m WHERE m.session_id OPERATOR(pg_catalog.=) $1", {TEXTOID});

pg::Statement remove_session_statement(
    "DELETE FROM @.sm_session AS s WHERE s.session_id OPERATOR(pg_catalog.=) $1", {TEXTOID});

}  // namespace

Session session_from(const pg::Rows &rows, uint64 row) {
    Session session;
    session.session_id = DatumGetTextPP(rows.at(row, 1).required());
    const pg::Value user = rows.at(row, 2);
    session.user_id = user.null ? nullptr : DatumGetTextPP(user.datum);
    session.limits = limits_of(rows.at(row, 3), rows.at(row, 4), rows.at(row, 5));
    session.last_activity = DatumGetTimestampTz(rows.at(row, 6).required());
    session.last_seq = DatumGetInt64(rows.at(row, 7).required());
    session.interactions = DatumGetInt64(rows.at(row, 8).required());
    session.ended = !rows.at(row, 9).null;
    return session;
}

bool lock_session(const pg::Extension &extension, text *session_id, Session *session) {
    const pg::Rows rows = lock_statement.run(extension, {pg::Value::of(session_id)}, false);
    if (rows.none()) return false;
    *session = session_from(rows, 0);
    return true;
}

void refuse_ended(const text *session_id) {
    ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
            errmsg("session \"%s\" has ended", pg::printable(session_id)),
            errhint("Use a new session_id, or remove this session with sm_clear."));
}

void subtract_from_counters(const pg::Extension &extension, text *session_id, int64 interactions,
                            int64 tokens, int64 bytes) {
    if (interactions == 0) return;
    subtract_statement.run(extension,
                           {pg::Value::of(session_id), pg::Value::of(interactions),
                            pg::Value::of(tokens), pg::Value::of(bytes)},
                           false);
}

int64 remove_interactions(const pg::Extension &extension, text *session_id) {
    return remove_interactions_statement.run(extension, {pg::Value::of(session_id)}, false).count;
}

int64 remove_session(const pg::Extension &extension, text *session_id) {
    const int64 removed = remove_interactions(extension, session_id);
    remove_session_statement.run(extension, {pg::Value::of(session_id)}, false);
    return removed;
}

}  // namespace sm::store
