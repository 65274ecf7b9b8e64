// Interactions as bare chat-completion messages.
#include "core/message.hpp"

#include <cstring>
#include <string_view>

#include "core/escape.hpp"
#include "core/interaction.hpp"
#include "core/jsonb_text.hpp"

namespace sm::core {

namespace {

constexpr std::string_view kMessageKeys[] = {
    "role", "content", "name", "tool_calls", "tool_call_id", "function_call", "refusal"};

bool is_langchain(JsonbRef interaction) {
    return message_of(interaction).data() != interaction.data();
}

/// A text in a list of parts, as the Responses API writes it.
bool is_text_part(JsonbRef part) {
    const std::string_view type = part.find("type").text();
    return (type == "input_text" || type == "output_text") && part.find("text");
}

bool has_text_part(JsonbRef content) {
    if (!content.is_array()) return false;
    for (JsonbWalk part(content); !part.done(); part.next())
        if (is_text_part(part.value())) return true;
    return false;
}

/// Writes behind each other, and nothing more once something did not fit.
class Writer {
  public:
    Writer(char *out, char *limit) : out_(out), limit_(limit) {}

    char *end() const { return out_; }

    Writer &literal(std::string_view text) {
        if (out_ == nullptr || static_cast<std::size_t>(limit_ - out_) < text.size()) return fail();
        std::memcpy(out_, text.data(), text.size());
        out_ += text.size();
        return *this;
    }
    /// A value; null where it is absent.
    Writer &value(JsonbRef value) {
        if (!value) return literal("null");
        if (out_ != nullptr) out_ = write_jsonb(value, out_, limit_);
        return *this;
    }
    Writer &text(std::string_view text) {
        if (out_ != nullptr) out_ = write_escaped(text, out_, limit_);
        return *this;
    }
    Writer &content(JsonbRef content);
    Writer &quoted(JsonbRef value);

  private:
    Writer &fail() {
        out_ = nullptr;
        return *this;
    }

