// SQL from C++: statements that are prepared once in a backend, and a scope to run them in.
//
// Every statement names its tables with "@." (the extension's schema, filled in at preparation) and
// its functions and operators with pg_catalog, because a cached plan is analysed again whenever the
// caller's search_path changes: unqualified, they could be captured by objects of the caller's.
#pragma once

#include <initializer_list>
#include <utility>

#include "pg/extension.hpp"
#include "pg/postgres.hpp"

namespace sm::pg {

/// A nullable datum, as a parameter or as a column of a result.
struct Value {
    Datum datum;
    bool null;

    static Value of(Datum datum) { return {datum, false}; }
    static Value of(int64 number) { return {Int64GetDatum(number), false}; }
    static Value of(int32 number) { return {Int32GetDatum(number), false}; }
    static Value of(const void *pointer) { return {PointerGetDatum(pointer), pointer == nullptr}; }
    static Value none() { return {0, true}; }

    /// The datum of a column that is never null, unless somebody has altered the tables.
    Datum required() const {
        if (unlikely(null))
            ereport(ERROR, errcode(ERRCODE_DATA_CORRUPTED), errmsg("a required column is null"),
                    errhint("Were the tables of session_memory altered?"));
        return datum;
    }
    int64 int64_or(int64 otherwise) const { return null ? otherwise : DatumGetInt64(datum); }
    int32 int32_or(int32 otherwise) const { return null ? otherwise : DatumGetInt32(datum); }
};

/// The outcome of a statement. Valid until the surrounding with_spi ends.
struct Rows {
    SPITupleTable *table;
    uint64 count;  ///< rows returned, or changed where none are returned

    bool none() const { return count == 0; }
    /// Column `column` (from 1) of row `row` (from 0).
    Value at(uint64 row, int column) const {
        Value value;
        value.datum = SPI_getbinval(table->vals[row], table->tupdesc, column, &value.null);
        return value;
    }
};

/// What a statement reads, and so how it is planned (planning.hpp).
enum class Reach {
    kByKey,       ///< some rows, by indexes, however small the tables are just now
    kWholeTables  ///< as the server thinks best
};

/// One SQL statement. Objects of this type live for the whole backend.
class Statement {
  public:
    static constexpr int kMaxParameters = 12;

    consteval Statement(const char *sql, std::initializer_list<Oid> types,
                        Reach reach = Reach::kByKey)
        : sql_(sql), parameters_(static_cast<int>(types.size())), reach_(reach) {
        int i = 0;
        for (Oid type : types) types_[i++] = type;
    }

    /// Runs it, at most `limit` rows (0: all). `read_only` statements see the caller's snapshot,
    /// others a new one in which everything before them is visible.
    Rows run(const Extension &extension, std::initializer_list<Value> values, bool read_only,
             long limit = 0);

    /// Opens a cursor on it. The caller closes it.
    Portal open(const Extension &extension, std::initializer_list<Value> values, bool read_only);

  private:
    /// The plan, about to be run.
    SPIPlanPtr prepared(const Extension &extension);
    void prepare(const Extension &extension);

    const char *sql_;
    int parameters_;
    Reach reach_;
    Oid types_[kMaxParameters] = {};
    SPIPlanPtr plan_ = nullptr;
    const char *planned_by_key_ = nullptr;  // its text, in the plan's memory
    uint64 generation_ = 0;
};

/// The next rows of a cursor, at most `count`.
inline Rows fetch(Portal cursor, long count) {
    SPI_cursor_fetch(cursor, true, count);
    return {SPI_tuptable, SPI_processed};
}

/// SET CONSTRAINTS ALL IMMEDIATE, until the transaction ends: a security-restricted operation may
/// not leave anything for its commit.
void make_constraints_immediate();

/// Runs `body` with SPI connected. An error leaves through the server's own clean-up, which
/// disconnects; so no destructor is needed here, and none would run.
template <typename Body>
auto with_spi(Body &&body) {
    SPI_connect();
    if constexpr (std::is_void_v<decltype(body())>) {
        std::forward<Body>(body)();
        SPI_finish();
    } else {
        auto value = std::forward<Body>(body)();
        SPI_finish();
        return value;
    }
}

/// Runs `body` with `context` as the memory context to allocate in.
template <typename Body>
auto with_context(MemoryContext context, Body &&body) {
    MemoryContext before = MemoryContextSwitchTo(context);
    if constexpr (std::is_void_v<decltype(body())>) {
        std::forward<Body>(body)();
        MemoryContextSwitchTo(before);
    } else {
        auto value = std::forward<Body>(body)();
        MemoryContextSwitchTo(before);
        return value;
    }
}

}  // namespace sm::pg
