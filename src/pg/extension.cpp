// Where the extension is installed.
//
// A function finds its tables through its own schema, so that nothing depends on search_path. The
// name is looked up again after any change to pg_namespace (ALTER SCHEMA … RENAME).
#include "pg/extension.hpp"

namespace sm::pg {

namespace {

Extension current;
bool stale = true;

void forget_names(Datum, int, uint32) {
    stale = true;
}

void load(Oid schema) {
    static bool watching = false;
    if (!watching) {
        CacheRegisterSyscacheCallback(NAMESPACEOID, forget_names, 0);
        watching = true;
    }
    char *name = get_namespace_name(schema);
    if (name == nullptr)
        ereport(ERROR, errcode(ERRCODE_UNDEFINED_SCHEMA),
                errmsg("schema with OID %u does not exist", schema));
    const char *quoted = quote_identifier(name);
    if (current.schema != schema || strcmp(current.quoted_schema, quoted) != 0) {
        strlcpy(current.quoted_schema, quoted, sizeof(current.quoted_schema));
        current.schema = schema;
        ++current.generation;
    }
    stale = false;
}

}  // namespace

Oid Extension::relation(const char *name) const {
    Oid oid = get_relname_relid(name, schema);
    if (!OidIsValid(oid))
        ereport(ERROR, errcode(ERRCODE_UNDEFINED_TABLE),
                errmsg("relation %s.%s does not exist", quoted_schema, name),
                errhint("Is the extension session_memory installed completely?"));
    return oid;
}

Oid Extension::table_owner() const {
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation("session_memory")));
    if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for table session_memory");
    const Oid owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
    ReleaseSysCache(tuple);
    return owner;
}

const Extension &extension_of(FunctionCallInfo fcinfo) {
    Oid schema = get_func_namespace(fcinfo->flinfo->fn_oid);
    if (unlikely(stale || schema != current.schema)) load(schema);
    return current;
}

const Extension *installed_extension() {
    Relation catalog = table_open(ExtensionRelationId, AccessShareLock);
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ,
                CStringGetDatum("session_memory"));
    SysScanDesc scan = systable_beginscan(catalog, ExtensionNameIndexId, true, nullptr, 1, &key);
    HeapTuple tuple = systable_getnext(scan);
    Oid schema = InvalidOid;
    if (HeapTupleIsValid(tuple)) {
        auto *row = reinterpret_cast<Form_pg_extension>(GETSTRUCT(tuple));
        schema = row->extnamespace;
        current.oid = row->oid;
    }
    systable_endscan(scan);
    table_close(catalog, AccessShareLock);
    if (!OidIsValid(schema)) return nullptr;
    if (stale || schema != current.schema) load(schema);
    return &current;
}

const Extension *installed_and_locked_extension() {
    const Extension *extension = installed_extension();
    if (extension == nullptr) return nullptr;
    LockDatabaseObject(ExtensionRelationId, extension->oid, 0, AccessShareLock);
    return installed_extension();  // it may have gone while we waited
}

}  // namespace sm::pg
