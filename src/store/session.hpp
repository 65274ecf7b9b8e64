// The session row: creating, finding, locking and removing it with all that is its.
//
// Lock order: a transaction of ours takes the rows of sm_session first, and whatever belongs to a
// session only under that session's row lock. So two writers meet at one row, and nowhere else.
#pragma once

#include "core/policies.hpp"
#include "pg/spi.hpp"
#include "pg/text.hpp"

namespace sm::store {

struct Session {
    text *session_id;
    text *user_id;  ///< nullptr: none
    core::Limits limits;
    core::Time last_activity;
    int64 last_seq;
    int64 interactions;
    int64 summary_seq;
    bool ended;
    int64 bytes;

    /// Whether `other` (nullptr: nobody in particular) may write to it as its user.
    bool may_be_of(const text *other) const {
        return other == nullptr || user_id == nullptr || pg::view(user_id) == pg::view(other);
    }
    core::Time end() const { return limits.session_end(last_activity, ended); }
    bool expired(core::Time now) const { return end() <= now; }
};

/// The columns of a Session, of a table called s. Their types are named, at no cost: whatever its
/// owner has put in the place of our table, it is an error at worst. So it is in all statements.
#define SM_SESSION_COLUMNS                                                                    \
    "s.session_id::pg_catalog.text, s.user_id::pg_catalog.text, s.ttl::pg_catalog.interval, " \
    "s.idle_timeout::pg_catalog.interval, s.max_interactions::pg_catalog.int4, "              \
    "s.last_activity_at::pg_catalog.timestamptz, s.last_seq::pg_catalog.int8, "               \
    "s.interactions::pg_catalog.int8, s.summary_seq::pg_catalog.int8, "                       \
    "s.ended_at::pg_catalog.timestamptz, s.bytes::pg_catalog.int8"

/// A row whose columns are SM_SESSION_COLUMNS.
Session session_from(const pg::Rows &rows, uint64 row);

/// A session to be, with what it begins with.
struct NewSession {
    text *session_id;
    text *user_id = nullptr;
    core::Time now;
    core::Time last_activity;
    core::Time due;  ///< when the janitor should look at it first
    int64 interactions = 0;
    int64 tokens = 0;
    int64 bytes = 0;
    pg::Value ttl = pg::Value::none();
    pg::Value idle_timeout = pg::Value::none();
    pg::Value max_interactions = pg::Value::none();

    bool summary_due() const;
};

/// Creates a session; false where there is one of that name. Needs SPI, like all below.
bool create_session(const pg::Extension &extension, const NewSession &session);

/// The session, locked until the transaction ends. Returns whether there
/// is one.
bool lock_session(const pg::Extension &extension, text *session_id, Session *session);

/// Locks those of the sessions that nobody else holds. A row of SM_SESSION_COLUMNS for each.
pg::Rows lock_free_sessions(const pg::Extension &extension, ArrayType *session_ids);

/// Makes a locked session one that can be written to: what has expired begins a new life, of the user
/// given; a session without a user gets the one given (nullptr: none). Raises 55000 for an ended
/// session, and 22023 for one of another user.
void make_writable(const pg::Extension &extension, text *user_id, core::Time now, Session *session);

/// The session, locked and fit to be written to; created if need be.
Session open_or_create_session(const pg::Extension &extension, text *session_id, core::Time now);

/// Locks a living session that has not ended; raises 55000 for an ended one. False where there is
/// none.
bool lock_living_session(const pg::Extension &extension, text *session_id, core::Time now,
                         Session *session);

/// Raises 55000: what has ended is closed to writing.
[[noreturn]] void refuse_ended(const text *session_id);

/// Raises 42501: there is a session of that name, but row-level security hides it.
[[noreturn]] void refuse_hidden(const text *session_id);

/// Tells those who listen, if that is wished for, that a session's summary has fallen due.
void notify_summary_due(const text *session_id);

/// Whether the caller sees every interaction: no row-level security applies to them.
bool sees_all(const pg::Extension &extension);

/// Makes the janitor look at a session at `due` or before.
void hint_due(const pg::Extension &extension, text *session_id, core::Time due);

/// Takes so much off the counters of a locked session.
void subtract_from_counters(const pg::Extension &extension, text *session_id, int64 interactions,
                            int64 tokens, int64 bytes);

/// How often something is tried again that a concurrent removal can get in the way of.
inline constexpr int kAttempts = 10;

}  // namespace sm::store
