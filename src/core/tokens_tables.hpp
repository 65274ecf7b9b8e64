// The token estimator's tables: what it tells apart in a text, and what each of it costs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sm::core::tokens {

enum Tongue : std::uint8_t {
    kEnglish,     // and program code: Latin letters without a sign of another language
    kRomance,     // French, Portuguese, Spanish, Romanian …
    kVowelFinal,  // Italian, Indonesian …: words end in vowels and bear few accents
    kGerman,
    kEnFinal,     // Dutch, and German where no umlaut shows: many words end in -en
    kNordic,      // Danish, Norwegian, Swedish
    kEastern,     // Latin Extended-A: Czech, Polish, Turkish …; and Finnish
    kVietnamese,  // Latin Extended Additional
    kRussian,
    kCyrillic,  // Cyrillic with letters that Russian lacks: Ukrainian …
    kGreek,
    kHebrew,
    kArabic,
    kDevanagari,
    kIndic,  // the Indic scripts other than Devanagari
    kThai,   // and Lao: no blanks between words
    kHangul,
    kKana,
    kChinese,
    kKanji,  // the characters of Chinese, in a text that has kana
    kOtherLetter,
    kTongues,
};

// What is counted of the words of a tongue, and in kCosts what each of it costs in tokens.
template <typename Number>
struct Words {
    Number words{};     // runs of letters of one script
    Number middle{};    // letters (code points), the fourth to the sixth of each word
    Number rest{};      // letters after the sixth of each word
    Number accented{};  // Latin words of which not all letters are ASCII
};

// What is counted beside it, on top of the words or instead of them.
enum Extra : std::uint8_t {
    kCapitalised,     // Latin words that open with a capital …
    kCapitalBeyond3,  // … and their letters after the third; names cost more
    kAllCapitals,     // words of two and more ASCII capitals only: in no tongue's words …
    kAllCapBeyond3,   // … and their letters after the third
    kGlued,           // words right after a punctuation mark, which joins their piece …
    kGluedBeyond3,    // … and their letters after the third
    kBare,            // words with no blank before them: the vocabulary has fewer of these …
    kBareBeyond3,     // … and their letters after the third
    kBlobLetter,      // letters after the 24th of a Latin word, which is none then
    kDigits,          // groups of up to three digits
    kPunctuation,     // runs of ASCII punctuation …
    kChange,          // … and after their third character, those unlike the one before
    kWhitespace,      // runs of blanks or newlines that join no word
    kSymbol,          // code points outside ASCII that are no letters
    kPictograph,      // emoji, and what joins and colours them
    kInvalid,         // bytes that are not UTF-8
    kExtras,
};

// Tokens for each thing counted. Least squares over the pieces of the training half of
// test/tokens/corpus and of the dialogues (test/tokens/measure.sh --fit), rounded. Set by hand,
// as the texts have too little of them: kOtherLetter, kBlobLetter, kInvalid, and the rest of the
// words of kHangul and kKanji.
constexpr std::array<Words<double>, kTongues> kWordCosts = {{
    {0.98, 0.00, 0.05},        // English
    {0.98, 0.07, 0.09, 0.03},  // Romance
    {0.99, 0.14, 0.16},        // VowelFinal
    {0.96, 0.10, 0.17, 0.04},  // German
    {0.99, 0.11, 0.16},        // EnFinal
    {0.93, 0.28, 0.18, 0.46},  // Nordic
    {0.99, 0.32, 0.22, 0.27},  // Eastern
    {1.04, 0.00, 0.30, 0.19},  // Vietnamese
    {0.97, 0.30, 0.08},        // Russian
    {1.15, 0.49, 0.25},        // Cyrillic
    {0.98, 0.66, 0.28},        // Greek
    {1.25, 0.49, 0.21},        // Hebrew
    {1.17, 0.36, 0.16},        // Arabic
    {1.09, 0.34, 0.19},        // Devanagari
    {0.95, 0.46, 0.38},        // Indic
    {1.08, 0.54, 0.36},        // Thai
    {1.97, 0.58, 0.50},        // Hangul
    {0.66, 0.67, 0.63},        // Kana
    {1.52, 0.75, 0.87},        // Chinese
    {2.08, 1.03, 0.90},        // Kanji
    {1.00, 0.30, 0.30},        // OtherLetter
}};
constexpr std::array<double, kExtras> kExtraCosts = {
    0.05,  // Capitalised
    0.05,  // CapitalBeyond3
    0.93,  // AllCapitals
    0.20,  // AllCapBeyond3
    0.08,  // Glued
    0.07,  // GluedBeyond3
    0.02,  // Bare
    0.02,  // BareBeyond3
    0.50,  // BlobLetter
    1.00,  // Digits
    1.00,  // Punctuation
    0.86,  // Change
    1.00,  // Whitespace
    0.98,  // Symbol
    1.85,  // Pictograph
    1.00,  // Invalid
};

