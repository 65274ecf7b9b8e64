// What the SQL that learns from events needs of C++: taking an event apart into facts, weights that
// fade, plural names, and the checks of a rule.
//
// A *fact* is one value of one attribute of an event: a text, a number, a date, or a duration between
// two dates. The *weight* of an event is kept as its logarithm to the base 2, counted from a fixed day:
// so it never has to be written again while time goes by, and never overflows.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/iso_date.hpp"
#include "core/jsonb_layout.hpp"
#include "core/plural.hpp"
#include "functions/arguments.hpp"
#include "functions/entry.hpp"
#include "functions/jsonb_push.hpp"
#include "store/limits.hpp"

using namespace sm;
using core::JsonbKind;
using core::JsonbRef;
using core::JsonbWalk;
using functions::Arguments;

namespace {

/// Longest text and attribute that is learned, in characters: they become part of a key of an index.
constexpr int kLongestValue = 255;
/// An event with more facts is learned with the first of them.
constexpr int kMostFacts = 1000;
constexpr int kMostRanked = 100;

constexpr int64 kDefaultHalfLife = 90 * USECS_PER_DAY;
constexpr float8 kUnrated = 0.5;
constexpr float8 kLeastWeight = 0.1;

bool fits(std::string_view value) {
    const int length = static_cast<int>(value.size());
    return length > 0 &&
           (length <= kLongestValue || pg_mbstrlen_with_len(value.data(), length) <= kLongestValue);
}

Datum text_datum(std::string_view value) {
    return PointerGetDatum(cstring_to_text_with_len(value.data(), static_cast<int>(value.size())));
}

/// Takes the facts of one event to the rows of _sm_facts.
class FactWriter {
  public:
    explicit FactWriter(ReturnSetInfo *result) : result_(result) {}

    void attribute(std::string_view name, JsonbRef value) {
        if (!fits(name)) return;
        if (!value.is_array()) return fact(name, value);
        for (JsonbWalk walk(value); !walk.done() && !full(); walk.next()) {
            CHECK_FOR_INTERRUPTS();
            if (!seen_before(value, walk.value())) fact(name, walk.value());
        }
    }

    /// Whole days from one date to another; what goes backwards is a bad date.
    void duration(std::string_view name, JsonbRef since, JsonbRef until) {
        const core::DateText from = core::read_date(since.text());
        const core::DateText to = core::read_date(until.text());
        if (from.kind != core::DateKind::kDate || to.kind != core::DateKind::kDate) return;
        if (to.day < from.day) return put(name, "bad_date", 0);
        put(name, "duration", static_cast<float8>(to.day - from.day));
    }

  private:
    bool full() const { return facts_ >= kMostFacts; }

    /// Whether a text comes twice in a list: it then counts once.
    static bool seen_before(JsonbRef list, JsonbRef value) {
        if (!value.is_string()) return false;
        for (JsonbWalk walk(list); !walk.done(); walk.next()) {
            const JsonbRef other = walk.value();
            if (!other.is_string() || other.text() != value.text()) continue;
            return other.text().data() != value.text().data();
        }
        return false;
    }

    void fact(std::string_view name, JsonbRef value) {
        if (value.kind() == JsonbKind::kNumeric) return number(name, value);
        const std::string_view text = value.text();
        if (!fits(text)) return;
        const core::DateText date = core::read_date(text);
        if (date.kind == core::DateKind::kNone)
            put(name, "text", 0, text);
        else if (date.kind == core::DateKind::kDate)
            put(name, "date", date.month);
        else
            put(name, "bad_date", 0);
    }

    void number(std::string_view name, JsonbRef value) {
        const float8 number = DatumGetFloat8(
            DirectFunctionCall1(numeric_float8_no_overflow, PointerGetDatum(value.data())));
        if (std::isfinite(number)) put(name, "number", number + 0.0);  // no negative zero
    }

