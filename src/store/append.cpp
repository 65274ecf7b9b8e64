// Adding interactions to a session.
//
// The common case is two statements: an update of the session's row, which locks it and hands out
// seq, and the insert. Only where the update finds nothing that it may change is it worth asking
// why: there is no such session yet, it has expired, it has ended, it is another user's. That is
// settled once, under the row's lock, and then the update is tried again.
#include "store/append.hpp"

#include "core/interaction.hpp"
#include "settings.hpp"
#include "store/limits.hpp"
#include "store/prune.hpp"
#include "store/session.hpp"

namespace sm::store {

namespace {

using pg::Value;

// $1 session, $2 interactions, $3 tokens, $4 bytes, $5 activity, $6 user or NULL, $7 now,
// $8 and $9 default ttl and idle timeout, $10 interactions after which a summary is due. A summary
// falls due in this same update: it costs nothing while none does.
pg::Statement grow_statement(
    "UPDATE @.sm_session AS s SET"
    " last_seq = s.last_seq OPERATOR(pg_catalog.+) $2,"
    " interactions = s.interactions OPERATOR(pg_catalog.+) $2,"
    " tokens = s.tokens OPERATOR(pg_catalog.+) $3,"
    " bytes = s.bytes OPERATOR(pg_catalog.+) $4,"
    " last_activity_at = GREATEST(s.last_activity_at, $5),"
    " summary_due_at = CASE WHEN s.summary_due_at IS NULL"
    " AND s.last_seq OPERATOR(pg_catalog.+) $2 OPERATOR(pg_catalog.-) s.summary_seq"
    " OPERATOR(pg_catalog.>=) $10 THEN $7 ELSE s.summary_due_at END"
    " WHERE s.session_id OPERATOR(pg_catalog.=) $1 AND s.ended_at IS NULL"
    " AND ($6 IS NULL OR s.user_id OPERATOR(pg_catalog.=) $6)"
    " AND @._sm_session_end(s.last_activity_at, s.ttl, s.idle_timeout, s.ended_at, $8, $9) "
    "OPERATOR(pg_catalog.>) $7"
    " RETURNING s.last_seq::pg_catalog.int8, s.interactions::pg_catalog.int8,"
    " s.ttl::pg_catalog.interval, s.idle_timeout::pg_catalog.interval,"
    " s.max_interactions::pg_catalog.int4, s.prune_at::pg_catalog.timestamptz,"
    " s.summary_due_at::pg_catalog.timestamptz",
    {TEXTOID, INT8OID, INT8OID, INT8OID, TIMESTAMPTZOID, TEXTOID, TIMESTAMPTZOID, INT8OID, INT8OID,
     INT8OID});

pg::Statement find_key_statement(
    "SELECT m.seq::pg_catalog.int8, m.created_at::pg_catalog.timestamptz"
    " FROM @.session_memory AS m"
    " WHERE m.session_id OPERATOR(pg_catalog.=) $1 AND m.idempotency_key OPERATOR(pg_catalog.=) $2",
    {TEXTOID, TEXTOID});

pg::Statement insert_statement(
    "INSERT INTO @.session_memory (session_id, seq, created_at, tokens, idempotency_key, "
    "interaction)"
    " VALUES ($1, $2, $3, $4, $5, $6)",
    {TEXTOID, INT8OID, TIMESTAMPTZOID, INT4OID, TEXTOID, JSONBOID});

// $2 the seq before the first.
pg::Statement insert_many_statement(
    "INSERT INTO @.session_memory (session_id, seq, created_at, tokens, interaction)"
    " SELECT $1, $2 OPERATOR(pg_catalog.+) n.position, n.created_at, n.tokens, n.interaction"
    " FROM ROWS FROM (pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5))"
    " WITH ORDINALITY AS n (created_at, tokens, interaction, position)",
    {TEXTOID, INT8OID, TIMESTAMPTZARRAYOID, INT4ARRAYOID, JSONBARRAYOID});

/// What the counters grow by, and the times that matter.
struct Sums {
    int64 tokens = 0;
    int64 bytes = 0;
    core::Time oldest = core::kNever;
    core::Time activity;  // the time of the call, or of the newest interaction where that is later

