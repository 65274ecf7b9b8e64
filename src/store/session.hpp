// The session row: finding it, locking it, removing it with all that is its.
//
// Lock order: a transaction of ours takes the rows of sm_session first, and whatever belongs to a
// session only under that session's row lock. So two writers meet at one row, and nowhere else.
#pragma once

#include "core/policies.hpp"
#include "pg/spi.hpp"

namespace sm::store {

struct Session {
    text *session_id;
    text *user_id;  ///< nullptr: none
    core::Limits limits;
    core::Time last_activity;
    int64 last_seq;
    int64 interactions;
    bool ended;

    bool expired(core::Time now) const { return limits.session_expired(last_activity, now); }
};

/// The session, locked until the transaction ends. Needs SPI. Returns whether there is one.
bool lock_session(const pg::Extension &extension, text *session_id, Session *session);

/// A row whose columns are SM_SESSION_COLUMNS.
Session session_from(const pg::Rows &rows, uint64 row);

/// The columns of a Session, of a table called s.
#define SM_SESSION_COLUMNS                                                                     \
    "s.session_id, s.user_id, s.ttl, s.idle_timeout, s.max_interactions, s.last_activity_at, " \
    "s.last_seq, s.interactions, s.ended_at"

/// Raises 55000: what has ended is closed to writing.
[[noreturn]] void refuse_ended(const text *session_id);

/// Takes so much off the counters of a locked session.
void subtract_from_counters(const pg::Extension &extension, text *session_id, int64 interactions,
                            int64 tokens, int64 bytes);

/// Removes a locked session's interactions, and leaves its counters to the caller. Returns how
/// many.
int64 remove_interactions(const pg::Extension &extension, text *session_id);

/// Removes a locked session with all that is its. Returns the number of its interactions.
int64 remove_session(const pg::Extension &extension, text *session_id);

}  // namespace sm::store
