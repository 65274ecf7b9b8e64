// Interactions as bare chat-completion messages, the way a model's API takes them.
#pragma once

#include "core/jsonb_layout.hpp"

namespace sm::core {

/// How many messages an interaction makes: two for a whole exchange, one for a message, for a tool
/// call or its result, none for an object that is neither.
int message_count(JsonbRef interaction) noexcept;

/// Writes them, separated by `, `. A message keeps what an API knows (role, content, name,
/// tool_calls, tool_call_id, function_call, refusal) and loses everything else. Items of OpenAI's
/// Responses API and LangChain's dictionaries become the message that they stand for. nullptr: it
/// does not fit.
char *write_messages(JsonbRef interaction, char *out, char *limit) noexcept;

/// An item that is one tool call by itself (`is_function_call`) is an assistant's message with that
/// call. Calls that follow each other belong into one message: it begins, holds them separated by
/// `, `, and ends.
bool is_function_call(JsonbRef interaction) noexcept;
char *begin_function_calls(char *out, char *limit) noexcept;
char *write_function_call(JsonbRef item, char *out, char *limit) noexcept;
char *end_function_calls(char *out, char *limit) noexcept;

}  // namespace sm::core
