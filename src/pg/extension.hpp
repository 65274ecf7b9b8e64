// Where the extension is installed: the schema of its tables.
#pragma once

#include "pg/postgres.hpp"

namespace sm::pg {

struct Extension {
    Oid schema = InvalidOid;
    char quoted_schema[2 * NAMEDATALEN + 3] = {};
    Oid oid = InvalidOid;   ///< of the extension; only after installed_extension()
    uint64 generation = 0;  ///< changes whenever prepared statements must be thrown away

    /// OID of one of the extension's tables or indexes, or an error.
    Oid relation(const char *name) const;

    /// Who owns the tables.
    Oid table_owner() const;
};

/// The extension that the called function belongs to. Every entry point that touches a table calls
/// this.
const Extension &extension_of(FunctionCallInfo fcinfo);

/// The extension installed in this database, or nullptr. For the background worker.
const Extension *installed_extension();

/// The same, and DROP EXTENSION waits until the transaction ends.
const Extension *installed_and_locked_extension();

}  // namespace sm::pg
