// Fuzzes the JSON text writer: the input describes a document, which is built as a stored container
// and as plain text; the writer must print that text into every room that holds it, and nothing
// into a smaller one.
//
//   test/hostile/fuzz.sh
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/jsonb_text.hpp"
#include "jsonb_builder.hpp"

namespace {

using sm::test::Doc;

// The input, byte by byte; zeros when it has come to its end.
class Input {
  public:
    Input(const std::uint8_t *data, std::size_t size) : next_(data), end_(data + size) {}

    bool empty() const { return next_ == end_; }
    unsigned byte() { return empty() ? 0 : *next_++; }
    std::string text() {
        // Lengths up to four blocks mostly, now and then long ones.
        const unsigned kind = byte();
        const std::size_t size = kind < 0xF0 ? kind % 70 : kind * 16;
        const unsigned filler = kind < 0xF0 ? 0 : byte();
        std::string text;
        while (text.size() < size) {
            text += static_cast<char>(filler != 0 && text.size() % 50 != 0 ? filler : byte());
        }
        return text;
    }

  private:
    const std::uint8_t *next_;
    const std::uint8_t *end_;
};

// Decimal text in the server's form: no zeros in front, no sign before a zero.
Doc make_number(Input &input) {
    const auto digits = [&](std::size_t count) {
        std::string text;
        while (text.size() < count) {
            const unsigned byte = input.byte();
            text += byte < 0x80 ? '0' : static_cast<char>('0' + byte % 10);
        }
        return text;
    };
    const bool negative = (input.byte() & 1) != 0;
    const unsigned whole = input.byte();
    const unsigned places = input.byte();
    std::string text = digits(whole < 250 ? whole % 30 : whole * 4);
    text.erase(0, text.find_first_not_of('0'));
    if (text.empty()) text = "0";
    if (places % 2 != 0) text += '.' + digits(places < 250 ? places % 40 : places * 4);
    if (negative && text.find_first_of("123456789") != text.npos) text.insert(0, "-");
    return sm::test::number(text);
}

Doc make_document(Input &input, unsigned depth) {
    const unsigned kind = input.byte() % 16;
    if (input.empty() || kind < 1) return sm::test::null();
    if (kind < 3) return sm::test::boolean(kind == 1);
    if (kind < 6) return make_number(input);
    if (kind < 10 || depth > 200) return sm::test::string(input.text());
    const unsigned size = input.byte();
    const unsigned children = size < 0xE0 ? size % 6 : size % 0x20 * 4;
    std::vector<Doc> elements;
    std::vector<std::pair<std::string, Doc>> pairs;
    for (unsigned i = 0; i < children && !input.empty(); ++i) {
        if (kind < 13) {
            elements.push_back(make_document(input, depth + 1));
        } else {
            std::string key = input.text();
            pairs.emplace_back(std::move(key), make_document(input, depth + 1));
        }
    }
    return kind < 13 ? sm::test::array(std::move(elements)) : sm::test::object(std::move(pairs));
}

// How many containers, and one more for a scalar, lie within each other.
std::size_t depth_of(const Doc &doc) {
    std::size_t depth = 0;
    for (const auto &child : doc.children) depth = std::max(depth, depth_of(child.second));
    return depth + 1;
}

void require(bool condition, const char *what) {
    if (condition) return;
    std::fprintf(stderr, "jsonb_text_fuzz: %s\n", what);
    std::abort();
}

// A block of memory of its own, so that AddressSanitizer sees a byte written beyond the room.
template <typename Write>
void expect_text(const std::string &wanted, std::size_t room, std::size_t needed, Write &&write) {
    std::vector<char> memory(room);
    const char *out = memory.data();
    const char *end = write(memory.data(), memory.data() + room);
    if (room < wanted.size()) require(end == nullptr, "a text fits where it cannot");
    if (room >= needed) require(end != nullptr, "a text does not fit where it must");
    if (end != nullptr) require(std::string(out, end) == wanted, "the text is another one");
}

void check_lookups(const Doc &doc, const void *container) {
    const sm::core::JsonbRef root = sm::core::JsonbRef::root(container);
    for (const auto &[key, value] : doc.children) {
        if (doc.type != Doc::Type::kObject) break;
        const sm::core::JsonbRef found = root.find(key);
        require(static_cast<bool>(found), "a key is not found");
        if (value.type == Doc::Type::kString) require(found.text() == value.text, "a wrong value");
        require(found.size() == value.children.size(), "a wrong size");
        found.count();
    }
}

void check_members(Doc doc, const void *container, Input &input) {
    if (doc.type != Doc::Type::kObject) return;
    std::vector<std::string_view> skip;
    std::vector<std::string> skipped;
    std::erase_if(doc.children, [&](const auto &child) {
        if ((input.byte() & 1) == 0) return false;
        skipped.push_back(child.first);
        return true;
    });
    skip.assign(skipped.begin(), skipped.end());
    std::string wanted = sm::test::reference_text(doc);
    wanted = wanted.substr(1, wanted.size() - 2);
    const std::size_t needed = wanted.size() + depth_of(doc) * sm::core::kBytesPerLevel;
    expect_text(wanted, needed, needed, [&](char *out, char *limit) {
        return sm::core::write_jsonb_members(container, skip, out, limit);
    });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    Input input(data, size);
    const unsigned flags = input.byte();
    const unsigned room_byte = input.byte();
    const Doc doc = make_document(input, 0);
    const sm::test::BuildOptions options{
        .stride = (flags & 0x30) == 0 ? 3u : 32u,
        .long_numerics = (flags & 0x40) != 0,
        .short_length = (flags & 0x80) != 0,
    };
    const sm::test::Container container(doc, options, flags & 0x0F);
    const std::string wanted = sm::test::reference_text(doc);

    const std::size_t depth = depth_of(doc);
    const std::size_t spilled = depth > sm::core::kFreeDepth ? depth - sm::core::kFreeDepth : 0;
    const std::size_t needed = wanted.size() + spilled * sm::core::kBytesPerLevel;
    const auto write = [&](char *out, char *limit) {
        return sm::core::write_jsonb(container.get(), out, limit);
    };
    expect_text(wanted, needed, needed, write);
    expect_text(wanted, wanted.size() - 1, needed, write);
    expect_text(wanted, wanted.size() * room_byte / 200, needed, write);
    check_lookups(doc, container.get());
    check_members(doc, container.get(), input);
    return 0;
}
