// Points in time as ISO 8601 text, always in UTC.
#pragma once

#include <cstdint>

namespace sm::core {

// Writes a timestamptz, given in microseconds since 2000-01-01 00:00 UTC, as
// `2026-11-21T02:19:00.123456+00:00`, without quotes, into [out, limit). There are always six
// decimal places. Years after 9999 are printed in full; years before 1 as the server prints them,
// counted backwards from 1 BC with ` BC` behind the text. The lowest and the highest value are the
// server's `-infinity` and `infinity`.
// Returns the end of what was written, or nullptr when it does not fit.
char *write_timestamp(std::int64_t postgres_microseconds, char *out, char *limit) noexcept;

}  // namespace sm::core
