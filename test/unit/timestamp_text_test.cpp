// Timestamps: known points, every day around the calendar's odd places, and both ends of the range.
#include "core/timestamp_text.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <limits>
#include <random>
#include <string>

#include "jsonb_builder.hpp"

namespace sm::test {
namespace {

constexpr std::int64_t kDay = 86'400'000'000;
constexpr std::int64_t kLowest = -211'813'488'000'000'000;    // 4714-11-24 BC, the server's first
constexpr std::int64_t kHighest = 9'223'371'331'199'999'999;  // the server's last, in 294276

std::string text_of(std::int64_t microseconds) {
    return write_all(
        [&](char *out, char *limit) { return core::write_timestamp(microseconds, out, limit); });
}

// By way of std::chrono, whose years end at 32767.
std::string reference_timestamp(std::int64_t microseconds) {
    using namespace std::chrono;
    const sys_days epoch = year(2000) / January / 1;
    const sys_time<std::chrono::microseconds> time =
        epoch + std::chrono::microseconds(microseconds);
    const sys_days day = floor<days>(time);
    const year_month_day date(day);
    const hh_mm_ss clock(time - day);
    const int shown = static_cast<int>(date.year());
    char text[64];
    std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%06d+00:00%s",
                  shown > 0 ? shown : 1 - shown, static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                  static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()),
                  static_cast<int>(clock.subseconds().count()), shown > 0 ? "" : " BC");
    return text;
}

TEST(TimestampText, KnownPoints) {
    EXPECT_EQ(text_of(0), "2000-01-01T00:00:00.000000+00:00");
    EXPECT_EQ(text_of(-1), "1999-12-31T23:59:59.999999+00:00");
    EXPECT_EQ(text_of(-946'684'800'000'000), "1970-01-01T00:00:00.000000+00:00");
    EXPECT_EQ(text_of(848'542'740'123'456), "2026-11-21T02:19:00.123456+00:00");
}

TEST(TimestampText, LeapDays) {
    EXPECT_EQ(text_of(59 * kDay), "2000-02-29T00:00:00.000000+00:00");
    EXPECT_EQ(text_of(60 * kDay), "2000-03-01T00:00:00.000000+00:00");
    EXPECT_EQ(text_of((366 + 58) * kDay), "2001-02-28T00:00:00.000000+00:00");
    EXPECT_EQ(text_of((366 + 59) * kDay), "2001-03-01T00:00:00.000000+00:00");
    EXPECT_EQ(text_of(-36'465 * kDay), "1900-03-01T00:00:00.000000+00:00");
    EXPECT_EQ(text_of(-36'466 * kDay), "1900-02-28T00:00:00.000000+00:00");
}

TEST(TimestampText, YearsBeforeOneAreCountedBackwards) {
    EXPECT_EQ(text_of(-730'119 * kDay), "0001-01-01T00:00:00.000000+00:00");
    EXPECT_EQ(text_of(-730'119 * kDay - 1), "0001-12-31T23:59:59.999999+00:00 BC");
    EXPECT_EQ(text_of(kLowest), "4714-11-24T00:00:00.000000+00:00 BC");
}

TEST(TimestampText, YearsAboveFourDigitsArePrintedInFull) {
    EXPECT_EQ(text_of(2'921'940 * kDay - 1), "9999-12-31T23:59:59.999999+00:00");
    EXPECT_EQ(text_of(2'921'940 * kDay), "10000-01-01T00:00:00.000000+00:00");
    EXPECT_EQ(text_of(kHighest), "294276-12-31T23:59:59.999999+00:00");
}

TEST(TimestampText, BothEndsOfTheType) {
    constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
    constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
    EXPECT_EQ(text_of(kMax), "infinity");
    EXPECT_EQ(text_of(kMin), "-infinity");
    EXPECT_EQ(text_of(kMax - 1), "294277-01-09T04:00:54.775806+00:00");
    EXPECT_EQ(text_of(kMin + 1), "290279-12-22T19:59:05.224193+00:00 BC");
}

TEST(TimestampText, EveryDayOfTwoThousandYears) {
    std::mt19937_64 random(1);
    for (std::int64_t day = -800'000; day < 800'000; ++day) {
        const std::int64_t time = day * kDay + static_cast<std::int64_t>(random() % kDay);
        ASSERT_EQ(text_of(time), reference_timestamp(time));
    }
}

TEST(TimestampText, FitsExactly) {
    for (const std::int64_t time : {std::int64_t{0}, kLowest, kHighest, kLowest - kDay * 1'000'000,
                                    std::numeric_limits<std::int64_t>::max()}) {
        const auto write = [&](char *out, char *limit) {
            return core::write_timestamp(time, out, limit);
        };
        EXPECT_EQ(fault_in_some_room(text_of(time), write), "");
    }
}

}  // namespace
}  // namespace sm::test
