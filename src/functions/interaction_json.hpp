// Interactions as JSON: as sm_context and sm_pop show them, and as bare messages.
#pragma once

#include "core/jsonb_layout.hpp"
#include "functions/json_buffer.hpp"
#include "store/reader.hpp"

namespace sm::functions {

inline core::JsonbRef ref(const store::StoredInteraction &interaction) {
    return core::JsonbRef::root(&interaction.object->root);
}

/// {"seq": …, "timestamp": …, the members of the stored object but for those two}
void write_interaction(JsonBuffer &out, const store::StoredInteraction &interaction);

/// Interactions as chat-completion messages, separated by commas; given newest first, written
/// oldest first. What is neither an exchange nor a message is left out.
void write_messages(JsonBuffer &out, const store::StoredInteraction *interactions, int count);

}  // namespace sm::functions
