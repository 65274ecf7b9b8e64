// What an interaction says about itself: its tokens, whether it begins a turn, and which tool calls
// it makes or answers. Understood are
//  * exchanges {"query","answer"}
//  * messages {"role","content"} with OpenAI's tool_calls / tool_call_id, and Anthropic's content
//    blocks tool_use / tool_result
//  * items of OpenAI's Responses API and Agents SDK: messages as above, and {"type":"…_call",
//    "call_id"} with {"type":"…_call_output","call_id"}
//  * LangChain's dictionaries {"type":"human","data":{"content"}}
#pragma once

#include <cstdint>
#include <string_view>

#include "core/jsonb_layout.hpp"

namespace sm::core {

/// The object that has a message's content: "data" of a LangChain dictionary, else the interaction.
JsonbRef message_of(JsonbRef interaction) noexcept;

/// Who speaks, by a chat-completion's word where that is known: user, assistant, system, tool …
/// Empty where nobody does.
std::string_view role_of(JsonbRef interaction) noexcept;

/// Whether it is an item that stands for one tool call, or for one's result.
bool is_call_item(JsonbRef interaction) noexcept;
bool is_result_item(JsonbRef interaction) noexcept;

/// The tool calls of a message, in an array of whatever shape; absent where there are none.
JsonbRef tool_calls_of(JsonbRef message) noexcept;

/// Tokens of an interaction: its own "tokens" where that is a whole number that fits, else an
/// estimate over every text in it but its metadata, role, timestamp, and what is only a name or a
/// state in items and dictionaries of frameworks.
std::uint32_t interaction_tokens(JsonbRef interaction) noexcept;

/// Whether a key of an interaction holds what was said, and is not searched for by the index.
bool is_said(std::string_view key) noexcept;

/// Whether a turn begins here: an exchange, or a user's message that is not a tool's result.
bool begins_turn(JsonbRef interaction) noexcept;

/// Calls `visit(id)` for each tool call that the interaction answers; an id may be empty.
template <typename Visit>
void for_each_tool_result(JsonbRef interaction, Visit &&visit) noexcept;

/// Calls `visit(id)` for each tool call that the interaction makes; an id may be empty.
template <typename Visit>
void for_each_tool_call(JsonbRef interaction, Visit &&visit) noexcept;

// --- implementation of the templates ---

namespace detail {

template <typename Visit>
void for_each_block(JsonbRef interaction, std::string_view type, std::string_view id,
                    Visit &&visit) {
    const JsonbRef content = interaction.find("content");
    if (!content.is_array()) return;
    for (JsonbWalk block(content); !block.done(); block.next())
        if (block.value().find("type").text() == type) visit(block.value().find(id).text());
}

}  // namespace detail

template <typename Visit>
void for_each_tool_result(JsonbRef interaction, Visit &&visit) noexcept {
    if (is_result_item(interaction)) return visit(interaction.find("call_id").text());
    const JsonbRef message = message_of(interaction);
    const std::string_view role = role_of(interaction);
    const JsonbRef id = message.find("tool_call_id");
    if (id || role == "tool" || role == "function") visit(id.text());
    detail::for_each_block(message, "tool_result", "tool_use_id", visit);
}

template <typename Visit>
void for_each_tool_call(JsonbRef interaction, Visit &&visit) noexcept {
    if (is_call_item(interaction)) return visit(interaction.find("call_id").text());
    const JsonbRef message = message_of(interaction);
    const JsonbRef calls = tool_calls_of(message);
    if (calls.is_array())
        for (JsonbWalk call(calls); !call.done(); call.next())
            visit(call.value().find("id").text());
    if (message.find("function_call").is_object()) visit(std::string_view());
    detail::for_each_block(message, "tool_use", "id", visit);
}

}  // namespace sm::core
