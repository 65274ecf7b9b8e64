// Calendar dates in texts, as ISO 8601 and RFC 3339 write them.
//
//   2026-05-01   20260501   2026-05-01T14:30   2026-05-01 14:30:00.25   2026-05-01T14:30:00Z   … +02:00  +0200  +02
//
// The date is taken as it is written; a time of day and an offset must be right, and do not change it.
#pragma once

#include <cstdint>
#include <string_view>

namespace sm::core {

enum class DateKind : std::uint8_t {
    kNone,  ///< something else
    kBad,   ///< meant as a date, but there is none like it: 2026-02-30, 2026-05-01T25:00
    kDate
};

struct DateText {
    DateKind kind = DateKind::kNone;
    int month = 0;         ///< 1 to 12
    std::int64_t day = 0;  ///< consecutive number, to count the days between two dates
};

/// What a text says as a date; of years 1 to 9999.
DateText read_date(std::string_view text) noexcept;

}  // namespace sm::core
