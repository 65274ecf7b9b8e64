// The token estimator: walks a text once, cuts it where the o200k pre-tokenizer would, counts what
// kinds of pieces there are, and prices the counts. Words used here:
//   piece   what the pre-tokenizer cuts: a word with the blank before it, up to three digits, a run
//           of punctuation, a run of whitespace. A piece is at least one token, and often just one.
//   tongue  languages whose words cost alike. A script tells it (Greek, Thai), or signs in the
//           words around do (English or Polish, Chinese or Japanese), since length alone does not: a word
//           of eight letters is one token in English, and nearly three in Polish.
//   page    the words that wait for such signs; settled when it is full and when the text ends.
#include "core/tokens.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/tokens_tables.hpp"

namespace sm::core {
namespace {

using namespace tokens;

using Count = std::int64_t;

struct Tally {
    std::array<Words<Count>, kTongues> words{};
    std::array<Count, kExtras> extras{};
};

//---- the page ----

// Long enough for a German page to show an umlaut, short enough to follow a change of language.
constexpr Count kPageWords = 64;

// Signs of a tongue, in words that show them.
enum Sign : std::uint8_t {
    kAnyLatin,
    kRomanceSign,
    kGermanSign,
    kNordicSign,
    kEasternSign,
    kVietnameseSign,
    kCapitalSign,  // after a blank, as German nouns are
    kSmallSign,    // words of four and more small letters, all ASCII …
    kVowelSign,  // … that end in a, i, o or u: 1 to 3 % in English, 35 to 70 % in Italian or Polish
    kEnSign,     // … that end in -en: 1 to 3 % in English, 15 to 20 % in German and Dutch
    kAnyCyrillic,
    kNotRussianSign,
    kKanaSign,
    kSigns,
};

struct Page {
    Words<Count> latin, cyrillic, han;
    std::array<Count, kSigns> signs{};
};

Tongue latin_tongue(const std::array<Count, kSigns> &signs) noexcept {
    const Count accented = signs[kRomanceSign] + signs[kGermanSign] + signs[kNordicSign] +
                           signs[kEasternSign] + signs[kVietnameseSign];
    const bool vowels = signs[kVowelSign] >= 2 && signs[kVowelSign] * 2 >= signs[kSmallSign];
    // One word in 32: less is a résumé or a name in an English text.
    if (accented > 0 && accented * 32 >= signs[kAnyLatin]) {
        if (signs[kVietnameseSign] * 4 >= accented) return kVietnamese;
        if (signs[kEasternSign] * 4 >= accented) return kEastern;
        if (signs[kNordicSign] * 5 >= accented) return kNordic;
        if (signs[kGermanSign] > signs[kRomanceSign]) {
            if (vowels) return kEastern;
            return signs[kCapitalSign] * 8 >= signs[kAnyLatin] ? kGerman : kNordic;
        }
        return vowels && accented * 12 < signs[kAnyLatin] ? kVowelFinal : kRomance;
    }
    if (vowels) return kVowelFinal;
    if (signs[kVowelSign] >= 2 && signs[kVowelSign] * 4 >= signs[kSmallSign]) return kRomance;
    if (signs[kEnSign] >= 2 && signs[kEnSign] * 8 >= signs[kSmallSign]) return kEnFinal;
    return kEnglish;
}

void move_into(Words<Count> &to, Words<Count> &from) noexcept {
    to.words += from.words;
    to.middle += from.middle;
    to.rest += from.rest;
    to.accented += from.accented;
    from = {};
}

void settle(Page &page, Tally &tally) noexcept {
    auto &signs = page.signs;
    const bool russian = signs[kNotRussianSign] * 16 <= signs[kAnyCyrillic];
    move_into(tally.words[latin_tongue(signs)], page.latin);
    move_into(tally.words[russian ? kRussian : kCyrillic], page.cyrillic);
    move_into(tally.words[signs[kKanaSign] > 0 ? kKanji : kChinese], page.han);
    // What a page showed speaks for the next one too, at half the weight.
    for (Count &sign : signs) sign /= 2;
}

// Which language a Latin letter outside ASCII speaks for.
Sign sign_of(std::uint32_t c) noexcept {
    switch (c) {
        case 0x110:
        case 0x111:
        case 0x1A0:
        case 0x1A1:
        case 0x1AF:
        case 0x1B0:
            return kVietnameseSign;  // Đ Ơ Ư
        case 0xC5:
        case 0xC6:
        case 0xD8:
        case 0xE5:
        case 0xE6:
        case 0xF8:
            return kNordicSign;  // Å Æ Ø
        case 0xC4:
        case 0xD6:
        case 0xDC:
        case 0xDF:
        case 0xE4:
        case 0xF6:
        case 0xFC:
            return kGermanSign;  // Ä Ö Ü ß
        default:
            return c >= 0x1E00 ? kVietnameseSign : c >= 0x100 ? kEasternSign : kRomanceSign;
    }
}

//---- the walk ----

class Walker {
  public:
    Walker(Cursor begin, Cursor end) noexcept : at_(begin), end_(end) {}

