// The session row: creating, finding, locking and removing it with all that is its.
#include "store/session.hpp"

#include "pg/text.hpp"
#include "settings.hpp"
#include "store/limits.hpp"
#include "store/removal.hpp"

namespace sm::store {

namespace {

using pg::Value;

pg::Statement create_statement(
    "INSERT INTO @.sm_session (session_id, user_id, created_at, last_activity_at, last_seq, "
    "interactions,"
    " tokens, bytes, ttl, idle_timeout, max_interactions, prune_at, summary_due_at)"
    " VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9, $10, $11, CASE WHEN $12 THEN $3 END)"
    " ON CONFLICT (session_id) DO NOTHING",
    {TEXTOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, INT8OID, INT8OID, INT8OID, INTERVALOID,
     INTERVALOID, INT4OID, TIMESTAMPTZOID, BOOLOID});

pg::Statement lock_statement(
    "SELECT " SM_SESSION_COLUMNS
    " FROM @.sm_session AS s WHERE s.session_id OPERATOR(pg_catalog.=) $1 FOR UPDATE OF s",
    {TEXTOID});

pg::Statement lock_free_statement(
    "SELECT " SM_SESSION_COLUMNS
    " FROM pg_catalog.unnest($1) AS c (session_id) JOIN @.sm_session AS s"
    " ON s.session_id OPERATOR(pg_catalog.=) c.session_id"
    " FOR UPDATE OF s SKIP LOCKED",
    {TEXTARRAYOID});

pg::Statement set_user_statement(
    "UPDATE @.sm_session AS s SET user_id = $2 WHERE s.session_id OPERATOR(pg_catalog.=) $1",
    {TEXTOID, TEXTOID});

// A new life under an old id: nothing of the old one stays but the count of seq.
pg::Statement restart_statement(
    "UPDATE @.sm_session AS s SET user_id = $2, created_at = $3, last_activity_at = $3,"
    " interactions = 0, tokens = 0, bytes = 0, ttl = NULL, idle_timeout = NULL,"
    " max_interactions = NULL, summary_seq = s.last_seq, summary_due_at = NULL, ended_at = NULL,"
    " prune_at = $4 WHERE s.session_id OPERATOR(pg_catalog.=) $1",
    {TEXTOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID});

pg::Statement hint_statement(
    "UPDATE @.sm_session AS s SET prune_at = $2 WHERE s.session_id OPERATOR(pg_catalog.=) $1"
    " AND (s.prune_at IS NULL OR s.prune_at OPERATOR(pg_catalog.>) $2)",
    {TEXTOID, TIMESTAMPTZOID});

pg::Statement subtract_statement(
    "UPDATE @.sm_session AS s SET interactions = s.interactions OPERATOR(pg_catalog.-) $2,"
    " tokens = s.tokens OPERATOR(pg_catalog.-) $3, bytes = s.bytes OPERATOR(pg_catalog.-) $4"
    " WHERE s.session_id OPERATOR(pg_catalog.=) $1",
    {TEXTOID, INT8OID, INT8OID, INT8OID});

void restart(const pg::Extension &extension, text *session_id, text *user_id, core::Time now,
             Session *session) {
    empty_session(extension, *session);
    const core::Limits limits = default_limits();
    restart_statement.run(extension,
                          {Value::of(session_id), Value::of(user_id), Value::of(now),
                           Value::of(to_timestamptz(limits.session_end(now)))},
                          false);
    *session = {session_id, user_id,           limits, now, session->last_seq,
                0,          session->last_seq, false,  0};
}

}  // namespace

Session session_from(const pg::Rows &rows, uint64 row) {
    Session session;
    session.session_id = DatumGetTextPP(rows.at(row, 1).required());
    const Value user = rows.at(row, 2);
    session.user_id = user.null ? nullptr : DatumGetTextPP(user.datum);
    session.limits = limits_of(rows.at(row, 3), rows.at(row, 4), rows.at(row, 5));
    session.last_activity = DatumGetTimestampTz(rows.at(row, 6).required());
    session.last_seq = DatumGetInt64(rows.at(row, 7).required());
    session.interactions = DatumGetInt64(rows.at(row, 8).required());
    session.summary_seq = DatumGetInt64(rows.at(row, 9).required());
    session.ended = !rows.at(row, 10).null;
    session.bytes = DatumGetInt64(rows.at(row, 11).required());
    return session;
}

bool NewSession::summary_due() const {
    return interactions >= settings::summary_interval;
}

bool create_session(const pg::Extension &extension, const NewSession &session) {
    return create_statement
               .run(extension,
                    {Value::of(session.session_id), Value::of(session.user_id),
                     Value::of(session.now), Value::of(session.last_activity),
                     Value::of(session.interactions), Value::of(session.tokens),
                     Value::of(session.bytes), session.ttl, session.idle_timeout,
                     session.max_interactions, Value::of(to_timestamptz(session.due)),
                     Value::of(BoolGetDatum(session.summary_due()))},
                    false)
               .count == 1;
}

bool lock_session(const pg::Extension &extension, text *session_id, Session *session) {
    const pg::Rows rows = lock_statement.run(extension, {Value::of(session_id)}, false);
    if (rows.none()) return false;
    *session = session_from(rows, 0);
    return true;
}

pg::Rows lock_free_sessions(const pg::Extension &extension, ArrayType *session_ids) {
    return lock_free_statement.run(extension, {Value::of(session_ids)}, false);
}

void make_writable(const pg::Extension &extension, text *user_id, core::Time now,
                   Session *session) {
    text *session_id = session->session_id;
    if (session->expired(now)) return restart(extension, session_id, user_id, now, session);
    if (session->ended) refuse_ended(session_id);
    if (!session->may_be_of(user_id))
        ereport(
            ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
            errmsg("session \"%s\" belongs to another user", pg::printable(session_id)),
            errhint("Leave user_id out, or give the user_id that the session was created with."));
    if (user_id != nullptr && session->user_id == nullptr)
        set_user_statement.run(extension, {Value::of(session_id), Value::of(user_id)}, false);
}

Session open_or_create_session(const pg::Extension &extension, text *session_id, core::Time now) {
    NewSession fresh;
    fresh.session_id = session_id;
    fresh.now = fresh.last_activity = now;
    fresh.due = default_limits().session_end(now);
    Session session;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        if (lock_session(extension, session_id, &session)) {
            make_writable(extension, nullptr, now, &session);
            return session;
        }
        create_session(extension, fresh);
        CHECK_FOR_INTERRUPTS();
    }
    refuse_hidden(session_id);
}

