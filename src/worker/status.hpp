// The one row of status that the janitor leaves in each database (table sm_worker_status).
#pragma once

#include "pg/extension.hpp"

namespace sm::worker {

/// When a janitor last began, by the latest committed status; DT_NOBEGIN: never. Asks for no
/// privilege: what comes back decides only whether a janitor is started.
TimestampTz last_start(const pg::Extension &extension);

/// A burst began.
void record_start(const pg::Extension &extension, TimestampTz began);

/// Whether it is a nap time ago that what is kept for a set time was seen through.
bool retention_is_due(const pg::Extension &extension, TimestampTz now);
void record_retention(const pg::Extension &extension, TimestampTz now);

/// A burst ended: it removed so many interactions, and with some of them whole sessions that were
/// evicted; `error` is the last error in it, or nullptr.
void record_end(const pg::Extension &extension, int64 removed, int64 evicted, const char *error);

}  // namespace sm::worker
