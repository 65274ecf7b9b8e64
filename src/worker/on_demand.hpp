// Clean-up without a launcher: the calls themselves see to it that a janitor comes by.
#pragma once

#include "pg/extension.hpp"
#include "worker/launcher.hpp"

namespace sm::worker {

/// When this backend looks again whether a janitor is due.
extern TimestampTz next_look;

void look_for_janitor(const pg::Extension &extension);

/// Starts a janitor if none came for the nap time. Costs a comparison, and once in a nap time a
/// look at one row.
inline void nudge(const pg::Extension &extension) {
    if (unlikely(GetCurrentStatementStartTimestamp() >= next_look)) look_for_janitor(extension);
}

}  // namespace sm::worker