bool lock_living_session(const pg::Extension &extension, text *session_id, core::Time now,
                         Session *session) {
    if (!lock_session(extension, session_id, session) || session->expired(now)) return false;
    if (session->ended) refuse_ended(session_id);
    return true;
}

void refuse_ended(const text *session_id) {
    ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
            errmsg("session \"%s\" has ended", pg::printable(session_id)),
            errhint("Use a new session_id, or remove this session with sm_clear."));
}

void refuse_hidden(const text *session_id) {
    ereport(
        ERROR, errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
        errmsg("session \"%s\" is not accessible", pg::printable(session_id)),
        errhint("Row-level security hides a session of that name, or part of it, from this role."));
}

bool sees_all(const pg::Extension &extension) {
    return check_enable_rls(extension.relation("session_memory"), InvalidOid, true) != RLS_ENABLED;
}

void hint_due(const pg::Extension &extension, text *session_id, core::Time due) {
    hint_statement.run(extension, {Value::of(session_id), Value::of(to_timestamptz(due))}, false);
}

void notify_summary_due(const text *session_id) {
    if (settings::notify) Async_Notify("session_memory", text_to_cstring(session_id));
}

void subtract_from_counters(const pg::Extension &extension, text *session_id, int64 interactions,
                            int64 tokens, int64 bytes) {
    if (interactions == 0) return;
    subtract_statement.run(
        extension,
        {Value::of(session_id), Value::of(interactions), Value::of(tokens), Value::of(bytes)},
        false);
}

}  // namespace sm::store