    char *out_;
    char *limit_;
};

/// Content; its texts are parts of the type that chat completions have.
Writer &Writer::content(JsonbRef content) {
    if (!has_text_part(content)) return value(content);
    std::string_view separator = "[";
    for (JsonbWalk part(content); !part.done(); part.next()) {
        literal(separator);
        if (is_text_part(part.value()))
            literal("{\"type\": \"text\", \"text\": ")
                .value(part.value().find("text"))
                .literal("}");
        else
            value(part.value());
        separator = ", ";
    }
    return literal("]");
}

/// JSON as a text in JSON, the way tool calls hold their arguments; a text as it is.
Writer &Writer::quoted(JsonbRef arguments) {
    if (arguments.is_string()) return value(arguments);
    if (!arguments) return literal("\"{}\"");
    literal("\"");
    char *const begin = out_;
    if (value(arguments).out_ == nullptr) return *this;
    // Moved to the end of the room, and from there back to its place, with backslashes. It is JSON
    // already, so only quotes and backslashes need one. Nothing is written over that is still to be
    // read unless the whole does not fit.
    const std::size_t size = out_ - begin;
    const char *from = limit_ - size;
    std::memmove(limit_ - size, begin, size);
    out_ = begin;
    for (; from < limit_; ++from) {
        const char c = *from;
        const bool escaped = c == '"' || c == '\\';
        if (out_ + escaped > from) return fail();
        if (escaped) *out_++ = '\\';
        *out_++ = c;
    }
    return literal("\"");
}

Writer &write_call(Writer &out, JsonbRef id, JsonbRef name, JsonbRef arguments) {
    return out.literal("{\"id\": ")
        .value(id)
        .literal(", \"type\": \"function\", \"function\": {\"name\": ")
        .value(name)
        .literal(", \"arguments\": ")
        .quoted(arguments)
        .literal("}}");
}

/// Calls as LangChain has them, {"name", "args", "id"}, or as its model's API did.
void write_calls(Writer &out, JsonbRef calls) {
    std::string_view separator = "[";
    for (JsonbWalk walk(calls); !walk.done(); walk.next()) {
        const JsonbRef call = walk.value();
        out.literal(separator);
        if (call.find("function"))
            out.value(call);
        else
            write_call(out, call.find("id"), call.find("name"), call.find("args"));
        separator = ", ";
    }
    out.literal("]");
}

void write_langchain(Writer &out, JsonbRef interaction) {
    const JsonbRef message = message_of(interaction);
    out.literal("{\"role\": ").text(role_of(interaction));
    out.literal(", \"content\": ").content(message.find("content"));
    if (const JsonbRef name = message.find("name"); name.is_string())
        out.literal(", \"name\": ").value(name);
    if (const JsonbRef calls = tool_calls_of(message); calls.is_array() && calls.size() > 0)
        write_calls(out.literal(", \"tool_calls\": "), calls);
    if (const JsonbRef id = message.find("tool_call_id"); id.is_string())
        out.literal(", \"tool_call_id\": ").value(id);
    out.literal("}");
}

void write_message(Writer &out, JsonbRef message) {
    std::string_view separator = "{\"";
    for (std::string_view key : kMessageKeys) {
        const JsonbRef value = message.find(key);
        if (!value) continue;
        out.literal(separator).literal(key).literal("\": ");
        if (key == "content")
            out.content(value);
        else
            out.value(value);
        separator = ", \"";
    }
    out.literal("}");
}

void write_exchange(Writer &out, JsonbRef exchange) {
    const JsonbRef query = exchange.find("query");
    const JsonbRef answer = exchange.find("answer");
    if (query) out.literal("{\"role\": \"user\", \"content\": ").value(query).literal("}");
    if (query && answer) out.literal(", ");
    if (answer) out.literal("{\"role\": \"assistant\", \"content\": ").value(answer).literal("}");
}

/// The result of such a call. Other kinds of items have no message that stands for them.
bool is_function_result(JsonbRef interaction) {
    return is_result_item(interaction) && interaction.find("type").text() == "function_call_output";
}

/// A message by its role; by any role, also an empty one.
bool is_message(JsonbRef interaction) {
    return is_langchain(interaction) ? !role_of(interaction).empty()
                                     : interaction.find("role").is_string();
}

}  // namespace

bool is_function_call(JsonbRef interaction) noexcept {
    return is_call_item(interaction) && interaction.find("type").text() == "function_call";
}

char *begin_function_calls(char *out, char *limit) noexcept {
    return Writer(out, limit)
        .literal("{\"role\": \"assistant\", \"content\": null, \"tool_calls\": [")
        .end();
}

char *write_function_call(JsonbRef item, char *out, char *limit) noexcept {
    Writer writer(out, limit);
    return write_call(writer, item.find("call_id"), item.find("name"), item.find("arguments"))
        .end();
}

char *end_function_calls(char *out, char *limit) noexcept {
    return Writer(out, limit).literal("]}").end();
}

int message_count(JsonbRef interaction) noexcept {
    if (is_message(interaction) || is_function_call(interaction) || is_function_result(interaction))
        return 1;
    return (interaction.find("query") ? 1 : 0) + (interaction.find("answer") ? 1 : 0);
}

char *write_messages(JsonbRef interaction, char *out, char *limit) noexcept {
    Writer writer(out, limit);
    if (is_langchain(interaction)) {
        if (is_message(interaction)) write_langchain(writer, interaction);
    } else if (is_message(interaction)) {
        write_message(writer, interaction);
    } else if (is_function_call(interaction)) {
        out = begin_function_calls(out, limit);
        out = write_function_call(interaction, out, limit);
        return end_function_calls(out, limit);
    } else if (is_function_result(interaction)) {
        writer.literal("{\"role\": \"tool\", \"content\": ")
            .content(interaction.find("output"))
            .literal(", \"tool_call_id\": ")
            .value(interaction.find("call_id"))
            .literal("}");
    } else {
        write_exchange(writer, interaction);
    }
    return writer.end();
}

}  // namespace sm::core
