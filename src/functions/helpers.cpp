// What the SQL pieces of the extension need of C++: the policies of expiry, and argument checks.
// All begin with an underscore in SQL and are not part of the interface.
#include "core/interaction.hpp"
#include "core/timestamp_text.hpp"
#include "functions/arguments.hpp"
#include "functions/jsonb_push.hpp"
#include "settings.hpp"
#include "store/append.hpp"
#include "store/limits.hpp"

using namespace sm;
using functions::Arguments;

namespace {

core::Lifetime lifetime_or(FunctionCallInfo fcinfo, int interval, int otherwise) {
    if (PG_ARGISNULL(interval)) return PG_GETARG_INT64(otherwise);
    return store::lifetime_of(PG_GETARG_INTERVAL_P(interval));
}

}  // namespace

extern "C" {

SM_FUNCTION(sm_session_end);
SM_FUNCTION(sm_interaction_end);
SM_FUNCTION(sm_default_ttl);
SM_FUNCTION(sm_default_idle_timeout);
SM_FUNCTION(sm_lifetime);
SM_FUNCTION(sm_patience);
SM_FUNCTION(sm_worker_enabled);
SM_FUNCTION(sm_max_size);
SM_FUNCTION(sm_cap);
SM_FUNCTION(sm_bytes);
SM_FUNCTION(sm_searchable);
SM_FUNCTION(sm_time);
SM_FUNCTION(sm_check_find);
SM_FUNCTION(sm_check_sessions);
SM_FUNCTION(sm_check_name);
SM_FUNCTION(sm_check_limit);
SM_FUNCTION(sm_begins_turn);

// _sm_session_end(last_activity_at, ttl, idle_timeout, ended_at, default_ttl, default_idle_timeout)
Datum sm_session_end(PG_FUNCTION_ARGS) {
    if (PG_ARGISNULL(0) || PG_ARGISNULL(4) || PG_ARGISNULL(5)) PG_RETURN_NULL();
    core::Limits limits;
    limits.ttl = lifetime_or(fcinfo, 1, 4);
    limits.idle_timeout = lifetime_or(fcinfo, 2, 5);
    const core::Time end = limits.session_end(PG_GETARG_TIMESTAMPTZ(0), !PG_ARGISNULL(3));
    PG_RETURN_TIMESTAMPTZ(store::to_timestamptz(end));
}

// _sm_interaction_end(created_at, ttl, default_ttl)
Datum sm_interaction_end(PG_FUNCTION_ARGS) {
    if (PG_ARGISNULL(0) || PG_ARGISNULL(2)) PG_RETURN_NULL();
    PG_RETURN_TIMESTAMPTZ(store::to_timestamptz(
        core::end_of_life(PG_GETARG_TIMESTAMPTZ(0), lifetime_or(fcinfo, 1, 2))));
}

Datum sm_default_ttl(PG_FUNCTION_ARGS) {
    (void)fcinfo;
    PG_RETURN_INT64(store::default_ttl());
}

Datum sm_default_idle_timeout(PG_FUNCTION_ARGS) {
    (void)fcinfo;
    PG_RETURN_INT64(store::default_idle_timeout());
}

// _sm_lifetime(own, otherwise): the one that counts, as an interval; NULL: for ever
Datum sm_lifetime(PG_FUNCTION_ARGS) {
    if (!PG_ARGISNULL(0)) PG_RETURN_DATUM(PG_GETARG_DATUM(0));
    if (PG_ARGISNULL(1) || PG_GETARG_INT64(1) == core::kForever) PG_RETURN_NULL();
    Interval exact = {PG_GETARG_INT64(1), 0, 0};
    PG_RETURN_DATUM(DirectFunctionCall1(interval_justify_hours, IntervalPGetDatum(&exact)));
}

// _sm_patience(): how long the worker may leave something lying before that is worth a word
Datum sm_patience(PG_FUNCTION_ARGS) {
    (void)fcinfo;
    auto *patience = static_cast<Interval *>(palloc0(sizeof(Interval)));
    patience->time = 3 * static_cast<int64>(settings::nap_time_ms) * 1000 + 10 * USECS_PER_SEC;
    PG_RETURN_INTERVAL_P(patience);
}

Datum sm_worker_enabled(PG_FUNCTION_ARGS) {
    (void)fcinfo;
    PG_RETURN_BOOL(settings::worker);
}

// _sm_max_size(): in bytes; NULL where there is no limit
Datum sm_max_size(PG_FUNCTION_ARGS) {
    if (settings::max_size_kilobytes <= 0) PG_RETURN_NULL();
    PG_RETURN_INT64(Max(static_cast<int64>(settings::max_size_kilobytes * 1024), 1));
}

// _sm_cap(max_interactions): how many interactions a session keeps; NULL: all
Datum sm_cap(PG_FUNCTION_ARGS) {
    const int32 cap = PG_ARGISNULL(0) ? settings::max_interactions : PG_GETARG_INT32(0);
    if (cap <= 0) PG_RETURN_NULL();
    PG_RETURN_INT32(cap);
}

// _sm_bytes(interaction): its size uncompressed, without fetching it where it is stored outside its
// row
Datum sm_bytes(PG_FUNCTION_ARGS) {
    PG_RETURN_INT32(static_cast<int32>(toast_raw_datum_size(PG_GETARG_DATUM(0))));
}

// _sm_searchable(interaction): it without what was said
Datum sm_searchable(PG_FUNCTION_ARGS) {
    Jsonb *interaction = PG_GETARG_JSONB_P(0);
    const core::JsonbRef root = core::JsonbRef::root(&interaction->root);
    JsonbParseState *state = nullptr;
    pushJsonbValue(&state, WJB_BEGIN_OBJECT, nullptr);
    for (core::JsonbWalk walk(root); root.is_object() && !walk.done(); walk.next())
        if (!core::is_said(walk.key())) functions::push_member(&state, walk.key(), walk.value());
    PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, nullptr)));
}

