// Reading a session's interactions: one interface, two ways behind it.
//
// sql     a cached plan. Right everywhere, and the oracle for the other.
// direct  the table and index access methods, for the plain case (direct_reader.cpp says which).
#pragma once

#include "core/policies.hpp"
#include "pg/spi.hpp"

namespace sm::store {

struct StoredInteraction {
    int64 seq;
    core::Time created_at;
    int32 tokens;
    const Jsonb *object;
};

/// The columns of an interaction, of a table called m.
#define SM_INTERACTION_COLUMNS(m)                                           \
    m ".seq::pg_catalog.int8, " m ".created_at::pg_catalog.timestamptz, " m \
      ".tokens::pg_catalog.int4, " m ".interaction::pg_catalog.jsonb"

/// A row whose columns are SM_INTERACTION_COLUMNS.
StoredInteraction interaction_from(const pg::Rows &rows, uint64 row);

/// A callback that is only borrowed: bool(const StoredInteraction &), whether the next older one is
/// wanted.
class Visitor {
  public:
    template <typename Callable>
    Visitor(Callable &callable)  // NOLINT: meant to convert
        : object_(&callable), call_([](void *object, const StoredInteraction &interaction) -> bool {
              return (*static_cast<Callable *>(object))(interaction);
          }) {}

    bool operator()(const StoredInteraction &interaction) const {
        return call_(object_, interaction);
    }

  private:
    void *object_;
    bool (*call_)(void *, const StoredInteraction &);
};

/// What a read finds out about the session itself.
struct SessionFacts {
    bool alive = false;
    core::Limits limits;
    core::Time last_activity = 0;
    int64 summary_seq = 0;
    bool ended = false;

    bool expired(core::Time now) const { return limits.session_end(last_activity, ended) <= now; }
};

struct Reading {
    text *session_id;
    core::Time now;
    int64 before_seq = PG_INT64_MAX;  ///< only smaller ones
    int64 expected = 0;               ///< about how many will be wanted
};

/// By SQL. Needs SPI.
void read_by_sql(const pg::Extension &extension, const Reading &reading, SessionFacts *facts,
                 Visitor visit);

/// Directly, where that is provably the same for this caller; else false, and nothing was shown.
bool read_directly(const pg::Extension &extension, const Reading &reading, SessionFacts *facts,
                   Visitor visit);

/// Shows the living interactions of a living session to `visit`, the newest first and no more than
/// the session's cap allows, until it wants no more; then calls `finish`. What was shown lives
/// until `finish` returns. `facts` are known before anything is shown.
template <typename Visit, typename Finish>
void read_newest_first(const pg::Extension &extension, const Reading &reading, SessionFacts *facts,
                       Visit &visit, Finish &finish) {
    if (read_directly(extension, reading, facts, visit)) return finish();
    pg::with_spi([&] {
        read_by_sql(extension, reading, facts, visit);
        finish();
    });
}

}  // namespace sm::store
