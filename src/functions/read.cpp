// sm_context, sm_messages and sm_history: what a model, or a person, is shown.
#include "core/message.hpp"
#include "core/window.hpp"
#include "functions/entry.hpp"
#include "functions/interaction_json.hpp"
#include "store/limits.hpp"
#include "store/reader.hpp"

using namespace sm;
using functions::Arguments;
using functions::JsonOutput;
using store::StoredInteraction;

namespace {

core::JsonbRef ref(const StoredInteraction &interaction) {
    return core::JsonbRef::root(&interaction.object->root);
}

/// The window of sm_context(session_id, max_interactions, max_tokens), given to `use` oldest first:
/// use(interactions, count), where interactions[count - 1] is the oldest.
template <typename Use>
void with_window(FunctionCallInfo fcinfo, Use &&use) {
    const Arguments arguments(fcinfo);
    text *session_id = arguments.required_name(0, "session_id");
    const int32 max_interactions = arguments.required_limit(1, "max_interactions");
    std::optional<std::int64_t> max_tokens;
    if (const auto given = arguments.optional_limit(2, "max_tokens")) max_tokens = *given;
    const pg::Extension &extension = functions::enter(fcinfo);
    if (max_interactions == 0) return;

    core::Window window(max_interactions, max_tokens);
    int capacity = Min(max_interactions, 64);
    int count = 0;
    auto *interactions =
        static_cast<StoredInteraction *>(palloc(sizeof(StoredInteraction) * capacity));
    auto collect = [&](const StoredInteraction &interaction) {
        if (count == capacity) {
            capacity *= 2;
            interactions = static_cast<StoredInteraction *>(
                repalloc_huge(interactions, sizeof(StoredInteraction) * capacity));
        }
        interactions[count++] = interaction;
        window.show(ref(interaction), interaction.tokens);
        return window.wants_more();
    };
    auto finish = [&] { use(interactions, static_cast<int>(window.size())); };
    store::read_newest_first(extension,
                             {session_id, store::statement_clock(), PG_INT64_MAX, max_interactions},
                             collect, finish);
}

}  // namespace

extern "C" {

SM_FUNCTION(sm_context);
SM_FUNCTION(sm_messages);
SM_FUNCTION(sm_history);

// sm_context(session_id, max_interactions, max_tokens) → json array, oldest first
Datum sm_context(PG_FUNCTION_ARGS) {
    JsonOutput out;
    out.append("[");
    with_window(fcinfo, [&](const StoredInteraction *interactions, int count) {
        for (int i = count - 1; i >= 0; --i) {
            functions::write_interaction(out, interactions[i]);
            if (i > 0) out.append(", ");
        }
    });
    out.append("]");
    return out.finish();
}

// sm_messages(session_id, max_interactions, max_tokens) → json array of chat-completion messages
Datum sm_messages(PG_FUNCTION_ARGS) {
    JsonOutput out;
    out.append("[");
    with_window(fcinfo, [&](const StoredInteraction *interactions, int count) {
        std::string_view separator = "";
        for (int i = count - 1; i >= 0; --i) {
            if (core::message_count(ref(interactions[i])) == 0) continue;
            out.append(separator);
            out.write([&](char *at, char *limit) {
                return core::write_messages(ref(interactions[i]), at, limit);
            });
            separator = ", ";
        }
    });
    out.append("]");
    return out.finish();
}

// sm_history(session_id, before_seq, page_size) → rows, newest first
Datum sm_history(PG_FUNCTION_ARGS) {
    const Arguments arguments(fcinfo);
    text *session_id = arguments.required_name(0, "session_id");
    const int64 before_seq =
        arguments.is_null(1) ? PG_INT64_MAX : DatumGetInt64(arguments.datum(1));
    const int32 page_size = arguments.required_limit(2, "page_size");
    const pg::Extension &extension = functions::enter(fcinfo);

    InitMaterializedSRF(fcinfo, 0);
    if (page_size == 0) PG_RETURN_NULL();
    auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    int32 rows = 0;
    auto put = [&](const StoredInteraction &interaction) {
        Datum values[] = {Int64GetDatum(interaction.seq),
                          TimestampTzGetDatum(interaction.created_at),
                          Int32GetDatum(interaction.tokens), PointerGetDatum(interaction.object)};
        bool nulls[] = {false, false, false, false};
        tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
        return ++rows < page_size;
    };
    auto nothing = [] {};
    store::read_newest_first(
        extension, {session_id, store::statement_clock(), before_seq, page_size}, put, nothing);
    PG_RETURN_NULL();
}

}  // extern "C"
