// Interactions as chat-completion messages, in buffers of every size.
#include "core/message.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jsonb_builder.hpp"

namespace sm::test {
namespace {

using core::JsonbRef;

std::string messages_of(const Doc &doc) {
    const Container container(doc);
    return write_all([&](char *out, char *limit) {
        return core::write_messages(JsonbRef::root(container.get()), out, limit);
    });
}

int count_of(const Doc &doc) {
    const Container container(doc);
    return core::message_count(JsonbRef::root(container.get()));
}

void expect_messages(const Doc &doc, int count, const std::string &text) {
    EXPECT_EQ(count_of(doc), count) << text;
    EXPECT_EQ(messages_of(doc), text);
    const Container container(doc);
    EXPECT_EQ(fault_in_some_room(text,
                                 [&](char *out, char *limit) {
                                     return core::write_messages(JsonbRef::root(container.get()),
                                                                 out, limit);
                                 }),
              "");
}

TEST(Message, AnExchangeIsTwo) {
    expect_messages(object({{"query", string("Where is \"it\"?")},
                            {"answer", string("Here.\n")},
                            {"metadata", object({{"topic", string("x")}})},
                            {"tokens", number("3")}}),
                    2,
                    R"({"role": "user", "content": "Where is \"it\"?"}, )"
                    R"({"role": "assistant", "content": "Here.\n"})");
}

TEST(Message, HalfAnExchangeIsOne) {
    expect_messages(object({{"query", string("q")}}), 1, R"({"role": "user", "content": "q"})");
    expect_messages(object({{"answer", string("a")}}), 1,
                    R"({"role": "assistant", "content": "a"})");
}

TEST(Message, PartsOfAnyKind) {
    expect_messages(
        object({{"query", null()}, {"answer", array({number("1.50"), object({})})}}), 2,
        R"({"role": "user", "content": null}, {"role": "assistant", "content": [1.50, {}]})");
}

TEST(Message, AMessageKeepsWhatAnApiKnows) {
    expect_messages(
        object({{"role", string("assistant")},
                {"content", null()},
                {"name", string("n")},
                {"tool_calls", array({object({{"id", string("a")}})})},
                {"refusal", string("r")},
                {"function_call", object({{"name", string("f")}})},
                {"tool_call_id", string("t")},
                {"metadata", object({{"x", number("1")}})},
                {"timestamp", string("2026-01-31T12:00:00Z")},
                {"tokens", number("5")},
                {"seq", number("9")},
                {"extra", boolean(true)}}),
        1,
        R"({"role": "assistant", "content": null, "name": "n", "tool_calls": [{"id": "a"}], )"
        R"("tool_call_id": "t", "function_call": {"name": "f"}, "refusal": "r"})");
    expect_messages(object({{"role", string("user")}}), 1, R"({"role": "user"})");
    expect_messages(object({{"role", string("")}, {"content", string("")}}), 1,
                    R"({"role": "", "content": ""})");
}

TEST(Message, ARoleComesBeforeAQuery) {
    expect_messages(object({{"role", string("user")},
                            {"content", string("c")},
                            {"query", string("q")},
                            {"answer", string("a")}}),
                    1, R"({"role": "user", "content": "c"})");
    // A role that is no text is none.
    expect_messages(object({{"role", number("5")}, {"query", string("q")}}), 1,
                    R"({"role": "user", "content": "q"})");
}

TEST(Message, OthersAreNone) {
    expect_messages(object({}), 0, "");
    expect_messages(object({{"content", string("c")}}), 0, "");
    expect_messages(object({{"role", number("5")}, {"content", string("c")}}), 0, "");
    expect_messages(object({{"role", null()}}), 0, "");
    expect_messages(array({object({{"role", string("user")}})}), 0, "");
    expect_messages(string("user"), 0, "");
    EXPECT_EQ(core::message_count(JsonbRef()), 0);
}

Doc langchain(std::string_view type, Doc data) {
    return object({{"type", string(type)}, {"data", std::move(data)}});
}

TEST(Message, LangChainsDictionaries) {
    expect_messages(langchain("human", object({{"content", string("hi")},
                                               {"type", string("human")},
                                               {"id", null()},
                                               {"name", null()},
                                               {"additional_kwargs", object({})}})),
                    1, R"({"role": "user", "content": "hi"})");
    expect_messages(langchain("ai", object({{"content", string("")}, {"tool_calls", array({})}})),
                    1, R"({"role": "assistant", "content": ""})");
    expect_messages(langchain("system", object({{"content", string("s")}, {"name", string("n")}})),
                    1, R"({"role": "system", "content": "s", "name": "n"})");
    expect_messages(
        langchain("tool", object({{"content", string("18")}, {"tool_call_id", string("c1")}})), 1,
        R"({"role": "tool", "content": "18", "tool_call_id": "c1"})");
    expect_messages(
        langchain("chat", object({{"content", string("x")}, {"role", string("critic")}})), 1,
        R"({"role": "critic", "content": "x"})");
    expect_messages(langchain("AIMessageChunk", object({})), 1,
                    R"({"role": "assistant", "content": null})");
}

