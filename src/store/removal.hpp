// Taking interactions and whole sessions out of the memory: the only place where that happens to
// what nobody takes back.
//
// What leaves a session that has not ended is counted as it leaves (sm_activity, sm_kb_use), in the
// statement that deletes it, so that nothing is counted twice or not at all. An ended session was
// counted when it ended. The session's row lock keeps all others away meanwhile.
#pragma once

#include "core/policies.hpp"
#include "pg/spi.hpp"
#include "store/session.hpp"

namespace sm::store {

// Key of the advisory lock that whoever removes users takes first, one after the other; in SQL it
// stands in _sm_lock_administration.
#define SM_REMOVAL_OF_USERS "8317708086087869298"

/// How many sessions are locked and removed together; as a macro for the text of statements.
#define SM_SESSIONS_PER_BATCH 256
inline constexpr int kSessionsPerBatch = SM_SESSIONS_PER_BATCH;

/// How much a batch removes, about, so that its transaction stays far below a second.
struct BatchSize {
    int64 interactions;
    int64 bytes;

    static constexpr BatchSize unlimited() { return {PG_INT64_MAX, PG_INT64_MAX}; }
    bool exceeded_by(int64 some_interactions, int64 some_bytes) const {
        return some_interactions > interactions || some_bytes > bytes;
    }
};

/// A locked session, and what becomes of it.
struct Visit {
    Session session;
    core::Time cutoff = core::kNever;  // created then or before: removed
    int64 keep_from = PG_INT64_MIN;    // a smaller seq: removed
    bool at_end = false;               // the session itself goes when it is empty

    int64 interactions = 0;  // removed
    int64 tokens = 0;
    int64 bytes = 0;
    bool unfinished = false;  // there is more to remove than one batch may
    bool emptied = false;     // no interaction is left
    core::Time next_visit = core::kNever;
};

struct Batch {
    Visit *visits;
    int count;
};

/// Room for kSessionsPerBatch visits.
Batch new_batch();

/// An array with an element for each visit.
template <typename Get>
ArrayType *array_of(const Batch &batch, Oid type, Get &&get) {
    auto *values = static_cast<Datum *>(palloc(sizeof(Datum) * batch.count));
    for (int i = 0; i < batch.count; ++i) values[i] = get(batch.visits[i]);
    int16 length;
    bool by_value;
    char align;
    get_typlenbyvalalign(type, &length, &by_value, &align);
    return construct_array(values, batch.count, type, length, by_value, align);
}

/// The ids of the visits' sessions.
ArrayType *session_ids(const Batch &batch);

/// The visit that a row is about, by its place (from 1) in the first column.
Visit &place_of(const Batch &batch, const pg::Rows &rows, uint64 row);

/// Removes what each visit says, and notes in it how much that was; from a session by itself about
/// `most`, the oldest. The counters of the sessions are not touched.
void remove_interactions(const pg::Extension &extension, const Batch &batch, BatchSize most);

/// Removes sessions whose interactions are gone, with all else that is theirs.
void remove_sessions(const pg::Extension &extension, const Batch &batch);

/// Removes all of a locked session but its row. Raises 42501 where part of it is hidden.
void empty_session(const pg::Extension &extension, const Session &session);

/// The same, and the row.
void remove_session(const pg::Extension &extension, const Session &session);

/// Counts all that is stored of a locked session, which is about to end.
void count_session(const pg::Extension &extension, const Session &session);

}  // namespace sm::store
