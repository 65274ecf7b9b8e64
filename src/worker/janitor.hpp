// The janitor: a short-lived worker that removes what is due in one database.
#pragma once

#include "pg/postgres.hpp"

namespace sm::worker {

enum class Start {
    kNow,   ///< unless one ran less than the nap time ago
    kGoOn,  ///< after a breath, to go on where another left off
};

/// Starts a janitor in a database. False where there is no free worker slot. With `handle` the
/// caller can wait for its end.
bool start_janitor(Oid database, Start start, BackgroundWorkerHandle **handle);

}  // namespace sm::worker
