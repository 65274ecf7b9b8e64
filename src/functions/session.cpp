// Sessions as such: creating, configuring and touching them, their state, summary and end.
#include "functions/entry.hpp"
#include "functions/merge_patch.hpp"
#include "store/lifecycle.hpp"
#include "store/limits.hpp"

using namespace sm;
using functions::Arguments;
using pg::Value;

namespace {

/// ttl, idle_timeout and max_interactions, three arguments from `first` on.
struct OwnLimits {
    Value ttl = Value::none();
    Value idle_timeout = Value::none();
    Value max_interactions = Value::none();

    OwnLimits(const Arguments &arguments, int first) {
        if (arguments.optional_lifetime(first, "ttl")) ttl = Value::of(arguments.datum(first));
        if (arguments.optional_lifetime(first + 1, "idle_timeout"))
            idle_timeout = Value::of(arguments.datum(first + 1));
        if (const auto cap = arguments.optional_limit(first + 2, "max_interactions")) {
            if (*cap == 0)
                ereport(
                    ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("max_interactions must be positive"),
                    errhint("Leave it out to follow the setting session_memory.max_interactions."));
            max_interactions = Value::of(*cap);
        }
    }
};

text *new_session_id() {
    const Datum uuid = DirectFunctionCall1(gen_random_uuid, 0);
    return cstring_to_text(DatumGetCString(DirectFunctionCall1(uuid_out, uuid)));
}

[[noreturn]] void refuse_duplicate(const text *session_id) {
    ereport(
        ERROR, errcode(ERRCODE_UNIQUE_VIOLATION),
        errmsg("session \"%s\" exists already", pg::printable(session_id)),
        errhint(
            "Choose another session_id, leave it out to get a new one, or change this session with "
            "sm_configure_session."));
}

/// Makes a living session of this name that was not one before.
void create(const pg::Extension &extension, const store::NewSession &fresh) {
    for (int attempt = 0; attempt < store::kAttempts; ++attempt) {
        if (store::create_session(extension, fresh)) return;
        store::Session old;
        if (!store::lock_session(extension, fresh.session_id, &old)) continue;
        if (!old.expired(fresh.now)) refuse_duplicate(fresh.session_id);
        store::make_writable(extension, fresh.user_id, fresh.now, &old);
        store::configure_session(extension, fresh.session_id, fresh.now, fresh.ttl,
                                 fresh.idle_timeout, fresh.max_interactions);
        return;
    }
    store::refuse_hidden(fresh.session_id);
}

[[noreturn]] void refuse_unknown(const text *session_id) {
    ereport(ERROR, errcode(ERRCODE_NO_DATA_FOUND),
            errmsg("there is no session \"%s\"", pg::printable(session_id)),
            errhint("It was never created, or has expired."));
}

}  // namespace

