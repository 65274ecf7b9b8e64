// Reading through the table and index access methods.
//
// A SELECT by primary key, done by hand: the same snapshot, the same locks, the same visibility and
// predicate-lock code of the access methods, but no plan, no executor and no tuple copied twice.
// What the executor would do beyond that must not matter here, so this way is taken only if
//
//   * both tables are ordinary heap tables, without children, rules and row-level security for the
//     caller, with the primary keys that the extension made;
//   * the caller may SELECT from both, as tables; a caller with less gets SQL's answer. That is
//     asked before any lock is taken: nobody can queue for a lock on what they may not read;
//   * nobody listens to the executor's permission checks (audit, label security);
//   * the snapshot is an ordinary one, and the transaction not serializable.
#include "pg/fault.hpp"
#include "pg/text.hpp"
#include "settings.hpp"
#include "store/limits.hpp"
#include "store/reader.hpp"

namespace sm::store {

namespace {

/// Columns by number, as sql/install/10_tables.sql creates them; checked by name before use.
enum SessionColumn : AttrNumber {
    kLastActivityAt = 4,
    kLastSeq = 5,
    kTtl = 9,
    kIdleTimeout = 10,
    kMaxInteractions = 11,
    kSummarySeq = 12,
    kEndedAt = 14
};
enum MemoryColumn : AttrNumber { kSeq = 2, kCreatedAt = 3, kTokens = 4, kInteraction = 6 };

/// A table with its primary key.
struct Target {
    Oid table = InvalidOid;
    Oid key = InvalidOid;
    bool row_security = false;
};

/// What is known of the two tables. Forgotten whenever the server says that something about one of
/// them has changed.
struct Targets {
    bool known = false;
    uint64 generation = 0;
    const char *obstacle = nullptr;  // why they cannot be read directly, whoever asks
    Target session;
    Target memory;
};

Targets targets;

void forget(Datum, Oid relation) {
    if (!OidIsValid(relation) || relation == targets.session.table ||
        relation == targets.session.key || relation == targets.memory.table ||
        relation == targets.memory.key)
        targets.known = false;
}

bool has_column(Relation relation, AttrNumber number, const char *name, Oid type) {
    TupleDesc columns = RelationGetDescr(relation);
    if (number > columns->natts) return false;
    const auto *column = TupleDescAttr(columns, number - 1);
    return !column->attisdropped && column->atttypid == type &&
           strcmp(NameStr(column->attname), name) == 0;
}

/// Whether an index is a plain b-tree on the first `columns` columns of its table, the first in the
/// C order.
bool is_expected_key(Relation index, int columns) {
    const auto *form = index->rd_index;
    if (index->rd_rel->relam != BTREE_AM_OID || !form->indisvalid || !form->indisready ||
        !form->indislive)
        return false;
    if (form->indnkeyatts != columns || index->rd_indcollation[0] != C_COLLATION_OID) return false;
    for (int i = 0; i < columns; ++i)
        if (form->indkey.values[i] != i + 1 || (index->rd_indoption[i] & INDOPTION_DESC) != 0)
            return false;
    return true;
}

/// Fills `target`; returns what stands in the way, or nullptr.
const char *inspect(Oid table, int key_columns, Target *target) {
    *target = Target{};
    target->table = table;
    Relation relation = table_open(table, AccessShareLock);
    const auto *form = relation->rd_rel;
    const char *obstacle = nullptr;
    target->row_security = form->relrowsecurity;
    target->key = pg::primary_key_index(relation);
    if (form->relkind != RELKIND_RELATION || form->relam != HEAP_TABLE_AM_OID)
        obstacle = "a table is not an ordinary heap table";
    else if (form->relhassubclass)
        obstacle = "a table has children";
    else if (relation->rd_rules != nullptr)
        obstacle = "a table has rules";
    else if (!OidIsValid(target->key))
        obstacle = "a table has no primary key";
    else {
        Relation index = index_open(target->key, AccessShareLock);
        if (!is_expected_key(index, key_columns))
            obstacle = "a primary key is not the one expected";
        index_close(index, AccessShareLock);
    }
    table_close(relation, AccessShareLock);
    return obstacle;
}

const char *inspect_columns(Oid session, Oid memory) {
    Relation s = table_open(session, AccessShareLock);
    Relation m = table_open(memory, AccessShareLock);
    const bool expected =
        has_column(s, 1, "session_id", TEXTOID) &&
        has_column(s, kLastActivityAt, "last_activity_at", TIMESTAMPTZOID) &&
        has_column(s, kLastSeq, "last_seq", INT8OID) && has_column(s, kTtl, "ttl", INTERVALOID) &&
        has_column(s, kIdleTimeout, "idle_timeout", INTERVALOID) &&
        has_column(s, kMaxInteractions, "max_interactions", INT4OID) &&
        has_column(s, kSummarySeq, "summary_seq", INT8OID) &&
        has_column(s, kEndedAt, "ended_at", TIMESTAMPTZOID) &&
        has_column(m, 1, "session_id", TEXTOID) && has_column(m, kSeq, "seq", INT8OID) &&
        has_column(m, kCreatedAt, "created_at", TIMESTAMPTZOID) &&
        has_column(m, kTokens, "tokens", INT4OID) &&
        has_column(m, kInteraction, "interaction", JSONBOID);
    table_close(m, AccessShareLock);
    table_close(s, AccessShareLock);
    return expected ? nullptr : "a table has other columns than expected";
}

void inspect_targets(const pg::Extension &extension) {
    static bool watching = false;
    if (!watching) {
        CacheRegisterRelcacheCallback(forget, 0);
        watching = true;
    }
    const Oid session = extension.relation("sm_session");
    const Oid memory = extension.relation("session_memory");
    targets.known = true;  // an invalidation during the inspection takes this back
    targets.generation = extension.generation;
    const char *obstacle = inspect(session, 1, &targets.session);
    if (obstacle == nullptr) obstacle = inspect(memory, 2, &targets.memory);
    if (obstacle == nullptr) obstacle = inspect_columns(session, memory);
    targets.obstacle = obstacle;
}

bool may_select(const pg::Extension &extension, const char *table) {
    return pg::has_table_privilege(extension.relation(table), GetUserId(), ACL_SELECT);
}

bool row_security_applies(const Target &target) {
    return target.row_security && check_enable_rls(target.table, InvalidOid, true) != RLS_NONE;
}

/// Why this caller cannot read directly now, or nullptr. Takes no lock before it has asked for the
/// privileges.
const char *obstacle_for_caller(const pg::Extension &extension) {
    if (!targets.known || targets.generation != extension.generation) {
        if (!may_select(extension, "sm_session") || !may_select(extension, "session_memory"))
            return "no privilege";
        inspect_targets(extension);
    } else if (!pg::has_table_privilege(targets.session.table, GetUserId(), ACL_SELECT) ||
               !pg::has_table_privilege(targets.memory.table, GetUserId(), ACL_SELECT)) {
        return "no privilege";
    }
    if (targets.obstacle != nullptr) return targets.obstacle;
    if (row_security_applies(targets.session) || row_security_applies(targets.memory))
        return "row-level security applies";
    if (ExecutorCheckPerms_hook != nullptr) return "permission checks are listened to";
    if (IsolationIsSerializable()) return "the transaction is serializable";
    if (!ActiveSnapshotSet() || !IsMVCCSnapshot(GetActiveSnapshot()))
        return "the snapshot is not an ordinary one";
    return nullptr;
}

/// An index scan over one table, open as long as its scope.
struct Scan {
    Relation table;
    Relation index;
    TupleTableSlot *slot;
    IndexScanDesc scan;

