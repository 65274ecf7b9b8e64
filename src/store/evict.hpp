// Evicting: removing the least recently active sessions while the memory is larger than
// session_memory.max_size.
//
// The size of the memory is the sum of sm_session.bytes, which sm_stats() shows: what is stored of
// interactions, uncompressed. Counted exactly, it goes down with each session that goes; the size of
// the files would not, before a vacuum.
#pragma once

#include "store/prune.hpp"

namespace sm::store {

/// The eviction of one burst. Keeps what it knows in a memory context that outlives transactions.
class Eviction {
  public:
    explicit Eviction(MemoryContext context) : context_(context) {}

    /// Weighs the memory, by a pass over sm_session; needs a limit.
    void weigh(const pg::Extension &extension);
    bool too_large() const { return excess_ > 0; }

    /// Lists the sessions to begin with, by another pass.
    void list(const pg::Extension &extension, core::Time now);

    /// Whether the memory is too large still, and sessions are left on the list.
    bool more() const { return excess_ > 0 && next_ < count_; }

    /// Likewise, but for a list that was too short: a new one would go on where progress was made.
    bool unfinished() const;

    /// Removes the next sessions of the list, as many as are needed and one batch may. Spares those
    /// that somebody holds, and those in use within the last minute, as far as is noted: by the
    /// session's row under its lock.
    Pruned evict_some(const pg::Extension &extension, core::Time now, BatchSize most);

    /// What evict_some has done was committed; or it failed: then its sessions are tried one by one,
    /// and one that fails by itself is left alone.
    void committed(const Pruned &evicted);
    void failed();

  private:
    struct Candidate {
        text *session_id;
        int64 interactions;
        int64 bytes;
    };
    int next_batch(BatchSize most) const;

    MemoryContext context_;
    int64 excess_ = 0;
    Candidate *list_ = nullptr;
    int count_ = 0;
    int next_ = 0;
    int taken_ = 0;          // of the list, by the last evict_some
    bool too_long_ = false;  // the one taken was, for a batch, and is not finished
    bool progress_ = false;
    int one_by_one_until_ = 0;  // in the list
};

}  // namespace sm::store