    void put(std::string_view name, const char *type, float8 number, std::string_view value = {}) {
        if (full()) return;
        ++facts_;
        Datum values[] = {text_datum(name), PointerGetDatum(cstring_to_text(type)),
                          Float8GetDatum(number), text_datum(value)};
        bool nulls[] = {false, false, false, false};
        tuplestore_putvalues(result_->setResult, result_->setDesc, values, nulls);
    }

    ReturnSetInfo *result_;
    int facts_ = 0;
};

void write_durations(FactWriter *writer, JsonbRef data, ArrayType *pairs) {
    Datum *names;
    bool *nulls;
    int count;
    deconstruct_array(pairs, TEXTOID, -1, false, TYPALIGN_INT, &names, &nulls, &count);
    for (int i = 0; i + 1 < count; i += 2) {
        if (nulls[i] || nulls[i + 1]) continue;
        const std::string_view until = pg::view(DatumGetTextPP(names[i]));
        const std::string_view since = pg::view(DatumGetTextPP(names[i + 1]));
        writer->duration(until, data.find(since), data.find(until));
    }
}

/// As percentile_cont interpolates. Changes the order of the numbers.
float8 percentile(float8 *numbers, int count, float8 part) {
    const float8 position = part * (count - 1);
    const int first = static_cast<int>(std::floor(position));
    const int second = static_cast<int>(std::ceil(position));
    std::nth_element(numbers, numbers + first, numbers + count);
    const float8 low = numbers[first];
    if (second == first) return low;
    const float8 high = *std::min_element(numbers + second, numbers + count);
    return low + (position - first) * (high - low);
}

/// A number as the server's to_jsonb writes it: the shortest text that gives it back.
void push_number(JsonbParseState **state, const char *name, float8 number) {
    functions::push_key(state, name);
    JsonbValue value;
    value.type = jbvNumeric;
    value.val.numeric = DatumGetNumeric(
        DirectFunctionCall3(numeric_in, DirectFunctionCall1(float8out, Float8GetDatum(number)),
                            ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
    pushJsonbValue(state, WJB_VALUE, &value);
}

[[noreturn]] void refuse(const char *what, const char *hint) {
    ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s", what),
            errhint("%s", hint));
}

text *checked_method(text *method) {
    static constexpr const char *kMethods[] = {"auto",   "top",      "range", "average",
                                               "months", "duration", "ignore"};
    for (const char *known : kMethods)
        if (pg::view(method) == known) return method;
    ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
            errmsg("unknown method \"%s\"", pg::printable(method)),
            errhint("Give auto, top, range, average, months, duration or ignore."));
}

}  // namespace

extern "C" {

SM_FUNCTION(sm_facts);
SM_FUNCTION(sm_log_weight);
SM_FUNCTION(sm_log_add);
SM_FUNCTION(sm_quartiles);
SM_FUNCTION(sm_plural);
SM_FUNCTION(sm_check_rule);
SM_FUNCTION(sm_check_learned);

// _sm_facts(data, durations) → (attribute, type, number, value); durations: pairs of the attributes
// until and since
Datum sm_facts(PG_FUNCTION_ARGS) {
    InitMaterializedSRF(fcinfo, 0);
    if (PG_ARGISNULL(0)) PG_RETURN_NULL();
    const Jsonb *stored = PG_GETARG_JSONB_P(0);
    const JsonbRef data = JsonbRef::root(&stored->root);
    FactWriter writer(reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo));
    if (!PG_ARGISNULL(1)) write_durations(&writer, data, PG_GETARG_ARRAYTYPE_P(1));
    if (data.is_object())
        for (JsonbWalk walk(data); !walk.done(); walk.next())
            writer.attribute(walk.key(), walk.value());
    PG_RETURN_NULL();
}

