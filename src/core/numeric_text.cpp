// A stored numeric is a length, one or two 16-bit header fields, and digits in base 10,000, the
// most significant first, without zeros at either end:
//
//   short  1 0 s dddddd wwwwwww   s sign, d display scale, w weight in two's complement
//   long   0 s dddddddddddddd  then a 16-bit weight
//   other  1 1 ...                NaN and the infinities, which have no digits
//
// The weight is the power of 10,000 of the first digit; the display scale is how many decimal
// places are shown, which may be more or fewer than the digits hold.
#include "core/numeric_text.hpp"

#include <bit>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <limits>
#include <string_view>

namespace sm::core {
namespace {

constexpr int kBase = 10000;
constexpr int kPlaces = 4;  // decimal digits in one stored digit

constexpr unsigned kFormMask = 0xC000;
constexpr unsigned kShortForm = 0x8000;
constexpr unsigned kOtherForm = 0xC000;

struct Numeric {
    unsigned header;
    bool negative;
    int weight;
    int scale;
    int count;           // of stored digits
    const char *digits;  // 16 bits each, at any alignment

    bool is_other() const { return (header & kFormMask) == kOtherForm; }

    int digit(int index) const {
        if (index < 0 || index >= count) return 0;
        std::uint16_t value;
        std::memcpy(&value, digits + 2 * index, sizeof value);
        return value;
    }
};

struct Body {
    const char *start;
    int size;
};

// The bytes behind the length word. The server stores a four-byte one in jsonb; the one-byte kind,
// which other code could put there, is told apart by a bit that depends on the byte order.
Body body_of(const void *stored) {
    const char *bytes = static_cast<const char *>(stored);
    std::uint32_t word;
    const auto first = static_cast<unsigned char>(*bytes);
    if constexpr (std::endian::native == std::endian::little) {
        if ((first & 1) != 0) return {bytes + 1, (first >> 1) - 1};
        std::memcpy(&word, bytes, sizeof word);
        word >>= 2;
    } else {
        if ((first & 0x80) != 0) return {bytes + 1, (first & 0x7F) - 1};
        std::memcpy(&word, bytes, sizeof word);
        word &= 0x3FFFFFFF;
    }
    return {bytes + sizeof word, static_cast<int>(word) - static_cast<int>(sizeof word)};
}

Numeric parse(const void *stored) {
    const Body body = body_of(stored);
    std::uint16_t header;
    std::memcpy(&header, body.start, sizeof header);
    if ((header & kFormMask) == kShortForm) {
        const int weight = (header & 0x3F) - (header & 0x40);
        return {header,
                (header & 0x2000) != 0,
                weight,
                (header & 0x1F80) >> 7,
                (body.size - 2) / 2,
                body.start + 2};
    }
    if ((header & kFormMask) == kOtherForm) return {header, false, 0, 0, 0, nullptr};
    std::int16_t weight;
    std::memcpy(&weight, body.start + 2, sizeof weight);
    return {header,          (header & 0x4000) != 0, weight,
            header & 0x3FFF, (body.size - 4) / 2,    body.start + 4};
}

char *write_other(unsigned header, char *out, char *limit) {
    std::string_view name = "NaN";
    if ((header & 0xF000) == 0xD000) name = "Infinity";
    if ((header & 0xF000) == 0xF000) name = "-Infinity";
    if (limit - out < static_cast<std::ptrdiff_t>(name.size())) return nullptr;
    std::memcpy(out, name.data(), name.size());
    return out + name.size();
}

int width_of(int digit) {
    return digit < 10 ? 1 : digit < 100 ? 2 : digit < 1000 ? 3 : 4;
}

// The last `width` decimal digits of `digit`.
char *write_low(int digit, int width, char *out) {
    for (int i = width - 1; i >= 0; --i, digit /= 10) out[i] = static_cast<char>('0' + digit % 10);
    return out + width;
}

// The first `width` of the four decimal digits of `digit`.
char *write_high(int digit, int width, char *out) {
    for (int i = width; i < kPlaces; ++i) digit /= 10;
    return write_low(digit, width, out);
}

std::ptrdiff_t size_of(const Numeric &number) {
    const int whole = number.weight < 0 ? 1 : width_of(number.digit(0)) + number.weight * kPlaces;
    return number.negative + whole + (number.scale > 0 ? 1 + number.scale : 0);
}

}  // namespace

char *write_int64(std::int64_t value, char *out, char *limit) noexcept {
    const std::to_chars_result result = std::to_chars(out, limit, value);
    return result.ec == std::errc() ? result.ptr : nullptr;
}

char *write_numeric(const void *stored, char *out, char *limit) noexcept {
    const Numeric number = parse(stored);
    if (number.is_other()) return write_other(number.header, out, limit);
    if (limit - out < size_of(number)) return nullptr;
    if (number.negative) *out++ = '-';
    if (number.weight < 0) {
        *out++ = '0';
    } else {
        out = write_low(number.digit(0), width_of(number.digit(0)), out);
        for (int i = 1; i <= number.weight; ++i) out = write_low(number.digit(i), kPlaces, out);
    }
    if (number.scale == 0) return out;
    *out++ = '.';
    int index = number.weight + 1;
    int left = number.scale;
    for (; left > kPlaces; left -= kPlaces) out = write_low(number.digit(index++), kPlaces, out);
    return write_high(number.digit(index), left, out);
}

std::optional<std::int64_t> numeric_to_count(const void *stored) noexcept {
    const Numeric number = parse(stored);
    if (number.is_other() || number.negative) return std::nullopt;
    if (number.count == 0) return 0;
    // Zeros at the end are not stored, so a digit behind the point means a fraction.
    if (number.weight < 0 || number.weight > 4 || number.count > number.weight + 1) {
        return std::nullopt;
    }
    std::int64_t value = 0;
    for (int i = 0; i <= number.weight; ++i) {
        const int digit = number.digit(i);
        constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
        if (value > (kMax - digit) / kBase) return std::nullopt;
        value = value * kBase + digit;
    }
    return value;
}

}  // namespace sm::core
