// Builds jsonb containers as the server does, from a small document model, and prints the model in
// the plainest way. Shared by the unit tests and the fuzz target: what the writer under test prints
// from the container must be what reference_text() prints from the model.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sm::test {

// A JSON value before it is stored. Numbers are given as plain decimal text (`-12.50`) or by name.
struct Doc {
    enum class Type { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject };

    Type type = Type::kNull;
    std::string text = {};
    std::vector<std::pair<std::string, Doc>> children = {};  // the keys of an array are empty
};

inline Doc null() {
    return {};
}
inline Doc boolean(bool value) {
    return {value ? Doc::Type::kTrue : Doc::Type::kFalse};
}
inline Doc number(std::string_view text) {
    return {Doc::Type::kNumber, std::string(text)};
}
inline Doc string(std::string_view text) {
    return {Doc::Type::kString, std::string(text)};
}
inline Doc array(std::vector<Doc> elements) {
    Doc doc{Doc::Type::kArray};
    for (Doc &element : elements) doc.children.emplace_back("", std::move(element));
    return doc;
}

// Keys in the server's order, the last of equal ones kept.
inline Doc object(std::vector<std::pair<std::string, Doc>> pairs) {
    const auto less = [](const auto &a, const auto &b) {
        if (a.first.size() != b.first.size()) return a.first.size() < b.first.size();
        return std::memcmp(a.first.data(), b.first.data(), a.first.size()) < 0;
    };
    std::stable_sort(pairs.begin(), pairs.end(), less);
    Doc doc{Doc::Type::kObject};
    for (auto &pair : pairs) {
        if (!doc.children.empty() && doc.children.back().first == pair.first) {
            doc.children.pop_back();
        }
        doc.children.push_back(std::move(pair));
    }
    return doc;
}

struct BuildOptions {
    unsigned stride = 32;        // every how many entries hold an end offset
    bool long_numerics = false;  // the long form even where the short one is enough
    bool short_length = false;   // numerics with a one-byte length, which the server does not store
};

// --- numerics ----------------------------------------------------------------------------------

struct Digits {
    bool negative = false;
    int weight = 0;
    int scale = 0;
    std::vector<std::uint16_t> digits = {};
};

inline Digits parse_decimal(std::string_view text) {
    Digits number;
    number.negative = text.starts_with('-');
    if (number.negative) text.remove_prefix(1);
    const std::size_t point = text.find('.');
    std::string whole(text.substr(0, point));
    std::string fraction(point == text.npos ? "" : text.substr(point + 1));
    number.scale = static_cast<int>(fraction.size());
    while (whole.size() % 4 != 0) whole.insert(0, "0");
    while (fraction.size() % 4 != 0) fraction += '0';
    number.weight = static_cast<int>(whole.size() / 4) - 1;
    const std::string all = whole + fraction;
    for (std::size_t i = 0; i < all.size(); i += 4) {
        number.digits.push_back(static_cast<std::uint16_t>(std::stoi(all.substr(i, 4))));
    }
    std::size_t zeros = 0;
    while (zeros < number.digits.size() && number.digits[zeros] == 0) ++zeros;
    number.digits.erase(number.digits.begin(), number.digits.begin() + zeros);
    number.weight -= static_cast<int>(zeros);
    while (!number.digits.empty() && number.digits.back() == 0) number.digits.pop_back();
    if (number.digits.empty()) number.weight = 0, number.negative = false;
    return number;
}

template <typename Integer>
void append_integer(std::string &out, Integer value) {
    out.append(reinterpret_cast<const char *>(&value), sizeof value);
}

