// Interactions as bare chat-completion messages.
#include "core/message.hpp"

#include <cstring>
#include <string_view>

#include "core/escape.hpp"
#include "core/jsonb_text.hpp"

namespace sm::core {

namespace {

constexpr std::string_view kMessageKeys[] = {
    "role", "content", "name", "tool_calls", "tool_call_id", "function_call", "refusal"};

bool is_message(JsonbRef interaction) {
    return interaction.find("role").is_string();
}

char *write_literal(std::string_view literal, char *out, char *limit) {
    if (out == nullptr || static_cast<std::size_t>(limit - out) < literal.size()) return nullptr;
    std::memcpy(out, literal.data(), literal.size());
    return out + literal.size();
}

char *write_value(JsonbRef value, char *out, char *limit) {
    return out == nullptr ? nullptr : write_jsonb(value, out, limit);
}

char *write_part(std::string_view head, JsonbRef content, char *out, char *limit) {
    out = write_literal(head, out, limit);
    out = write_value(content, out, limit);
    return write_literal("}", out, limit);
}

char *write_message(JsonbRef message, char *out, char *limit) {
    std::string_view separator = "{\"";
    for (std::string_view key : kMessageKeys) {
        const JsonbRef value = message.find(key);
        if (!value) continue;
        out = write_literal(separator, out, limit);
        out = write_literal(key, out, limit);
        out = write_literal("\": ", out, limit);
        out = write_value(value, out, limit);
        separator = ", \"";
    }
    return write_literal("}", out, limit);
}

}  // namespace

int message_count(JsonbRef interaction) noexcept {
    if (is_message(interaction)) return 1;
    return (interaction.find("query") ? 1 : 0) + (interaction.find("answer") ? 1 : 0);
}

char *write_messages(JsonbRef interaction, char *out, char *limit) noexcept {
    if (is_message(interaction)) return write_message(interaction, out, limit);
    const JsonbRef query = interaction.find("query");
    const JsonbRef answer = interaction.find("answer");
    if (query) out = write_part("{\"role\": \"user\", \"content\": ", query, out, limit);
    if (query && answer) out = write_literal(", ", out, limit);
    if (answer) out = write_part("{\"role\": \"assistant\", \"content\": ", answer, out, limit);
    return out;
}

}  // namespace sm::core
