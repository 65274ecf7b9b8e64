// Tables in the place of ours whose columns have other types: their owner can do that. Each call then
// ends with a result or an error, and the server lives: nothing is taken for a text that is none.
#include <string>

#include "access_calls.hpp"
#include "length.hpp"
#include "server.hpp"

using namespace sm_test;

namespace {

/// Each column of these tables of ours, and what becomes of it: what is passed by reference becomes a
/// number, and a number a text.
constexpr const char *kColumns =
    "SELECT c.relname, a.attname, CASE WHEN t.typlen < 0 OR t.typname = 'interval'"
    " THEN format('bigint USING hashtext(%1$I::text)', a.attname)"
    " ELSE format('text USING %1$I::text', a.attname) END AS other,"
    " (SELECT string_agg(quote_ident(k.attname), ', ' ORDER BY k.attnum) FROM pg_index AS i"
    "  JOIN pg_attribute AS k ON k.attrelid = c.oid AND k.attnum = ANY (i.indkey)"
    "  WHERE i.indrelid = c.oid AND i.indisprimary) AS key"
    " FROM pg_extension AS e CROSS JOIN unnest(e.extconfig) AS own"
    " JOIN pg_class AS c ON c.oid = own JOIN pg_attribute AS a ON a.attrelid = c.oid"
    " JOIN pg_type AS t ON t.oid = a.atttypid"
    " WHERE e.extname = 'session_memory' AND c.relname ~ $1 AND a.attnum > 0 AND NOT a.attisdropped"
    " ORDER BY 1, a.attnum";

class SwappedTest : public ::testing::TestWithParam<const char *> {
  protected:
    void SetUp() override {
        if (!available(Server::kPlain)) GTEST_SKIP() << "no server";
    }
};

TEST_P(SwappedTest, ColumnsOfOtherTypes) {
    Database database(Server::kPlain);
    database.set("session_memory.worker", "off");
    database.set("session_memory.access_path", GetParam());
    Session session = database.connect();
    session.run(replaced(kAccessData, "$", "ann"));
    session.run("SELECT sm_backup('kept', 'ann')");
    const auto started = session.value<std::string>("SELECT pg_postmaster_start_time()");
    // All calls, one after the other, whatever they end with; and how many ended with an error.
    std::string calls;
    for (const Call &call : kAccessCalls)
        calls += "BEGIN PERFORM count(x) FROM " + std::string(call.call) +
                 " AS x; RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN NULL;"
                 " WHEN OTHERS THEN failed := failed + 1; END;\n";
    session.run(
        "CREATE FUNCTION call_all() RETURNS int LANGUAGE plpgsql AS $f$"
        " DECLARE failed int := 0; BEGIN " +
        calls + " RETURN failed; END $f$");
    const int failures = session.value<int>("SELECT call_all()");
    int columns = 0, noticed = 0;
    for (const auto &row : session.run(kColumns, length("^session_memory$|^sm_session", "."))) {
        const std::string table = row[0].c_str(), column = row[1].c_str();
        SCOPED_TRACE(table + "." + column);
        session.run("BEGIN");
        session.run("ALTER TABLE " + table + " RENAME TO own_" + table);
        session.run("CREATE TABLE " + table + " (LIKE own_" + table + ")");
        session.run("INSERT INTO " + table + " SELECT * FROM own_" + table);
        session.run("ALTER TABLE " + table + " ALTER " + column + " TYPE " + row[2].c_str());
        if (!row[3].is_null())
            session.run("ALTER TABLE " + table + " ADD PRIMARY KEY (" + row[3].c_str() + ")");
        noticed += session.value<int>("SELECT call_all()") > failures;
        session.run("ROLLBACK");
        ++columns;
    }
    EXPECT_GT(columns, 20);
    EXPECT_GT(noticed, columns / 2);
    EXPECT_EQ(session.value<std::string>("SELECT pg_postmaster_start_time()"), started);
    EXPECT_EQ(session.value<int>("SELECT call_all()"), failures);
}

INSTANTIATE_TEST_SUITE_P(Paths, SwappedTest, ::testing::Values("sql", "direct"),
                         [](const auto &info) { return std::string(info.param); });

}  // namespace
