// Taking things out of a session on request: its newest interactions, or all of it.
#pragma once

#include "core/policies.hpp"
#include "store/reader.hpp"

namespace sm::store {

/// Removes the newest `count` living interactions of a living session; shows each to `visit`,
/// newest first. What a cap hides goes before.
void take_newest(const pg::Extension &extension, text *session_id, int64 count, core::Time now,
                 Visitor visit);

/// Removes a session with all that is its. Returns whether it was alive.
bool clear_session(const pg::Extension &extension, text *session_id, core::Time now);

}  // namespace sm::store
