// The janitor.
//
// clang-format off
//   connect ─► extension here? ─► the only one? ─► due? ─► batches ─► status ─► exit
//                   │ no              │ no          │ no      │ a second is over, more to do
//                   └─────► exit ◄────┴─────────────┘         └─► status ─► successor ─► exit
// clang-format on
//
// A burst is short, and a successor takes a breath before it connects, so that DROP DATABASE and
// CREATE DATABASE … TEMPLATE, which need a moment without connections, find one.
//
// It works as the owner of the tables, inside a security-restricted operation and with a pinned
// search_path, until after each commit: whatever others have attached to the tables (triggers,
// index expressions) runs with no more than the owner's powers.
//
// One janitor a database: it holds an advisory lock named after the extension. Each transaction
// holds the extension, too: DROP EXTENSION waits for a batch, and a batch for DROP EXTENSION.
#include "worker/janitor.hpp"

#include "pg/extension.hpp"
#include "settings.hpp"
#include "worker/burst.hpp"
#include "worker/rest.hpp"

namespace sm::worker {

namespace {

constexpr long kBreathMs = 300;
constexpr char kGoOnMark = 'g';

/// What ALTER DATABASE and ALTER ROLE may have set must not decide how the janitor works.
void pin_settings() {
    const auto set = [](const char *name, const char *value) {
        // Not every server has every setting.
        if (GetConfigOption(name, true, false) != nullptr)
            SetConfigOption(name, value, PGC_SUSET, PGC_S_OVERRIDE);
    };
    set("search_path", "pg_catalog, pg_temp");
    set("default_transaction_isolation", "read committed");
    set("default_transaction_read_only", "off");
    set("default_transaction_deferrable", "off");
    set("statement_timeout", "0");
    set("transaction_timeout", "0");
    set("lock_timeout", "1s");
    set("idle_in_transaction_session_timeout", "0");
    set("session_replication_role", "origin");
    set("exit_on_error", "off");
    // Each burst is a process of its own, and compiling takes longer than a batch.
    set("jit", "off");
    set("row_security", "on");
    // A removal lost in a crash is made again: nobody waits for this log.
    set("synchronous_commit", "off");
}

}  // namespace

bool start_janitor(Oid database, Start start, BackgroundWorkerHandle **handle) {
    BackgroundWorker worker = {};
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
    worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
    worker.bgw_restart_time = BGW_NEVER_RESTART;
    worker.bgw_main_arg = ObjectIdGetDatum(database);
    worker.bgw_notify_pid = handle == nullptr ? 0 : MyProcPid;
    if (start == Start::kGoOn) worker.bgw_extra[0] = kGoOnMark;
    strlcpy(worker.bgw_library_name, "session_memory", sizeof(worker.bgw_library_name));
    strlcpy(worker.bgw_function_name, "sm_janitor_main", sizeof(worker.bgw_function_name));
    snprintf(worker.bgw_name, sizeof(worker.bgw_name), "session_memory janitor of database %u",
             database);
    strlcpy(worker.bgw_type, "session_memory janitor", sizeof(worker.bgw_type));
    return RegisterDynamicBackgroundWorker(&worker, handle);
}

}  // namespace sm::worker

extern "C" PGDLLEXPORT void sm_janitor_main(Datum database) {
    using namespace sm::worker;
    const bool going_on = MyBgworkerEntry->bgw_extra[0] == kGoOnMark;
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    pqsignal(SIGTERM, die);
    BackgroundWorkerUnblockSignals();
    if (going_on) rest(kBreathMs);
    BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(database), InvalidOid, 0);
    pin_settings();
    if (sm::settings::worker && clean_up(going_on) == Outcome::kMoreToDo)
        (void)start_janitor(MyDatabaseId, Start::kGoOn, nullptr);
    proc_exit(0);
}
