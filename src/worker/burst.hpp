// One burst of the janitor's work in the database it is connected to.
#pragma once

#include "pg/postgres.hpp"

namespace sm::worker {

enum class Outcome { kDone, kMoreToDo };

/// Removes what is due, for about a second. Unless `going_on`, it does nothing where another
/// janitor began less than the nap time ago. Errors are logged and kept in the status, never
/// raised.
Outcome clean_up(bool going_on);

}  // namespace sm::worker