    explicit Sums(const Append &request, const int32 *tokens_of_each) : activity(request.now) {
        for (int i = 0; i < request.count; ++i) {
            const NewInteraction &interaction = request.interactions[i];
            tokens += tokens_of_each[i];
            bytes += interaction_bytes(interaction.object);
            oldest = Min(oldest, interaction.created_at);
            activity = Max(activity, interaction.created_at);
        }
    }
};

/// Tries the common case. Returns the session's last seq, or 0 where the update found nothing to
/// do.
int64 grow(const pg::Extension &extension, const Append &request, const Sums &sums) {
    const Value session_id = Value::of(request.session_id);
    const int64 count = request.count;
    const pg::Rows rows = grow_statement.run(
        extension,
        {session_id, Value::of(count), Value::of(sums.tokens), Value::of(sums.bytes),
         Value::of(sums.activity), Value::of(request.user_id), Value::of(request.now),
         Value::of(default_ttl()), Value::of(default_idle_timeout()),
         Value::of(int64{settings::summary_interval})},
        false);
    if (rows.none()) return 0;

    const int64 last_seq = DatumGetInt64(rows.at(0, 1).required());
    const int64 interactions = DatumGetInt64(rows.at(0, 2).required());
    const core::Limits limits = limits_of(rows.at(0, 3), rows.at(0, 4), rows.at(0, 5));
    const core::Time hint = rows.at(0, 6).int64_or(core::kNever);

    core::Time due = core::end_of_life(sums.oldest, limits.ttl);
    if (limits.clearly_overrun(interactions)) due = Min(due, request.now);
    if (due < hint) hint_due(extension, request.session_id, due);
    if (rows.at(0, 7).int64_or(0) == request.now) notify_summary_due(request.session_id);
    return last_seq;
}

bool create(const pg::Extension &extension, const Append &request, const Sums &sums) {
    const core::Limits limits = default_limits();
    NewSession session;
    session.session_id = request.session_id;
    session.user_id = request.user_id;
    session.now = request.now;
    session.last_activity = sums.activity;
    session.due =
        limits.clearly_overrun(request.count)
            ? request.now
            : Min(limits.session_end(sums.activity), core::end_of_life(sums.oldest, limits.ttl));
    session.interactions = request.count;
    session.tokens = sums.tokens;
    session.bytes = sums.bytes;
    const bool created = create_session(extension, session);
    if (created && session.summary_due()) notify_summary_due(request.session_id);
    return created;
}

/// The seq of the interaction that carries the key, or 0. One that has expired frees its key.
int64 find_key(const pg::Extension &extension, const Append &request, const Session &session) {
    const Value session_id = Value::of(request.session_id);
    const pg::Rows rows =
        find_key_statement.run(extension, {session_id, Value::of(request.idempotency_key)}, false);
    if (rows.none()) return 0;
    const int64 seq = DatumGetInt64(rows.at(0, 1).required());
    const core::Time created_at = DatumGetTimestampTz(rows.at(0, 2).required());
    if (created_at > session.limits.cutoff(request.now)) return seq;
    prune_session(extension, request.session_id, request.now, core::kAlways);
    return 0;
}

void insert(const pg::Extension &extension, const Append &request, int64 last_seq,
            const int32 *tokens) {
    const Value session_id = Value::of(request.session_id);
    if (request.count == 1) {
        insert_statement.run(
            extension,
            {session_id, Value::of(last_seq), Value::of(request.interactions[0].created_at),
             Value::of(tokens[0]), Value::of(request.idempotency_key),
             Value::of(static_cast<const void *>(request.interactions[0].object))},
            false);
        return;
    }
    const int count = request.count;
    auto *created = static_cast<Datum *>(palloc(sizeof(Datum) * count));
    auto *counts = static_cast<Datum *>(palloc(sizeof(Datum) * count));
    auto *objects = static_cast<Datum *>(palloc(sizeof(Datum) * count));
    for (int i = 0; i < count; ++i) {
        created[i] = TimestampTzGetDatum(request.interactions[i].created_at);
        counts[i] = Int32GetDatum(tokens[i]);
        objects[i] = PointerGetDatum(request.interactions[i].object);
    }
    insert_many_statement.run(
        extension,
        {session_id, Value::of(last_seq - count),
         Value::of(
             construct_array(created, count, TIMESTAMPTZOID, 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE)),
         Value::of(construct_array(counts, count, INT4OID, 4, true, TYPALIGN_INT)),
         Value::of(construct_array(objects, count, JSONBOID, -1, false, TYPALIGN_INT))},
        false);
}

}  // namespace

int64 append(const pg::Extension &extension, const Append &request) {
    return pg::with_spi([&]() -> int64 {
        auto *tokens = static_cast<int32 *>(palloc(sizeof(int32) * request.count));
        for (int i = 0; i < request.count; ++i)
            tokens[i] = static_cast<int32>(core::interaction_tokens(
                core::JsonbRef::root(&request.interactions[i].object->root)));
        const Sums sums(request, tokens);

        // A key must be looked for under the row's lock, before anything changes.
        bool settled = request.idempotency_key == nullptr;
        for (int attempt = 0; attempt < kAttempts; ++attempt) {
            CHECK_FOR_INTERRUPTS();
            if (const int64 last_seq = settled ? grow(extension, request, sums) : 0;
                last_seq != 0) {
                insert(extension, request, last_seq, tokens);
                return last_seq;
            }
            Session session;
            if (lock_session(extension, request.session_id, &session)) {
                // What was added under this key stays added, whatever became of the session since.
                if (request.idempotency_key != nullptr && !session.expired(request.now) &&
                    session.may_be_of(request.user_id))
                    if (const int64 seq = find_key(extension, request, session); seq != 0)
                        return seq;
                make_writable(extension, request.user_id, request.now, &session);
                settled = true;
            } else if (create(extension, request, sums)) {
                insert(extension, request, request.count, tokens);
                return request.count;
            }
        }
        refuse_hidden(request.session_id);
    });
}

}  // namespace sm::store
