// Taking things out of a session on request.
#include "store/take.hpp"

#include "store/append.hpp"
#include "store/limits.hpp"
#include "store/prune.hpp"
#include "store/removal.hpp"
#include "store/session.hpp"

namespace sm::store {

namespace {

using pg::Value;

// What is taken is what is shown: the delete returns it, under the session's lock.
pg::Statement take_statement(
    "WITH taken AS (DELETE FROM @.session_memory AS m WHERE m.session_id OPERATOR(pg_catalog.=) $1"
    " AND m.seq OPERATOR(pg_catalog.>=) (SELECT pg_catalog.min(n.seq) FROM"
    " (SELECT k.seq FROM @.session_memory AS k WHERE k.session_id OPERATOR(pg_catalog.=) $1"
    " AND k.created_at OPERATOR(pg_catalog.>) $2 ORDER BY k.seq DESC LIMIT $3) AS n)"
    " AND m.created_at OPERATOR(pg_catalog.>) $2"
    " RETURNING m.seq, m.created_at, m.tokens, m.interaction)"
    " SELECT " SM_INTERACTION_COLUMNS("t") " FROM taken AS t ORDER BY t.seq DESC",
    {TEXTOID, TIMESTAMPTZOID, INT8OID});

}  // namespace

void take_newest(const pg::Extension &extension, text *session_id, int64 count, core::Time now,
                 Visitor visit) {
    pg::with_spi([&] {
        Session session;
        if (!lock_living_session(extension, session_id, now, &session)) return;
        // What a cap hides must not come back because something newer is taken.
        if (session.interactions > session.limits.max_interactions)
            prune_session(extension, session_id, now, core::kAlways);
        const pg::Rows rows = take_statement.run(
            extension,
            {Value::of(session_id), Value::of(to_timestamptz(session.limits.cutoff(now))),
             Value::of(count)},
            false);
        int64 tokens = 0;
        int64 bytes = 0;
        for (uint64 row = 0; row < rows.count; ++row) {
            const StoredInteraction taken = interaction_from(rows, row);
            tokens += taken.tokens;
            bytes += interaction_bytes(taken.object);
            visit(taken);
        }
        subtract_from_counters(extension, session_id, static_cast<int64>(rows.count), tokens,
                               bytes);
    });
}

bool clear_session(const pg::Extension &extension, text *session_id, core::Time now) {
    return pg::with_spi([&] {
        Session session;
        if (!lock_session(extension, session_id, &session)) return false;
        remove_session(extension, session);
        return !session.expired(now);
    });
}

}  // namespace sm::store
