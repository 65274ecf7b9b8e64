// What interactions say about themselves, in the shapes of several tools.
#include "core/interaction.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/tokens.hpp"
#include "jsonb_builder.hpp"

namespace sm::test {
namespace {

using core::estimate_tokens;
using core::JsonbRef;

std::uint32_t tokens_of(const Doc &doc) {
    const Container container(doc);
    return core::interaction_tokens(JsonbRef::root(container.get()));
}

bool begins_turn(const Doc &doc) {
    const Container container(doc);
    return core::begins_turn(JsonbRef::root(container.get()));
}

// The ids, each followed by a comma.
std::string calls(const Doc &doc) {
    const Container container(doc);
    std::string ids;
    core::for_each_tool_call(JsonbRef::root(container.get()),
                             [&](std::string_view id) { ids += std::string(id) + ","; });
    return ids;
}

std::string results(const Doc &doc) {
    const Container container(doc);
    std::string ids;
    core::for_each_tool_result(JsonbRef::root(container.get()),
                               [&](std::string_view id) { ids += std::string(id) + ","; });
    return ids;
}

Doc message(std::string_view role, Doc content) {
    return object({{"role", string(role)}, {"content", std::move(content)}});
}

Doc block(std::string_view type, std::vector<std::pair<std::string, Doc>> members = {}) {
    members.emplace_back("type", string(type));
    return object(std::move(members));
}

// --- tokens ------------------------------------------------------------------------------------

TEST(Interaction, ItsOwnTokensWin) {
    const auto with = [](Doc tokens) {
        return tokens_of(object({{"content", string("hello")}, {"tokens", std::move(tokens)}}));
    };
    const std::uint32_t estimate = tokens_of(object({{"content", string("hello")}}));
    EXPECT_EQ(with(number("0")), 0u);
    EXPECT_EQ(with(number("42")), 42u);
    EXPECT_EQ(with(number("42.00")), 42u);
    EXPECT_EQ(with(number("2147483647")), 2147483647u);
    EXPECT_EQ(with(number("2147483648")), estimate);
    EXPECT_EQ(with(number("99999999999999999999999")), estimate);
    EXPECT_EQ(with(number("-1")), estimate);
    EXPECT_EQ(with(number("1.5")), estimate);
    EXPECT_EQ(with(number("NaN")), estimate);
    EXPECT_EQ(with(string("42")), estimate);
    EXPECT_EQ(with(boolean(true)), estimate);
    EXPECT_EQ(with(null()), estimate);
    EXPECT_EQ(with(array({number("42")})), estimate);
}

TEST(Interaction, EstimatesEveryTextButItsBookkeeping) {
    const std::string question = "Where is my booking?";
    const std::string answer = "In Vienna, for two nights.";
    EXPECT_EQ(tokens_of(object({{"query", string(question)}, {"answer", string(answer)}})),
              estimate_tokens(question) + estimate_tokens(answer));
    EXPECT_EQ(tokens_of(object({{"query", string(question)},
                                {"role", string("a role that is long enough to cost something")},
                                {"timestamp", string("2026-01-31T12:00:00Z")},
                                {"metadata", object({{"much", string(answer)}})}})),
              estimate_tokens(question));
    EXPECT_EQ(tokens_of(object({})), 0u);
}

TEST(Interaction, EstimatesNestedTextsWithTheirKeys) {
    EXPECT_EQ(
        tokens_of(object({{"content", array({object({{"type", string("text")}}), string("hi")})}})),
        estimate_tokens("type") + estimate_tokens("text") + estimate_tokens("hi"));
    // Only at the top is metadata no text for a model.
    EXPECT_EQ(tokens_of(object({{"content", object({{"metadata", string("hi")}})}})),
              estimate_tokens("metadata") + estimate_tokens("hi"));
    EXPECT_EQ(tokens_of(object({{"content", array({number("12"), boolean(true), null()})}})), 3u);
}

TEST(Interaction, WhatIsNoObjectHasNoTokens) {
    EXPECT_EQ(tokens_of(array({string("hello")})), 0u);
    EXPECT_EQ(tokens_of(string("hello")), 0u);
    EXPECT_EQ(core::interaction_tokens(JsonbRef()), 0u);
}

TEST(Interaction, DepthIsNoDanger) {
    Doc deep = string("hello");
    for (int i = 0; i < 5000; ++i) {
        Doc outer = array({});
        outer.children.emplace_back("", std::move(deep));
        deep = std::move(outer);
    }
    const std::uint32_t tokens = tokens_of(object({{"content", std::move(deep)}}));
    EXPECT_EQ(tokens, 1u);
}

// --- turns -------------------------------------------------------------------------------------

TEST(Interaction, ExchangesAndUsersBeginTurns) {
    EXPECT_TRUE(begins_turn(object({{"query", string("q")}, {"answer", string("a")}})));
    EXPECT_TRUE(begins_turn(object({{"query", null()}})));
    EXPECT_TRUE(begins_turn(message("user", string("hello"))));
    EXPECT_TRUE(begins_turn(message("human", string("hello"))));
    EXPECT_TRUE(begins_turn(message("user", array({block("text")}))));
    EXPECT_TRUE(begins_turn(message("user", array({}))));
    EXPECT_TRUE(begins_turn(object({{"role", string("user")}})));
}

TEST(Interaction, OthersDoNot) {
    EXPECT_FALSE(begins_turn(message("assistant", string("hello"))));
    EXPECT_FALSE(begins_turn(message("system", string("hello"))));
    EXPECT_FALSE(begins_turn(message("User", string("hello"))));
    EXPECT_FALSE(begins_turn(object({{"answer", string("a")}})));
    EXPECT_FALSE(begins_turn(object({{"role", number("1")}})));
    EXPECT_FALSE(begins_turn(object({})));
    EXPECT_FALSE(begins_turn(array({string("user")})));
    EXPECT_FALSE(core::begins_turn(JsonbRef()));
}

TEST(Interaction, AToolsResultBeginsNoTurn) {
    EXPECT_FALSE(begins_turn(
        message("user", array({block("tool_result", {{"tool_use_id", string("t")}})}))));
    EXPECT_FALSE(begins_turn(message(
        "user", array({block("text"), block("tool_result", {{"tool_use_id", string("t")}})}))));
    EXPECT_FALSE(begins_turn(message("tool", string("ok"))));
}

// --- tool calls --------------------------------------------------------------------------------

TEST(Interaction, ToolCallsInTheShapeOfOpenAi) {
    const Doc call = object(
        {{"role", string("assistant")},
         {"content", null()},
         {"tool_calls", array({object({{"id", string("a")}}), object({{"id", string("b")}})})}});
    EXPECT_EQ(calls(call), "a,b,");
    EXPECT_EQ(results(call), "");
    const Doc result = object(
        {{"role", string("tool")}, {"tool_call_id", string("a")}, {"content", string("ok")}});
    EXPECT_EQ(results(result), "a,");
    EXPECT_EQ(calls(result), "");
}

TEST(Interaction, ToolCallsInTheShapeOfAnthropic) {
    const Doc call =
        message("assistant", array({block("text"), block("tool_use", {{"id", string("a")}}),
                                    block("tool_use", {{"id", string("b")}})}));
    EXPECT_EQ(calls(call), "a,b,");
    EXPECT_EQ(results(call), "");
    const Doc result =
        message("user", array({block("tool_result", {{"tool_use_id", string("b")}}),
                               block("tool_result", {{"tool_use_id", string("a")}})}));
    EXPECT_EQ(results(result), "b,a,");
    EXPECT_EQ(calls(result), "");
}

TEST(Interaction, FunctionCallsOfOldHaveNoId) {
    EXPECT_EQ(calls(object({{"role", string("assistant")},
                            {"function_call", object({{"name", string("f")}})}})),
              ",");
    EXPECT_EQ(calls(object({{"role", string("assistant")}, {"function_call", null()}})), "");
    EXPECT_EQ(results(message("function", string("ok"))), ",");
}

// --- frameworks --------------------------------------------------------------------------------

Doc langchain(std::string_view type, std::vector<std::pair<std::string, Doc>> data) {
    return object({{"type", string(type)}, {"data", object(std::move(data))}});
}

TEST(Interaction, LangChainsDictionaries) {
    EXPECT_TRUE(begins_turn(langchain("human", {{"content", string("hi")}})));
    EXPECT_TRUE(begins_turn(langchain("chat", {{"role", string("user")}})));
    EXPECT_FALSE(begins_turn(langchain("ai", {{"content", string("hi")}})));
    EXPECT_FALSE(begins_turn(langchain("tool", {{"content", string("hi")}})));
    EXPECT_FALSE(begins_turn(langchain("event", {{"role", string("user")}})));
    const Doc call = langchain(
        "ai",
        {{"tool_calls", array({object({{"id", string("a")}}), object({{"id", string("b")}})})}});
    EXPECT_EQ(calls(call), "a,b,");
    EXPECT_EQ(results(call), "");
    const Doc result = langchain("tool", {{"tool_call_id", string("a")}});
    EXPECT_EQ(results(result), "a,");
    EXPECT_EQ(calls(result), "");
    EXPECT_EQ(calls(langchain(
                  "ai", {{"tool_calls", array({})},
                         {"additional_kwargs",
                          object({{"tool_calls", array({object({{"id", string("c")}})})}})}})),
              "c,");
    EXPECT_EQ(
        calls(langchain("ai", {{"content", array({block("tool_use", {{"id", string("d")}})})}})),
        "d,");
}

TEST(Interaction, ItemsOfTheResponsesApi) {
    const auto item = [](std::string_view type) {
        return object({{"type", string(type)}, {"call_id", string("a")}});
    };
    for (const char *type : {"function_call", "computer_call", "custom_tool_call"}) {
        EXPECT_EQ(calls(item(type)), "a,") << type;
        EXPECT_EQ(results(item(type)), "") << type;
    }
    for (const char *type : {"function_call_output", "local_shell_call_output"}) {
        EXPECT_EQ(results(item(type)), "a,") << type;
        EXPECT_EQ(calls(item(type)), "") << type;
        EXPECT_FALSE(begins_turn(item(type))) << type;
    }
    EXPECT_EQ(calls(object({{"type", string("web_search_call")}, {"id", string("w")}})), "");
    EXPECT_TRUE(begins_turn(object({{"type", string("message")}, {"role", string("user")}})));
    EXPECT_FALSE(begins_turn(object({{"type", string("reasoning")}})));
}

TEST(Interaction, TokensOfFrameworks) {
    const std::string said = "Where is my booking?";
    EXPECT_EQ(tokens_of(langchain(
                  "human", {{"content", string(said)},
                            {"type", string("human")},
                            {"id", string("run-0123456789abcdef")},
                            {"response_metadata", object({{"model", string("a long name")}})}})),
              estimate_tokens(said));
    EXPECT_EQ(
        tokens_of(langchain(
            "ai", {{"content", string("")},
                   {"tool_calls", array({object({{"args", object({{"q", string(said)}})}})})}})),
        estimate_tokens("args") + estimate_tokens("q") + estimate_tokens(said));
    EXPECT_EQ(tokens_of(object({{"type", string("function_call")},
                                {"id", string("fc_0123456789")},
                                {"call_id", string("call_0123456789")},
                                {"status", string("completed")},
                                {"name", string("find")},
                                {"arguments", string(said)}})),
              estimate_tokens("find") + estimate_tokens(said));
    EXPECT_EQ(tokens_of(object({{"type", string("function_call_output")},
                                {"call_id", string("call_0123456789")},
                                {"output", string(said)}})),
              estimate_tokens(said));
    // An object of one's own that has an id and no type keeps what it has.
    EXPECT_EQ(tokens_of(object({{"id", string(said)}})), estimate_tokens(said));
}

TEST(Interaction, OddShapesAreNoCalls) {
    EXPECT_EQ(calls(object({{"tool_calls", null()}})), "");
    EXPECT_EQ(calls(object({{"tool_calls", array({})}})), "");
    EXPECT_EQ(calls(object({{"tool_calls", object({{"id", string("a")}})}})), "");
    EXPECT_EQ(calls(object({{"tool_calls", array({string("a"), object({{"id", number("1")}})})}})),
              ",,");
    EXPECT_EQ(calls(message("assistant", string("tool_use"))), "");
    EXPECT_EQ(calls(message("assistant", object({{"type", string("tool_use")}}))), "");
    EXPECT_EQ(calls(message("assistant", array({string("tool_use"), number("1"), array({})}))), "");
    EXPECT_EQ(results(message("user", array({object({{"type", number("1")}}), null()}))), "");
    EXPECT_EQ(calls(array({block("tool_use")})), "");
    EXPECT_EQ(results(array({})), "");
}

}  // namespace
}  // namespace sm::test
