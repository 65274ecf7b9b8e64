// Orphans: files whose artifact is gone, on their way to the application's cleaner.
#include "store/orphans.hpp"

#include "pg/text.hpp"
#include "store/limits.hpp"

namespace sm::store {

namespace {

using pg::Value;

/// How long a cleaner is left alone with what it has claimed.
constexpr core::Time kLease = 10 * 60 * core::Time{USECS_PER_SEC};

/// How many orphans are looked at in one go, and in one call: a list full of files that are named
/// again is cleared by more than one call.
constexpr int kSome = 100;
constexpr int64 kMostLookedAt = 10000;

/// File locks are pairs of numbers: this one, and one of so many that the file's name leads to. So
/// few that no transaction can fill the server's table of locks, so many that two files hardly ever
/// meet.
constexpr int32 kFileLocks = 0x534D4F52;
constexpr uint32 kFileLockCount = 1024;

// Locked as they are fetched: no more of them than the batch has use for.
pg::Statement due_statement(
    "SELECT o.uri::pg_catalog.text FROM @.sm_orphan AS o WHERE o.due_at OPERATOR(pg_catalog.<=) $1"
    " ORDER BY o.due_at FOR UPDATE OF o SKIP LOCKED",
    {TIMESTAMPTZOID});

// The rows of those files in $1 that an artifact names, or that none does. Rows that another has are
// left alone; so each statement asks anew who names the file, and relies on none before it.
#define SM_ORPHANS(named)                                                                       \
    "(SELECT l.session_id, l.orphan_id FROM @.sm_orphan AS l"                                   \
    " WHERE l.uri OPERATOR(pg_catalog.=) ANY ($1) AND " named                                   \
    " (SELECT FROM @.sm_artifact_file AS f WHERE f.uri OPERATOR(pg_catalog.=) l.uri)"           \
    " FOR UPDATE OF l SKIP LOCKED) AS n WHERE o.session_id OPERATOR(pg_catalog.=) n.session_id" \
    " AND o.orphan_id OPERATOR(pg_catalog.=) n.orphan_id"

pg::Statement forget_named_statement("DELETE FROM @.sm_orphan AS o USING " SM_ORPHANS("EXISTS"),
                                     {TEXTARRAYOID});

// What several artifacts have left behind is handed out once.
pg::Statement lease_statement(
    "WITH leased AS (UPDATE @.sm_orphan AS o SET due_at = $2 FROM " SM_ORPHANS(
        "NOT EXISTS") " RETURNING o.session_id::pg_catalog.text, o.kind::pg_catalog.text,"
                      " o.name::pg_catalog.text, o.uri::pg_catalog.text)"
                      " SELECT DISTINCT ON (l.uri) l.session_id, l.kind, l.name, l.uri"
                      " FROM leased AS l ORDER BY l.uri, l.session_id, l.kind, l.name",
    {TEXTARRAYOID, TIMESTAMPTZOID});

pg::Statement take_statement(
    "WITH taken AS (DELETE FROM @.sm_orphan AS o USING " SM_ORPHANS(
        "NOT EXISTS") " RETURNING o.uri::pg_catalog.text) SELECT DISTINCT t.uri FROM taken AS t",
    {TEXTARRAYOID});

Datum lock_of(Datum file) {
    const std::string_view name = pg::view(DatumGetTextPP(file));
    const uint32 hash = hash_bytes(reinterpret_cast<const unsigned char *>(name.data()),
                                   static_cast<int>(name.size()));
    return Int32GetDatum(static_cast<int32>(hash % kFileLockCount));
}

/// Those of the files whose locks are free, now ours until the transaction ends.
Texts lock_free_files(const Texts &files) {
    Texts locked = {static_cast<Datum *>(palloc(sizeof(Datum) * (files.count + 1))), 0};
    for (int i = 0; i < files.count; ++i) {
        CHECK_FOR_INTERRUPTS();
        if (DatumGetBool(DirectFunctionCall2(pg_try_advisory_xact_lock_int4,
                                             Int32GetDatum(kFileLocks), lock_of(files.items[i]))))
            locked.items[locked.count++] = files.items[i];
    }
    return locked;
}

Texts column_of(const pg::Rows &rows) {
    Texts texts = {static_cast<Datum *>(palloc(sizeof(Datum) * (rows.count + 1))), 0};
    for (uint64 row = 0; row < rows.count; ++row)
        texts.items[texts.count++] = rows.at(row, 1).required();
    return texts;
}

/// An array of those files whose locks we got; those of them that are in use are off the list. Each
/// statement sees what was committed before it, so all who named files before the locks were ours.
Value lock_and_sift(const pg::Extension &extension, const Texts &files) {
    const Texts locked = lock_free_files(files);
    if (locked.count == 0) return Value::none();
    const Value array = Value::of(locked.array());
    forget_named_statement.run(extension, {array}, false);
    return array;
}

void put_rows(const pg::Rows &rows, Tuplestorestate *result) {
    for (uint64 row = 0; row < rows.count; ++row)
        tuplestore_puttuple(result, rows.table->vals[row]);
}

}  // namespace

Texts Texts::of(ArrayType *array) {
    Texts texts;
    bool *nulls;
    deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &texts.items, &nulls, &texts.count);
    for (int i = 0; i < texts.count; ++i)
        if (nulls[i])
            ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                    errmsg("uris must not contain null"),
                    errhint("Give the uris that sm_claim_orphans returned."));
    return texts;
}

