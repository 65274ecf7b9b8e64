// Pauses of the background processes.
#pragma once

#include "pg/postgres.hpp"

namespace sm::worker {

/// Pauses for so long, or until the server's settings have changed; takes the change in. What else
/// wakes a process (the end of another, a barrier) is dealt with, and the pause goes on.
void rest(long milliseconds);

}  // namespace sm::worker
