// Users: their profiles, and the events that are remembered of them.
#include <algorithm>

#include "functions/entry.hpp"
#include "functions/merge_patch.hpp"
#include "store/limits.hpp"
#include "store/session.hpp"

using namespace sm;
using functions::Arguments;
using pg::Value;

namespace {

/// What a profile shows besides its attributes.
constexpr const char *kOurs[] = {"user_id", "first_seen_at", "last_seen_at"};

// The row of the profile is locked from here on: events of one user are numbered one after the other.
pg::Statement see_statement(
    "INSERT INTO @.sm_profile AS p (user_id, created_at, first_seen_at, last_seen_at, "
    "last_event_id)"
    " VALUES ($1, $2, $3, $3, 1) ON CONFLICT (user_id) DO UPDATE"
    " SET last_event_id = p.last_event_id OPERATOR(pg_catalog.+) 1,"
    " first_seen_at = LEAST(p.first_seen_at, EXCLUDED.first_seen_at),"
    " last_seen_at = GREATEST(p.last_seen_at, EXCLUDED.last_seen_at) RETURNING "
    "p.last_event_id::pg_catalog.int8",
    {TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID});

pg::Statement insert_statement(
    "INSERT INTO @.sm_event (user_id, event_id, kind, occurred_at, satisfaction, session_id, data)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7)",
    {TEXTOID, INT8OID, TEXTOID, TIMESTAMPTZOID, FLOAT4OID, TEXTOID, JSONBOID});

/// So many events of a user are learned at once (sql/install/55_learning.sql).
constexpr int64 kLearnedTogether = 64;

pg::Statement outdated_statement("SELECT @._sm_outdated($1)", {TEXTOID});
pg::Statement fold_statement("SELECT @._sm_fold($1)", {TEXTOID});
pg::Statement relearn_statement("SELECT @._sm_relearn($1)", {TEXTOID});

pg::Statement other_user_statement(
    "SELECT FROM @.sm_session AS s WHERE s.session_id OPERATOR(pg_catalog.=) $1"
    " AND s.user_id OPERATOR(pg_catalog.<>) $2"
    " AND @._sm_session_end(s.last_activity_at, s.ttl, s.idle_timeout, s.ended_at, $3, $4)"
    " OPERATOR(pg_catalog.>) $5",
    {TEXTOID, TEXTOID, INT8OID, INT8OID, TIMESTAMPTZOID});

constexpr const char *kKeepOutside = "Keep large things outside, and refer to them.";

Value checked_satisfaction(const Arguments &arguments, int index) {
    if (arguments.is_null(index)) return Value::none();
    const float4 satisfaction = DatumGetFloat4(arguments.datum(index));
    if (!(satisfaction >= 0 && satisfaction <= 1))  // NaN is neither
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("satisfaction must be from 0 to 1"),
                errhint("Leave it out where it is not known. Divide five stars by 5."));
    return Value::of(arguments.datum(index));
}

struct Event {
    text *user_id;
    text *kind;
    Jsonb *data;
    core::Time occurred_at;
    Value satisfaction;
    text *session_id;
    core::Time now;
};

void refuse_session_of_another(const pg::Extension &extension, const Event &event) {
    const pg::Rows rows = other_user_statement.run(
        extension,
        {Value::of(event.session_id), Value::of(event.user_id), Value::of(store::default_ttl()),
         Value::of(store::default_idle_timeout()), Value::of(event.now)},
        false);
    if (!rows.none())
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("session \"%s\" belongs to another user", pg::printable(event.session_id)),
                errhint("Give a session of user \"%s\", or none.", pg::printable(event.user_id)));
}

/// Learns what is new of a user, or all of it anew where the rules have changed. The lock on the profile's
/// row makes that happen once.
void learn(const pg::Extension &extension, text *user_id) {
    const pg::Rows rows = outdated_statement.run(extension, {Value::of(user_id)}, false);
    const bool outdated = DatumGetBool(rows.at(0, 1).required());
    (outdated ? relearn_statement : fold_statement).run(extension, {Value::of(user_id)}, false);
}

/// Stores it; returns its number.
int64 record(const pg::Extension &extension, const Event &event) {
    // Nobody is seen in the future: what is planned does not keep a profile alive.
    const core::Time seen = std::min(event.occurred_at, event.now);
    const int64 event_id = DatumGetInt64(
        see_statement
            .run(extension, {Value::of(event.user_id), Value::of(event.now), Value::of(seen)},
                 false)
            .at(0, 1)
            .required());
    insert_statement.run(extension,
                         {Value::of(event.user_id), Value::of(event_id), Value::of(event.kind),
                          Value::of(event.occurred_at), event.satisfaction,
                          Value::of(event.session_id), Value::of(event.data)},
                         false);
    if (event_id % kLearnedTogether == 0) learn(extension, event.user_id);
    return event_id;
}

}  // namespace

extern "C" {

SM_FUNCTION(sm_patched_profile);
SM_FUNCTION(sm_record_event);
SM_FUNCTION(sm_check_events);

// _sm_patched_profile(user_id, attributes, patch) → the new attributes
Datum sm_patched_profile(PG_FUNCTION_ARGS) {
    const Arguments arguments(fcinfo);
    const text *user_id = arguments.required_name(0, "user_id");
    Jsonb *attributes = arguments.is_null(1) ? nullptr : DatumGetJsonbP(arguments.datum(1));
    Jsonb *patched = functions::merge_patch(attributes, arguments.required_object(2, "patch"));
    for (const char *name : kOurs)
        patched = DatumGetJsonbP(DirectFunctionCall2(jsonb_delete, JsonbPGetDatum(patched),
                                                     PointerGetDatum(cstring_to_text(name))));
    functions::refuse_if_too_large(patched, "the profile of user", user_id, kKeepOutside);
    PG_RETURN_JSONB_P(patched);
}

// sm_record_event(user_id, kind, data, occurred_at, satisfaction, session_id) → event_id
Datum sm_record_event(PG_FUNCTION_ARGS) {
    PreventCommandIfReadOnly("sm_record_event()");
    const Arguments arguments(fcinfo);
    Event event;
    event.user_id = arguments.required_name(0, "user_id");
    event.kind = arguments.required_name(1, "kind", functions::kLongestKind);
    event.data = arguments.required_object(2, "data");
    functions::refuse_if_too_large(event.data, "the event of user", event.user_id, kKeepOutside);
    event.now = GetCurrentTimestamp();
    event.occurred_at = arguments.time_or(3, "occurred_at", event.now);
    event.satisfaction = checked_satisfaction(arguments, 4);
    event.session_id = arguments.optional_name(5, "session_id");
    const pg::Extension &extension = functions::enter(fcinfo);
    PG_RETURN_INT64(pg::with_spi([&] {
        if (event.session_id != nullptr) refuse_session_of_another(extension, event);
        return record(extension, event);
    }));
}

// _sm_check_events(user_id, kind, before, page_size): page_size, or the error that they call for
Datum sm_check_events(PG_FUNCTION_ARGS) {
    const Arguments arguments(fcinfo);
    arguments.required_name(0, "user_id");
    arguments.optional_name(1, "kind", functions::kLongestKind);
    PG_RETURN_INT32(arguments.required_limit(3, "page_size"));
}

}  // extern "C"
