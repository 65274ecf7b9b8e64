// One burst of the janitor's work.
//
// An error in a batch rolls the batch back; the next one takes a single session, the longest due.
// If that one fails by itself it is put off for a while, if it can be changed at all, and left out
// of the rest of the burst in any case, so that it starves nobody.
#include "worker/burst.hpp"

#include "pg/extension.hpp"
#include "settings.hpp"
#include "store/prune.hpp"
#include "worker/hints.hpp"
#include "worker/status.hpp"

namespace sm::worker {

namespace {

constexpr int64 kBurst = 1 * USECS_PER_SEC;
// An advisory lock outlives an aborted transaction and goes with the process. Users' own advisory
// locks are in the spaces 1 and 2.
constexpr uint16 kLockSpace = 3;
constexpr int64 kPutOff = 15 * 60 * USECS_PER_SEC;

/// Runs `body(extension)` in a transaction of its own as the owner of the tables. Returns whether
/// it committed; false also where the extension is gone. An error is logged, and its message kept
/// in `*error`.
template <typename Body>
bool in_transaction(char **error, Body &&body) {
    MemoryContext context = CurrentMemoryContext;
    volatile bool committed = false;
    PG_TRY();
    {
        SetCurrentStatementStartTimestamp();
        StartTransactionCommand();
        PushActiveSnapshot(GetTransactionSnapshot());
        const pg::Extension *extension = pg::installed_and_locked_extension();
        if (extension != nullptr) {
            Oid user;
            int security;
            GetUserIdAndSecContext(&user, &security);
            SetUserIdAndSecContext(extension->table_owner(), security |
                                                                 SECURITY_RESTRICTED_OPERATION |
                                                                 SECURITY_LOCAL_USERID_CHANGE);
            pg::make_constraints_immediate();
            body(*extension);
            PopActiveSnapshot();
            // What others have attached to a commit runs in here, so the powers are given back only
            // afterwards.
            CommitTransactionCommand();
            SetUserIdAndSecContext(user, security);
            committed = true;
        } else {
            PopActiveSnapshot();
            CommitTransactionCommand();
        }
        MemoryContextSwitchTo(context);
    }
    PG_CATCH();
    {
        HOLD_INTERRUPTS();
        MemoryContextSwitchTo(context);
        ErrorData *data = CopyErrorData();
        *error = data->message;
        EmitErrorReport();
        FlushErrorState();
        AbortCurrentTransaction();
        MemoryContextSwitchTo(context);
        RESUME_INTERRUPTS();
    }
    PG_END_TRY();
    return committed;
}

/// Whether this is the only janitor here; if so, until the process ends.
bool lock_out_others() {
    StartTransactionCommand();
    PushActiveSnapshot(GetTransactionSnapshot());
    const pg::Extension *extension = pg::installed_extension();
    bool alone = false;
    if (extension != nullptr) {
        LOCKTAG tag;
        SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, 0, extension->oid, kLockSpace);
        alone = LockAcquire(&tag, ExclusiveLock, true, true) != LOCKACQUIRE_NOT_AVAIL;
    }
    PopActiveSnapshot();
    CommitTransactionCommand();
    return alone;
}

bool too_early() {
    StartTransactionCommand();
    PushActiveSnapshot(GetTransactionSnapshot());
    const pg::Extension *extension = pg::installed_extension();
    const TimestampTz now = GetCurrentTimestamp();
    const TimestampTz last = extension == nullptr ? now : last_start(*extension);
    PopActiveSnapshot();
    CommitTransactionCommand();
    // A launcher's naps may end a little early.
    const int64 nap = static_cast<int64>(settings::nap_time_ms) * 900;
    return last <= now && last > now - nap;
}

}  // namespace

Outcome clean_up(bool going_on) {
    MemoryContext burst =
        AllocSetContextCreate(TopMemoryContext, "session_memory burst", ALLOCSET_DEFAULT_SIZES);
    MemoryContextSwitchTo(burst);
    if (!lock_out_others()) return Outcome::kDone;
    if (!going_on && too_early()) return Outcome::kDone;
    pgstat_report_activity(STATE_RUNNING, "removing what has expired");

    const TimestampTz began = GetCurrentTimestamp();
    store::Pruned removed;
    char *error = nullptr;
    if (!in_transaction(&error, [&](const pg::Extension &e) { record_start(e, began); }))
        return Outcome::kDone;
    bool stale_hints = true;
    while (stale_hints && GetCurrentTimestamp() - began < kBurst)
        if (!in_transaction(&error,
                            [&](const pg::Extension &e) { stale_hints = renew_hints(e, began); }))
            break;

    bool more = true;
    bool one_by_one = false;
    store::Troubled troubled(burst);
    while (more && GetCurrentTimestamp() - began < kBurst) {
        CHECK_FOR_INTERRUPTS();
        store::Pruned pruned;
        const bool done = in_transaction(&error, [&](const pg::Extension &e) {
            pruned = store::prune_due(e, GetCurrentTimestamp(), settings::batch_size, one_by_one,
                                      &troubled);
        });
        if (done) {
            removed += pruned;
            more = pruned.sessions > 0;
        } else if (!one_by_one) {
            one_by_one = true;
        } else {
            more = troubled.leave_out_last();
            one_by_one = false;
            if (!more) break;
            (void)in_transaction(&error, [&](const pg::Extension &e) {
                store::postpone(e, troubled.last(), GetCurrentTimestamp() + kPutOff);
            });
        }
    }
    (void)in_transaction(
        &error, [&](const pg::Extension &e) { record_end(e, removed.interactions, error); });
    return more ? Outcome::kMoreToDo : Outcome::kDone;
}

}  // namespace sm::worker
