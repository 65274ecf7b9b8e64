// A seam for tests: the points at which a call may fail half-way.
#include "pg/fault.hpp"

#ifdef SM_FAULTS

#include <climits>
#include <csignal>

namespace sm::pg {

namespace {

enum Fault { kError, kOutOfMemory, kCancel, kTerminate };

const config_enum_entry kFaults[] = {
    {"error", kError, false},   {"out_of_memory", kOutOfMemory, false},
    {"cancel", kCancel, false}, {"terminate", kTerminate, false},
    {nullptr, 0, false},
};

int fault_at;  // 0: never
int fault;
int passed;  // since fault_at was set

void begin_counting(int, void *) {
    passed = 0;
}

}  // namespace

void define_faults() {
    DefineCustomIntVariable("session_memory.fault_at", "Which point from now on fails.",
                            "0: none. For tests.", &fault_at, 0, 0, INT_MAX, PGC_SUSET, 0, nullptr,
                            begin_counting, nullptr);
    DefineCustomEnumVariable("session_memory.fault", "How it fails.", "For tests.", &fault, kError,
                             kFaults, PGC_SUSET, 0, nullptr, nullptr, nullptr);
}

void fault_point() {
    if (fault_at == 0 || ++passed != fault_at) return;
    fault_at = 0;  // tells that it came to this
    switch (fault) {
        case kError:
            ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR), errmsg("a fault, for a test"));
            break;
        case kOutOfMemory:
            ereport(ERROR, errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory, for a test"));
            break;
        default:
            std::raise(fault == kCancel ? SIGINT : SIGTERM);
            CHECK_FOR_INTERRUPTS();
    }
}

}  // namespace sm::pg

#endif
