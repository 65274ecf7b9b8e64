// The one file that knows which PostgreSQL this is (15 to 18).
#pragma once

// 15 leaves PGDLLEXPORT empty and exports everything; we compile with hidden visibility, as 16 and
// later do, so entry points must be marked on 15 too.
#if PG_VERSION_NUM < 160000
#undef PGDLLEXPORT
#define PGDLLEXPORT __attribute__((visibility("default")))
#endif

/// Declares an SQL-callable function as an entry point of the module. (15 does not export it by
/// itself.)
#define SM_FUNCTION(name)                     \
    PGDLLEXPORT Datum name(PG_FUNCTION_ARGS); \
    PG_FUNCTION_INFO_V1(name)

#if PG_VERSION_NUM >= 160000
extern "C" {
#include "varatt.h"
}
#endif

namespace sm::pg {

/// May `role` use `relation` for all of `mode`?
inline bool has_table_privilege(Oid relation, Oid role, AclMode mode) {
    return pg_class_aclcheck(relation, role, mode) == ACLCHECK_OK;
}

/// An index scan over `keys` keys, without order by.
inline IndexScanDesc begin_index_scan(Relation table, Relation index, Snapshot snapshot, int keys) {
#if PG_VERSION_NUM >= 180000
    return index_beginscan(table, index, snapshot, nullptr, keys, 0);
#else
    return index_beginscan(table, index, snapshot, keys, 0);
#endif
}

/// The index of the primary key; none where that is deferrable.
inline Oid primary_key_index(Relation table) {
#if PG_VERSION_NUM >= 180000
    return RelationGetPrimaryKeyIndex(table, false);
#else
    return RelationGetPrimaryKeyIndex(table);
#endif
}

/// Whether a DROP DATABASE was interrupted; nobody can connect then. (15 has got the mark in a
/// minor release.)
inline bool is_invalid(Form_pg_database database) {
    return database->datconnlimit == -2;
}

}  // namespace sm::pg
