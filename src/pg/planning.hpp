// How our own statements are planned.
//
// A cached plan is made with what is known of the tables at that moment, and kept. Made while they
// are empty (sm_clear_all and VACUUM), it would read a whole table or a whole index for one
// session, because nothing is cheaper than reading nothing; and go on doing so while they grow,
// until autovacuum comes. So statements that go by a key are planned for tables of some size, and
// without sequential scans. Nobody else's planning changes, not even that of triggers which our
// statements fire.
#pragma once

#include "pg/postgres.hpp"

namespace sm::pg {

/// The statement of this text, which is known by its address, is planned to go by keys whenever the
/// server plans it while it is the last one named here. nullptr: as the server thinks best.
void plan_by_key(const char *sql);

}  // namespace sm::pg
