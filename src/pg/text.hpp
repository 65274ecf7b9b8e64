// Texts of the server as C++ sees them.
#pragma once

#include <string_view>

#include "pg/postgres.hpp"

namespace sm::pg {

inline std::string_view view(const text *value) {
    return {VARDATA_ANY(value), static_cast<size_t>(VARSIZE_ANY_EXHDR(value))};
}

/// A text for a message: at most 64 bytes of it, cut between characters.
inline const char *printable(const text *value) {
    constexpr int kMost = 64;
    const int length = static_cast<int>(VARSIZE_ANY_EXHDR(value));
    if (length <= kMost) return text_to_cstring(value);
    const int cut = pg_mbcliplen(VARDATA_ANY(value), length, kMost);
    return psprintf("%.*s…", cut, VARDATA_ANY(value));
}

}  // namespace sm::pg
