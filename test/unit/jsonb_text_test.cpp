// The writer of whole values and of members, and the reader's look-ups, on containers built here.
#include "core/jsonb_text.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jsonb_builder.hpp"

namespace sm::test {
namespace {

using core::JsonbKind;
using core::JsonbRef;
using core::JsonbWalk;

std::string text_of(const void *container) {
    return write_all(
        [&](char *out, char *limit) { return core::write_jsonb(container, out, limit); });
}

std::string text_of(const Doc &doc) {
    const Container container(doc);
    return text_of(container.get());
}

std::string members_of(const Doc &doc, std::vector<std::string_view> skip = {}) {
    const Container container(doc);
    return write_all([&](char *out, char *limit) {
        return core::write_jsonb_members(container.get(), skip, out, limit);
    });
}

Doc exchange() {
    return object({{"query", string("Where is \"my\" booking?")},
                   {"answer", string("In Wien – 2 nights,\n€ 240.50.")},
                   {"metadata", object({{"tokens", number("42")}, {"ok", boolean(true)}})}});
}

Doc nested(int depth, Doc innermost) {
    for (int i = 0; i < depth; ++i) {
        innermost = i % 2 == 0 ? array({std::move(innermost)})
                               : object({{"k", std::move(innermost)}, {"z", number("1.0")}});
    }
    return innermost;
}

TEST(JsonbText, BareScalars) {
    EXPECT_EQ(text_of(null()), "null");
    EXPECT_EQ(text_of(boolean(true)), "true");
    EXPECT_EQ(text_of(boolean(false)), "false");
    EXPECT_EQ(text_of(number("-12.50")), "-12.50");
    EXPECT_EQ(text_of(string("a\tb")), R"("a\tb")");
    EXPECT_EQ(text_of(string("")), R"("")");
}

TEST(JsonbText, Containers) {
    EXPECT_EQ(text_of(array({})), "[]");
    EXPECT_EQ(text_of(object({})), "{}");
    EXPECT_EQ(text_of(array({null()})), "[null]");
    EXPECT_EQ(text_of(object({{"k", string("v")}, {"n", array({number("1"), number("2.50")})}})),
              R"({"k": "v", "n": [1, 2.50]})");
    EXPECT_EQ(text_of(object({{"", array({array({}), object({}), object({{"\n", null()}})})}})),
              R"({"": [[], {}, {"\n": null}]})");
}

TEST(JsonbText, KeepsTheOrderOfStorage) {
    EXPECT_EQ(
        text_of(exchange()),
        R"({"query": "Where is \"my\" booking?", "answer": "In Wien – 2 nights,\n€ 240.50.", )"
        R"("metadata": {"ok": true, "tokens": 42}})");
}

TEST(JsonbText, AlignsAfterStringsOfEveryLength) {
    for (std::size_t size = 0; size < 9; ++size) {
        const Doc doc =
            array({string(std::string(size, 'x')), number("1.5"), string("y"), array({number("7")}),
                   string(std::string(size, 'z')), object({}), boolean(true), number("10000.0")});
        EXPECT_EQ(text_of(doc), reference_text(doc));
        const Doc keyed = object({{std::string(size, 'k'), number("3")}, {"kkkkkkkkkkk", doc}});
        EXPECT_EQ(text_of(keyed), reference_text(keyed));
    }
}

TEST(JsonbText, ReadsAtEveryAddress) {
    for (std::size_t shift = 0; shift < 16; ++shift) {
        const Container container(exchange(), {}, shift);
        EXPECT_EQ(text_of(container.get()), reference_text(exchange()));
    }
}

TEST(JsonbText, CountsAroundTheOffsetStride) {
    for (const std::size_t count : {1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 500}) {
        std::vector<Doc> elements;
        std::vector<std::pair<std::string, Doc>> pairs;
        for (std::size_t i = 0; i < count; ++i) {
            elements.push_back(i % 3 == 0 ? number(std::to_string(i)) : string(std::to_string(i)));
            pairs.emplace_back("key" + std::to_string(i), elements.back());
        }
        const Doc list = array(elements), map = object(pairs);
        for (const unsigned stride : {1, 2, 7, 32, 1000}) {
            const Container stored_list(list, {.stride = stride});
            const Container stored_map(map, {.stride = stride});
            ASSERT_EQ(text_of(stored_list.get()), reference_text(list));
            ASSERT_EQ(text_of(stored_map.get()), reference_text(map));
            const JsonbRef values = JsonbRef::root(stored_map.get());
            for (const auto &[key, value] : map.children) {
                const JsonbRef found = values.find(key);
                if (value.type == Doc::Type::kString) {
                    ASSERT_EQ(found.text(), value.text);
                } else {
                    ASSERT_EQ(found.count(), std::stoll(value.text));
                }
                ASSERT_FALSE(values.find(key + "x"));
            }
            const JsonbRef items = JsonbRef::root(stored_list.get());
            ASSERT_EQ(items.size(), count);
            for (std::size_t i = 0; i < count; ++i) {
                ASSERT_EQ(items.element(i).kind(),
                          i % 3 == 0 ? JsonbKind::kNumeric : JsonbKind::kString);
            }
            ASSERT_FALSE(items.element(count));
        }
    }
}

TEST(JsonbText, NestsWithoutEnd) {
    for (const int depth : {1, 2, 62, 63, 64, 65, 66, 67, 200, 3000}) {
        const Doc doc = nested(depth, exchange());
        ASSERT_EQ(text_of(doc), reference_text(doc)) << depth;
    }
}

// A million levels, more than the server's own parser takes, put together from the inside.
TEST(JsonbText, NestsAMillionLevelsDeep) {
    constexpr std::uint32_t kDepth = 1'000'000;
    std::string bytes;
    for (std::uint32_t level = 0; level < kDepth; ++level) {
        append_integer(bytes, std::uint32_t{0x40000001});
        append_integer(bytes, 0xD0000000 | (4 + 8 * (kDepth - level - 1)));
    }
    append_integer(bytes, std::uint32_t{0x40000000});
    const Container container(bytes);
    EXPECT_EQ(text_of(container.get()),
              std::string(kDepth + 1, '[') + std::string(kDepth + 1, ']'));
}

TEST(JsonbText, FitsExactly) {
    const Doc documents[] = {exchange(),
                             string("x\n"),
                             null(),
                             array({}),
                             object({}),
                             array({number("1.50"), boolean(false), array({string("\x01")})}),
                             nested(core::kFreeDepth, number("-1"))};
    for (const Doc &doc : documents) {
        const Container container(doc);
        const auto write = [&](char *out, char *limit) {
            return core::write_jsonb(container.get(), out, limit);
        };
        EXPECT_EQ(fault_in_some_room(reference_text(doc), write), "");
    }
}

// Beyond kFreeDepth the outer levels lie in the buffer too.
TEST(JsonbText, DeepValuesStayInsideEveryRoom) {
    const Doc doc = nested(core::kFreeDepth + 40, exchange());
    const Container container(doc);
    const std::string wanted = reference_text(doc);
    std::size_t needed = 0;
    for (std::size_t room = 0; room < wanted.size() + 60 * core::kBytesPerLevel; ++room) {
        const std::string found = written_into(room, [&](char *out, char *limit) {
            return core::write_jsonb(container.get(), out, limit);
        });
        if (needed == 0 && found == wanted) needed = room;
        ASSERT_EQ(found, needed == 0 ? "nothing" : wanted) << room;
    }
    EXPECT_GT(needed, wanted.size());
    EXPECT_LE(needed, wanted.size() + 42 * core::kBytesPerLevel);
}

TEST(JsonbMembers, LeavesOutTheBraces) {
    EXPECT_EQ(members_of(object({{"a", number("1")}, {"b", array({number("2")})}})),
              R"("a": 1, "b": [2])");
    EXPECT_EQ(members_of(object({})), "");
}

TEST(JsonbMembers, LeavesOutKeysAtTheTopOnly) {
    const Doc doc = object({{"seq", number("1")},
                            {"role", string("user")},
                            {"timestamp", null()},
                            {"inner", object({{"seq", number("2")}})}});
    EXPECT_EQ(members_of(doc, {"seq", "timestamp"}), R"("role": "user", "inner": {"seq": 2})");
    EXPECT_EQ(members_of(doc, {"inner"}), R"("seq": 1, "role": "user", "timestamp": null)");
    EXPECT_EQ(members_of(doc, {"seq", "role", "timestamp", "inner"}), "");
    EXPECT_EQ(members_of(doc, {"", "se", "seqq"}), members_of(doc));
}

TEST(JsonbMembers, WritesNothingForWhatIsNoObject) {
    EXPECT_EQ(members_of(array({number("1")})), "");
    EXPECT_EQ(members_of(string("x")), "");
}

TEST(JsonbMembers, FitExactly) {
    const Container container(exchange());
    const std::array<std::string_view, 1> skip = {"answer"};
    const auto write = [&](char *out, char *limit) {
        return core::write_jsonb_members(container.get(), skip, out, limit);
    };
    EXPECT_EQ(fault_in_some_room(members_of(exchange(), {"answer"}), write), "");
}

TEST(JsonbRefs, KnowTheirKind) {
    const Container container(object({{"null", null()},
                                      {"true", boolean(true)},
                                      {"false", boolean(false)},
                                      {"number", number("3")},
                                      {"string", string("text")},
                                      {"array", array({number("1"), string("two")})},
                                      {"object", object({{"a", number("1")}})}}));
    const JsonbRef root = JsonbRef::root(container.get());
    EXPECT_EQ(root.kind(), JsonbKind::kObject);
    EXPECT_EQ(root.size(), 7u);
    EXPECT_EQ(root.find("null").kind(), JsonbKind::kNull);
    EXPECT_EQ(root.find("true").kind(), JsonbKind::kBool);
    EXPECT_TRUE(root.find("true").is_true());
    EXPECT_EQ(root.find("false").kind(), JsonbKind::kBool);
    EXPECT_FALSE(root.find("false").is_true());
    EXPECT_EQ(root.find("number").count(), 3);
    EXPECT_EQ(root.find("string").text(), "text");
    EXPECT_EQ(root.find("array").size(), 2u);
    EXPECT_EQ(root.find("array").element(1).text(), "two");
    EXPECT_EQ(root.find("object").find("a").count(), 1);
    EXPECT_EQ(root.find("absent").kind(), JsonbKind::kAbsent);
}

TEST(JsonbRefs, GiveNothingForWhatTheyAreNot) {
    const Container container(string("text"));
    const JsonbRef root = JsonbRef::root(container.get());
    EXPECT_EQ(root.text(), "text");
    EXPECT_EQ(root.size(), 0u);
    EXPECT_EQ(root.count(), std::nullopt);
    EXPECT_FALSE(root.find("text"));
    EXPECT_FALSE(root.element(0));
    EXPECT_FALSE(JsonbRef().find("a").element(1));
    EXPECT_EQ(JsonbRef().text(), "");
    EXPECT_TRUE(JsonbWalk(root).done());
}

TEST(JsonbRefs, WriteAnyPart) {
    const Container container(exchange());
    const auto text = [](JsonbRef value) {
        return write_all(
            [&](char *out, char *limit) { return core::write_jsonb(value, out, limit); });
    };
    const JsonbRef root = JsonbRef::root(container.get());
    EXPECT_EQ(text(root.find("metadata")), R"({"ok": true, "tokens": 42})");
    EXPECT_EQ(text(root.find("metadata").find("tokens")), "42");
    EXPECT_EQ(text(root.find("absent")), "null");
}

TEST(JsonbWalks, VisitEveryChild) {
    const Doc doc = exchange();
    const Container container(doc);
    std::size_t index = 0;
    for (JsonbWalk walk(JsonbRef::root(container.get())); !walk.done(); walk.next(), ++index) {
        ASSERT_EQ(walk.key(), doc.children[index].first);
        ASSERT_EQ(walk.value().text(), doc.children[index].second.text);
    }
    EXPECT_EQ(index, doc.children.size());
}

// Each level claims the same child twice: written out in full it would never end.
TEST(JsonbText, ADamagedContainerEndsAtTheLimit) {
    std::string bytes;
    for (int level = 0; level < 60; ++level) {
        append_integer(bytes, std::uint32_t{0x40000002});
        append_integer(bytes, std::uint32_t{0xD0000000});
        append_integer(bytes, std::uint32_t{0xD0000000});
    }
    append_integer(bytes, std::uint32_t{0x40000000});
    const Container container(bytes);
    EXPECT_EQ(written_into(1 << 20,
                           [&](char *out, char *limit) {
                               return core::write_jsonb(container.get(), out, limit);
                           }),
              "nothing");
}

// An end before its start is read as an empty string, not as one of four gigabytes.
TEST(JsonbText, ADamagedLengthIsNeverNegative) {
    std::string bytes;
    append_integer(bytes, std::uint32_t{0x40000002});
    append_integer(bytes, std::uint32_t{0x80000003});
    append_integer(bytes, std::uint32_t{0x80000001});
    bytes += "abc";
    const Container container(bytes);
    EXPECT_EQ(text_of(container.get()), R"(["abc", ""])");
}

}  // namespace
}  // namespace sm::test
