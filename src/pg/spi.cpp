// SQL from C++: preparing, keeping and running statements.
#include "pg/spi.hpp"

#include "pg/fault.hpp"
#include "pg/planning.hpp"

namespace sm::pg {

namespace {

struct Parameters {
    Datum datums[Statement::kMaxParameters];
    char nulls[Statement::kMaxParameters];

    explicit Parameters(std::initializer_list<Value> values) {
        int i = 0;
        for (const Value &value : values) {
            datums[i] = value.datum;
            nulls[i++] = value.null ? 'n' : ' ';
        }
    }
};

char *with_schema(const char *sql, const char *schema) {
    StringInfoData text;
    initStringInfo(&text);
    for (const char *at = sql; *at != '\0'; ++at) {
        if (at[0] == '@' && at[1] == '.')
            appendStringInfoString(&text, schema);
        else
            appendStringInfoChar(&text, *at);
    }
    return text.data;
}

}  // namespace

void Statement::prepare(const Extension &extension) {
    if (plan_ != nullptr) {
        SPIPlanPtr old = plan_;
        plan_ = nullptr;
        planned_by_key_ = nullptr;
        plan_by_key(nullptr);  // the address of the text may be another's soon
        SPI_freeplan(old);
    }
    SPIPlanPtr plan = SPI_prepare(with_schema(sql_, extension.quoted_schema), parameters_, types_);
    if (plan == nullptr)
        elog(ERROR, "could not prepare a statement: %s", SPI_result_code_string(SPI_result));
    SPI_keepplan(plan);
    if (reach_ == Reach::kByKey) {
        const auto *source =
            static_cast<const CachedPlanSource *>(linitial(SPI_plan_get_plan_sources(plan)));
        planned_by_key_ = source->query_string;
    }
    plan_ = plan;
    generation_ = extension.generation;
}

SPIPlanPtr Statement::prepared(const Extension &extension) {
    if (unlikely(plan_ == nullptr || generation_ != extension.generation)) prepare(extension);
    fault_point();
    plan_by_key(planned_by_key_);
    return plan_;
}

Rows Statement::run(const Extension &extension, std::initializer_list<Value> values, bool read_only,
                    long limit) {
    Assert(static_cast<int>(values.size()) == parameters_);
    Parameters parameters(values);
    fault_point();
    int code = SPI_execute_plan(prepared(extension), parameters.datums, parameters.nulls, read_only,
                                limit);
    if (code < 0) elog(ERROR, "could not run a statement: %s", SPI_result_code_string(code));
    const Rows rows{SPI_tuptable, SPI_processed};
    fault_point();
    return rows;
}

Portal Statement::open(const Extension &extension, std::initializer_list<Value> values,
                       bool read_only) {
    Assert(static_cast<int>(values.size()) == parameters_);
    Parameters parameters(values);
    Portal cursor = SPI_cursor_open(nullptr, prepared(extension), parameters.datums,
                                    parameters.nulls, read_only);
    fault_point();
    return cursor;
}

void make_constraints_immediate() {
    auto *all = makeNode(ConstraintsSetStmt);
    all->deferred = false;
    AfterTriggerSetState(all);
}

}  // namespace sm::pg
