// Planning by key.
//
// Planning happens somewhere below SPI, whenever the server finds a plan out of date. So it is a
// planner_hook that steps in, and knows our statement by the address of its text. Running a plan
// that is valid costs one assignment.
#include "pg/planning.hpp"

namespace sm::pg {

namespace {

// What a table is taken to have at least. From here on an index pays, and the right one pays more
// than any other.
constexpr double kTuples = 10000;
constexpr BlockNumber kPages = 200;
constexpr BlockNumber kIndexPages = 50;

planner_hook_type next_planner = nullptr;
get_relation_info_hook_type next_relation_info = nullptr;

const char *statement_by_key = nullptr;
bool planning_by_key = false;

/// The server's settings for a while. The rows of a session lie next to each other in the index, and
/// mostly in the table: a bitmap of them costs more than it saves. Where there is no index a
/// sequential scan is what comes out even so, at a price that must not look like work for the JIT
/// compiler.
struct Settings {
    bool seqscan, indexscan, bitmapscan, nestloop, hashjoin, mergejoin, jit;

    static constexpr Settings by_key() { return {false, true, false, true, false, false, false}; }
    static Settings current() {
        return {enable_seqscan,  enable_indexscan, enable_bitmapscan, enable_nestloop,
                enable_hashjoin, enable_mergejoin, jit_enabled};
    }
    void apply() const {
        enable_seqscan = seqscan;
        enable_indexscan = indexscan;
        enable_bitmapscan = bitmapscan;
        enable_nestloop = nestloop;
        enable_hashjoin = hashjoin;
        enable_mergejoin = mergejoin;
        jit_enabled = jit;
    }
};

void relation_info(PlannerInfo *root, Oid table, bool has_children, RelOptInfo *relation) {
    if (next_relation_info != nullptr) next_relation_info(root, table, has_children, relation);
    if (likely(!planning_by_key) || has_children || relation->indexlist == NIL) return;
    relation->pages = Max(relation->pages, kPages);
    relation->tuples = Max(relation->tuples, kTuples);
    ListCell *cell;
    foreach (cell, relation->indexlist) {
        auto *index = static_cast<IndexOptInfo *>(lfirst(cell));
        // A partial index may well be empty; where it can be used at all it is the right one.
        if (index->relam != BTREE_AM_OID || index->indpred != NIL) continue;
        index->pages = Max(index->pages, kIndexPages);
        index->tuples = Max(index->tuples, kTuples);
    }
}

PlannedStmt *plan(Query *query, const char *sql, int options, ParamListInfo parameters) {
    return next_planner == nullptr ? standard_planner(query, sql, options, parameters)
                                   : next_planner(query, sql, options, parameters);
}

PlannedStmt *planner(Query *query, const char *sql, int options, ParamListInfo parameters) {
    if (likely(statement_by_key == nullptr || sql != statement_by_key))
        return plan(query, sql, options, parameters);
    const Settings before = Settings::current();
    PlannedStmt *volatile planned = nullptr;
    Settings::by_key().apply();
    planning_by_key = true;
    PG_TRY();
    { planned = plan(query, sql, options, parameters); }
    PG_FINALLY();
    {
        planning_by_key = false;
        before.apply();
    }
    PG_END_TRY();
    return planned;
}

}  // namespace

void plan_by_key(const char *sql) {
    static bool hooked = false;
    if (unlikely(!hooked)) {
        next_planner = planner_hook;
        planner_hook = planner;
        next_relation_info = get_relation_info_hook;
        get_relation_info_hook = relation_info;
        hooked = true;
    }
    statement_by_key = sql;
}

}  // namespace sm::pg
