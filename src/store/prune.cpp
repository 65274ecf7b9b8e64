// Removing what has expired, and what exceeds a cap.
//
// A batch is a handful of locked sessions and a few statements over all of them: delete and add up,
// drop the sessions that have come to their end, put the counters and the next visit of the others
// right.
#include "store/prune.hpp"

#include <utility>

#include "pg/text.hpp"
#include "settings.hpp"
#include "store/limits.hpp"
#include "store/session.hpp"

namespace sm::store {

namespace {

using pg::Value;

// A long history is read through at each visit, so its visits are spaced a little.
constexpr int64 kLongHistory = 1000;
constexpr int64 kVisitsPerTtl = 64;

// With its limit, so that a batch walks the work list and never sorts all that is due.
pg::Statement due_statement("SELECT " SM_SESSION_COLUMNS
                            " FROM @.sm_session AS s WHERE s.prune_at OPERATOR(pg_catalog.<=) $1"
                            " AND s.session_id OPERATOR(pg_catalog.<>) ALL ($2)"
                            " ORDER BY s.prune_at LIMIT " CppAsString2(
                                SM_SESSIONS_PER_BATCH) " FOR UPDATE OF s SKIP LOCKED",
                            {TIMESTAMPTZOID, TEXTARRAYOID});

// Exact, whatever the hints say: every session that has something old enough. $1 now, $2 created
// before, $3 and $4 default ttl and idle timeout, $5 default cap or NULL.
pg::Statement candidates_statement(
    "SELECT pg_catalog.array_agg(c.session_id::pg_catalog.text) FROM ("
    "SELECT s.session_id FROM @.sm_session AS s"
    " WHERE @._sm_session_end(s.last_activity_at, s.ttl, s.idle_timeout, s.ended_at, $3, $4) "
    "OPERATOR(pg_catalog.<=) $1"
    " OR s.interactions OPERATOR(pg_catalog.>) COALESCE(s.max_interactions, $5)"
    " UNION SELECT m.session_id FROM @.session_memory AS m JOIN @.sm_session AS s"
    " ON s.session_id OPERATOR(pg_catalog.=) m.session_id"
    " WHERE m.created_at OPERATOR(pg_catalog.<=) $2"
    " OR @._sm_interaction_end(m.created_at, s.ttl, $3) OPERATOR(pg_catalog.<=) $1) AS c",
    {TIMESTAMPTZOID, TIMESTAMPTZOID, INT8OID, INT8OID, INT4OID}, pg::Reach::kWholeTables);

// The oldest seq that a cap of $3 leaves, among those that have not expired.
pg::Statement cap_statement(
    "SELECT m.seq FROM @.session_memory AS m WHERE m.session_id OPERATOR(pg_catalog.=) $1"
    " AND m.created_at OPERATOR(pg_catalog.>) $2 ORDER BY m.seq DESC OFFSET $3 LIMIT 1",
    {TEXTOID, TIMESTAMPTZOID, INT8OID});

pg::Statement oldest_statement(
    "SELECT c.place, (SELECT pg_catalog.min(m.created_at) FROM @.session_memory AS m"
    " WHERE m.session_id OPERATOR(pg_catalog.=) c.session_id)"
    " FROM pg_catalog.unnest($1) WITH ORDINALITY AS c (session_id, place)",
    {TEXTARRAYOID});

pg::Statement update_statement(
    "UPDATE @.sm_session AS s SET interactions = s.interactions OPERATOR(pg_catalog.-) "
    "d.interactions,"
    " tokens = s.tokens OPERATOR(pg_catalog.-) d.tokens, bytes = s.bytes OPERATOR(pg_catalog.-) "
    "d.bytes,"
    " prune_at = d.prune_at"
    " FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3),"
    " pg_catalog.unnest($4), pg_catalog.unnest($5)) AS d (session_id, interactions, tokens, bytes, "
    "prune_at)"
    " WHERE s.session_id OPERATOR(pg_catalog.=) d.session_id",
    {TEXTARRAYOID, INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID, TIMESTAMPTZARRAYOID});

pg::Statement postpone_statement(
    "UPDATE @.sm_session AS s SET prune_at = $2 WHERE s.session_id OPERATOR(pg_catalog.=) $1",
    {TEXTOID, TIMESTAMPTZOID});

Visit plan(const pg::Extension &extension, const Session &session, core::Time now,
           core::Time created_before) {
    Visit visit{session};
    visit.cutoff = Max(session.limits.cutoff(now), created_before);
    visit.at_end = session.expired(now);
    if (visit.at_end) {
        visit.cutoff = core::kNever;
    } else if (session.interactions > session.limits.max_interactions) {
        const int64 beyond = session.limits.max_interactions - 1;
        const pg::Rows oldest_kept =
            cap_statement.run(extension,
                              {Value::of(session.session_id),
                               Value::of(to_timestamptz(visit.cutoff)), Value::of(beyond)},
                              false);
        if (!oldest_kept.none()) visit.keep_from = DatumGetInt64(oldest_kept.at(0, 1).required());
    }
    return visit;
}

/// Brings the visits for which `holds` to the front. Returns how many they are.
template <typename Holds>
int bring_forward(const Batch &batch, Holds &&holds) {
    int count = 0;
    for (int i = 0; i < batch.count; ++i)
        if (holds(batch.visits[i])) std::swap(batch.visits[count++], batch.visits[i]);
    return count;
}

/// Which sessions are empty, and when the others are worth the next visit: when the oldest
/// interaction expires, or the session does. What should have gone and is still there is kept by
/// somebody's trigger: not again at once.
void see_what_is_left(const pg::Extension &extension, const Batch &batch) {
    for (int i = 0; i < batch.count; ++i) {
        Visit &visit = batch.visits[i];
        visit.next_visit = visit.session.end();
        visit.emptied = !visit.unfinished && visit.interactions >= visit.session.interactions;
    }
    // Of those that were emptied there is no oldest; to look for it means to pass by all that went.
    const Batch some_left{batch.visits,
                          bring_forward(batch, [](const Visit &v) { return !v.emptied; })};
    if (some_left.count == 0) return;
    const bool all_seen = sees_all(extension);
    const pg::Rows rows =
        oldest_statement.run(extension, {Value::of(session_ids(some_left))}, false);
    for (uint64 row = 0; row < rows.count; ++row) {
        Visit &visit = place_of(some_left, rows, row);
        const Value oldest = rows.at(row, 2);
        if (oldest.null) {
            visit.emptied = all_seen;  // a counter is too high, or the rest is hidden
            continue;
        }
        const core::Limits &limits = visit.session.limits;
        const core::Time created_at = DatumGetTimestampTz(oldest.datum);
        core::Time due = core::end_of_life(created_at, limits.ttl);
        if (limits.ttl != core::kForever &&
            visit.session.interactions - visit.interactions > kLongHistory)
            due = core::end_of_life(due, limits.ttl / kVisitsPerTtl);
        if (visit.unfinished)
            visit.next_visit = core::kAlways;
        else if (all_seen && created_at <= visit.cutoff)
            visit.next_visit = GetCurrentTimestamp() + kPutOff;
        else
            visit.next_visit = Min(visit.next_visit, due);
    }
}

void settle(const pg::Extension &extension, const Batch &batch) {
    update_statement.run(
        extension,
        {Value::of(session_ids(batch)),
         Value::of(array_of(batch, INT8OID,
                            [](const Visit &v) { return Int64GetDatum(v.interactions); })),
         Value::of(
             array_of(batch, INT8OID, [](const Visit &v) { return Int64GetDatum(v.tokens); })),
         Value::of(array_of(batch, INT8OID, [](const Visit &v) { return Int64GetDatum(v.bytes); })),
         Value::of(array_of(
             batch, TIMESTAMPTZOID,
             [](const Visit &v) { return TimestampTzGetDatum(to_timestamptz(v.next_visit)); }))},
        false);
}

/// A scope of SPI of its own, so that its memory goes with the batch.
Pruned prune_these(const pg::Extension &extension, ArrayType *session_ids, core::Time now,
                   core::Time created_before) {
    return pg::with_spi([&] {
        Batch batch = new_batch();
        const pg::Rows locked = lock_free_sessions(extension, session_ids);
        for (uint64 row = 0; row < locked.count; ++row)
            batch.visits[batch.count++] =
                plan(extension, session_from(locked, row), now, created_before);
        return carry_out(extension, batch, BatchSize::unlimited());
    });
}

}  // namespace

Pruned carry_out(const pg::Extension &extension, Batch batch, BatchSize most) {
    Pruned pruned;
    if (batch.count == 0) return pruned;
    remove_interactions(extension, batch, most);
    pruned.sessions = batch.count;
    for (int i = 0; i < batch.count; ++i) {
        pruned.interactions += batch.visits[i].interactions;
        pruned.bytes += batch.visits[i].bytes;
    }
    see_what_is_left(extension, batch);
    const int go = bring_forward(batch, [](const Visit &v) { return v.at_end && v.emptied; });
    pruned.gone = go;
    if (go > 0) remove_sessions(extension, {batch.visits, go});
    if (go < batch.count) settle(extension, {batch.visits + go, batch.count - go});
    return pruned;
}

void Troubled::note(const text *session_id) {
    pg::with_context(context_, [&] {
        if (last_ != nullptr) pfree(last_);
        last_ = DatumGetTextPCopy(PointerGetDatum(session_id));
    });
}

bool Troubled::leave_out_last() {
    if (last_ == nullptr || count_ == kMost) return false;
    pg::with_context(context_, [&] {
        left_out_[count_++] = PointerGetDatum(DatumGetTextPCopy(PointerGetDatum(last_)));
    });
    return true;
}

ArrayType *Troubled::left_out() const {
    return construct_array(const_cast<Datum *>(left_out_), count_, TEXTOID, -1, false,
                           TYPALIGN_INT);
}

Pruned prune_due(const pg::Extension &extension, core::Time now, BatchSize most, bool one_by_one,
                 Troubled *troubled) {
    const int most_sessions = one_by_one ? 1 : kSessionsPerBatch;
    return pg::with_spi([&] {
        Batch batch = new_batch();
        // Rows are locked as they are fetched: no more of them than the batch has use for.
        Portal due =
            due_statement.open(extension, {Value::of(now), Value::of(troubled->left_out())}, false);
        int64 interactions = 0;
        int64 bytes = 0;
        while (batch.count < most_sessions && interactions < most.interactions &&
               bytes < most.bytes) {
            const pg::Rows next = pg::fetch(due, 1);
            if (next.none()) break;
            const Session session = session_from(next, 0);
            if (batch.count == 0) troubled->note(session.session_id);
            if (batch.count > 0 && most.exceeded_by(session.interactions, session.bytes))
                break;  // by itself, next time
            batch.visits[batch.count++] = plan(extension, session, now, core::kAlways);
            interactions += session.interactions;
            bytes += session.bytes;
        }
        SPI_cursor_close(due);
        return carry_out(extension, batch, most);
    });
}

Pruned prune_all(const pg::Extension &extension, core::Time now, core::Time created_before) {
    return pg::with_spi([&] {
        Pruned pruned;
        const Value cap = settings::max_interactions > 0
                              ? Value::of(int32{settings::max_interactions})
                              : Value::none();
        const Value found =
            candidates_statement
                .run(extension,
                     {Value::of(now), Value::of(to_timestamptz(created_before)),
                      Value::of(default_ttl()), Value::of(default_idle_timeout()), cap},
                     false)
                .at(0, 1);
        if (found.null) return pruned;
        Datum *ids;
        int count;
        deconstruct_array(DatumGetArrayTypeP(found.datum), TEXTOID, -1, false, TYPALIGN_INT, &ids,
                          nullptr, &count);
        for (int from = 0; from < count; from += kSessionsPerBatch) {
            CHECK_FOR_INTERRUPTS();
            const int some = Min(kSessionsPerBatch, count - from);
            pruned += prune_these(
                extension, construct_array(ids + from, some, TEXTOID, -1, false, TYPALIGN_INT), now,
                created_before);
        }
        return pruned;
    });
}

Pruned prune_session(const pg::Extension &extension, text *session_id, core::Time now,
                     core::Time created_before) {
    return pg::with_spi([&] {
        Batch batch = new_batch();
        Session session;
        if (lock_session(extension, session_id, &session))
            batch.visits[batch.count++] = plan(extension, session, now, created_before);
        return carry_out(extension, batch, BatchSize::unlimited());
    });
}

void postpone(const pg::Extension &extension, text *session_id, core::Time until) {
    pg::with_spi([&] {
        postpone_statement.run(extension, {Value::of(session_id), Value::of(to_timestamptz(until))},
                               false);
    });
}

}  // namespace sm::store
