// Removing users who have not been active for long: profile, events, what was learned, counts.
//
// A batch locks the rows of profiles that look old and that nobody holds, looks again with a new
// snapshot, and removes what is still old: sm_record_event and sm_set_profile hold that row, so whoever
// came first is seen. One batch at a time, and none while a user is being forgotten.
#include "functions/entry.hpp"
#include "pg/spi.hpp"
#include "store/limits.hpp"
#include "store/removal.hpp"
#include "store/session.hpp"

using namespace sm;
using functions::Arguments;
using pg::Reach;
using pg::Value;

namespace {

constexpr int32 kBatch = 1000;

pg::Statement one_at_a_time_statement("SELECT pg_catalog.pg_advisory_xact_lock(" SM_REMOVAL_OF_USERS
                                      ")",
                                      {});

pg::Statement lock_statement(
    "SELECT pg_catalog.array_agg(o.user_id::pg_catalog.text) FROM (SELECT p.user_id FROM "
    "@.sm_profile AS p"
    " WHERE p.last_seen_at OPERATOR(pg_catalog.<=) $1 AND NOT @._sm_is_active(p.user_id, $1)"
    " ORDER BY p.user_id LIMIT $2 FOR UPDATE SKIP LOCKED) AS o",
    {TIMESTAMPTZOID, INT4OID}, Reach::kWholeTables);

pg::Statement look_again_statement(
    "SELECT pg_catalog.array_agg(p.user_id::pg_catalog.text) FROM @.sm_profile AS p"
    " WHERE p.user_id OPERATOR(pg_catalog.=) ANY ($1)"
    " AND p.last_seen_at OPERATOR(pg_catalog.<=) $2 AND NOT @._sm_is_active(p.user_id, $2)",
    {TEXTARRAYOID, TIMESTAMPTZOID});

#define SM_DELETE(table)                                                                  \
    {                                                                                     \
        "DELETE FROM @." table " AS t WHERE t.user_id OPERATOR(pg_catalog.=) ANY ($1)", { \
            TEXTARRAYOID                                                                  \
        }                                                                                 \
    }

// Counts are written under the lock on a session's row, not a profile's: whatever is being written is left.
pg::Statement delete_statements[] = {
    SM_DELETE("sm_learned"),
    SM_DELETE("sm_learned_attribute"),
    SM_DELETE("sm_learned_kind"),
    SM_DELETE("sm_event"),
    {"DELETE FROM @.sm_activity AS t USING (SELECT a.user_id, a.hour, a.session_id FROM "
     "@.sm_activity AS a"
     " WHERE a.user_id OPERATOR(pg_catalog.=) ANY ($1) FOR UPDATE SKIP LOCKED) AS f"
     " WHERE t.user_id OPERATOR(pg_catalog.=) f.user_id AND t.hour OPERATOR(pg_catalog.=) f.hour"
     " AND t.session_id OPERATOR(pg_catalog.=) f.session_id",
     {TEXTARRAYOID}},
    {"DELETE FROM @.sm_kb_use AS t USING (SELECT k.session_id, k.entry_id, k.hour FROM @.sm_kb_use "
     "AS k"
     " WHERE k.user_id OPERATOR(pg_catalog.=) ANY ($1) FOR UPDATE SKIP LOCKED) AS f"
     " WHERE t.session_id OPERATOR(pg_catalog.=) f.session_id"
     " AND t.entry_id OPERATOR(pg_catalog.=) f.entry_id AND t.hour OPERATOR(pg_catalog.=) f.hour",
     {TEXTARRAYOID}},
    SM_DELETE("sm_profile"),
};

/// Returns the number of users removed.
int64 prune_batch(const pg::Extension &extension, core::Time until, int32 max_users) {
    const Value old =
        lock_statement.run(extension, {Value::of(until), Value::of(max_users)}, false).at(0, 1);
    if (old.null) return 0;
    const Value still_old =
        look_again_statement.run(extension, {old, Value::of(until)}, false).at(0, 1);
    if (still_old.null) return 0;
    uint64 removed = 0;
    for (pg::Statement &statement : delete_statements)
        removed = statement.run(extension, {still_old}, false).count;
    return static_cast<int64>(removed);  // the last statement counts the profiles
}

core::Lifetime required_lifetime(const Arguments &arguments, int index, const char *name) {
    if (arguments.is_null(index))
        ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be null", name),
                errhint("Write it like '365 days'."));
    return *arguments.optional_lifetime(index, name);
}

/// Removes users in one batch, or in as many as it takes.
int64 prune(FunctionCallInfo fcinfo, core::Lifetime inactive, int32 max_users, bool all) {
    const core::Time now = store::statement_clock();
    if (max_users == 0 || inactive >= now - MIN_TIMESTAMP) return 0;
    const pg::Extension &extension = pg::extension_of(fcinfo);
    return pg::with_spi([&] {
        one_at_a_time_statement.run(extension, {}, false);
        int64 removed = 0;
        int64 batch;
        do {
            CHECK_FOR_INTERRUPTS();
            batch = prune_batch(extension, now - inactive, max_users);
            removed += batch;
        } while (all && batch > 0);
        return removed;
    });
}

}  // namespace

extern "C" {

SM_FUNCTION(sm_prune_profiles);
SM_FUNCTION(sm_prune_some_profiles);

// sm_prune_profiles(inactive) → number of users removed
Datum sm_prune_profiles(PG_FUNCTION_ARGS) {
    PreventCommandIfReadOnly("sm_prune_profiles()");
    const Arguments arguments(fcinfo);
    PG_RETURN_INT64(prune(fcinfo, required_lifetime(arguments, 0, "inactive"), kBatch, true));
}

// _sm_prune_profiles(inactive, max_users) → number of users removed
Datum sm_prune_some_profiles(PG_FUNCTION_ARGS) {
    PreventCommandIfReadOnly("_sm_prune_profiles()");
    const Arguments arguments(fcinfo);
    const core::Lifetime inactive = required_lifetime(arguments, 0, "inactive");
    PG_RETURN_INT64(prune(fcinfo, inactive, arguments.required_limit(1, "max_users"), false));
}

}  // extern "C"
