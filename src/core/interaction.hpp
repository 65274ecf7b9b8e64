// What an interaction says about itself: its tokens, whether it begins a turn, and which tool calls
// it makes or answers. Understood are exchanges {"query","answer"}, messages {"role","content"}
// with OpenAI's tool_calls / tool_call_id, and Anthropic's content blocks tool_use / tool_result.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/jsonb_layout.hpp"

namespace sm::core {

/// Tokens of an interaction: its own "tokens" where that is a whole number that fits, else an
/// estimate over every text in it but its metadata, role and timestamp.
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
    const std::string_view role = interaction.find("role").text();
    const JsonbRef id = interaction.find("tool_call_id");
    if (id || role == "tool" || role == "function") visit(id.text());
    detail::for_each_block(interaction, "tool_result", "tool_use_id", visit);
}

template <typename Visit>
void for_each_tool_call(JsonbRef interaction, Visit &&visit) noexcept {
    const JsonbRef calls = interaction.find("tool_calls");
    if (calls.is_array())
        for (JsonbWalk call(calls); !call.done(); call.next())
            visit(call.value().find("id").text());
    if (interaction.find("function_call").is_object()) visit(std::string_view());
    detail::for_each_block(interaction, "tool_use", "id", visit);
}

}  // namespace sm::core
