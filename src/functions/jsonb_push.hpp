// From a stored value to one under construction: pushing a JsonbRef to the server's jsonb builder.
#pragma once

#include <string_view>

#include "core/jsonb_layout.hpp"
#include "pg/postgres.hpp"

namespace sm::functions {

/// A string value that points to `text`.
JsonbValue string_value(std::string_view text);

void push_key(JsonbParseState **state, std::string_view key);

/// Pushes a value as it is; an absent one as null.
void push_value(JsonbParseState **state, core::JsonbRef value);

inline void push_member(JsonbParseState **state, std::string_view key, core::JsonbRef value) {
    push_key(state, key);
    push_value(state, value);
}

}  // namespace sm::functions