//---- scripts ----

// A script is named by its tongue; these are the ones that do not tell it, and what is no letter.
enum Script : std::uint8_t { kLatin = kTongues, kCyrillicScript, kHan, kSymbols, kPictographs };

struct Range {
    std::uint32_t first;  // a multiple of 16; the range ends where the next begins
    std::uint8_t script;
};

// clang-format off
constexpr Range kRanges[] = {
    {0x0000, kSymbols},     {0x00C0, kLatin},       {0x0250, kOtherLetter}, {0x02B0, kSymbols},
    {0x0300, kLatin},       {0x0370, kGreek},       {0x0400, kCyrillicScript},
    {0x0530, kOtherLetter}, {0x0590, kHebrew},      {0x0600, kArabic},      {0x0900, kDevanagari},
    {0x0980, kIndic},       {0x0E00, kThai},        {0x0F00, kOtherLetter}, {0x1100, kHangul},
    {0x1200, kOtherLetter}, {0x1E00, kLatin},       {0x1F00, kGreek},       {0x2000, kSymbols},
    {0x2C00, kOtherLetter}, {0x2E00, kSymbols},     {0x2E80, kHan},         {0x2FF0, kSymbols},
    {0x3040, kKana},        {0x3100, kHan},         {0x3130, kHangul},      {0x3190, kHan},
    {0x31F0, kKana},        {0x3200, kSymbols},     {0x3400, kHan},         {0x4DC0, kSymbols},
    {0x4E00, kHan},         {0xA000, kOtherLetter}, {0xAC00, kHangul},      {0xD7B0, kSymbols},
    {0xF900, kHan},         {0xFB00, kLatin},       {0xFB10, kHebrew},      {0xFB50, kArabic},
    {0xFE00, kPictographs}, {0xFE10, kSymbols},     {0xFE70, kArabic},      {0xFF00, kSymbols},
    {0xFF70, kKana},        {0xFFA0, kHangul},      {0xFFE0, kSymbols},
};
// clang-format on

constexpr auto kScriptOfBlock = [] {
    std::array<std::uint8_t, 0x10000 / 16> table{};
    for (const Range &range : kRanges) {
        for (std::size_t i = range.first / 16; i < table.size(); ++i) table[i] = range.script;
    }
    return table;
}();

inline std::uint8_t script_of(std::uint32_t c) noexcept {
    if (c >= 0x20000) return kHan;
    if (c >= 0x1F000) return kPictographs;
    if (c >= 0x10000) return kOtherLetter;
    switch (c) {  // no letters, though their blocks are
        case 0xD7:
        case 0xF7:
        case 0x60C:
        case 0x61B:
        case 0x61F:
        case 0x964:
        case 0x965:
            return kSymbols;
        case 0x200D:
            return kPictographs;
        default:
            return kScriptOfBlock[c / 16];
    }
}

//---- bytes ----

enum ByteClass : std::uint8_t { kMark, kSmall, kCapital, kDigit, kBlank, kNewline, kHigh };

constexpr auto kByteClass = [] {
    std::array<std::uint8_t, 256> table{};
    for (int c = 'a'; c <= 'z'; ++c) table[c] = kSmall;
    for (int c = 'A'; c <= 'Z'; ++c) table[c] = kCapital;
    for (int c = '0'; c <= '9'; ++c) table[c] = kDigit;
    for (int c = 0x80; c <= 0xFF; ++c) table[c] = kHigh;
    for (const int c : {' ', '\t', '\v', '\f'}) table[c] = kBlank;
    for (const int c : {'\n', '\r'}) table[c] = kNewline;
    return table;
}();

using Cursor = const unsigned char *;

struct Decoded {
    std::uint32_t code_point;
    std::uint32_t bytes;  // 0 where no whole sequence stands
};

// The sequence at a byte of 0x80 and above. Lenient: overlong forms and surrogates pass.
inline Decoded decode(Cursor at, Cursor end) noexcept {
    const auto tail = [at](int i) { return at[i] & 0x3Fu; };
    const std::uint32_t bytes = at[0] < 0xC2 ? 0 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
    if (bytes == 0 || at[0] > 0xF4 || static_cast<std::size_t>(end - at) < bytes) return {0, 0};
    for (std::uint32_t i = 1; i < bytes; ++i) {
        if ((at[i] & 0xC0u) != 0x80u) return {0, 0};
    }
    if (bytes == 2) return {(at[0] & 0x1Fu) << 6 | tail(1), 2};
    if (bytes == 3) return {(at[0] & 0x0Fu) << 12 | tail(1) << 6 | tail(2), 3};
    return {(at[0] & 0x07u) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3), 4};
}

}  // namespace sm::core::tokens
