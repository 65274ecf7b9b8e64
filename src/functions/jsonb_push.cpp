// From a stored value to one under construction.
#include "functions/jsonb_push.hpp"

namespace sm::functions {

JsonbValue string_value(std::string_view text) {
    JsonbValue v;
    v.type = jbvString;
    v.val.string.val = const_cast<char *>(text.data());
    v.val.string.len = static_cast<int>(text.size());
    return v;
}

void push_key(JsonbParseState **state, std::string_view key) {
    JsonbValue v = string_value(key);
    pushJsonbValue(state, WJB_KEY, &v);
}

void push_value(JsonbParseState **state, core::JsonbRef value) {
    JsonbValue v;
    switch (value.kind()) {
        case core::JsonbKind::kString:
            v = string_value(value.text());
            break;
        case core::JsonbKind::kNumeric:
            v.type = jbvNumeric;
            v.val.numeric = static_cast<Numeric>(const_cast<void *>(value.data()));
            break;
        case core::JsonbKind::kBool:
            v.type = jbvBool;
            v.val.boolean = value.is_true();
            break;
        case core::JsonbKind::kArray:
        case core::JsonbKind::kObject:
            // The server unpacks it, and asks the container itself for its size.
            v.type = jbvBinary;
            v.val.binary.data = static_cast<JsonbContainer *>(const_cast<void *>(value.data()));
            v.val.binary.len = 0;
            break;
        default:
            v.type = jbvNull;
    }
    pushJsonbValue(state, WJB_VALUE, &v);
}

}  // namespace sm::functions
