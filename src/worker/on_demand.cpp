// Clean-up without a launcher.
#include "worker/on_demand.hpp"

#include "access/parallel.h"
#include "settings.hpp"
#include "worker/janitor.hpp"
#include "worker/status.hpp"

namespace sm::worker {

TimestampTz next_look = DT_NOBEGIN;

void look_for_janitor(const pg::Extension &extension) {
    const TimestampTz now = GetCurrentStatementStartTimestamp();
    const int64 nap = static_cast<int64>(settings::nap_time_ms) * 1000;
    if (launcher_registered()) {
        next_look = DT_NOEND;
        return;
    }
    next_look = now + nap;
    if (!settings::worker || RecoveryInProgress() || IsBinaryUpgrade || IsParallelWorker()) return;
    const TimestampTz last = last_start(extension);
    if (last > now - nap && last <= now) {
        next_look = last + nap;
        return;
    }
    // Without a free slot somebody will try again after a nap time.
    (void)start_janitor(MyDatabaseId, Start::kNow, nullptr);
}

}  // namespace sm::worker
