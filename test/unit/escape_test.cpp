// Escaping of strings: every byte, every position, every length around the block size, every room.
#include "core/escape.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "jsonb_builder.hpp"

namespace sm::test {
namespace {

std::string escaped(const std::string &text) {
    // A copy of exactly its size, so that AddressSanitizer sees reads beyond either end.
    const std::vector<char> exact(text.begin(), text.end());
    return write_all([&](char *out, char *limit) {
        return core::write_escaped({exact.data(), exact.size()}, out, limit);
    });
}

void expect_exact_room(const std::string &text) {
    const auto write = [&](char *out, char *limit) {
        return core::write_escaped(text, out, limit);
    };
    ASSERT_EQ(fault_in_some_room(reference_string(text), write), "");
}

std::string letters(std::size_t size) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) text += static_cast<char>('a' + i % 26);
    return text;
}

TEST(Escape, NamesTheCommonControlCharacters) {
    EXPECT_EQ(escaped("\b\f\n\r\t\"\\"), R"("\b\f\n\r\t\"\\")");
    EXPECT_EQ(escaped("/"), R"("/")");
    EXPECT_EQ(escaped(""), R"("")");
}

TEST(Escape, WritesOtherControlCharactersInHex) {
    EXPECT_EQ(escaped(std::string("\0\x01\x0b\x1f\x7f", 5)),
              "\"\\u0000\\u0001\\u000b\\u001f\x7f\"");
}

TEST(Escape, EveryByteAtEveryPositionOfEveryLength) {
    for (const std::size_t size :
         {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 80}) {
        for (std::size_t position = 0; position < size; ++position) {
            for (int byte = 0; byte < 256; ++byte) {
                std::string text = letters(size);
                text[position] = static_cast<char>(byte);
                ASSERT_EQ(escaped(text), reference_string(text))
                    << "byte " << byte << " at " << position << " of " << size;
            }
        }
    }
}

TEST(Escape, EveryPairOfPositions) {
    for (std::size_t first = 0; first < 50; ++first) {
        for (std::size_t second = 0; second < 50; ++second) {
            std::string text = letters(50);
            text[first] = '\n';
            text[second] = '\x02';
            ASSERT_EQ(escaped(text), reference_string(text)) << first << " and " << second;
        }
    }
}

TEST(Escape, CopiesEveryLength) {
    for (std::size_t size = 0; size < 300; ++size) {
        ASSERT_EQ(escaped(letters(size)), '"' + letters(size) + '"');
    }
}

TEST(Escape, EscapesEveryLength) {
    for (const char byte : {'\n', '"', '\x03'}) {
        for (std::size_t size = 0; size < 100; ++size) {
            const std::string text(size, byte);
            ASSERT_EQ(escaped(text), reference_string(text));
        }
    }
}

TEST(Escape, CopiesUtf8OfEveryLengthAcrossBlockBorders) {
    for (const std::string character :
         {"é", "€", "한", "𝄞", "👩‍👩‍👧‍👦", "\xEF\xBF\xBF", "\xF4\x8F\xBF\xBF"}) {
        for (std::size_t before = 0; before < 40; ++before) {
            const std::string text = letters(before) + character + letters(before) + character;
            ASSERT_EQ(escaped(text), '"' + text + '"');
        }
    }
}

TEST(Escape, FitsExactly) {
    for (const std::size_t size : {0, 1, 3, 4, 7, 8, 12, 15, 16, 17, 31, 32, 33, 64, 100}) {
        expect_exact_room(letters(size));
        for (const std::size_t position : {std::size_t{0}, size / 2, size}) {
            expect_exact_room(letters(size).insert(position, "\n"));
            expect_exact_room(letters(size).insert(position, "\x01"));
            expect_exact_room(letters(size).insert(position, "\"quoted\"\x1f\\"));
        }
        expect_exact_room(std::string(size, '\x01'));
    }
}

TEST(Escape, AnEmptyBufferHoldsNothing) {
    EXPECT_EQ(core::write_escaped("", nullptr, nullptr), nullptr);
}

}  // namespace
}  // namespace sm::test
