// What an interaction says about itself.
#include "core/interaction.hpp"

#include <limits>

#include "core/tokens.hpp"

namespace sm::core {

namespace {

constexpr std::uint32_t kMostTokens = std::numeric_limits<std::int32_t>::max();
constexpr int kDepth = 64;  // what lies deeper is no text for a model, and counts one token

std::uint64_t tokens_of(JsonbRef value, int depth) {
    if (value.is_string()) return estimate_tokens(value.text());
    if (!value.is_container() || depth == kDepth) return 1;
    std::uint64_t tokens = 0;
    for (JsonbWalk walk(value); !walk.done(); walk.next()) {
        if (walk.is_object()) tokens += estimate_tokens(walk.key());
        tokens += tokens_of(walk.value(), depth + 1);
    }
    return tokens;
}

bool is_bookkeeping(std::string_view key) {
    return key == "metadata" || key == "timestamp" || key == "tokens" || key == "role";
}

/// Of an item with a "type".
bool is_bookkeeping_of_items(std::string_view key) {
    return key == "type" || key == "id" || key == "call_id" || key == "status" ||
           key == "encrypted_content";
}

/// Of a LangChain message: what a model is sent of it.
bool is_sent(std::string_view key) {
    return key == "content" || key == "tool_calls";
}

struct LangChainType {
    std::string_view type;
    std::string_view role;
};

constexpr LangChainType kLangChainTypes[] = {
    {"human", "user"},
    {"ai", "assistant"},
    {"system", "system"},
    {"tool", "tool"},
    {"function", "function"},
    {"chat", ""},
    {"HumanMessageChunk", "user"},
    {"AIMessageChunk", "assistant"},
    {"SystemMessageChunk", "system"},
    {"ToolMessageChunk", "tool"},
    {"FunctionMessageChunk", "function"},
    {"ChatMessageChunk", ""},
};

/// What LangChain calls a message; nullptr: it is none of its dictionaries.
const LangChainType *langchain_type(JsonbRef interaction) {
    const std::string_view type = interaction.find("type").text();
    if (type.empty() || !interaction.find("data").is_object()) return nullptr;
    for (const LangChainType &known : kLangChainTypes)
        if (known.type == type) return &known;
    return nullptr;
}

bool is_item(JsonbRef interaction, std::string_view kind) {
    return interaction.find("type").text().ends_with(kind) &&
           interaction.find("call_id").is_string();
}

}  // namespace

JsonbRef message_of(JsonbRef interaction) noexcept {
    return langchain_type(interaction) == nullptr ? interaction : interaction.find("data");
}

std::string_view role_of(JsonbRef interaction) noexcept {
    const LangChainType *langchain = langchain_type(interaction);
    if (langchain == nullptr) return interaction.find("role").text();
    // A message of type "chat" has a role of its own.
    return langchain->role.empty() ? interaction.find("data").find("role").text() : langchain->role;
}

bool is_call_item(JsonbRef interaction) noexcept {
    return is_item(interaction, "_call");
}

bool is_result_item(JsonbRef interaction) noexcept {
    return is_item(interaction, "_call_output");
}

JsonbRef tool_calls_of(JsonbRef message) noexcept {
    const JsonbRef calls = message.find("tool_calls");
    if (calls && calls.size() > 0) return calls;
    // Where older versions of LangChain keep what the model's API answered.
    const JsonbRef kept = message.find("additional_kwargs").find("tool_calls");
    return kept ? kept : calls;
}

std::uint32_t interaction_tokens(JsonbRef interaction) noexcept {
    if (!interaction.is_object()) return 0;
    if (const auto own = interaction.find("tokens").count(); own && *own <= kMostTokens)
        return static_cast<std::uint32_t>(*own);
    std::uint64_t tokens = 0;
    const JsonbRef message = message_of(interaction);
    const bool langchain = message.data() != interaction.data();
    const bool item = interaction.find("type").is_string();
    for (JsonbWalk walk(message); !walk.done(); walk.next()) {
        const std::string_view key = walk.key();
        if (langchain ? is_sent(key)
                      : !is_bookkeeping(key) && !(item && is_bookkeeping_of_items(key)))
            tokens += tokens_of(walk.value(), 1);
    }
    return tokens < kMostTokens ? static_cast<std::uint32_t>(tokens) : kMostTokens;
}

bool is_said(std::string_view key) noexcept {
    return key == "query" || key == "answer" || key == "content" || key == "timestamp" ||
           key == "tool_calls" || key == "tool_call_id" || key == "data" || key == "arguments" ||
           key == "output" || key == "call_id" || key == "encrypted_content";
}

bool begins_turn(JsonbRef interaction) noexcept {
    if (interaction.find("query")) return true;
    const std::string_view role = role_of(interaction);
    if (role != "user" && role != "human") return false;
    bool answers_a_tool = false;
    for_each_tool_result(interaction, [&](std::string_view) { answers_a_tool = true; });
    return !answers_a_tool;
}

}  // namespace sm::core
