// The launcher.
//
//   start ──► list databases ──► for each: start a janitor, wait until it is gone ──► nap ──┐
//                  ▲                                                                        │
//                  └────────────────────────────────────────────────────────────────────────┘
//
// It is connected to no database, only to the shared catalogs, so it is in nobody's way. Without a
// free worker slot it tries again after a pause. Killed, the postmaster starts it again; it never
// exits with 0, which would end it for good.
#include "worker/launcher.hpp"

#include "settings.hpp"
#include "worker/janitor.hpp"
#include "worker/rest.hpp"

namespace sm::worker {

namespace {

constexpr int kRestartSeconds = 3;
constexpr long kPauseWithoutSlotMs = 1000;

bool registered = false;

/// OIDs of the databases that a janitor may connect to.
List *connectable_databases() {
    List *databases = NIL;
    MemoryContext context = CurrentMemoryContext;
    StartTransactionCommand();
    PushActiveSnapshot(GetTransactionSnapshot());
    Relation catalog = table_open(DatabaseRelationId, AccessShareLock);
    TableScanDesc scan = table_beginscan_catalog(catalog, 0, nullptr);
    while (HeapTuple tuple = heap_getnext(scan, ForwardScanDirection)) {
        auto *database = reinterpret_cast<Form_pg_database>(GETSTRUCT(tuple));
        if (!database->datallowconn || database->datistemplate || pg::is_invalid(database))
            continue;
        MemoryContext before = MemoryContextSwitchTo(context);
        databases = lappend_oid(databases, database->oid);
        MemoryContextSwitchTo(before);
    }
    table_endscan(scan);
    table_close(catalog, AccessShareLock);
    PopActiveSnapshot();
    CommitTransactionCommand();
    return databases;
}

void visit_databases() {
    List *databases = connectable_databases();
    ListCell *cell;
    foreach (cell, databases) {
        CHECK_FOR_INTERRUPTS();
        BackgroundWorkerHandle *janitor;
        if (!start_janitor(lfirst_oid(cell), Start::kNow, &janitor)) {
            rest(kPauseWithoutSlotMs);
            continue;
        }
        WaitForBackgroundWorkerShutdown(janitor);
        pfree(janitor);
    }
    list_free(databases);
}

}  // namespace

void register_launcher() {
    if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade) return;
    BackgroundWorker worker = {};
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
    worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
    worker.bgw_restart_time = kRestartSeconds;
    strlcpy(worker.bgw_library_name, "session_memory", sizeof(worker.bgw_library_name));
    strlcpy(worker.bgw_function_name, "sm_launcher_main", sizeof(worker.bgw_function_name));
    strlcpy(worker.bgw_name, "session_memory launcher", sizeof(worker.bgw_name));
    strlcpy(worker.bgw_type, "session_memory launcher", sizeof(worker.bgw_type));
    RegisterBackgroundWorker(&worker);
    registered = true;
}

bool launcher_registered() {
    return registered;
}

}  // namespace sm::worker

extern "C" PGDLLEXPORT void sm_launcher_main(Datum) {
    using namespace sm::worker;
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    pqsignal(SIGTERM, die);
    BackgroundWorkerUnblockSignals();
    BackgroundWorkerInitializeConnection(nullptr, nullptr, 0);
    MemoryContext cycle =
        AllocSetContextCreate(TopMemoryContext, "session_memory launcher", ALLOCSET_DEFAULT_SIZES);
    for (;;) {
        MemoryContextSwitchTo(cycle);
        if (sm::settings::worker) visit_databases();
        MemoryContextReset(cycle);
        pgstat_report_activity(STATE_IDLE, nullptr);
        rest(sm::settings::nap_time_ms);
    }
}
