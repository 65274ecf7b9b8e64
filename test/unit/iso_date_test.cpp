// Dates in texts, against every day of four centuries.
#include "core/iso_date.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>

namespace sm::test {
namespace {

using core::DateKind;
using core::DateText;

TEST(IsoDate, EveryDayOfFourCenturies) {
    using namespace std::chrono;
    const sys_days first = year{1890} / January / 1;
    std::optional<std::int64_t> before;
    for (sys_days day = first; day < year{2290} / January / 1; day += days{1}) {
        const year_month_day date(day);
        char text[32];
        std::snprintf(text, sizeof text, "%04d-%02u-%02u", int(date.year()), unsigned(date.month()),
                      unsigned(date.day()));
        const DateText read = core::read_date(text);
        ASSERT_EQ(read.kind, DateKind::kDate) << text;
        ASSERT_EQ(read.month, int(unsigned(date.month()))) << text;
        if (before) {
            ASSERT_EQ(read.day, *before + 1) << text;
        }
        before = read.day;
    }
}

TEST(IsoDate, NoOtherDays) {
    int dates = 0;
    for (int month = 0; month <= 20; ++month)
        for (int day = 0; day <= 40; ++day) {
            char text[32];
            std::snprintf(text, sizeof text, "2023-%02d-%02d", month, day);
            const DateKind kind = core::read_date(text).kind;
            ASSERT_NE(kind, DateKind::kNone) << text;
            dates += kind == DateKind::kDate ? 1 : 0;
        }
    EXPECT_EQ(dates, 365);
}

TEST(IsoDate, TimesOfDay) {
    for (const char *text :
         {"2026-05-01T00:00", "2026-05-01t23:59", "2026-05-01 12:30:60", "2026-05-01T1230",
          "20260501T123045", "2026-05-01T12:30:45.123456789Z", "2026-05-01T12:30:45,5z",
          "2026-05-01T12:30+14:00", "2026-05-01T12:30 -0330", "2026-05-01 12:30:45+02"})
        EXPECT_EQ(core::read_date(text).kind, DateKind::kDate) << text;
    for (const char *text : {"2026-05-01T", "2026-05-01T1", "2026-05-01T24:00", "2026-05-01T12:60",
                             "2026-05-01T12:30:61", "2026-05-01T12:30:", "2026-05-01T12:30:45.5x",
                             "2026-05-01T12:30Z+02", "2026-05-01T12:30+16:00", "2026-05-01T12:30+",
                             "2026-05-01x", "2026-05-01 and later"})
        EXPECT_EQ(core::read_date(text).kind, DateKind::kBad) << text;
}

TEST(IsoDate, SomethingElse) {
    for (const char *text : {"", "2", "2026", "2026-", "2026-05", "2026-05-", "2026-5-1",
                             "26-05-01", "2026/05/01", "202605", "20260532", "20261301",
                             "20260501x", "2026-0501", "01.05.2026", "May 1", " 2026-05-01"})
        EXPECT_EQ(core::read_date(text).kind, DateKind::kNone) << text;
}

TEST(IsoDate, EveryBeginning) {
    const std::string text = "2026-05-01T12:30:45.25+02:00";
    for (std::size_t length = 0; length <= text.size(); ++length)
        core::read_date(std::string_view(text).substr(0, length));
}

}  // namespace
}  // namespace sm::test
