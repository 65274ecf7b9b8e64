// One burst of the janitor's work.
//
// An error in a batch rolls the batch back; the next one takes a single session, the longest due.
// If that one fails by itself it is put off for a while, if it can be changed at all, and left out
// of the rest of the burst in any case, so that it starves nobody.
//
// Where a machine is so slow that a burst's time is over before it comes to its work, the work goes
// on nevertheless: of each kind at least one batch is done.
#include "worker/burst.hpp"

#include <utility>

#include "pg/extension.hpp"
#include "settings.hpp"
#include "store/evict.hpp"
#include "worker/hints.hpp"
#include "worker/retention.hpp"
#include "worker/status.hpp"

namespace sm::worker {

namespace {

constexpr int64 kBurst = 1 * USECS_PER_SEC;
// An advisory lock outlives an aborted transaction and goes with the process. Users' own advisory
// locks are in the spaces 1 and 2.
constexpr uint16 kLockSpace = 3;

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

/// How much a batch may remove: less after one that took long, so that none takes a second.
class Pace {
  public:
    store::BatchSize most() const {
        return {Max(static_cast<int64>(settings::batch_size * share_), 1),
                static_cast<int64>(kBytesPerBatch * share_)};
    }
    void took(int64 microseconds) {
        if (microseconds > kLong)
            share_ *= static_cast<double>(kLong) / static_cast<double>(microseconds);
        else if (microseconds < kLong / 4)
            share_ = Min(share_ * 2, 1.0);
    }

  private:
    static constexpr int64 kLong = USECS_PER_SEC / 5;
    static constexpr double kBytesPerBatch = 8 * 1024 * 1024;

    double share_ = 1;
};

class Burst {
  public:
    explicit Burst(MemoryContext context) : context_(context) {}

    Outcome run() {
        if (!transaction([&](const pg::Extension &e) { record_start(e, began_); }))
            return Outcome::kDone;
        renew_all_hints();
        const bool more = prune() || evict() || retain();
        (void)transaction(
            [&](const pg::Extension &e) { record_end(e, removed_, evicted_, error_); });
        return more ? Outcome::kMoreToDo : Outcome::kDone;
    }

  private:
    bool time_is_left() const { return GetCurrentTimestamp() - began_ < kBurst; }

    template <typename Body>
    bool transaction(Body &&body) {
        CHECK_FOR_INTERRUPTS();
        return in_transaction(&error_, std::forward<Body>(body));
    }

    /// A transaction that sets the pace of those that follow.
    template <typename Body>
    bool timed(Body &&body) {
        const TimestampTz began = GetCurrentTimestamp();
        const bool done = transaction(std::forward<Body>(body));
        pace_.took(GetCurrentTimestamp() - began);
        return done;
    }

    /// One that removes interactions, and returns what.
    template <typename Body>
    bool batch(store::Pruned *pruned, Body &&body) {
        const bool done = timed([&](const pg::Extension &e) { *pruned = body(e); });
        if (done) removed_ += pruned->interactions;
        return done;
    }

    void renew_all_hints() {
        bool stale = false;
        do {
            if (!transaction([&](const pg::Extension &e) { stale = renew_hints(e, began_); }))
                return;
        } while (stale && time_is_left());
    }

    /// Removes what is due. Like evict(): returns whether there is more to do.
    bool prune() {
        bool one_by_one = false;
        bool to_find_out = false;  // which session a batch failed by
        store::Troubled troubled(context_);
        do {
            store::Pruned pruned;
            const bool done = batch(&pruned, [&](const pg::Extension &e) {
                return store::prune_due(e, GetCurrentTimestamp(), pace_.most(), one_by_one,
                                        &troubled);
            });
            to_find_out = !done && !one_by_one;
            if (done) {
                if (pruned.sessions == 0) return false;
            } else if (!one_by_one) {
                one_by_one = true;
            } else {
                if (!troubled.leave_out_last()) return false;
                one_by_one = false;
                (void)transaction([&](const pg::Extension &e) {
                    store::postpone(e, troubled.last(), GetCurrentTimestamp() + store::kPutOff);
                });
            }
        } while (to_find_out || time_is_left());
        return true;
    }

    bool evict() {
        if (settings::max_size_kilobytes <= 0) return false;
        store::Eviction eviction(context_);
        if (!transaction([&](const pg::Extension &e) { eviction.weigh(e); }) ||
            !eviction.too_large() ||
            !transaction([&](const pg::Extension &e) { eviction.list(e, GetCurrentTimestamp()); }))
            return false;
        bool go_on = eviction.more();
        while (go_on) {
            store::Pruned evicted;
            if (batch(&evicted, [&](const pg::Extension &e) {
                    return eviction.evict_some(e, GetCurrentTimestamp(), pace_.most());
                })) {
                eviction.committed(evicted);
                evicted_ += evicted.gone;
            } else {
                eviction.failed();
            }
            go_on = eviction.more() && time_is_left();
        }
        return eviction.unfinished();
    }

    /// Lets go what was kept for long enough, once in a nap time. Where one kind fails, the others
    /// go on.
    bool retain() {
        bool due = false;
        if (!transaction([&](const pg::Extension &e) { due = retention_is_due(e, began_); }) ||
            !due)
            return false;
        for (const Kept what : kAllKept) {
            bool more = true;
            while (more) {
                if (!timed([&](const pg::Extension &e) {
                        more = let_go(e, what, pace_.most().interactions);
                    }))
                    break;
                if (more && !time_is_left()) return true;
            }
        }
        (void)transaction([&](const pg::Extension &e) { record_retention(e, began_); });
        return false;
    }

    MemoryContext context_;
    TimestampTz began_ = GetCurrentTimestamp();
    Pace pace_;
    int64 removed_ = 0;  // interactions
    int64 evicted_ = 0;  // sessions
    char *error_ = nullptr;
};

}  // namespace

Outcome clean_up(bool going_on) {
    MemoryContext context =
        AllocSetContextCreate(TopMemoryContext, "session_memory burst", ALLOCSET_DEFAULT_SIZES);
    MemoryContextSwitchTo(context);
    if (!lock_out_others()) return Outcome::kDone;
    if (!going_on && too_early()) return Outcome::kDone;
    pgstat_report_activity(STATE_RUNNING, "removing what has expired");
    return Burst(context).run();
}

}  // namespace sm::worker
