// A seam for tests: the points at which a call may fail half-way.
//
// Only a module built with -DSM_FAULTS has it; in any other nothing of it is left. Set
// session_memory.fault_at to n, and the n-th point that is reached from then on fails in the way
// that session_memory.fault names: error, out_of_memory, cancel or terminate. From then on
// session_memory.fault_at is 0.
#pragma once

#include "pg/postgres.hpp"

namespace sm::pg {

#ifdef SM_FAULTS

/// Defines the settings of the seam.
void define_faults();

/// Fails here, if it is its turn.
void fault_point();

#else

inline void define_faults() {}
inline void fault_point() {}

#endif

}  // namespace sm::pg