TEST(Message, LangChainsToolCalls) {
    expect_messages(
        langchain("ai",
                  object({{"content", string("")},
                          {"tool_calls",
                           array({object({{"name", string("weather")},
                                          {"args", object({{"city", string("Lis\"b\\on\n")}})},
                                          {"id", string("c1")},
                                          {"type", string("tool_call")}}),
                                  object({{"name", string("now")}, {"id", string("c2")}})})}})),
        1,
        R"({"role": "assistant", "content": "", "tool_calls": [)"
        R"({"id": "c1", "type": "function", "function": {"name": "weather", )"
        R"("arguments": "{\"city\": \"Lis\\\"b\\\\on\\n\"}"}}, )"
        R"({"id": "c2", "type": "function", "function": {"name": "now", "arguments": "{}"}}]})");
    // What older versions keep is what the model's API has answered.
    expect_messages(
        langchain(
            "ai",
            object({{"content", string("")},
                    {"additional_kwargs",
                     object({{"tool_calls", array({object({{"id", string("c3")},
                                                           {"function", object({})}})})}})}})),
        1, R"({"role": "assistant", "content": "", "tool_calls": [{"id": "c3", "function": {}}]})");
}

TEST(Message, OtherDictionariesAreNotLangChains) {
    expect_messages(langchain("human", string("x")), 0, "");
    expect_messages(langchain("event", object({{"content", string("x")}})), 0, "");
    expect_messages(object({{"type", string("human")}, {"content", string("x")}}), 0, "");
    expect_messages(langchain("chat", object({{"content", string("x")}})), 0, "");
}

TEST(Message, ItemsOfTheResponsesApi) {
    expect_messages(
        object({{"type", string("message")},
                {"id", string("msg_1")},
                {"role", string("assistant")},
                {"status", string("completed")},
                {"content",
                 array({object({{"type", string("output_text")},
                                {"text", string("Yes")},
                                {"annotations", array({})}}),
                        object({{"type", string("refusal")}, {"refusal", string("No")}})})}}),
        1,
        R"({"role": "assistant", "content": [{"type": "text", "text": "Yes"}, )"
        R"({"type": "refusal", "refusal": "No"}]})");
    const auto call = object({{"type", string("function_call")},
                              {"id", string("fc_1")},
                              {"call_id", string("c1")},
                              {"name", string("weather")},
                              {"arguments", string("{\"a\": 1}")}});
    expect_messages(call, 1,
                    R"({"role": "assistant", "content": null, "tool_calls": [)"
                    R"({"id": "c1", "type": "function", "function": )"
                    R"({"name": "weather", "arguments": "{\"a\": 1}"}}]})");
    const Container container(call);
    EXPECT_TRUE(core::is_function_call(JsonbRef::root(container.get())));
    expect_messages(object({{"type", string("function_call_output")},
                            {"call_id", string("c1")},
                            {"output", string("18")}}),
                    1, R"({"role": "tool", "content": "18", "tool_call_id": "c1"})");
    expect_messages(
        object({{"type", string("function_call_output")},
                {"call_id", string("c1")},
                {"output",
                 array({object({{"type", string("input_text")}, {"text", string("18")}})})}}),
        1,
        R"({"role": "tool", "content": [{"type": "text", "text": "18"}], "tool_call_id": "c1"})");
    // Without a message that stands for them.
    expect_messages(object({{"type", string("reasoning")}, {"summary", array({})}}), 0, "");
    expect_messages(object({{"type", string("computer_call")}, {"call_id", string("c")}}), 0, "");
    expect_messages(object({{"type", string("computer_call_output")}, {"call_id", string("c")}}), 0,
                    "");
    expect_messages(object({{"type", string("function_call")}}), 0, "");
}

TEST(Message, LongOnes) {
    const std::string text(10'000, 'x');
    expect_messages(object({{"query", string("q")}, {"answer", string(text.substr(0, 500))}}), 2,
                    R"({"role": "user", "content": "q"}, {"role": "assistant", "content": ")" +
                        text.substr(0, 500) + R"("})");
    EXPECT_EQ(messages_of(object({{"role", string("user")}, {"content", string(text)}})),
              R"({"role": "user", "content": ")" + text + R"("})");
}

TEST(Message, DeepOnes) {
    Doc deep = string("x");
    std::string text = R"("x")";
    for (int i = 0; i < 5000; ++i) {
        Doc outer = array({});
        outer.children.emplace_back("", std::move(deep));
        deep = std::move(outer);
        text = "[" + text + "]";
    }
    EXPECT_EQ(messages_of(object({{"role", string("user")}, {"content", std::move(deep)}})),
              R"({"role": "user", "content": )" + text + "}");
}

}  // namespace
}  // namespace sm::test
