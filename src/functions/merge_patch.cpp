// JSON Merge Patch (RFC 7396, section 2).
//
// Objects are stored with sorted keys, so two of them are merged like two sorted lists.
#include "functions/merge_patch.hpp"

#include "functions/jsonb_push.hpp"

namespace sm::functions {

namespace {

using core::JsonbKind;
using core::JsonbRef;
using core::JsonbWalk;

class Merger {
  public:
    /// Pushes `target` patched by the object `patch`, as the whole or as the value of a key.
    JsonbValue *merge(JsonbRef target, JsonbRef patch) {
        check_stack_depth();
        pushJsonbValue(&state_, WJB_BEGIN_OBJECT, nullptr);
        JsonbWalk old = target.is_object() ? JsonbWalk(target) : JsonbWalk();
        JsonbWalk change(patch);
        while (!old.done() || !change.done()) {
            CHECK_FOR_INTERRUPTS();
            const auto order = old.done()      ? std::strong_ordering::greater
                               : change.done() ? std::strong_ordering::less
                                               : core::compare_keys(old.key(), change.key());
            if (order < 0) {
                push_member(&state_, old.key(), old.value());
            } else {
                apply(order == 0 ? old.value() : JsonbRef(), change);
            }
            if (order <= 0) old.next();
            if (order >= 0) change.next();
        }
        return pushJsonbValue(&state_, WJB_END_OBJECT, nullptr);
    }

  private:
    void apply(JsonbRef old, const JsonbWalk &change) {
        const JsonbRef value = change.value();
        if (value.kind() == JsonbKind::kNull) return;
        push_key(&state_, change.key());
        if (value.is_object())
            merge(old, value);
        else
            push_value(&state_, value);
    }

    JsonbParseState *state_ = nullptr;
};

}  // namespace

Jsonb *merge_patch(Jsonb *target, Jsonb *patch) {
    const JsonbRef old = target == nullptr ? JsonbRef() : JsonbRef::root(&target->root);
    return JsonbValueToJsonb(Merger().merge(old, JsonbRef::root(&patch->root)));
}

}  // namespace sm::functions
