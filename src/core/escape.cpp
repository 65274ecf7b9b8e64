// Finds the bytes to escape 16 at a time, and copies the runs between them in the same step.
//
// Room is counted once: a text never gets shorter by escaping, so a string that does not fit as it
// is does not fit at all. What is left over, the `spare`, is what escapes may use. Between escapes
// nothing needs to be checked: there is always room for all that is still to be read, and a quote.
#include "core/escape.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(SM_NO_SIMD)
#elif defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace sm::core {
namespace {

constexpr std::ptrdiff_t kBlock = 16;

// Which bytes need escaping: those below 0x20, `"` and `\`. Flipping bit 1 takes `"` (0x22) to 0x20
// and leaves what is below 0x20 there, so one comparison finds both.
constexpr unsigned char kFlip = 0x02;
constexpr unsigned char kHighest = 0x20;

// Copies one block, and returns its bytes that need escaping as a mask: one bit for each, all
// kBitsPerByte apart, the first byte's the lowest.
#if !defined(SM_NO_SIMD) && defined(__SSE2__)

constexpr int kBitsPerByte = 1;

inline std::uint32_t copy_block(const char *from, char *out) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i *>(from));
    _mm_storeu_si128(reinterpret_cast<__m128i *>(out), block);
    const __m128i flipped = _mm_xor_si128(block, _mm_set1_epi8(kFlip));
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(flipped, _mm_set1_epi8(kHighest)), flipped);
    const __m128i backslash = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
    return _mm_movemask_epi8(_mm_or_si128(low, backslash));
}

#elif !defined(SM_NO_SIMD) && defined(__aarch64__)

constexpr int kBitsPerByte = 4;

inline std::uint64_t copy_block(const char *from, char *out) {
    const uint8x16_t block = vld1q_u8(reinterpret_cast<const std::uint8_t *>(from));
    vst1q_u8(reinterpret_cast<std::uint8_t *>(out), block);
    const uint8x16_t low = vcleq_u8(veorq_u8(block, vdupq_n_u8(kFlip)), vdupq_n_u8(kHighest));
    const uint8x16_t found = vorrq_u8(low, vceqq_u8(block, vdupq_n_u8('\\')));
    const uint8x8_t nibbles = vshrn_n_u16(vreinterpretq_u16_u8(found), 4);
    return vget_lane_u64(vreinterpret_u64_u8(nibbles), 0) & 0x1111111111111111;
}

#else

constexpr int kBitsPerByte = 1;

inline std::uint32_t copy_block(const char *from, char *out) {
    std::uint32_t found = 0;
    for (int i = 0; i < kBlock; ++i) {
        const auto byte = static_cast<unsigned char>(from[i]);
        found |= static_cast<std::uint32_t>((byte ^ kFlip) <= kHighest || byte == '\\') << i;
    }
    std::memcpy(out, from, kBlock);
    return found;
}

#endif

// Whether any of eight bytes needs escaping: the well-known tests for "a byte below n" and "a byte
// equal to n" within one word, exact as long as only "any" is asked
// (https://graphics.stanford.edu/~seander/bithacks.html).
inline bool needs_escaping(std::uint64_t word) {
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    const std::uint64_t flipped = word ^ (kOnes * kFlip);
    const std::uint64_t backslash = word ^ (kOnes * '\\');
    const std::uint64_t low = (flipped - kOnes * (kHighest + 1)) & ~flipped;
    const std::uint64_t equal = (backslash - kOnes) & ~backslash;
    return ((low | equal) & (kOnes * 0x80)) != 0;
}

// The letter behind the backslash, 'u' for \u00XX, 0 for a byte that stands for itself.
inline char escape_letter(unsigned char byte) {
    static constexpr char kControl[] = "uuuuuuuubtnufruuuuuuuuuuuuuuuuuu";
    if (byte < 0x20) return kControl[byte];
    return byte == '"' || byte == '\\' ? static_cast<char>(byte) : '\0';
}

