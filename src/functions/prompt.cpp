// sm_prompt: all that a language model needs of a session, in one call.
#include "core/escape.hpp"
#include "core/jsonb_text.hpp"
#include "functions/window_reader.hpp"

using namespace sm;
using functions::JsonBuffer;
using functions::StoredInteraction;

namespace {

/// A value as a person would write it: texts bare, everything else as JSON.
void write_plain(JsonBuffer &out, core::JsonbRef value) {
    if (value.is_string())
        out.append(value.text());
    else
        out.write([&](char *at, char *limit) { return core::write_jsonb(value, at, limit); });
}

std::string_view speaker(std::string_view role) {
    if (role == "user" || role == "human") return "User";
    if (role == "assistant" || role == "ai") return "Assistant";
    if (role == "system") return "System";
    if (role == "tool") return "Tool";
    return role;
}

void write_line(JsonBuffer &out, std::string_view who, core::JsonbRef what) {
    if (!what || what.kind() == core::JsonbKind::kNull) return;
    out.append(who);
    out.append(": ");
    write_plain(out, what);
    out.append("\n");
}

void write_spoken(JsonBuffer &out, core::JsonbRef interaction) {
    const core::JsonbRef role = interaction.find("role");
    if (role.is_string()) {
        write_line(out, speaker(role.text()), interaction.find("content"));
        write_line(out, "Tool calls", interaction.find("tool_calls"));
    } else {
        write_line(out, "User", interaction.find("query"));
        write_line(out, "Assistant", interaction.find("answer"));
    }
}

/// The sections of the plain text, each with a heading and only where it has something to say.
void write_formatted(JsonBuffer &out, const text *summary, core::JsonbRef state,
                     const StoredInteraction *interactions, int count) {
    if (summary != nullptr) {
        out.append("Summary of the conversation so far:\n");
        out.append(pg::view(summary));
        out.append("\n");
    }
    if (state.size() > 0) {
        if (out.size() > 0) out.append("\n");
        out.append("Current state:\n");
        for (core::JsonbWalk walk(state); !walk.done(); walk.next()) {
            out.append("- ");
            write_line(out, walk.key(), walk.value());
        }
    }
    JsonBuffer spoken;
    for (int i = count - 1; i >= 0; --i) write_spoken(spoken, functions::ref(interactions[i]));
    if (spoken.size() > 0) {
        if (out.size() > 0) out.append("\n");
        out.append("Recent conversation:\n");
        out.append(spoken.view());
    }
}

Jsonb *state_of(FunctionCallInfo fcinfo, MemoryContext context) {
    const pg::Value state = store::read_copy(pg::extension_of(fcinfo), PG_GETARG_TEXT_PP(0),
                                             store::DataColumn::kState, context);
    return state.null ? nullptr : reinterpret_cast<Jsonb *>(DatumGetPointer(state.datum));
}

void write_text(JsonBuffer &out, std::string_view value) {
    out.write([&](char *at, char *limit) { return core::write_escaped(value, at, limit); });
}

}  // namespace

extern "C" {

SM_FUNCTION(sm_prompt);

// sm_prompt(session_id, max_interactions, max_tokens) → {"summary", "state", "messages",
// "formatted_context"}
Datum sm_prompt(PG_FUNCTION_ARGS) {
    MemoryContext caller = CurrentMemoryContext;
    JsonBuffer out;
    JsonBuffer formatted;
    Jsonb *state = nullptr;
    const text *summary = nullptr;
    JsonBuffer messages;
    functions::with_summarized_window(
        fcinfo, [&](const store::SessionFacts &facts, const text *found,
                    const StoredInteraction *interactions, int count) {
            summary = found;
            if (facts.alive) state = state_of(fcinfo, caller);
            functions::write_messages(messages, interactions, count);
            write_formatted(
                formatted, summary,
                state == nullptr ? core::JsonbRef() : core::JsonbRef::root(&state->root),
                interactions, count);
        });
    out.append("{\"summary\": ");
    if (summary == nullptr)
        out.append("null");
    else
        write_text(out, pg::view(summary));
    out.append(", \"state\": ");
    if (state == nullptr)
        out.append("{}");
    else
        out.write(
            [&](char *at, char *limit) { return core::write_jsonb(&state->root, at, limit); });
    out.append(", \"messages\": [");
    out.append(messages.view());
    out.append("], \"formatted_context\": ");
    write_text(out, formatted.view());
    out.append("}");
    PG_RETURN_DATUM(
        DirectFunctionCall1(jsonb_in, CStringGetDatum(TextDatumGetCString(out.finish()))));
}

}  // extern "C"