    Tally walk() noexcept {
        while (at_ < end_) {
            switch (kByteClass[*at_]) {
                case kSmall:
                case kCapital:
                    latin_word(Before::kNothing);
                    break;
                case kDigit:
                    digits();
                    break;
                case kBlank:
                case kNewline:
                    whitespace();
                    break;
                case kHigh:
                    high(Before::kNothing);
                    break;
                default:
                    punctuation(Before::kNothing);
                    break;
            }
            if (page_.latin.words + page_.cyrillic.words + page_.han.words >= kPageWords) {
                settle(page_, tally_);
            }
        }
        settle(page_, tally_);
        return tally_;
    }

  private:
    enum class Before { kNothing, kBlank, kMark };

    Cursor skip(Cursor p, ByteClass wanted) const noexcept {
        while (p < end_ && kByteClass[*p] == wanted) ++p;
        return p;
    }

    bool is_letter(Cursor p) const noexcept {
        return p < end_ && (kByteClass[*p] == kSmall || kByteClass[*p] == kCapital);
    }

    static void count(Words<Count> &words, Count letters) noexcept {
        words.words += 1;
        words.middle += std::clamp<Count>(letters - 3, 0, 3);
        words.rest += std::max<Count>(letters - 6, 0);
    }

    void count(Extra words, Extra beyond3, Count letters) noexcept {
        tally_.extras[words] += 1;
        tally_.extras[beyond3] += std::max<Count>(letters - 3, 0);
    }

    // Capitals, then small letters: camelCase is two words.
    void latin_word(Before before) noexcept {
        const Cursor begin = at_;
        Cursor p = skip(begin, kCapital);
        const Count capitals = p - begin;
        p = skip(p, kSmall);
        Count letters = p - begin;
        const Count ascii = letters;
        if (p < end_ && *p >= 0x80) p = accented_rest(p, letters);
        const bool accented = letters > ascii;
        at_ = p < end_ && *p == '\'' ? contraction(p) : p;

        auto &signs = page_.signs;
        signs[kAnyLatin] += 1;
        if (capitals > 1 && capitals == letters) {
            count(kAllCapitals, kAllCapBeyond3, letters);
            return;
        }
        if (letters > kLongestWord) {
            tally_.extras[kBlobLetter] += letters - kLongestWord;
            letters = kLongestWord;
        }
        count(page_.latin, letters);
        page_.latin.accented += accented;
        if (capitals > 0) {
            count(kCapitalised, kCapitalBeyond3, letters);
            signs[kCapitalSign] += before == Before::kBlank;
        } else if (ascii >= 4 && !accented) {
            const auto last = begin[ascii - 1];
            signs[kSmallSign] += 1;
            signs[kVowelSign] += last == 'a' || last == 'i' || last == 'o' || last == 'u';
            signs[kEnSign] += last == 'n' && begin[ascii - 2] == 'e';
        }
        if (before == Before::kMark) count(kGlued, kGluedBeyond3, letters);
        if (before == Before::kNothing) count(kBare, kBareBeyond3, letters);
    }

    // The rest of a Latin word from the first byte outside ASCII on; counts its letters.
    Cursor accented_rest(Cursor p, Count &letters) noexcept {
        std::uint8_t sign = 0;
        while (p < end_) {
            std::uint32_t bytes = 1;
            if (*p >= 0x80) {
                const Decoded next = decode(p, end_);
                if (next.bytes == 0 || script_of(next.code_point) != kLatin) break;
                sign = std::max<std::uint8_t>(sign, sign_of(next.code_point));
                bytes = next.bytes;
            } else if (kByteClass[*p] != kSmall) {
                break;
            }
            p += bytes;
            letters += 1;
        }
        if (sign != 0) page_.signs[sign] += 1;
        return p;
    }

    // 's 't 'm 'd 're 've 'll belong to the word before them.
    Cursor contraction(Cursor p) const noexcept {
        if (end_ - p < 2) return p;
        const int c = p[1] | 0x20;
        if (c == 's' || c == 't' || c == 'm' || c == 'd') return p + 2;
        if (end_ - p < 3) return p;
        const int d = p[2] | 0x20;
        const bool two = (c == 'r' && d == 'e') || (c == 'v' && d == 'e') || (c == 'l' && d == 'l');
        return two ? p + 3 : p;
    }

    void digits() noexcept {
        const Cursor p = skip(at_, kDigit);
        tally_.extras[kDigits] += (p - at_ + 2) / 3;
        at_ = p;
    }

