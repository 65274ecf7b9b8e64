// Calendar arithmetic without a calendar library: std::chrono's years end at 32767, ours do not.
#include "core/timestamp_text.hpp"

#include <charconv>
#include <cstddef>
#include <cstring>
#include <limits>
#include <string_view>

namespace sm::core {
namespace {

constexpr std::int64_t kMicrosecondsPerDay = 86'400'000'000;
// 2000-01-01 counted from 0000-03-01, the day the algorithm below starts from.
constexpr std::int64_t kEpochDay = 730'425;
// Six digits of year, 28 characters behind it, " BC".
constexpr std::ptrdiff_t kLongest = 6 + 28 + 3;

struct Date {
    std::int64_t year;  // astronomical: 0 is 1 BC
    int month;
    int day;
};

// Howard Hinnant's civil_from_days (https://howardhinnant.github.io/date_algorithms.html): eras of
// 400 years, years that start in March so that the leap day comes last.
Date date_of(std::int64_t days_since_2000) {
    const std::int64_t days = days_since_2000 + kEpochDay;
    const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
    const int day_of_era = static_cast<int>(days - era * 146'097);
    const int year_of_era =
        (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    const int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int month_from_march = (5 * day_of_year + 2) / 153;
    const int day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    const int month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    return {era * 400 + year_of_era + (month <= 2), month, day};
}

char *write_digits(int value, int width, char *out) {
    for (int i = width - 1; i >= 0; --i, value /= 10) out[i] = static_cast<char>('0' + value % 10);
    return out + width;
}

char *write_part(char before, int value, int width, char *out) {
    *out++ = before;
    return write_digits(value, width, out);
}

char *write_text(std::string_view text, char *out) {
    std::memcpy(out, text.data(), text.size());
    return out + text.size();
}

char *write_year(std::int64_t year, char *out) {
    if (year < 10'000) return write_digits(static_cast<int>(year), 4, out);
    return std::to_chars(out, out + 6, year).ptr;
}

// Needs room for kLongest characters.
char *write_unchecked(std::int64_t microseconds, char *out) {
    if (microseconds == std::numeric_limits<std::int64_t>::max())
        return write_text("infinity", out);
    if (microseconds == std::numeric_limits<std::int64_t>::min()) {
        return write_text("-infinity", out);
    }
    std::int64_t days = microseconds / kMicrosecondsPerDay;
    std::int64_t in_day = microseconds % kMicrosecondsPerDay;
    if (in_day < 0) {
        in_day += kMicrosecondsPerDay;
        --days;
    }
    const int seconds = static_cast<int>(in_day / 1'000'000);
    const Date date = date_of(days);

    out = write_year(date.year > 0 ? date.year : 1 - date.year, out);
    out = write_part('-', date.month, 2, out);
    out = write_part('-', date.day, 2, out);
    out = write_part('T', seconds / 3'600, 2, out);
    out = write_part(':', seconds / 60 % 60, 2, out);
    out = write_part(':', seconds % 60, 2, out);
    out = write_part('.', static_cast<int>(in_day % 1'000'000), 6, out);
    out = write_text("+00:00", out);
    return date.year > 0 ? out : write_text(" BC", out);
}

}  // namespace

char *write_timestamp(std::int64_t postgres_microseconds, char *out, char *limit) noexcept {
    if (limit - out >= kLongest) return write_unchecked(postgres_microseconds, out);
    char text[kLongest];
    const std::ptrdiff_t size = write_unchecked(postgres_microseconds, text) - text;
    if (limit - out < size) return nullptr;
    std::memcpy(out, text, size);
    return out + size;
}

}  // namespace sm::core