// _sm_log_weight(occurred_at, satisfaction, half_life): the logarithm of (0.1 + 0.9 · satisfaction) ·
// 2 ^ (occurred_at / half_life), with times counted from 2000
Datum sm_log_weight(PG_FUNCTION_ARGS) {
    if (PG_ARGISNULL(0)) PG_RETURN_NULL();
    const float8 satisfaction = PG_ARGISNULL(1) ? kUnrated : PG_GETARG_FLOAT4(1);
    const int64 half_life =
        PG_ARGISNULL(2) ? kDefaultHalfLife : store::lifetime_of(PG_GETARG_INTERVAL_P(2));
    PG_RETURN_FLOAT8(std::log2(kLeastWeight + (1 - kLeastWeight) * satisfaction) +
                     static_cast<float8>(PG_GETARG_TIMESTAMPTZ(0)) /
                         static_cast<float8>(std::max<int64>(half_life, 1)));
}

// _sm_log_add(a, b): the logarithm of 2^a + 2^b
Datum sm_log_add(PG_FUNCTION_ARGS) {
    const float8 a = PG_GETARG_FLOAT8(0);
    const float8 b = PG_GETARG_FLOAT8(1);
    PG_RETURN_FLOAT8(std::max(a, b) + std::log2(1 + std::exp2(-std::abs(a - b))));
}

// _sm_quartiles(numbers) → {"min", "max"}
Datum sm_quartiles(PG_FUNCTION_ARGS) {
    ArrayType *numbers = PG_GETARG_ARRAYTYPE_P(0);
    const int count = ArrayGetNItems(ARR_NDIM(numbers), ARR_DIMS(numbers));
    if (count == 0 || ARR_HASNULL(numbers)) PG_RETURN_NULL();
    auto *own = static_cast<float8 *>(palloc(count * sizeof(float8)));
    std::memcpy(own, ARR_DATA_PTR(numbers), count * sizeof(float8));
    JsonbParseState *state = nullptr;
    pushJsonbValue(&state, WJB_BEGIN_OBJECT, nullptr);
    push_number(&state, "min", percentile(own, count, 0.25));
    push_number(&state, "max", percentile(own, count, 0.75));
    PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, nullptr)));
}

Datum sm_plural(PG_FUNCTION_ARGS) {
    const text *name = PG_GETARG_TEXT_PP(0);
    const core::Plural plural = core::plural(pg::view(name));
    const std::string_view kept = pg::view(name).substr(0, plural.kept);
    auto *result = static_cast<text *>(palloc(VARHDRSZ + kept.size() + plural.ending.size()));
    SET_VARSIZE(result, VARHDRSZ + kept.size() + plural.ending.size());
    std::memcpy(VARDATA(result), kept.data(), kept.size());
    if (!plural.ending.empty())
        std::memcpy(VARDATA(result) + kept.size(), plural.ending.data(), plural.ending.size());
    PG_RETURN_TEXT_P(result);
}

// _sm_check_rule(kind, attribute, method, preference, insight, top, half_life, since): the method, or
// the error that they call for
Datum sm_check_rule(PG_FUNCTION_ARGS) {
    const Arguments arguments(fcinfo);
    arguments.required_name(0, "kind", functions::kLongestKind);
    const text *attribute = arguments.required_name(1, "attribute");
    text *method = checked_method(arguments.required_text(2, "method"));
    arguments.optional_name(3, "preference");
    arguments.optional_name(4, "insight");
    if (const auto top = arguments.optional_limit(5, "top"))
        if (*top < 1 || *top > kMostRanked)
            refuse("top must be from 1 to 100", "Left out, it is 5.");
    arguments.optional_lifetime(6, "half_life");
    const text *since = arguments.optional_name(7, "since");
    if ((pg::view(method) == "duration") != (since != nullptr))
        refuse("the method duration, and no other, needs since",
               "Name the attribute with the date that the duration begins at.");
    if (since != nullptr && pg::view(since) == pg::view(attribute))
        refuse("since must name another attribute", "A duration lies between two dates.");
    PG_RETURN_TEXT_P(method);
}

// _sm_check_learned(user_id, kind): true, or the error that they call for
Datum sm_check_learned(PG_FUNCTION_ARGS) {
    const Arguments arguments(fcinfo);
    arguments.required_name(0, "user_id");
    arguments.optional_name(1, "kind", functions::kLongestKind);
    PG_RETURN_BOOL(true);
}

}  // extern "C"
