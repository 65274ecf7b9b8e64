// Interactions as JSON.
#include "functions/interaction_json.hpp"

#include "core/escape.hpp"
#include "core/jsonb_text.hpp"
#include "core/message.hpp"
#include "core/numeric_text.hpp"
#include "core/timestamp_text.hpp"

namespace sm::functions {

void write_interaction(JsonBuffer &out, const store::StoredInteraction &interaction) {
    static constexpr std::string_view kOurs[] = {"seq", "timestamp"};
    out.append("{\"seq\": ");
    out.write([&](char *at, char *limit) { return core::write_int64(interaction.seq, at, limit); });
    out.append(", \"timestamp\": \"");
    out.write([&](char *at, char *limit) {
        return core::write_timestamp(interaction.created_at, at, limit);
    });
    out.append("\"");
    const size_t before = out.size();
    out.append(", ");
    const size_t after = out.size();
    out.write([&](char *at, char *limit) {
        return core::write_jsonb_members(&interaction.object->root, kOurs, at, limit);
    });
    if (out.size() == after) out.truncate(before);  // an object without members of its own
    out.append("}");
}

void write_messages(JsonBuffer &out, const store::StoredInteraction *interactions, int count) {
    std::string_view separator = "";
    const auto calls = [&](int i) { return core::is_function_call(ref(interactions[i])); };
    for (int i = count - 1; i >= 0; --i) {
        const core::JsonbRef interaction = ref(interactions[i]);
        if (core::message_count(interaction) == 0) continue;
        out.append(separator);
        separator = ", ";
        if (!calls(i)) {
            out.write([&](char *at, char *limit) {
                return core::write_messages(interaction, at, limit);
            });
            continue;
        }
        // Calls made at once are one message: their results come after all of them.
        out.write([](char *at, char *limit) { return core::begin_function_calls(at, limit); });
        for (bool first = true; i >= 0 && calls(i); --i, first = false) {
            if (!first) out.append(", ");
            out.write([&](char *at, char *limit) {
                return core::write_function_call(ref(interactions[i]), at, limit);
            });
        }
        ++i;
        out.write([](char *at, char *limit) { return core::end_function_calls(at, limit); });
    }
}

}  // namespace sm::functions
