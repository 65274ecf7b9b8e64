// The launcher: present where the module is in shared_preload_libraries. Every nap time it starts a
// janitor in each database, one after the other.
#pragma once

#include "pg/postgres.hpp"

namespace sm::worker {

/// Registers the launcher, if this is the postmaster loading its shared_preload_libraries.
void register_launcher();

/// Whether there is one, so that nobody else need start janitors.
bool launcher_registered();

}  // namespace sm::worker
