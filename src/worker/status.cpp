// The janitor's row of status.
#include "worker/status.hpp"

#include "pg/spi.hpp"
#include "settings.hpp"

namespace sm::worker {

namespace {

using pg::Value;

constexpr AttrNumber kLastRunAt = 2;  // as sql/install has it

pg::Statement start_statement(
    "INSERT INTO @.sm_worker_status AS w (singleton, last_run_at) VALUES (true, $1)"
    " ON CONFLICT (singleton) DO UPDATE SET last_run_at = $1",
    {TIMESTAMPTZOID});

pg::Statement end_statement(
    "UPDATE @.sm_worker_status AS w SET bursts = w.bursts OPERATOR(pg_catalog.+) 1,"
    " removed_total = w.removed_total OPERATOR(pg_catalog.+) $1,"
    " evicted_total = w.evicted_total OPERATOR(pg_catalog.+) $2,"
    " last_finished_at = $3, last_error = COALESCE($4, w.last_error),"
    " last_error_at = CASE WHEN $4 IS NULL THEN w.last_error_at ELSE $3 END",
    {INT8OID, INT8OID, TIMESTAMPTZOID, TEXTOID});

pg::Statement last_retention_statement("SELECT w.last_retention_at FROM @.sm_worker_status AS w",
                                       {});

pg::Statement retention_statement("UPDATE @.sm_worker_status AS w SET last_retention_at = $1",
                                  {TIMESTAMPTZOID});

/// Whether it is the table that we made, and no view or other table in its place: it is read
/// without the server's checks.
bool is_ours(Relation relation) {
    TupleDesc columns = RelationGetDescr(relation);
    return relation->rd_rel->relkind == RELKIND_RELATION && columns->natts >= kLastRunAt &&
           TupleDescAttr(columns, kLastRunAt - 1)->atttypid == TIMESTAMPTZOID;
}

}  // namespace

TimestampTz last_start(const pg::Extension &extension) {
    const Oid oid = get_relname_relid("sm_worker_status", extension.schema);
    if (!OidIsValid(oid)) return DT_NOBEGIN;
    TimestampTz last = DT_NOBEGIN;
    Relation relation = table_open(oid, AccessShareLock);
    if (!is_ours(relation)) {
        table_close(relation, AccessShareLock);
        return last;
    }
    Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
    TableScanDesc scan = table_beginscan(relation, snapshot, 0, nullptr);
    TupleTableSlot *slot = table_slot_create(relation, nullptr);
    if (table_scan_getnextslot(scan, ForwardScanDirection, slot)) {
        bool null;
        const Datum value = slot_getattr(slot, kLastRunAt, &null);
        if (!null) last = DatumGetTimestampTz(value);
    }
    ExecDropSingleTupleTableSlot(slot);
    table_endscan(scan);
    UnregisterSnapshot(snapshot);
    table_close(relation, AccessShareLock);
    return last;
}

void record_start(const pg::Extension &extension, TimestampTz began) {
    pg::with_spi([&] { start_statement.run(extension, {Value::of(began)}, false); });
}

bool retention_is_due(const pg::Extension &extension, TimestampTz now) {
    return pg::with_spi([&] {
        const pg::Rows status = last_retention_statement.run(extension, {}, true);
        if (status.none() || status.at(0, 1).null) return true;
        const TimestampTz last = DatumGetTimestampTz(status.at(0, 1).datum);
        return last > now || last <= now - static_cast<int64>(settings::nap_time_ms) * 900;
    });
}

void record_retention(const pg::Extension &extension, TimestampTz now) {
    pg::with_spi([&] { retention_statement.run(extension, {Value::of(now)}, false); });
}

void record_end(const pg::Extension &extension, int64 removed, int64 evicted, const char *error) {
    pg::with_spi([&] {
        end_statement.run(extension,
                          {Value::of(removed), Value::of(evicted), Value::of(GetCurrentTimestamp()),
                           Value::of(error == nullptr ? nullptr : cstring_to_text(error))},
                          false);
    });
}

}  // namespace sm::worker