    static Scan open(const Target &target) {
        Scan s;
        s.table = table_open(target.table, AccessShareLock);
        s.index = nullptr;
        s.slot = nullptr;
        s.scan = nullptr;
        return s;
    }
    void begin(Oid key, ScanKey keys, int count) {
        index = index_open(key, AccessShareLock);
        slot = table_slot_create(table, nullptr);
        scan = pg::begin_index_scan(table, index, GetActiveSnapshot(), count);
        index_rescan(scan, keys, count, nullptr, 0);
        pg::fault_point();
    }
    void close() {
        if (scan != nullptr) {
            index_endscan(scan);
            ExecDropSingleTupleTableSlot(slot);
            index_close(index, AccessShareLock);
        }
        table_close(table, AccessShareLock);
    }
    pg::Value column(AttrNumber number) const {
        pg::Value value;
        value.datum = slot_getattr(slot, number, &value.null);
        return value;
    }
};

ScanKeyData session_key(text *session_id) {
    ScanKeyData key;
    ScanKeyEntryInitialize(&key, 0, 1, BTEqualStrategyNumber, TEXTOID, C_COLLATION_OID, F_TEXTEQ,
                           PointerGetDatum(session_id));
    return key;
}

ScanKeyData before_key(int64 seq) {
    ScanKeyData key;
    ScanKeyEntryInitialize(&key, 0, 2, BTLessStrategyNumber, INT8OID, InvalidOid, F_INT8LT,
                           Int64GetDatum(seq));
    return key;
}

ScanKeyData from_key(int64 seq) {
    ScanKeyData key;
    ScanKeyEntryInitialize(&key, 0, 2, BTGreaterEqualStrategyNumber, INT8OID, InvalidOid, F_INT8GE,
                           Int64GetDatum(seq));
    return key;
}

void find_session(Scan *sessions, const Reading &reading, SessionFacts *facts, int64 *last_seq) {
    ScanKeyData key = session_key(reading.session_id);
    sessions->begin(targets.session.key, &key, 1);
    if (!index_getnext_slot(sessions->scan, ForwardScanDirection, sessions->slot)) return;
    facts->summary_seq = DatumGetInt64(sessions->column(kSummarySeq).required());
    facts->limits = limits_of(sessions->column(kTtl), sessions->column(kIdleTimeout),
                              sessions->column(kMaxInteractions));
    facts->last_activity = DatumGetTimestampTz(sessions->column(kLastActivityAt).required());
    facts->ended = !sessions->column(kEndedAt).null;
    *last_seq = sessions->column(kLastSeq).int64_or(0);
    facts->alive = !facts->expired(reading.now);
}

/// The object in memory of its own: the page that it lies on is let go with the next row.
const Jsonb *keep(Datum interaction) {
    pg::fault_point();
    auto *stored = reinterpret_cast<struct varlena *>(DatumGetPointer(interaction));
    struct varlena *object = pg_detoast_datum(stored);
    if (object == stored) object = pg_detoast_datum_copy(stored);
    return reinterpret_cast<const Jsonb *>(object);
}

/// Shows a stretch of the index, newest first, and counts down how many a cap leaves. Returns
/// whether more is wanted.
bool show_stretch(Scan *memory, const Reading &reading, core::Time cutoff, int64 *left,
                  Visitor visit) {
    while (*left > 0) {
        if (!index_getnext_slot(memory->scan, BackwardScanDirection, memory->slot)) return true;
        CHECK_FOR_INTERRUPTS();
        const core::Time created_at = DatumGetTimestampTz(memory->column(kCreatedAt).required());
        if (created_at <= cutoff) continue;
        --*left;
        const int64 seq = DatumGetInt64(memory->column(kSeq).required());
        if (seq >= reading.before_seq) continue;
        if (!visit({seq, created_at, DatumGetInt32(memory->column(kTokens).required()),
                    keep(memory->column(kInteraction).required())}))
            return false;
    }
    return false;
}

/// An index scan takes note of all of a session that is on its page before it shows the first. So
/// only as many are asked for as should be wanted; where some of these have expired or are gone,
/// the older ones follow. The two stretches are all there is, wherever they are divided.
void show_newest(Scan *memory, const Reading &reading, const core::Limits &limits, int64 last_seq,
                 Visitor visit) {
    const bool capped = limits.max_interactions != core::kNoCap;
    const int64 newest = Min(last_seq, Max(reading.before_seq, 1) - 1);
    const bool divided = reading.expected > 0 && newest > reading.expected;
    const int64 divide = newest - reading.expected + 1;
    ScanKeyData keys[3] = {session_key(reading.session_id)};
    int count = 1;
    if (divided) keys[count++] = from_key(divide);
    if (!capped && reading.before_seq != PG_INT64_MAX)
        keys[count++] = before_key(reading.before_seq);

    const core::Time cutoff = limits.cutoff(reading.now);
    int64 left = limits.max_interactions;
    memory->begin(targets.memory.key, keys, count);
    if (!show_stretch(memory, reading, cutoff, &left, visit) || !divided) return;
    keys[1] = before_key(divide);
    index_rescan(memory->scan, keys, count, nullptr, 0);
    show_stretch(memory, reading, cutoff, &left, visit);
}

}  // namespace

bool read_directly(const pg::Extension &extension, const Reading &reading, SessionFacts *facts,
                   Visitor visit) {
    const auto path = static_cast<settings::AccessPath>(settings::access_path);
    if (path == settings::AccessPath::kSql) return false;
    const char *obstacle = obstacle_for_caller(extension);
    if (obstacle != nullptr) {
        if (path == settings::AccessPath::kDirect)
            ereport(DEBUG1, errmsg_internal("reading by SQL: %s", obstacle));
        return false;
    }
    Scan sessions = Scan::open(targets.session);
    Scan memory = Scan::open(targets.memory);
    pg::fault_point();
    // Taking the locks may have brought news about the tables, another primary key among them.
    const bool still_known = targets.known;
    int64 last_seq = 0;
    if (still_known) find_session(&sessions, reading, facts, &last_seq);
    if (facts->alive) show_newest(&memory, reading, facts->limits, last_seq, visit);
    memory.close();
    sessions.close();
    return still_known;
}

}  // namespace sm::store
