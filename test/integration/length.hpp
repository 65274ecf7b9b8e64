// How long a test goes on: SM_LONG=1 asks for its full strength.
#pragma once

#include <cstdlib>

namespace sm_test {

inline bool at_length() {
    const char *value = std::getenv("SM_LONG");
    return value != nullptr && *value != '\0' && *value != '0';
}

template <typename Type>
Type length(Type brief, Type full) {
    return at_length() ? full : brief;
}

}  // namespace sm_test
