// sm_add, sm_add_message and sm_append: building interactions and adding them.
#include <cmath>

#include "core/jsonb_layout.hpp"
#include "functions/entry.hpp"
#include "functions/jsonb_push.hpp"
#include "store/append.hpp"
#include "store/limits.hpp"

using namespace sm;
using functions::Arguments;

namespace {

/// Builds the JSON object of an interaction, member by member.
class ObjectBuilder {
  public:
    ObjectBuilder() { pushJsonbValue(&state_, WJB_BEGIN_OBJECT, nullptr); }

    ObjectBuilder &add(const char *key, const text *value) {
        functions::push_key(&state_, key);
        JsonbValue v = functions::string_value(pg::view(value));
        pushJsonbValue(&state_, WJB_VALUE, &v);
        return *this;
    }

    ObjectBuilder &add_if_given(const char *key, const Jsonb *value) {
        if (value != nullptr)
            functions::push_member(&state_, key, core::JsonbRef::root(&value->root));
        return *this;
    }

    Jsonb *build() { return JsonbValueToJsonb(pushJsonbValue(&state_, WJB_END_OBJECT, nullptr)); }

  private:
    JsonbParseState *state_ = nullptr;
};

[[noreturn]] void refuse_timestamp(int sqlstate, const char *what) {
    ereport(ERROR, errcode(sqlstate), errmsg("the \"timestamp\" of an interaction %s", what),
            errhint("Write it like \"2026-01-31T12:00:00Z\", or as seconds since 1970."));
}

core::Time timestamp_of_text(std::string_view written) {
    // Not 'now', 'tomorrow' or 'infinity', which the server would understand.
    if (written.empty() || written[0] < '0' || written[0] > '9')
        refuse_timestamp(ERRCODE_INVALID_DATETIME_FORMAT, "is not a time");
    return functions::checked_time(
        DatumGetTimestampTz(DirectFunctionCall3(
            timestamptz_in, CStringGetDatum(pnstrdup(written.data(), written.size())),
            ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1))),
        "timestamp");
}

core::Time timestamp_of_seconds(const void *numeric) {
    constexpr double kFarthest = 1e11;  // the year 5138; in milliseconds, 1973
    const Datum seconds = DirectFunctionCall1(numeric_float8, PointerGetDatum(numeric));
    if (!(std::abs(DatumGetFloat8(seconds)) <= kFarthest))
        refuse_timestamp(ERRCODE_INVALID_PARAMETER_VALUE,
                         "is too far away: is it in milliseconds?");
    return DatumGetTimestampTz(DirectFunctionCall1(float8_timestamptz, seconds));
}

/// An interaction's "timestamp" as its time: an ISO 8601 text, or seconds since 1970.
core::Time timestamp_of(core::JsonbRef object, core::Time otherwise) {
    const core::JsonbRef value = object.find("timestamp");
    switch (value.kind()) {
        case core::JsonbKind::kAbsent:
        case core::JsonbKind::kNull:
            return otherwise;
        case core::JsonbKind::kString:
            return timestamp_of_text(value.text());
        case core::JsonbKind::kNumeric:
            return timestamp_of_seconds(value.data());
        default:
            refuse_timestamp(ERRCODE_INVALID_PARAMETER_VALUE, "must be a text or a number");
    }
}

int64 add_one(FunctionCallInfo fcinfo, const Arguments &arguments, text *session_id, Jsonb *object,
              int created_at, int idempotency_key, int user_id) {
    const core::Time now = store::statement_clock();
    const store::NewInteraction interaction{object,
                                            arguments.time_or(created_at, "created_at", now)};
    return store::append(
        functions::enter(fcinfo),
        {session_id, arguments.optional_name(user_id, "user_id"),
         arguments.optional_name(idempotency_key, "idempotency_key"), now, &interaction, 1});
}

