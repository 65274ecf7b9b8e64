// What is kept for a set time and then let go.
#include "worker/retention.hpp"

#include "pg/spi.hpp"
#include "settings.hpp"

namespace sm::worker {

namespace {

using pg::Value;

// A statement of its own: a function of SQL locks the tables of all its statements before it begins
// with the first, and whoever clears all takes this lock before it takes the tables.
pg::Statement lock_statement("SELECT pg_catalog.pg_advisory_xact_lock(8317708086087869298)", {});
pg::Statement activity_statement("SELECT @._sm_prune_activity($1, $2)", {INTERVALOID, INT4OID});
pg::Statement backups_statement("SELECT @._sm_prune_backups($1)", {INTERVALOID});

Value interval_of(int seconds) {
    auto *interval = static_cast<Interval *>(palloc0(sizeof(Interval)));
    interval->time = seconds * USECS_PER_SEC;
    return Value::of(interval);
}

}  // namespace

bool let_go(const pg::Extension &extension, Kept what, int64 at_most) {
    const bool activity = what == Kept::kActivity;
    const int kept_for =
        activity ? settings::profile_retention_seconds : settings::backup_retention_seconds;
    if (kept_for == 0) return false;
    return pg::with_spi([&] {
        if (!activity) {
            backups_statement.run(extension, {interval_of(kept_for)}, false);
            return false;
        }
        lock_statement.run(extension, {}, false);
        const Value limit = Value::of(static_cast<int32>(at_most));
        const pg::Rows gone =
            activity_statement.run(extension, {interval_of(kept_for), limit}, false);
        return gone.at(0, 1).int64_or(0) >= at_most;
    });
}

}  // namespace sm::worker
