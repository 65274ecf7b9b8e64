// Adding interactions to a session: the only way in.
#pragma once

#include "core/policies.hpp"
#include "pg/spi.hpp"

namespace sm::store {

struct NewInteraction {
    Jsonb *object;
    core::Time created_at;
};

struct Append {
    text *session_id;
    text *user_id;          ///< nullptr: not said
    text *idempotency_key;  ///< nullptr: none; else there is one interaction
    core::Time now;
    const NewInteraction *interactions;
    int count;  ///< at least one
};

/// Adds all of them or, by an error, none; creates the session if need be. Returns the last seq, or
/// the seq of the interaction that already carries the idempotency key.
///
/// Errors: 55000 the session has ended; 22023 it belongs to another user; 42501 it is hidden from
/// the caller; 40001 under REPEATABLE READ and SERIALIZABLE, when it changed meanwhile.
int64 append(const pg::Extension &extension, const Append &request);

/// Size of an interaction as the counters count it: uncompressed, in bytes.
inline int32 interaction_bytes(const Jsonb *object) {
    return static_cast<int32>(VARSIZE(object));
}

}  // namespace sm::store
