// What is kept for a set time and then let go: profiles, counts of what users did,
// and backups.
#pragma once

#include "pg/extension.hpp"

namespace sm::worker {

enum class Kept { kProfiles, kActivity, kBackups };
inline constexpr Kept kAllKept[] = {Kept::kProfiles, Kept::kActivity, Kept::kBackups};

/// Lets some go of what has been kept for long enough, about `at_most`. Returns whether there may be
/// more.
bool let_go(const pg::Extension &extension, Kept what, int64 at_most);

}  // namespace sm::worker
