// sm_pop, sm_clear and sm_prune: taking out.
#include "functions/entry.hpp"
#include "functions/interaction_json.hpp"
#include "store/limits.hpp"
#include "store/prune.hpp"
#include "store/take.hpp"

using namespace sm;
using functions::Arguments;

extern "C" {

SM_FUNCTION(sm_pop);
SM_FUNCTION(sm_clear);
SM_FUNCTION(sm_prune);

// sm_pop(session_id, count) → jsonb array of what was taken, oldest first
Datum sm_pop(PG_FUNCTION_ARGS) {
    PreventCommandIfReadOnly("sm_pop()");
    const Arguments arguments(fcinfo);
    text *session_id = arguments.required_name(0, "session_id");
    const int32 count = arguments.required_limit(1, "count");
    const pg::Extension &extension = functions::enter(fcinfo);

    // The texts come newest first and are wanted oldest first.
    Datum *texts = nullptr;
    int taken = 0;
    MemoryContext context = CurrentMemoryContext;
    auto keep = [&](const store::StoredInteraction &interaction) {
        pg::with_context(context, [&] {
            const size_t size = sizeof(Datum) * (taken + 1);
            texts = static_cast<Datum *>(texts == nullptr ? palloc(size) : repalloc(texts, size));
            functions::JsonBuffer out(VARSIZE(interaction.object) * 2);
            functions::write_interaction(out, interaction);
            texts[taken++] = out.finish();
        });
        return true;
    };
    if (count > 0) store::take_newest(extension, session_id, count, store::statement_clock(), keep);

    functions::JsonBuffer all;
    all.append("[");
    for (int i = taken - 1; i >= 0; --i) {
        all.append(pg::view(DatumGetTextPP(texts[i])));
        if (i > 0) all.append(", ");
    }
    all.append("]");
    PG_RETURN_DATUM(
        DirectFunctionCall1(jsonb_in, CStringGetDatum(TextDatumGetCString(all.finish()))));
}

// sm_clear(session_id) → whether there was such a session
Datum sm_clear(PG_FUNCTION_ARGS) {
    PreventCommandIfReadOnly("sm_clear()");
    const Arguments arguments(fcinfo);
    text *session_id = arguments.required_name(0, "session_id");
    PG_RETURN_BOOL(
        store::clear_session(functions::enter(fcinfo), session_id, store::statement_clock()));
}

// sm_prune(older_than, session_id) → number of interactions removed
Datum sm_prune(PG_FUNCTION_ARGS) {
    PreventCommandIfReadOnly("sm_prune()");
    const Arguments arguments(fcinfo);
    const auto older_than = arguments.optional_lifetime(0, "older_than");
    text *session_id = arguments.optional_name(1, "session_id");
    const pg::Extension &extension = functions::enter(fcinfo);
    const core::Time now = store::statement_clock();
    core::Limits age;
    if (older_than) age.ttl = *older_than;
    const core::Time created_before = age.cutoff(now);
    const store::Pruned pruned =
        session_id == nullptr ? store::prune_all(extension, now, created_before)
                              : store::prune_session(extension, session_id, now, created_before);
    PG_RETURN_INT64(pruned.interactions);
}

}  // extern "C"
