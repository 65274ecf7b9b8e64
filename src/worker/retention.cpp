// What is kept for a set time and then let go.
#include "worker/retention.hpp"

#include "pg/spi.hpp"
#include "settings.hpp"
#include "store/removal.hpp"

namespace sm::worker {

namespace {

using pg::Value;

// A statement of its own: a function of SQL locks the tables of all its statements before it begins
// with the first, and whoever clears all takes this lock before it takes the tables. Nobody is
// waited for: what is old today is old at the next nap, too.
pg::Statement lock_statement("SELECT pg_catalog.pg_try_advisory_xact_lock(" SM_REMOVAL_OF_USERS ")",
                             {});

// A user may have some thousand events.
constexpr int64 kRowsPerUser = 50;

pg::Statement profiles_statement("SELECT @._sm_prune_profiles($1, $2)", {INTERVALOID, INT4OID});
pg::Statement activity_statement("SELECT @._sm_prune_activity($1, $2)", {INTERVALOID, INT4OID});
pg::Statement backups_statement("SELECT @._sm_prune_backups($1)", {INTERVALOID});

Value interval_of(int seconds) {
    auto *interval = static_cast<Interval *>(palloc0(sizeof(Interval)));
    interval->time = seconds * USECS_PER_SEC;
    return Value::of(interval);
}

}  // namespace

bool let_go(const pg::Extension &extension, Kept what, int64 at_most) {
    const bool backups = what == Kept::kBackups;
    const int kept_for =
        backups ? settings::backup_retention_seconds : settings::profile_retention_seconds;
    if (kept_for == 0) return false;
    return pg::with_spi([&] {
        if (backups) {
            backups_statement.run(extension, {interval_of(kept_for)}, false);
            return false;
        }
        if (!DatumGetBool(lock_statement.run(extension, {}, false).at(0, 1).required()))
            return false;
        const bool profiles = what == Kept::kProfiles;
        const int64 limit = profiles ? Max(at_most / kRowsPerUser, 1) : at_most;
        pg::Statement &statement = profiles ? profiles_statement : activity_statement;
        const pg::Rows gone = statement.run(
            extension, {interval_of(kept_for), Value::of(static_cast<int32>(limit))}, false);
        return gone.at(0, 1).int64_or(0) >= limit;
    });
}

}  // namespace sm::worker
