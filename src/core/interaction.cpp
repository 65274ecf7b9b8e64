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

}  // namespace

std::uint32_t interaction_tokens(JsonbRef interaction) noexcept {
    if (!interaction.is_object()) return 0;
    if (const auto own = interaction.find("tokens").count(); own && *own <= kMostTokens)
        return static_cast<std::uint32_t>(*own);
    std::uint64_t tokens = 0;
    for (JsonbWalk walk(interaction); !walk.done(); walk.next())
        if (!is_bookkeeping(walk.key())) tokens += tokens_of(walk.value(), 1);
    return tokens < kMostTokens ? static_cast<std::uint32_t>(tokens) : kMostTokens;
}

bool is_said(std::string_view key) noexcept {
    return key == "query" || key == "answer" || key == "content" || key == "timestamp" ||
           key == "tool_calls" || key == "tool_call_id";
}

bool begins_turn(JsonbRef interaction) noexcept {
    if (interaction.find("query")) return true;
    const std::string_view role = interaction.find("role").text();
    if (role != "user" && role != "human") return false;
    bool answers_a_tool = false;
    for_each_tool_result(interaction, [&](std::string_view) { answers_a_tool = true; });
    return !answers_a_tool;
}

}  // namespace sm::core
