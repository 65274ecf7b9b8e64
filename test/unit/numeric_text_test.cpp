// Numbers: integers, stored numerics in each of their forms, and numerics as counts.
#include "core/numeric_text.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "jsonb_builder.hpp"

namespace sm::test {
namespace {

const BuildOptions kForms[] = {{}, {.long_numerics = true}, {.short_length = true}};

std::string text_of(const std::string &stored) {
    const Container exact(stored);
    return write_all(
        [&](char *out, char *limit) { return core::write_numeric(exact.get(), out, limit); });
}

void expect_round_trip(const std::string &text) {
    for (const BuildOptions &form : kForms) {
        ASSERT_EQ(text_of(stored_numeric(text, form)), text);
    }
}

std::optional<std::int64_t> count_of(std::string_view text, BuildOptions form = {}) {
    const Container exact(stored_numeric(text, form));
    return core::numeric_to_count(exact.get());
}

TEST(NumericText, PlainNumbers) {
    for (const char *text :
         {"0",    "1",    "-1",      "9",         "10",       "99",        "100",         "999",
          "1000", "9999", "10000",   "10001",     "12345678", "100000000", "-2147483648", "0.5",
          "-0.5", "1.5",  "3.14159", "1000.0001", "0.0001",   "0.00001",   "12345.678"}) {
        expect_round_trip(text);
    }
}

TEST(NumericText, KeepsTheZerosOfTheDisplayScale) {
    for (const char *text : {"0.0", "0.000", "0.0000", "0.00000", "1.0", "1.00", "2.50", "2.5000",
                             "2.50000", "100.000000000", "10000.0000", "-7.10"}) {
        expect_round_trip(text);
    }
}

TEST(NumericText, ShowsFewerPlacesThanAreStored) {
    Digits number = parse_decimal("1.2345678");
    number.scale = 2;
    EXPECT_EQ(text_of(stored_numeric(number)), "1.23");
    number.scale = 0;
    EXPECT_EQ(text_of(stored_numeric(number)), "1");
}

TEST(NumericText, EveryPowerOfTen) {
    for (int zeros = 0; zeros < 300; ++zeros) {
        expect_round_trip("1" + std::string(zeros, '0'));
        expect_round_trip("-0." + std::string(zeros, '0') + "1");
        expect_round_trip("1" + std::string(zeros, '0') + "." + std::string(zeros + 1, '0'));
    }
}

TEST(NumericText, TheLargestAndTheSmallest) {
    expect_round_trip("9" + std::string(131071, '0'));
    expect_round_trip("1" + std::string(131071, '9') + "." + std::string(16383, '7'));
    expect_round_trip("-0." + std::string(16382, '0') + "1");
    expect_round_trip("0." + std::string(16383, '0'));
}

TEST(NumericText, TheBordersOfTheShortForm) {
    for (const int places : {62, 63, 64, 65, 252, 253, 256, 257, 260}) {
        expect_round_trip("0." + std::string(places - 1, '0') + "1");
        expect_round_trip("0." + std::string(places, '0'));
        expect_round_trip("7" + std::string(places - 1, '0'));
    }
}

TEST(NumericText, RandomNumbers) {
    std::mt19937 random(1);
    for (int i = 0; i < 20000; ++i) {
        std::string text;
        const auto append = [&](unsigned places) {
            for (unsigned p = 0; p < places; ++p) {
                text += random() % 3 == 0 ? '0' : static_cast<char>('0' + random() % 10);
            }
        };
        append(random() % 40);
        text.erase(0, text.find_first_not_of('0'));
        if (text.empty()) text = "0";
        if (random() % 2 != 0) {
            text += '.';
            append(1 + random() % 40);
        }
        if (random() % 2 != 0 && text.find_first_of("123456789") != text.npos) text.insert(0, "-");
        expect_round_trip(text);
    }
}

TEST(NumericText, NamesWhatIsNoNumber) {
    for (const char *name : {"NaN", "Infinity", "-Infinity"}) {
        EXPECT_EQ(text_of(stored_numeric(name)), name);
        EXPECT_EQ(count_of(name), std::nullopt);
    }
}

TEST(NumericText, FitsExactly) {
    for (const std::string text :
         {"0", "-1", "12345", "0.00000", "-12345.678900", "NaN", "10000"}) {
        const std::string stored = stored_numeric(text);
        const auto write = [&](char *out, char *limit) {
            return core::write_numeric(stored.data(), out, limit);
        };
        EXPECT_EQ(fault_in_some_room(text, write), "");
    }
}

TEST(NumericToCount, WholeNumbers) {
    for (const BuildOptions &form : kForms) {
        EXPECT_EQ(count_of("0", form), 0);
        EXPECT_EQ(count_of("0.00", form), 0);
        EXPECT_EQ(count_of("7", form), 7);
        EXPECT_EQ(count_of("5.00", form), 5);
        EXPECT_EQ(count_of("10000", form), 10000);
        EXPECT_EQ(count_of("100000000", form), 100000000);
        EXPECT_EQ(count_of("1234567890123456789", form), 1234567890123456789);
        EXPECT_EQ(count_of("9223372036854775807", form), std::numeric_limits<std::int64_t>::max());
    }
}

TEST(NumericToCount, RefusesTheRest) {
    for (const char *text : {"-1", "0.5", "1.00001", "12345.5", "9223372036854775808",
                             "9223372036854780000", "10000000000000000000"}) {
        EXPECT_EQ(count_of(text), std::nullopt) << text;
    }
    EXPECT_EQ(count_of("1" + std::string(1000, '0')), std::nullopt);
    EXPECT_EQ(count_of("0." + std::string(1000, '0') + "1"), std::nullopt);
}

TEST(WriteInt64, EveryMagnitude) {
    const auto expect = [](std::int64_t value) {
        const auto write = [&](char *out, char *limit) {
            return core::write_int64(value, out, limit);
        };
        EXPECT_EQ(fault_in_some_room(std::to_string(value), write), "");
    };
    for (std::int64_t value = 1; value < 1'000'000'000'000'000'000; value *= 10) {
        for (const int step : {-1, 0, 1}) expect(value + step), expect(-value + step);
    }
    expect(std::numeric_limits<std::int64_t>::min());
    expect(std::numeric_limits<std::int64_t>::max());
}

}  // namespace
}  // namespace sm::test
