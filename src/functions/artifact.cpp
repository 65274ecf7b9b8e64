// Artifacts: what a session has produced or uses, and the files that it leaves behind.
#include "core/files.hpp"
#include "functions/entry.hpp"
#include "store/lifecycle.hpp"
#include "store/limits.hpp"
#include "store/orphans.hpp"

using namespace sm;
using functions::Arguments;
using pg::Value;

namespace {

/// What names an artifact: session_id, kind, name, the first three arguments.
struct Key {
    text *session_id;
    text *kind;
    text *name;

    explicit Key(const Arguments &arguments)
        : session_id(arguments.required_name(0, "session_id")),
          kind(arguments.required_name(1, "kind", functions::kLongestKind)),
          name(arguments.required_name(2, "name")) {}
};

pg::Statement put_statement("SELECT @._sm_put_artifact($1, $2, $3, $4, $5, $5)",
                            {TEXTOID, TEXTOID, TEXTOID, JSONBOID, TIMESTAMPTZOID});

pg::Statement drop_statement("SELECT @._sm_drop_artifact($1, $2, $3)", {TEXTOID, TEXTOID, TEXTOID});

}  // namespace

extern "C" {

SM_FUNCTION(sm_save_artifact);
SM_FUNCTION(sm_delete_artifact);
SM_FUNCTION(sm_claim_orphans);
SM_FUNCTION(sm_confirm_orphans);
SM_FUNCTION(sm_check_artifact);
SM_FUNCTION(sm_check_artifacts);
SM_FUNCTION(sm_files);
SM_FUNCTION(sm_name_files);

// sm_save_artifact(session_id, kind, name, data)
Datum sm_save_artifact(PG_FUNCTION_ARGS) {
    PreventCommandIfReadOnly("sm_save_artifact()");
    const Arguments arguments(fcinfo);
    const Key key(arguments);
    const Jsonb *data = arguments.required_object(3, "data");
    functions::refuse_if_too_large(data, "artifact", key.name,
                                   "Keep large things in a file, and save its path.");
    const core::Time now = store::statement_clock();
    const pg::Extension &extension = functions::enter(fcinfo);
    pg::with_spi([&] {
        store::open_or_create_session(extension, key.session_id, now);
        put_statement.run(extension,
                          {Value::of(key.session_id), Value::of(key.kind), Value::of(key.name),
                           Value::of(data), Value::of(now)},
                          false);
        store::touch_session(extension, key.session_id, now);
    });
    PG_RETURN_VOID();
}

// sm_delete_artifact(session_id, kind, name) → whether there was one
Datum sm_delete_artifact(PG_FUNCTION_ARGS) {
    PreventCommandIfReadOnly("sm_delete_artifact()");
    const Arguments arguments(fcinfo);
    const Key key(arguments);
    const core::Time now = store::statement_clock();
    const pg::Extension &extension = functions::enter(fcinfo);
    PG_RETURN_BOOL(pg::with_spi([&] {
        store::Session session;
        if (!store::lock_living_session(extension, key.session_id, now, &session)) return false;
        const bool found = DatumGetBool(
            drop_statement
                .run(extension,
                     {Value::of(key.session_id), Value::of(key.kind), Value::of(key.name)}, false)
                .at(0, 1)
                .required());
        if (found) store::touch_session(extension, key.session_id, now);
        return found;
    }));
}

// sm_claim_orphans(max_results) → rows
Datum sm_claim_orphans(PG_FUNCTION_ARGS) {
    PreventCommandIfReadOnly("sm_claim_orphans()");
    const Arguments arguments(fcinfo);
    const int64 max_results = arguments.required_limit(0, "max_results");
    const core::Time now = store::statement_clock();
    const pg::Extension &extension = functions::enter(fcinfo);
    store::check_sees_all_names(extension, "sm_claim_orphans");
    InitMaterializedSRF(fcinfo, 0);
    auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    pg::with_spi([&] { store::claim_orphans(extension, max_results, now, result->setResult); });
    PG_RETURN_NULL();
}

// sm_confirm_orphans(uris) → those that no artifact names
Datum sm_confirm_orphans(PG_FUNCTION_ARGS) {
    PreventCommandIfReadOnly("sm_confirm_orphans()");
    const Arguments arguments(fcinfo);
    if (arguments.is_null(0))
        ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("uris must not be null"),
                errhint("Give the uris that sm_claim_orphans returned."));
    const store::Texts uris = store::Texts::of(DatumGetArrayTypeP(arguments.datum(0)));
    const pg::Extension &extension = functions::enter(fcinfo);
    store::check_sees_all_names(extension, "sm_confirm_orphans");
    InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
    auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    pg::with_spi([&] { store::take_orphans(extension, uris, result->setResult); });
    PG_RETURN_NULL();
}

// _sm_check_artifact(session_id, kind, name): 1, or the error that they call for
Datum sm_check_artifact(PG_FUNCTION_ARGS) {
    const Arguments arguments(fcinfo);
    const Key key(arguments);
    (void)key;
    PG_RETURN_INT32(1);
}

// _sm_check_artifacts(session_id, kind): NULL, or the error that they call for
Datum sm_check_artifacts(PG_FUNCTION_ARGS) {
    const Arguments arguments(fcinfo);
    arguments.required_name(0, "session_id");
    arguments.optional_name(1, "kind", functions::kLongestKind);
    PG_RETURN_NULL();
}

// _sm_files(data): the files and URIs that an artifact names
Datum sm_files(PG_FUNCTION_ARGS) {
    const Jsonb *data = PG_GETARG_JSONB_P(0);
    ArrayBuildState *files = initArrayResult(TEXTOID, CurrentMemoryContext, false);
    core::for_each_file(core::JsonbRef::root(&data->root), [&](std::string_view name) {
        accumArrayResult(
            files,
            PointerGetDatum(cstring_to_text_with_len(name.data(), static_cast<int>(name.size()))),
            false, TEXTOID, CurrentMemoryContext);
    });
    PG_RETURN_DATUM(makeArrayResult(files, CurrentMemoryContext));
}

// _sm_name_files(files): takes their locks
Datum sm_name_files(PG_FUNCTION_ARGS) {
    store::lock_files_to_name(store::Texts::of(PG_GETARG_ARRAYTYPE_P(0)));
    PG_RETURN_VOID();
}

}  // extern "C"
