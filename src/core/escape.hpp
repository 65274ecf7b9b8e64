// JSON string literals: what the server's escape_json() writes, faster.
#pragma once

#include <string_view>

namespace sm::core {

// Writes `text` as a JSON string, with the surrounding quotes, into [out, limit).
// Escaped are `"`, `\` and the control characters below 0x20; every other byte is copied as it is,
// so the text keeps the encoding it has in the database.
// Returns the end of what was written, or nullptr when it does not fit; bytes before `limit` may
// have been changed then. An empty text needs two bytes; the room needed is never overestimated.
char *write_escaped(std::string_view text, char *out, char *limit) noexcept;

}  // namespace sm::core
