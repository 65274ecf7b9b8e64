// Arguments of the SQL functions.
#include "functions/arguments.hpp"

#include "core/jsonb_layout.hpp"
#include "store/limits.hpp"

namespace sm::functions {

namespace {

text *checked_name(text *value, const char *name, int longest) {
    const int length = static_cast<int>(VARSIZE_ANY_EXHDR(value));
    if (length == 0)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("%s must not be empty", name), errhint("Give 1 to %d characters.", longest));
    // Fewer bytes than allowed characters are never too many characters.
    const int characters =
        length <= longest ? length : pg_mbstrlen_with_len(VARDATA_ANY(value), length);
    if (characters > longest)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("%s is too long: %d characters", name, characters),
                errhint("Give 1 to %d characters.", longest));
    return value;
}

const char *type_of(const Jsonb *value) {
    static constexpr const char *kNames[] = {"absent", "null",  "boolean", "number",
                                             "string", "array", "object"};
    return kNames[static_cast<int>(core::JsonbRef::root(&value->root).kind())];
}

Jsonb *checked_object(Jsonb *value, const char *name) {
    if (!JB_ROOT_IS_OBJECT(value))
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("%s must be a JSON object", name),
                errdetail("It is of type %s.", type_of(value)),
                errhint("Write it like {\"key\": \"value\"}."));
    return value;
}

}  // namespace

void Arguments::refuse_null(int index, const char *name) const {
    if (is_null(index))
        ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be null", name),
                errhint("This argument needs a value."));
}

text *Arguments::required_text(int index, const char *name) const {
    refuse_null(index, name);
    return DatumGetTextPP(datum(index));
}

text *Arguments::optional_text(int index) const {
    return is_null(index) ? nullptr : DatumGetTextPP(datum(index));
}

text *Arguments::required_name(int index, const char *name, int longest) const {
    return checked_name(required_text(index, name), name, longest);
}

text *Arguments::optional_name(int index, const char *name, int longest) const {
    return is_null(index) ? nullptr : required_name(index, name, longest);
}

Jsonb *Arguments::required_object(int index, const char *name) const {
    refuse_null(index, name);
    return checked_object(DatumGetJsonbP(datum(index)), name);
}

Jsonb *Arguments::optional_object(int index, const char *name) const {
    return is_null(index) ? nullptr : required_object(index, name);
}

int32 Arguments::required_limit(int index, const char *name) const {
    refuse_null(index, name);
    const int32 value = DatumGetInt32(datum(index));
    if (value < 0)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("%s must not be negative: %d", name, value),
                errhint("Give a whole number from 0 on."));
    return value;
}

std::optional<int32> Arguments::optional_limit(int index, const char *name) const {
    if (is_null(index)) return std::nullopt;
    return required_limit(index, name);
}

core::Time Arguments::time_or(int index, const char *name, core::Time otherwise) const {
    return is_null(index) ? otherwise : checked_time(DatumGetTimestampTz(datum(index)), name);
}

std::optional<core::Lifetime> Arguments::optional_lifetime(int index, const char *name) const {
    if (is_null(index)) return std::nullopt;
    const core::Lifetime lifetime = store::lifetime_of(DatumGetIntervalP(datum(index)));
    if (lifetime <= 0)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("%s must be positive", name),
                errhint("Write it like '1 day' or '30 minutes'."));
    return lifetime;
}

core::Time checked_time(TimestampTz time, const char *name) {
    if (TIMESTAMP_NOT_FINITE(time))
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("%s must be a finite time", name),
                errhint("Write it like '2026-01-31 12:00:00+00'."));
    return time;
}

void refuse_if_too_large(const Jsonb *object, const char *what, const text *whose,
                         const char *hint) {
    if (VARSIZE(object) <= kLargestObject) return;
    ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
            errmsg("%s \"%s\" would be too large: %u bytes", what, pg::printable(whose),
                   VARSIZE(object)),
            errdetail("It may have %u bytes.", kLargestObject), errhint("%s", hint));
}

}  // namespace sm::functions