// A numeric with its length in front, little-endian machines only.
inline std::string stored_numeric(const Digits &number, const BuildOptions &options = {}) {
    std::string body;
    const bool fits = number.scale <= 63 && number.weight >= -64 && number.weight <= 63;
    if (fits && !options.long_numerics) {
        const unsigned header = 0x8000 | (number.negative ? 0x2000 : 0) |
                                static_cast<unsigned>(number.scale) << 7 |
                                (static_cast<unsigned>(number.weight) & 0x7F);
        append_integer(body, static_cast<std::uint16_t>(header));
    } else {
        const unsigned header =
            (number.negative ? 0x4000 : 0) | static_cast<unsigned>(number.scale);
        append_integer(body, static_cast<std::uint16_t>(header));
        append_integer(body, static_cast<std::int16_t>(number.weight));
    }
    for (const std::uint16_t digit : number.digits) append_integer(body, digit);
    std::string stored;
    if (options.short_length && body.size() < 126) {
        stored.push_back(static_cast<char>((body.size() + 1) << 1 | 1));
    } else {
        append_integer(stored, static_cast<std::uint32_t>((body.size() + 4) << 2));
    }
    return stored + body;
}

inline std::string stored_numeric(std::string_view text, const BuildOptions &options = {}) {
    const std::pair<std::string_view, std::uint16_t> names[] = {
        {"NaN", 0xC000}, {"Infinity", 0xD000}, {"-Infinity", 0xF000}};
    for (const auto &[name, header] : names) {
        if (text != name) continue;
        std::string stored;
        append_integer(stored, std::uint32_t{6 << 2});
        append_integer(stored, header);
        return stored;
    }
    return stored_numeric(parse_decimal(text), options);
}

// --- containers --------------------------------------------------------------------------------

class Builder {
  public:
    explicit Builder(BuildOptions options) : options_(options) {}

    // The root container of a document.
    std::string build(const Doc &doc) {
        out_.clear();
        if (doc.type == Doc::Type::kArray || doc.type == Doc::Type::kObject) {
            append_container(doc, 0);
        } else {
            append_container(array({doc}), 0x10000000);
        }
        return out_;
    }

  private:
    static constexpr std::uint32_t kContainer = 0x50000000;

    void pad() { out_.resize((out_.size() + 3) & ~std::size_t{3}, '\0'); }

    void set_word(std::size_t at, std::uint32_t word) {
        std::memcpy(out_.data() + at, &word, sizeof word);
    }

    void append_container(const Doc &doc, std::uint32_t flags) {
        pad();
        const bool is_object = doc.type == Doc::Type::kObject;
        flags |= is_object ? 0x20000000 : 0x40000000;
        const std::size_t count = doc.children.size();
        append_integer(out_, static_cast<std::uint32_t>(count | flags));
        const std::size_t entries = out_.size();
        out_.resize(entries + 4 * count * (is_object ? 2 : 1));
        const std::size_t data = out_.size();
        std::size_t index = 0;
        const auto append = [&](auto &&append_data) {
            const std::size_t start = out_.size();
            std::uint32_t entry = append_data();
            if (index % options_.stride == 0) {
                entry |= 0x80000000 | static_cast<std::uint32_t>(out_.size() - data);
            } else {
                entry |= static_cast<std::uint32_t>(out_.size() - start);
            }
            set_word(entries + 4 * index++, entry);
        };
        if (is_object) {
            for (const auto &child : doc.children) {
                append([&] { return out_ += child.first, std::uint32_t{0}; });
            }
        }
        for (const auto &child : doc.children) {
            append([&] { return append_value(child.second); });
        }
    }

    // Appends a child's data and returns its type bits.
    std::uint32_t append_value(const Doc &doc) {
        switch (doc.type) {
            case Doc::Type::kNull:
                return 0x40000000;
            case Doc::Type::kFalse:
                return 0x20000000;
            case Doc::Type::kTrue:
                return 0x30000000;
            case Doc::Type::kString:
                return out_ += doc.text, 0x00000000;
            case Doc::Type::kNumber:
                pad();
                return out_ += stored_numeric(doc.text, options_), 0x10000000;
            default:
                return append_container(doc, 0), kContainer;
        }
    }

    BuildOptions options_;
    std::string out_;
};