// _sm_time(time): as sm_context shows times, in UTC whatever the connection's time zone
Datum sm_time(PG_FUNCTION_ARGS) {
    char text[64];
    const char *end = core::write_timestamp(PG_GETARG_TIMESTAMPTZ(0), text, text + sizeof(text));
    PG_RETURN_TEXT_P(cstring_to_text_with_len(text, static_cast<int>(end - text)));
}

// _sm_check_find(contains, session_id, user_id, max_results): max_results, or the error that they
// call for
Datum sm_check_find(PG_FUNCTION_ARGS) {
    const Arguments arguments(fcinfo);
    arguments.required_object(0, "contains");
    arguments.optional_name(1, "session_id");
    arguments.optional_name(2, "user_id");
    PG_RETURN_INT32(arguments.required_limit(3, "max_results"));
}

// _sm_check_sessions(user_id, active_within, after, page_size): page_size, or the error that they
// call for
Datum sm_check_sessions(PG_FUNCTION_ARGS) {
    const Arguments arguments(fcinfo);
    arguments.optional_name(0, "user_id");
    arguments.optional_lifetime(1, "active_within");
    PG_RETURN_INT32(arguments.required_limit(3, "page_size"));
}

// _sm_begins_turn(interaction)
Datum sm_begins_turn(PG_FUNCTION_ARGS) {
    const Jsonb *interaction = PG_GETARG_JSONB_P(0);
    PG_RETURN_BOOL(core::begins_turn(core::JsonbRef::root(&interaction->root)));
}

// _sm_check_name(value, name): value, or the error that it calls for
Datum sm_check_name(PG_FUNCTION_ARGS) {
    const Arguments arguments(fcinfo);
    const char *name = text_to_cstring(arguments.required_text(1, "name"));
    PG_RETURN_TEXT_P(arguments.required_name(0, name));
}

// _sm_check_limit(limit, name): limit, or the error that it calls for
Datum sm_check_limit(PG_FUNCTION_ARGS) {
    const Arguments arguments(fcinfo);
    const char *name = text_to_cstring(arguments.required_text(1, "name"));
    PG_RETURN_INT32(arguments.required_limit(0, name));
}

}  // extern "C"
