// Removing what has expired, and what exceeds a cap: for sm_prune and for the janitor.
//
// Whoever prunes locks a session first, and decides by what it finds under the lock: a longer ttl
// that was committed before wins. Prunings of many sessions skip those that somebody else holds, so
// they wait for nobody and cannot be part of a deadlock.
#pragma once

#include "core/policies.hpp"
#include "pg/spi.hpp"
#include "store/removal.hpp"

namespace sm::store {

struct Pruned {
    int64 interactions = 0;
    int64 bytes = 0;
    int64 sessions = 0;  ///< visited: locked and looked at
    int64 gone = 0;      ///< of these, removed altogether

    Pruned &operator+=(const Pruned &other) {
        interactions += other.interactions;
        bytes += other.bytes;
        sessions += other.sessions;
        gone += other.gone;
        return *this;
    }
};

/// Sessions that could not be pruned in a burst: left out of the rest of it. Keeps what it knows in
/// a memory context that outlives the failed transactions.
class Troubled {
  public:
    explicit Troubled(MemoryContext context) : context_(context) {}

    /// The session whose pruning began last.
    text *last() const { return last_; }
    void note(const text *session_id);
    /// Leaves it out from now on. False where there is none, or too many are left out already.
    bool leave_out_last();
    ArrayType *left_out() const;

  private:
    static constexpr int kMost = 100;

    MemoryContext context_;
    text *last_ = nullptr;
    Datum left_out_[kMost] = {};
    int count_ = 0;
};

/// One batch of the janitor: sessions that are due at `now`, the longest due first, until about
/// `most` is removed; or one session. With nothing visited, nothing is due.
Pruned prune_due(const pg::Extension &extension, core::Time now, BatchSize most, bool one_by_one,
                 Troubled *troubled);

/// Removes what the visits to locked sessions say, the sessions that come to their end with it, and
/// puts the others right.
Pruned carry_out(const pg::Extension &extension, Batch batch, BatchSize most);

/// How long a session is left alone that cannot be changed, or keeps what should have gone.
inline constexpr int64 kPutOff = 15 * 60 * USECS_PER_SEC;

/// Has the janitor look at a session that could not be pruned only later.
void postpone(const pg::Extension &extension, text *session_id, core::Time until);

/// Everything that has expired at `now`, or was created at `created_before` or before (kAlways:
/// only what has expired), in every session that nobody else holds.
Pruned prune_all(const pg::Extension &extension, core::Time now, core::Time created_before);

/// Likewise in one session, waiting for it.
Pruned prune_session(const pg::Extension &extension, text *session_id, core::Time now,
                     core::Time created_before);

}  // namespace sm::store