/// The objects in `interactions`: itself, or the elements of the array that it is.
store::NewInteraction *interactions_of(Jsonb *interactions, core::Time now, int *count) {
    const core::JsonbRef root = core::JsonbRef::root(&interactions->root);
    if (root.is_object()) {
        auto *one = static_cast<store::NewInteraction *>(palloc(sizeof(store::NewInteraction)));
        *one = {interactions, timestamp_of(root, now)};
        *count = 1;
        return one;
    }
    if (!root.is_array())
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("interactions must be a JSON object or an array of objects"),
                errhint("Write one like {\"role\": \"user\", \"content\": \"Hello\"}."));
    *count = static_cast<int>(root.size());
    auto *all = static_cast<store::NewInteraction *>(
        MemoryContextAllocHuge(CurrentMemoryContext, sizeof(store::NewInteraction) * (*count + 1)));
    int index = 0;
    JsonbIterator *iterator = JsonbIteratorInit(&interactions->root);
    JsonbValue element;
    JsonbIteratorToken token = JsonbIteratorNext(&iterator, &element, true);  // the array begins
    while ((token = JsonbIteratorNext(&iterator, &element, true)) == WJB_ELEM) {
        CHECK_FOR_INTERRUPTS();
        Jsonb *object = element.type == jbvBinary ? JsonbValueToJsonb(&element) : nullptr;
        if (object == nullptr || !JB_ROOT_IS_OBJECT(object))
            ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("element %d of interactions is not a JSON object", index + 1),
                    errdetail("Nothing of the array was added."),
                    errhint("Write each like {\"role\": \"user\", \"content\": \"Hello\"}."));
        all[index++] = {object, timestamp_of(core::JsonbRef::root(&object->root), now)};
    }
    return all;
}

}  // namespace

extern "C" {

SM_FUNCTION(sm_add);
SM_FUNCTION(sm_add_message);
SM_FUNCTION(sm_append);

// sm_add(session_id, query, answer, metadata, created_at, idempotency_key, user_id) → seq
Datum sm_add(PG_FUNCTION_ARGS) {
    PreventCommandIfReadOnly("sm_add()");
    const Arguments arguments(fcinfo);
    text *session_id = arguments.required_name(0, "session_id");
    Jsonb *object = ObjectBuilder()
                        .add("query", arguments.required_text(1, "query"))
                        .add("answer", arguments.required_text(2, "answer"))
                        .add_if_given("metadata", arguments.optional_object(3, "metadata"))
                        .build();
    PG_RETURN_INT64(add_one(fcinfo, arguments, session_id, object, 4, 5, 6));
}

// sm_add_message(session_id, role, content, metadata, created_at, idempotency_key, user_id) → seq
Datum sm_add_message(PG_FUNCTION_ARGS) {
    PreventCommandIfReadOnly("sm_add_message()");
    const Arguments arguments(fcinfo);
    text *session_id = arguments.required_name(0, "session_id");
    Jsonb *object = ObjectBuilder()
                        .add("role", arguments.required_name(1, "role"))
                        .add("content", arguments.required_text(2, "content"))
                        .add_if_given("metadata", arguments.optional_object(3, "metadata"))
                        .build();
    PG_RETURN_INT64(add_one(fcinfo, arguments, session_id, object, 4, 5, 6));
}

// sm_append(session_id, interactions, user_id) → last seq; NULL for an empty array
Datum sm_append(PG_FUNCTION_ARGS) {
    PreventCommandIfReadOnly("sm_append()");
    const Arguments arguments(fcinfo);
    text *session_id = arguments.required_name(0, "session_id");
    if (arguments.is_null(1))
        ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                errmsg("interactions must not be null"), errhint("This argument needs a value."));
    text *user_id = arguments.optional_name(2, "user_id");
    const core::Time now = store::statement_clock();
    int count;
    const store::NewInteraction *interactions =
        interactions_of(DatumGetJsonbP(arguments.datum(1)), now, &count);
    if (count == 0) PG_RETURN_NULL();
    PG_RETURN_INT64(store::append(functions::enter(fcinfo),
                                  {session_id, user_id, nullptr, now, interactions, count}));
}

}  // extern "C"
