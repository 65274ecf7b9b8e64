// Interactions as bare chat-completion messages, the way a model's API takes them.
#pragma once

#include "core/jsonb_layout.hpp"

namespace sm::core {

/// How many messages an interaction makes: two for a whole exchange, one for a message, none for an
/// object that is neither.
int message_count(JsonbRef interaction) noexcept;

/// Writes them, separated by `, `. A message keeps what an API knows (role, content, name,
/// tool_calls, tool_call_id, function_call, refusal) and loses everything else. nullptr: it does
/// not fit.
char *write_messages(JsonbRef interaction, char *out, char *limit) noexcept;

}  // namespace sm::core
