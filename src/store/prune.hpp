// Removing what has expired, and what exceeds a cap: for sm_prune and for the janitor.
//
// Whoever prunes locks a session first, and decides by what it finds under the lock: a longer ttl
// that was committed before wins. Prunings of many sessions skip those that somebody else holds, so
// they wait for nobody and cannot be part of a deadlock.
#pragma once

#include "core/policies.hpp"
#include "pg/spi.hpp"

namespace sm::store {

struct Pruned {
    int64 interactions = 0;
    int64 sessions = 0;  ///< visited: locked and looked at

    Pruned &operator+=(const Pruned &other) {
        interactions += other.interactions;
        sessions += other.sessions;
        return *this;
    }
};

/// One batch of the janitor: sessions that are due at `now`, the longest due first, until about
/// `batch_size` interactions are removed, and at most `max_sessions` (0: as many as is good). With
/// nothing visited, nothing is due.
Pruned prune_due(const pg::Extension &extension, core::Time now, int64 batch_size,
                 int max_sessions);

/// Puts off the session that has been due for the longest and that nobody holds, where it could not
/// be pruned, so that it keeps nobody else waiting.
void postpone_first_due(const pg::Extension &extension, core::Time now, core::Time until);

/// Everything that has expired at `now`, or was created at `created_before` or before (kAlways:
/// only what has expired), in every session that nobody else holds.
Pruned prune_all(const pg::Extension &extension, core::Time now, core::Time created_before);

/// Likewise in one session, waiting for it.
Pruned prune_session(const pg::Extension &extension, text *session_id, core::Time now,
                     core::Time created_before);

}  // namespace sm::store
