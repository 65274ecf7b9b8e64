// prune_at is a hint made with the settings of its time. When a default becomes shorter, the hints
// of the sessions that follow it come too late: they are put right here, some sessions at a time.
#pragma once

#include "core/policies.hpp"
#include "pg/extension.hpp"

namespace sm::worker {

/// Makes sessions due whose hints were made with other defaults. Returns whether there are more.
bool renew_hints(const pg::Extension &extension, core::Time now);

}  // namespace sm::worker