ArrayType *Texts::array() const {
    return construct_array(items, count, TEXTOID, -1, false, TYPALIGN_INT);
}

void lock_files_to_name(const Texts &files) {
    for (int i = 0; i < files.count; ++i) {
        CHECK_FOR_INTERRUPTS();
        DirectFunctionCall2(pg_advisory_xact_lock_shared_int4, Int32GetDatum(kFileLocks),
                            lock_of(files.items[i]));
    }
}

void claim_orphans(const pg::Extension &extension, int64 most, core::Time now,
                   Tuplestorestate *result) {
    Portal due = due_statement.open(extension, {Value::of(now)}, false);
    int64 looked_at = 0;
    while (most > 0 && looked_at < kMostLookedAt) {
        const pg::Rows some = pg::fetch(due, Min(most, int64{kSome}));
        if (some.none()) break;
        looked_at += static_cast<int64>(some.count);
        const Value files = lock_and_sift(extension, column_of(some));
        if (files.null) continue;
        const pg::Rows leased = lease_statement.run(
            extension, {files, Value::of(to_timestamptz(core::end_of_life(now, kLease)))}, false);
        put_rows(leased, result);
        most -= static_cast<int64>(leased.count);
    }
    SPI_cursor_close(due);
}

void take_orphans(const pg::Extension &extension, const Texts &files, Tuplestorestate *result) {
    for (int from = 0; from < files.count; from += kSome) {
        const Value some =
            lock_and_sift(extension, {files.items + from, Min(kSome, files.count - from)});
        if (!some.null) put_rows(take_statement.run(extension, {some}, false), result);
    }
}

void check_sees_all_names(const pg::Extension &extension, const char *function) {
    if (check_enable_rls(extension.relation("sm_artifact_file"), InvalidOid, true) == RLS_ENABLED)
        ereport(ERROR, errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                errmsg("%s needs to see the artifacts of everybody", function),
                errdetail("Row-level security hides some from this role, which may name the file."),
                errhint("Clean up as the owner of the tables, or as a role with BYPASSRLS."));
    if (IsolationUsesXactSnapshot())
        ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                errmsg("%s needs the isolation level READ COMMITTED", function),
                errdetail("On an older snapshot it cannot see that a file has been named again."),
                errhint("Call it in a transaction of its own."));
}

}  // namespace sm::store