// A container in memory of exactly its size, so that AddressSanitizer sees reads beyond its end.
class Container {
  public:
    // `shift` moves it away from an aligned address.
    explicit Container(const std::string &bytes, std::size_t shift = 0)
        : memory_(static_cast<char *>(std::malloc(bytes.size() + shift))), shift_(shift) {
        std::memcpy(memory_ + shift_, bytes.data(), bytes.size());
    }
    explicit Container(const Doc &doc, BuildOptions options = {}, std::size_t shift = 0)
        : Container(Builder(options).build(doc), shift) {}
    Container(const Container &) = delete;
    Container &operator=(const Container &) = delete;
    ~Container() { std::free(memory_); }

    const void *get() const { return memory_ + shift_; }

  private:
    char *memory_;
    std::size_t shift_;
};

// --- the plain writer --------------------------------------------------------------------------

inline std::string reference_string(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\b') {
            out += "\\b";
        } else if (c == '\f') {
            out += "\\f";
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\r') {
            out += "\\r";
        } else if (c == '\t') {
            out += "\\t";
        } else if (c == '"' || c == '\\') {
            out += '\\', out += c;
        } else if (byte < 0x20) {
            const char *hex = "0123456789abcdef";
            out += "\\u00", out += hex[byte / 16], out += hex[byte % 16];
        } else {
            out += c;
        }
    }
    return out + '"';
}

inline std::string reference_text(const Doc &doc) {
    const auto join = [&](bool keys) {
        std::string out;
        for (const auto &child : doc.children) {
            if (!out.empty()) out += ", ";
            if (keys) out += reference_string(child.first) + ": ";
            out += reference_text(child.second);
        }
        return out;
    };
    switch (doc.type) {
        case Doc::Type::kFalse:
            return "false";
        case Doc::Type::kTrue:
            return "true";
        case Doc::Type::kNumber:
            return doc.text;
        case Doc::Type::kString:
            return reference_string(doc.text);
        case Doc::Type::kArray:
            return "[" + join(false) + "]";
        case Doc::Type::kObject:
            return "{" + join(true) + "}";
        default:
            return "null";
    }
}

// --- calling a writer --------------------------------------------------------------------------

// Calls `write(out, limit)` with `room` bytes between guard bytes, for builds that have no
// AddressSanitizer. Returns what was written, "nothing" for a nullptr, or what went wrong.
template <typename Write>
std::string written_into(std::size_t room, Write &&write) {
    constexpr std::size_t kGuard = 64;
    std::vector<char> memory(room + 2 * kGuard, '\x5A');
    const char *out = memory.data() + kGuard;
    const char *end = write(memory.data() + kGuard, memory.data() + kGuard + room);
    const auto is_guard = [](char c) { return c == '\x5A'; };
    if (!std::all_of(memory.begin(), memory.begin() + kGuard, is_guard)) return "wrote before";
    if (!std::all_of(memory.end() - kGuard, memory.end(), is_guard)) return "wrote behind";
    if (end == nullptr) return "nothing";
    if (end < out || end > out + room) return "an end outside";
    return std::string(out, end);
}

// What is wrong with the text in any room from none to more than enough, or "": it must be there
// where it fits, and nothing where it does not.
template <typename Write>
std::string fault_in_some_room(const std::string &wanted, Write &&write) {
    for (std::size_t room = 0; room <= wanted.size() + 20; ++room) {
        const std::string found = written_into(room, write);
        if (found != (room < wanted.size() ? "nothing" : wanted)) {
            return found + " in a room of " + std::to_string(room) + " for " + wanted;
        }
    }
    return "";
}

// Doubles the room until the text fits, as callers do.
template <typename Write>
std::string write_all(Write &&write) {
    for (std::size_t room = 64;; room *= 2) {
        std::vector<char> memory(room);
        const char *end = write(memory.data(), memory.data() + room);
        if (end != nullptr) return std::string(static_cast<const char *>(memory.data()), end);
    }
}

}  // namespace sm::test
