// The token estimator: what each kind of piece costs, any bytes at the end of the view, growth, and
// time. How near it is to the real tokenizer is measured by test/tokens/measure.sh.
#include "core/tokens.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

using sm::core::estimate_tokens;

namespace {

std::string repeat(std::string_view text, std::size_t times) {
    std::string out;
    out.reserve(text.size() * times);
    for (std::size_t i = 0; i < times; ++i) out += text;
    return out;
}

// Copied to a heap block of just its size, so that a sanitizer sees a read beyond the view.
std::uint32_t estimate_exactly(std::string_view text) {
    const auto block = std::make_unique<char[]>(text.size());
    text.copy(block.get(), text.size());
    return estimate_tokens({block.get(), text.size()});
}

// Real counts are o200k's.
void expect_near(std::string_view text, double real, double share) {
    EXPECT_NEAR(estimate_tokens(text), real, real * share) << text;
}

}  // namespace

TEST(Tokens, NothingCostsNothing) {
    EXPECT_EQ(estimate_tokens(""), 0u);
    EXPECT_EQ(estimate_tokens(std::string_view{}), 0u);
}

TEST(Tokens, AnythingCostsAtLeastOne) {
    for (const char *text : {"a", " ", "\n", "7", ".", "\t", "é", "中", "😀", "\x80", "\xff"}) {
        EXPECT_GE(estimate_tokens(text), 1u) << text;
        EXPECT_LE(estimate_tokens(text), 2u) << text;
    }
    EXPECT_EQ(estimate_tokens(std::string_view("\0", 1)), 1u);
}

TEST(Tokens, CommonEnglishWordsAreOneEach) {
    EXPECT_EQ(estimate_tokens("the"), 1u);
    EXPECT_EQ(estimate_tokens("I want to make a reservation for two"), 8u);
    EXPECT_EQ(estimate_tokens("I don't think they'll mind, and we've time."), 10u);
}

TEST(Tokens, DigitsGoInThrees) {
    EXPECT_EQ(estimate_tokens("1"), 1u);
    EXPECT_EQ(estimate_tokens("123"), 1u);
    EXPECT_EQ(estimate_tokens("1234"), 2u);
    EXPECT_EQ(estimate_tokens("1234567"), 3u);
    EXPECT_EQ(estimate_tokens("1 2"), 3u);  // a blank does not join a digit
}

TEST(Tokens, WhitespaceRunsAreOnePiece) {
    EXPECT_EQ(estimate_tokens("one two"), 2u);
    EXPECT_EQ(estimate_tokens("one      two"), 3u);  // all blanks but the last, then " two"
    EXPECT_EQ(estimate_tokens("one\n\n\ntwo"), 3u);
    EXPECT_EQ(estimate_tokens("one\r\n   two"), 4u);
    EXPECT_EQ(estimate_tokens("one   "), 2u);
    EXPECT_LE(estimate_tokens(repeat(" ", 1000)), 20u);
}

TEST(Tokens, PunctuationRunsAreOnePiece) {
    EXPECT_EQ(estimate_tokens("."), 1u);
    EXPECT_EQ(estimate_tokens("..."), 1u);
    EXPECT_EQ(estimate_tokens("});\n"), 1u);  // newlines after it join
    EXPECT_LE(estimate_tokens(repeat("-", 1000)), 20u);
    EXPECT_GE(estimate_tokens("#!?&%$@"), 4u);
}

TEST(Tokens, LongOrUnreadableStretchesAreNoSingleWord) {
    EXPECT_GE(estimate_tokens(repeat("qxzjv", 200)), 300u);
    EXPECT_GE(estimate_tokens("4bf92f3577b34da6a3ce929d0e0e4736"), 12u);
    EXPECT_LE(estimate_tokens("4bf92f3577b34da6a3ce929d0e0e4736"), 28u);
}

TEST(Tokens, WholeSentencesInManyLanguages) {
    expect_near("What's their address? Do they have vegetarian options on their menu?", 13, 0.15);
    expect_near("Für die Steuererklärung benötigen Sie die Lohnsteuerbescheinigung.", 15, 0.2);
    expect_near("Чтобы приготовить борщ, сварите бульон из говядины.", 17, 0.25);
    expect_near("请问这款洗衣机的保修期是多久？", 14, 0.25);
    expect_near("for (int i = 0; i < n; ++i) sum += a[i];", 20, 0.1);
}

TEST(Tokens, SignsOfALanguagePriceItsPlainWordsToo) {
    // No letter outside ASCII in the first: the same words cost more among Polish ones.
    const auto alone = estimate_tokens("rezerwacja potwierdzona");
    const auto polish = estimate_tokens("rezerwacja potwierdzona są też już");
    EXPECT_GT(polish, alone + 3);
    // One borrowed word does not make a text foreign.
    const auto english = repeat("Please read my letter and tell me what you really think. ", 5);
    EXPECT_LE(estimate_tokens(english + "résumé"), estimate_tokens(english) + 3);
}

