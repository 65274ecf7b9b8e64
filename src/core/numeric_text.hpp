// Numbers as text: integers, and stored numerics as the server's numeric_out() prints them.
#pragma once

#include <cstdint>
#include <optional>

namespace sm::core {

// Both write into [out, limit) and return the end of what was written, or nullptr when it does not
// fit. They need exactly the room that the text takes.
char *write_int64(std::int64_t value, char *out, char *limit) noexcept;

// `stored` is a numeric as it lies in a jsonb value: with its length word in front, not compressed.
// It need not be aligned.
char *write_numeric(const void *stored, char *out, char *limit) noexcept;

// The value of a stored numeric that is a whole number from 0 to 2^63 - 1 (5.00 is one), or none.
std::optional<std::int64_t> numeric_to_count(const void *stored) noexcept;

}  // namespace sm::core