extern "C" {

SM_FUNCTION(sm_create_session);
SM_FUNCTION(sm_configure_session);
SM_FUNCTION(sm_touch);
SM_FUNCTION(sm_touch_by_read);
SM_FUNCTION(sm_set_state);
SM_FUNCTION(sm_set_summary);
SM_FUNCTION(sm_end_session);

// sm_create_session(session_id, user_id, ttl, idle_timeout, max_interactions, metadata) →
// session_id
Datum sm_create_session(PG_FUNCTION_ARGS) {
    PreventCommandIfReadOnly("sm_create_session()");
    const Arguments arguments(fcinfo);
    const OwnLimits limits(arguments, 2);
    store::NewSession fresh;
    fresh.session_id = arguments.optional_name(0, "session_id");
    fresh.user_id = arguments.optional_name(1, "user_id");
    Jsonb *metadata = arguments.optional_object(5, "metadata");
    if (fresh.session_id == nullptr) fresh.session_id = new_session_id();
    fresh.now = fresh.last_activity = store::statement_clock();
    fresh.ttl = limits.ttl;
    fresh.idle_timeout = limits.idle_timeout;
    fresh.max_interactions = limits.max_interactions;
    fresh.due = store::limits_of(limits.ttl, limits.idle_timeout, limits.max_interactions)
                    .session_end(fresh.now);
    const pg::Extension &extension = functions::enter(fcinfo);
    pg::with_spi([&] {
        create(extension, fresh);
        if (metadata != nullptr)
            store::write_data(extension, fresh.session_id, store::DataColumn::kMetadata,
                              PointerGetDatum(metadata));
    });
    PG_RETURN_TEXT_P(fresh.session_id);
}

// sm_configure_session(session_id, ttl, idle_timeout, max_interactions)
Datum sm_configure_session(PG_FUNCTION_ARGS) {
    PreventCommandIfReadOnly("sm_configure_session()");
    const Arguments arguments(fcinfo);
    text *session_id = arguments.required_name(0, "session_id");
    const OwnLimits limits(arguments, 1);
    const core::Time now = store::statement_clock();
    const pg::Extension &extension = functions::enter(fcinfo);
    pg::with_spi([&] {
        store::Session session;
        if (!store::lock_living_session(extension, session_id, now, &session))
            refuse_unknown(session_id);
        store::configure_session(extension, session_id, now, limits.ttl, limits.idle_timeout,
                                 limits.max_interactions);
    });
    PG_RETURN_VOID();
}

// sm_touch(session_id) → whether there is such a session, alive and open
Datum sm_touch(PG_FUNCTION_ARGS) {
    PreventCommandIfReadOnly("sm_touch()");
    const Arguments arguments(fcinfo);
    text *session_id = arguments.required_name(0, "session_id");
    const pg::Extension &extension = functions::enter(fcinfo);
    PG_RETURN_BOOL(pg::with_spi(
        [&] { return store::touch_session(extension, session_id, store::statement_clock()); }));
}

// _sm_touch_by_read(session_id, ttl, idle_timeout, last_activity_at, ended_at): for the reads that
// are written in SQL
Datum sm_touch_by_read(PG_FUNCTION_ARGS) {
    const Arguments arguments(fcinfo);
    const auto value = [&](int i) {
        return arguments.is_null(i) ? Value::none() : Value::of(arguments.datum(i));
    };
    const core::Time now = store::statement_clock();
    store::SessionFacts facts;
    facts.limits = store::limits_of(value(1), value(2), Value::none());
    facts.last_activity = DatumGetTimestampTz(arguments.datum(3));
    facts.ended = !arguments.is_null(4);
    facts.alive = !facts.expired(now);
    store::touch_by_read(functions::enter(fcinfo), arguments.required_text(0, "session_id"), facts,
                         now);
    PG_RETURN_BOOL(facts.alive);
}

// sm_set_state(session_id, patch) → the new state
Datum sm_set_state(PG_FUNCTION_ARGS) {
    PreventCommandIfReadOnly("sm_set_state()");
    const Arguments arguments(fcinfo);
    text *session_id = arguments.required_name(0, "session_id");
    Jsonb *patch = arguments.required_object(1, "patch");
    const core::Time now = store::statement_clock();
    const pg::Extension &extension = functions::enter(fcinfo);
    MemoryContext caller = CurrentMemoryContext;
    Jsonb *state = pg::with_spi([&] {
        store::open_or_create_session(extension, session_id, now);
        const Value old = store::read_data(extension, session_id, store::DataColumn::kState);
        Jsonb *merged = pg::with_context(caller, [&] {
            return functions::merge_patch(old.null ? nullptr : DatumGetJsonbP(old.datum), patch);
        });
        functions::refuse_if_too_large(
            merged, "the state of session", session_id,
            "Keep large things as interactions, or outside, and refer to them.");
        store::write_data(extension, session_id, store::DataColumn::kState,
                          PointerGetDatum(merged));
        store::touch_session(extension, session_id, now);
        return merged;
    });
    PG_RETURN_JSONB_P(state);
}

// sm_set_summary(session_id, summary, through_seq) → whether it is the newest
Datum sm_set_summary(PG_FUNCTION_ARGS) {
    PreventCommandIfReadOnly("sm_set_summary()");
    const Arguments arguments(fcinfo);
    text *session_id = arguments.required_name(0, "session_id");
    text *summary = arguments.required_text(1, "summary");
    if (VARSIZE_ANY_EXHDR(summary) == 0)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("summary must not be empty"),
                errhint("Leave the session as it is where there is nothing to say."));
    if (arguments.is_null(2))
        ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                errmsg("through_seq must not be null"), errhint("This argument needs a value."));
    const int64 through_seq = DatumGetInt64(arguments.datum(2));
    const core::Time now = store::statement_clock();
    const pg::Extension &extension = functions::enter(fcinfo);
    PG_RETURN_BOOL(pg::with_spi([&] {
        store::Session session;
        if (!store::lock_living_session(extension, session_id, now, &session)) return false;
        if (through_seq < 1 || through_seq > session.last_seq)
            ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("through_seq must be from 1 to the session's last seq, %lld",
                           static_cast<long long>(session.last_seq)),
                    errhint("Give the through_seq that sm_claim_summaries returned."));
        // At the watermark of a session begun anew there is no summary: this one is of the old life.
        if (through_seq < session.summary_seq) return false;
        if (through_seq == session.summary_seq &&
            store::read_data(extension, session_id, store::DataColumn::kSummary).null)
            return false;
        store::write_data(extension, session_id, store::DataColumn::kSummary,
                          PointerGetDatum(summary));
        store::advance_summary(extension, session_id, through_seq, now);
        return true;
    }));
}

// sm_end_session(session_id, reason) → the session's report; NULL where there is no such session
Datum sm_end_session(PG_FUNCTION_ARGS) {
    PreventCommandIfReadOnly("sm_end_session()");
    const Arguments arguments(fcinfo);
    text *session_id = arguments.required_name(0, "session_id");
    text *reason = arguments.required_name(1, "reason");
    const core::Time now = store::statement_clock();
    const pg::Extension &extension = functions::enter(fcinfo);
    MemoryContext caller = CurrentMemoryContext;
    const Value report = pg::with_spi([&] {
        Value found = store::end_session(extension, session_id, reason, now);
        if (!found.null)
            found.datum = pg::with_context(
                caller, [&] { return PointerGetDatum(PG_DETOAST_DATUM_COPY(found.datum)); });
        return found;
    });
    if (report.null) PG_RETURN_NULL();
    PG_RETURN_DATUM(report.datum);
}

}  // extern "C"