// Writes one escaped byte and takes what it needs beyond one byte from `spare`.
inline char *write_escape(unsigned char byte, char letter, char *out, std::ptrdiff_t &spare) {
    static constexpr char kHex[] = "0123456789abcdef";
    spare -= letter == 'u' ? 5 : 1;
    if (spare < 0) return nullptr;
    *out++ = '\\';
    *out++ = letter;
    if (letter != 'u') return out;
    *out++ = '0';
    *out++ = '0';
    *out++ = kHex[byte >> 4];
    *out++ = kHex[byte & 15];
    return out;
}

char *write_bytes(const char *from, const char *end, char *out, std::ptrdiff_t spare) {
    for (; from < end; ++from) {
        const auto byte = static_cast<unsigned char>(*from);
        const char letter = escape_letter(byte);
        if (letter == '\0') {
            *out++ = *from;
        } else {
            out = write_escape(byte, letter, out, spare);
            if (out == nullptr) return nullptr;
        }
    }
    return out;
}

// Copies fewer than 16 bytes if none needs escaping: two words that may overlap.
template <typename Word>
inline bool copy_clean_words(const char *from, std::ptrdiff_t size, char *out) {
    Word head, tail;
    std::memcpy(&head, from, sizeof(Word));
    std::memcpy(&tail, from + size - sizeof(Word), sizeof(Word));
    // A four-byte word is tested twice over rather than beside zeros, which would need escaping.
    constexpr std::uint64_t kRepeat = sizeof(Word) == 8 ? 1 : 0x100000001;
    if (needs_escaping(head * kRepeat) || needs_escaping(tail * kRepeat)) return false;
    std::memcpy(out, &head, sizeof(Word));
    std::memcpy(out + size - sizeof(Word), &tail, sizeof(Word));
    return true;
}

inline char *write_short(const char *from, std::ptrdiff_t size, char *out, std::ptrdiff_t spare) {
    if (size >= 8) {
        if (copy_clean_words<std::uint64_t>(from, size, out)) return out + size;
    } else if (size >= 4) {
        if (copy_clean_words<std::uint32_t>(from, size, out)) return out + size;
    }
    return write_bytes(from, from + size, out, spare);
}

// Writes the last 16 to 31 bytes of a text.
inline char *write_end(const char *from, const char *end, char *out, std::ptrdiff_t spare) {
    char last[kBlock];
    if (copy_block(from, out) != 0 || copy_block(end - kBlock, last) != 0) {
        return write_bytes(from, end, out, spare);
    }
    out += end - from;
    std::memcpy(out - kBlock, last, kBlock);
    return out;
}

// The read position moves by whole blocks, whatever is escaped in them: the next block is on its
// way while this one is written. Behind each escape the rest of the block is copied once more, with
// some of the next block, which must be there.
char *write_long(const char *from, std::ptrdiff_t size, char *out, std::ptrdiff_t spare) {
    const char *const end = from + size;
    for (; end - from >= 2 * kBlock; from += kBlock, out += kBlock) {
        auto found = copy_block(from, out);
        for (; found != 0; found &= found - 1) {
            const int index = std::countr_zero(found) / kBitsPerByte;
            const auto byte = static_cast<unsigned char>(from[index]);
            char *behind = write_escape(byte, escape_letter(byte), out + index, spare);
            if (behind == nullptr) return nullptr;
            std::memcpy(behind, from + index + 1, kBlock);
            out = behind - index - 1;
        }
    }
    return write_end(from, end, out, spare);
}

}  // namespace

char *write_escaped(std::string_view text, char *out, char *limit) noexcept {
    const auto size = static_cast<std::ptrdiff_t>(text.size());
    const std::ptrdiff_t spare = (limit - out) - size - 2;
    if (spare < 0) return nullptr;
    *out++ = '"';
    out = size < kBlock ? write_short(text.data(), size, out, spare)
                        : write_long(text.data(), size, out, spare);
    if (out == nullptr) return nullptr;
    *out++ = '"';
    return out;
}

}  // namespace sm::core
