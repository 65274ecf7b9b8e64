// Evicting the least recently active sessions.
//
// There is no index on last_activity_at: it would make every add dearer (no HOT update). So the
// oldest are found by a pass over sm_session, some thousands at a time.
#include "store/evict.hpp"

#include <cmath>

#include "settings.hpp"
#include "store/limits.hpp"
#include "store/session.hpp"

namespace sm::store {

namespace {

using pg::Value;

constexpr int64 kListed = 4096;

pg::Statement weigh_statement(
    "SELECT COALESCE(pg_catalog.sum(s.bytes), 0)::pg_catalog.int8 FROM @.sm_session AS s", {},
    pg::Reach::kWholeTables);

// What may be in use is left out so that the list is of use; what counts is seen under the lock. $1 a
// minute and the default touch interval ago, $2 a minute ago.
pg::Statement list_statement(
    "SELECT s.session_id::pg_catalog.text, s.interactions, s.bytes FROM @.sm_session AS s"
    " WHERE s.bytes OPERATOR(pg_catalog.>) 0 AND s.last_activity_at OPERATOR(pg_catalog.<=)"
    " CASE WHEN s.idle_timeout IS NULL THEN $1 ELSE $2 OPERATOR(pg_catalog.-)"
    " (s.idle_timeout OPERATOR(pg_catalog./) 16::pg_catalog.float8) END"
    " ORDER BY s.last_activity_at, s.session_id LIMIT $3",
    {TIMESTAMPTZOID, TIMESTAMPTZOID, INT8OID}, pg::Reach::kWholeTables);

}  // namespace

void Eviction::weigh(const pg::Extension &extension) {
    pg::with_spi([&] {
        const pg::Rows weight = weigh_statement.run(extension, {}, true);
        const int64 bytes = DatumGetInt64(weight.at(0, 1).required());
        excess_ = static_cast<int64>(
            std::ceil(static_cast<double>(bytes) - settings::max_size_kilobytes * 1024));
    });
}

void Eviction::list(const pg::Extension &extension, core::Time now) {
    pg::with_spi([&] {
        const core::Time minute_ago = now - USECS_PER_MINUTE;
        const pg::Rows oldest =
            list_statement.run(extension,
                               {Value::of(minute_ago - default_limits().touch_interval()),
                                Value::of(minute_ago), Value::of(kListed)},
                               true);
        pg::with_context(context_, [&] {
            list_ = static_cast<Candidate *>(palloc(sizeof(Candidate) * (oldest.count + 1)));
            for (uint64 row = 0; row < oldest.count; ++row)
                list_[count_++] = {
                    DatumGetTextPCopy(oldest.at(row, 1).required()),
                    DatumGetInt64(oldest.at(row, 2).required()),
                    DatumGetInt64(oldest.at(row, 3).required()),
                };
        });
    });
}

bool Eviction::unfinished() const {
    return more() || (excess_ > 0 && count_ == kListed && progress_);
}

int Eviction::next_batch(BatchSize most) const {
    const int most_sessions = next_ < one_by_one_until_ ? 1 : kSessionsPerBatch;
    int64 interactions = 0;
    int64 bytes = 0;
    int count = 0;
    while (next_ + count < count_ && count < most_sessions && bytes < excess_) {
        const Candidate &candidate = list_[next_ + count];
        interactions += candidate.interactions;
        bytes += candidate.bytes;
        if (count > 0 && most.exceeded_by(interactions, bytes)) break;
        ++count;
    }
    return count;
}

Pruned Eviction::evict_some(const pg::Extension &extension, core::Time now, BatchSize most) {
    taken_ = next_batch(most);
    too_long_ = false;
    return pg::with_spi([&] {
        auto *ids = static_cast<Datum *>(palloc(sizeof(Datum) * taken_));
        for (int i = 0; i < taken_; ++i) ids[i] = PointerGetDatum(list_[next_ + i].session_id);
        const pg::Rows locked = lock_free_sessions(
            extension, construct_array(ids, taken_, TEXTOID, -1, false, TYPALIGN_INT));
        Batch batch = new_batch();
        for (uint64 row = 0; row < locked.count; ++row) {
            Visit visit{session_from(locked, row)};
            if (visit.session.limits.in_use(visit.session.last_activity, now)) continue;
            visit.at_end = true;
            batch.visits[batch.count++] = visit;
        }
        const Pruned evicted = carry_out(extension, batch, most);
        too_long_ = batch.count == 1 && batch.visits[0].unfinished;
        return evicted;
    });
}

void Eviction::committed(const Pruned &evicted) {
    excess_ -= evicted.bytes;
    if (evicted.interactions > 0) progress_ = true;
    if (!too_long_) next_ += taken_;
}

void Eviction::failed() {
    if (taken_ == 1)
        ++next_;
    else
        one_by_one_until_ = next_ + taken_;
}

}  // namespace sm::store