    // A run of ASCII punctuation with the newlines after it. A single mark joins a word instead.
    void punctuation(Before before) noexcept {
        Cursor p = at_ + 1;
        Count changes = 0;
        for (; p < end_ && kByteClass[*p] == kMark; ++p) changes += p - at_ >= 3 && *p != p[-1];
        if (p == at_ + 1 && before == Before::kNothing && is_letter(p)) {
            at_ = p;
            latin_word(Before::kMark);
            return;
        }
        tally_.extras[kPunctuation] += 1 + (p - at_) / kRepeats;
        tally_.extras[kChange] += changes;
        at_ = skip(p, kNewline);
    }

    // A run of blanks and newlines: one piece up to its last newline, one of the blanks after it,
    // whose last blank joins what follows, unless that is a digit.
    void whitespace() noexcept {
        Cursor p = at_;
        Cursor line = nullptr;
        for (; p < end_ && (kByteClass[*p] == kBlank || kByteClass[*p] == kNewline); ++p) {
            if (kByteClass[*p] == kNewline) line = p + 1;
        }
        auto &pieces = tally_.extras[kWhitespace];
        if (line != nullptr) {
            pieces += 1 + (line - at_) / kRepeats;
            at_ = line;
        }
        const Count blanks = p - at_;
        at_ = p;
        if (blanks == 0) return;
        if (blanks > 1 || p == end_) pieces += 1 + blanks / kRepeats;
        if (p == end_) return;
        switch (kByteClass[*p]) {
            case kSmall:
            case kCapital:
                latin_word(p[-1] == ' ' ? Before::kBlank : Before::kMark);
                break;
            case kDigit:
                pieces += 1;
                break;
            case kHigh:
                high(Before::kBlank);
                break;
            default:
                punctuation(Before::kBlank);
                break;
        }
    }

    // What begins with a byte outside ASCII: a word of some script, a symbol, or no UTF-8 at all.
    void high(Before before) noexcept {
        const Decoded first = decode(at_, end_);
        const auto script = first.bytes == 0 ? std::uint8_t{kSymbols} : script_of(first.code_point);
        if (script == kLatin) return latin_word(before);
        if (script == kSymbols || script == kPictographs) {
            at_ += std::max(first.bytes, 1u);
            // The curly apostrophe: I’m, l’eau.
            if (first.code_point == 0x2019 && is_letter(at_)) return latin_word(Before::kMark);
            const Extra what = script == kPictographs ? kPictograph : kSymbol;
            tally_.extras[first.bytes == 0 ? kInvalid : what] += 1;
            return;
        }
        Count letters = 0;
        bool russian = true;
        while (at_ < end_ && *at_ >= 0x80) {
            const auto [c, bytes] = decode(at_, end_);
            if (bytes == 0 || script_of(c) != script) break;
            russian &= (c >= 0x410 && c <= 0x451 && c != 0x450) || c == 0x401;
            at_ += bytes;
            letters += 1;
        }
        if (script == kCyrillicScript) {
            count(page_.cyrillic, letters);
            page_.signs[kAnyCyrillic] += 1;
            page_.signs[kNotRussianSign] += !russian;
        } else if (script == kHan) {
            count(page_.han, letters);
        } else {
            count(tally_.words[script], letters);
            page_.signs[kKanaSign] += script == kKana;
        }
    }

    // Beyond this a Latin word is a key, a hash or base64.
    static constexpr Count kLongestWord = 24;
    // The vocabulary has runs of the same character up to about this length.
    static constexpr Count kRepeats = 64;

    Cursor at_;
    Cursor end_;
    Tally tally_;
    Page page_;
};

Tally tally_of(std::string_view text) noexcept {
    const auto begin = reinterpret_cast<Cursor>(text.data());
    return Walker(begin, begin + text.size()).walk();
}

}  // namespace

std::uint32_t estimate_tokens(std::string_view text) noexcept {
    const Tally tally = tally_of(text);
    double tokens = 0;
    for (std::size_t i = 0; i < kTongues; ++i) {
        const auto &[words, middle, rest, accented] = tally.words[i];
        const auto &cost = kWordCosts[i];
        tokens +=
            cost.words * static_cast<double>(words) + cost.middle * static_cast<double>(middle) +
            cost.rest * static_cast<double>(rest) + cost.accented * static_cast<double>(accented);
    }
    for (std::size_t i = 0; i < kExtras; ++i) {
        tokens += kExtraCosts[i] * static_cast<double>(tally.extras[i]);
    }
    const double least = text.empty() ? 0 : 1;
    const double most = std::numeric_limits<std::uint32_t>::max();
    return static_cast<std::uint32_t>(std::clamp(std::round(tokens), least, most));
}

}  // namespace sm::core
