// What the metadata of an interaction says about how a question was answered: which sources of
// knowledge were used, and numbers such as a response time. For the SQL that counts what happened.
#include <string_view>

#include "core/jsonb_layout.hpp"
#include "functions/arguments.hpp"
#include "functions/entry.hpp"

using namespace sm;

namespace {

/// An interaction that names more is counted with the first of them.
constexpr int kMostSources = 100;

core::JsonbRef metadata_of(const Jsonb *interaction) {
    return core::JsonbRef::root(&interaction->root).find("metadata");
}

text *number_as_text(core::JsonbRef number) {
    const Datum written = DirectFunctionCall1(numeric_out, PointerGetDatum(number.data()));
    return cstring_to_text(DatumGetCString(written));
}

/// The first 255 characters: an id becomes part of a key of an index.
text *name_from(std::string_view id) {
    const int length = static_cast<int>(id.size());
    return cstring_to_text_with_len(id.data(),
                                    pg_mbcharcliplen(id.data(), length, functions::kLongestName));
}

/// The id of a source: a text or a number, or the "id" of an object. nullptr where it has none.
text *source_id(core::JsonbRef source) {
    const core::JsonbRef id = source.is_object() ? source.find("id") : source;
    if (id.is_string() && !id.text().empty()) return name_from(id.text());
    if (id.kind() == core::JsonbKind::kNumeric) return name_from(pg::view(number_as_text(id)));
    return nullptr;
}

bool contains(const Datum *ids, int count, const text *id) {
    for (int i = 0; i < count; ++i)
        if (pg::view(DatumGetTextPP(ids[i])) == pg::view(id)) return true;
    return false;
}

}  // namespace

extern "C" {

SM_FUNCTION(sm_sources);
SM_FUNCTION(sm_metric);

// _sm_sources(interaction, key): the ids in the array or text metadata.<key>, each once; NULL: none
Datum sm_sources(PG_FUNCTION_ARGS) {
    const core::JsonbRef metadata = metadata_of(PG_GETARG_JSONB_P(0));
    const core::JsonbRef sources = metadata.find(pg::view(PG_GETARG_TEXT_PP(1)));
    Datum ids[kMostSources];
    int count = 0;
    const auto take = [&](core::JsonbRef source) {
        const text *id = source_id(source);
        if (id != nullptr && !contains(ids, count, id)) ids[count++] = PointerGetDatum(id);
    };
    if (sources.is_array())
        for (core::JsonbWalk walk(sources); !walk.done() && count < kMostSources; walk.next())
            take(walk.value());
    else
        take(sources);
    if (count == 0) PG_RETURN_NULL();
    PG_RETURN_ARRAYTYPE_P(construct_array(ids, count, TEXTOID, -1, false, TYPALIGN_INT));
}

// _sm_metric(interaction, key, most): the number metadata.<key>; NULL where it is none from 0 to
// `most`
Datum sm_metric(PG_FUNCTION_ARGS) {
    const core::JsonbRef metadata = metadata_of(PG_GETARG_JSONB_P(0));
    const core::JsonbRef number = metadata.find(pg::view(PG_GETARG_TEXT_PP(1)));
    if (number.kind() != core::JsonbKind::kNumeric) PG_RETURN_NULL();
    // Out of its range this is infinite, not an error.
    const Datum value =
        DirectFunctionCall1(numeric_float8_no_overflow, PointerGetDatum(number.data()));
    if (!(DatumGetFloat8(value) >= 0 && DatumGetFloat8(value) <= PG_GETARG_FLOAT8(2)))
        PG_RETURN_NULL();
    PG_RETURN_DATUM(value);
}

}  // extern "C"
