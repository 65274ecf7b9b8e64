// JSON Merge Patch (RFC 7396) on stored jsonb.
#pragma once

#include "pg/postgres.hpp"

namespace sm::functions {

/// `target` (nullptr: nothing yet) with an object `patch` applied: members that are null are
/// removed, objects are merged, everything else is replaced.
Jsonb *merge_patch(Jsonb *target, Jsonb *patch);

}  // namespace sm::functions
