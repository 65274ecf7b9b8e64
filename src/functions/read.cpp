// sm_context, sm_messages and sm_history: what a model, or a person, is shown.
#include "core/escape.hpp"
#include "functions/entry.hpp"
#include "functions/interaction_json.hpp"
#include "functions/window_reader.hpp"
#include "store/limits.hpp"
#include "store/reader.hpp"

using namespace sm;
using functions::Arguments;
using functions::JsonBuffer;
using store::StoredInteraction;

extern "C" {

SM_FUNCTION(sm_context);
SM_FUNCTION(sm_messages);
SM_FUNCTION(sm_history);

// sm_context(session_id, max_interactions, max_tokens) → json array, oldest first
Datum sm_context(PG_FUNCTION_ARGS) {
    JsonBuffer out;
    out.append("[");
    functions::with_window(fcinfo, [&](const StoredInteraction *interactions, int count) {
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
    JsonBuffer out;
    out.append("[");
    functions::with_summarized_window(
        fcinfo, [&](const store::SessionFacts &, const text *summary,
                    const StoredInteraction *interactions, int count) {
            JsonBuffer messages;
            functions::write_messages(messages, interactions, count);
            if (summary != nullptr) {
                out.append("{\"role\": \"system\", \"content\": ");
                out.write([&](char *at, char *limit) {
                    return core::write_escaped(pg::view(summary), at, limit);
                });
                out.append(messages.size() > 0 ? "}, " : "}");
            }
            out.append(messages.view());
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
    store::SessionFacts facts;
    store::read_newest_first(extension,
                             {session_id, store::statement_clock(), before_seq, page_size}, &facts,
                             put, nothing);
    PG_RETURN_NULL();
}

}  // extern "C"
