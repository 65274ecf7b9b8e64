// A busy process that has nothing to do with any database.
#pragma once

namespace bench {

// Computes all the time, and writes a log of so many bytes a second to a file in the temporary
// folder, which goes to disk five times a second, as the log writer of PostgreSQL does.
void keep_busy(double seconds, double bytes_per_second);

}  // namespace bench
