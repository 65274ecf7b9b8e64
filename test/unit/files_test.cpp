// Which files artifacts name.
#include "core/files.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

#include "jsonb_builder.hpp"

namespace sm::test {
namespace {

using core::JsonbRef;

// The names, each followed by a comma.
std::string files_of(const Doc &doc) {
    const Container container(doc);
    std::string names;
    core::for_each_file(JsonbRef::root(container.get()),
                        [&](std::string_view name) { names += std::string(name) + ","; });
    return names;
}

TEST(Files, KeysThatNameThem) {
    for (const char *key : {"path", "uri", "url", "model_path", "source_uri", "docs_url", "_path"})
        EXPECT_TRUE(core::names_a_file(key)) << key;
    for (const char *key : {"", "Path", "paths", "xpath", "path_", "model-path", "curl", "file",
                            "path ", "_", "pat", "modelPath"})
        EXPECT_FALSE(core::names_a_file(key)) << key;
}

TEST(Files, TextsUnderSuchAKey) {
    EXPECT_EQ(files_of(object({{"path", string("/a")}})), "/a,");
    EXPECT_EQ(files_of(object({{"metrics", string("/a")}, {"model_path", string("/b")}})), "/b,");
    EXPECT_EQ(files_of(object({{"path", string("x")}, {"uri", string("x")}})), "x,x,");
    EXPECT_EQ(files_of(object({{"path", string("")}})), "");
    EXPECT_EQ(files_of(object({{"path", number("5")}, {"uri", boolean(true)}, {"url", null()}})),
              "");
    EXPECT_EQ(files_of(object({})), "");
    EXPECT_EQ(files_of(string("path")), "");
    EXPECT_EQ(files_of(array({string("path")})), "");
}

TEST(Files, ArraysOfThem) {
    EXPECT_EQ(files_of(object({{"path", array({string("a"), number("1"), string("b")})}})), "a,b,");
    EXPECT_EQ(files_of(object({{"path", array({array({string("a")}), string("b")})}})), "a,b,");
    EXPECT_EQ(files_of(object({{"names", array({string("a")})}})), "");
}

TEST(Files, AtAnyPlaceWithin) {
    EXPECT_EQ(
        files_of(object({{"parts", array({object({{"path", string("a")}}),
                                          object({{"x", object({{"uri", string("b")}})}})})}})),
        "a,b,");
    // An object under such a key says by its own keys what it names.
    EXPECT_EQ(files_of(object({{"path", object({{"to", string("a")}, {"url", string("b")}})}})),
              "b,");
    EXPECT_EQ(files_of(object({{"path", array({object({{"to", string("a")}}), string("b")})}})),
              "b,");
}

TEST(Files, DepthIsNoDanger) {
    const auto buried = [](int levels) {
        Doc deep = object({{"path", string("a")}});
        for (int i = 1; i < levels; ++i) {
            Doc outer = array({});
            outer.children.emplace_back("", std::move(deep));
            deep = std::move(outer);
        }
        return files_of(deep);
    };
    EXPECT_EQ(buried(core::kDeepest), "a,");
    EXPECT_EQ(buried(core::kDeepest + 1), "");
    EXPECT_EQ(buried(5000), "");
}

}  // namespace
}  // namespace sm::test