TEST(Tokens, EveryLengthOfUtf8) {
    EXPECT_EQ(estimate_tokens("a"), 1u);
    EXPECT_EQ(estimate_tokens("\xC3\xA9"), 1u);      // é
    EXPECT_LE(estimate_tokens("\xE4\xB8\xAD"), 2u);  // a Han character
    EXPECT_EQ(estimate_tokens("\xF0\x9F\x98\x80"), 2u);
    EXPECT_GE(estimate_tokens(repeat("\xE4\xB8\xAD\xE6\x96\x87", 50)), 60u);
    EXPECT_GT(estimate_tokens(repeat("\xF0\x9F\x98\x80 ", 20)), 20u);
    EXPECT_LE(estimate_tokens("\xF4\x8F\xBF\xBF"), 2u);  // the last code point
    EXPECT_GE(estimate_tokens("\xF0\xA0\x80\x80"), 1u);  // the first Han beyond the BMP
}

TEST(Tokens, SequencesCutAtTheEndOfTheView) {
    for (const std::string_view whole :
         {"\xC3\xA9", "\xE4\xB8\xAD", "\xF0\x9F\x98\x80", "caf\xC3\xA9", "a\xE2\x80\x99s", "it's",
          "we'll", "\xD0\xB4\xD0\xBE\xD0\xBC", "x \xEA\xB0\x80", ".\xE3\x81\x82", " \n \t"}) {
        for (std::size_t size = 0; size <= whole.size(); ++size) {
            EXPECT_LE(estimate_exactly(whole.substr(0, size)), size * 2);
        }
    }
}

TEST(Tokens, AnyBytesAreTaken) {
    for (int first = 0; first < 256; ++first) {
        for (int second = 0; second < 256; ++second) {
            const char bytes[] = {static_cast<char>(first), static_cast<char>(second), 'a',
                                  static_cast<char>(second), static_cast<char>(first)};
            for (std::size_t size = 1; size <= sizeof bytes; ++size) {
                EXPECT_GE(estimate_exactly({bytes, size}), 1u);
            }
        }
    }
    std::uint32_t state = 1;
    std::string noise(100'000, '\0');
    for (char &byte : noise) {
        state = state * 1664525u + 1013904223u;
        byte = static_cast<char>(state >> 24);
    }
    const auto tokens = estimate_exactly(noise);
    EXPECT_GT(tokens, noise.size() / 4);
    EXPECT_LT(tokens, noise.size() * 2);
}

// No cost is negative, so more text costs more but for two things: the piece at the seam is cut
// anew, and a sign of another language prices the last page of at most 64 words anew.
TEST(Tokens, AppendingHardlyLowersTheEstimate) {
    const auto deepest_fall = [](const std::string &text) {
        std::uint32_t highest = 0;
        std::uint32_t fall = 0;
        for (std::size_t size = 0; size <= text.size(); ++size) {
            const auto tokens = estimate_tokens(std::string_view(text).substr(0, size));
            highest = std::max(highest, tokens);
            fall = std::max(fall, highest - tokens);
        }
        return fall;
    };
    for (const char *text :
         {"I'd like to change my booking, please (order #4821)...\n\n",
          "def f(x: int) -> str:\n        return str(x ** 2)  # squared!\n",
          "Ich hätte gern ein Zimmer mit Blick auf den Fluss. ",
          "La réservation de la chambre est déjà confirmée. ", "Спасибо большое, вы мне помогли! ",
          "请问这款洗衣机的保修期是多久？", "かしこまりました。空室を確認しましょうか。",
          "ABCdef 12345 a1b2c3 \xF0\x9F\x98\x80\xE2\x80\x99s \xFF\xC3 -- "}) {
        EXPECT_LE(deepest_fall(repeat(text, 20)), 4u) << text;
    }
    EXPECT_LE(deepest_fall(repeat("Ein Zimmer wäre schön. La clé est prête. Dziękuję bardzo! "
                                  "Спасибо! Дякую, усе ясно. 保修期是多久？かしこまりました。",
                                  20)),
              64u);
}

TEST(Tokens, PartsAddUpToTheWhole) {
    const std::string part =
        repeat("The room is free from Monday, and breakfast costs 12 euros. ", 20);
    EXPECT_NEAR(estimate_tokens(part + part), 2 * estimate_tokens(part), 2);
}

TEST(Tokens, HugeInputsEndQuickly) {
    constexpr std::size_t kSize = 10'000'000;
    for (const std::string_view unit :
         {"The room is free from Monday. ", "a", "A", "7", " ", "\n", "-", "-+", "'", "é", "中",
          "か中", "д", "\xF0\x9F\x98\x80", "\x80", "\xF0", "a\n", " ."}) {
        const std::string text = repeat(unit, kSize / unit.size());
        const auto start = std::chrono::steady_clock::now();
        EXPECT_GT(estimate_tokens(text), 0u);
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
        // Milliseconds in fact; loose for sanitizers and busy machines.
        EXPECT_LT(taken.count(), 5.0) << unit;
    }
}
