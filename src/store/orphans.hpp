// Orphans: files whose artifact is gone, on their way to the application's cleaner.
//
// A file that is named again must not be removed. So who names files takes their *file locks*
// first, shared, until the transaction ends; and who hands files out takes them alone, and only then
// looks whether an artifact names them. File locks are advisory locks, since there is no row to
// lock. Handing out waits for nobody: a file whose lock is taken is left for later.
#pragma once

#include "core/policies.hpp"
#include "pg/spi.hpp"

namespace sm::store {

/// The texts of an array without nulls.
struct Texts {
    Datum *items;
    int count;

    static Texts of(ArrayType *array);
    ArrayType *array() const;
};

/// Takes the locks of files that are about to be named; waits for whoever removes one just now.
void lock_files_to_name(const Texts &files);

/// Hands out up to `most` orphans that are due, into `result`: session_id, kind, name, uri. Needs
/// SPI, like all below.
void claim_orphans(const pg::Extension &extension, int64 most, core::Time now,
                   Tuplestorestate *result);

/// Takes files off the list, and those that no artifact names into `result`: a uri each.
void take_orphans(const pg::Extension &extension, const Texts &files, Tuplestorestate *result);

/// Raises an error for a caller who cannot know whether a file is named: one from whom row-level
/// security hides artifacts, or whose snapshot does not move on.
void check_sees_all_names(const pg::Extension &extension, const char *function);

}  // namespace sm::store
