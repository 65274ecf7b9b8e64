// The extension is the same wherever it lies: every function of the catalogue gives in schemas with
// odd names what it gives in public, found by search_path or named in full, and so does the worker.
#include <algorithm>
#include <memory>
#include <regex>

#include "access_calls.hpp"
#include "server.hpp"

using namespace sm_test;

namespace {

/// A name that CREATE EXTENSION takes, and one that it does not: a schema comes to it by a new name.
constexpr const char *kSpaced = "Ödd %s % Schema;";
constexpr const char *kQuoted = R"(Ödd "s\chema" %s %1$I $1 $$ 'x' --)";

/// A database with a memory in a schema of this name, filled, and what probes it.
class Home {
  public:
    Home(Server server, const std::string &schema) : database_(server) {
        database_.set("session_memory.worker", "off");
        Session session = database_.connect();
        schema_ = session.value<std::string>("SELECT quote_ident($1)", schema);
        if (schema != "public") {
            const bool refused = schema.find_first_of("\"'\\$") != std::string::npos;
            const std::string first = refused ? session.connection().quote_name(kSpaced) : schema_;
            session.run("DROP EXTENSION session_memory");
            session.run("CREATE SCHEMA " + first);
            session.run("CREATE EXTENSION session_memory SCHEMA " + first);
            session.run("SET search_path = " + first);
            // What is prepared under the old name must work under the new one, too.
            session.run("SELECT sm_add('before', 'q', 'a'), sm_context('before')");
            if (refused) session.run("ALTER SCHEMA " + first + " RENAME TO " + schema_);
            session.run("SET search_path = " + schema_);
            session.run("SELECT sm_context('before'), sm_clear('before')");
        }
        session.run(replaced(kAccessData, "$", "ann"));
        session.run(replaced(kAccessData, "$", "bob"));
        session.run("SELECT sm_backup('kept', 'bob')");
        session.run(kAccessProbes);
        session.run(R"sql(
            CREATE FUNCTION probe.rows(call text) RETURNS text LANGUAGE plpgsql AS $f$
            DECLARE
                rows text;
            BEGIN
                EXECUTE format('SELECT string_agg(line, chr(10) ORDER BY line COLLATE "C") FROM'
                               ' (SELECT regexp_replace(probe.plain(to_jsonb(x)::text), ''"bytes": \d+'', ''"bytes": N'', ''g'') FROM %s AS x) AS x (line)',
                               call) INTO rows;
                RETURN coalesce(rows, 'nothing');
            EXCEPTION WHEN OTHERS THEN
                RETURN 'ERROR ' || SQLSTATE || CASE WHEN SQLSTATE LIKE '42%' OR SQLSTATE LIKE 'X%' THEN SQLERRM ELSE '' END;
            END $f$)sql");
    }

    const Database &database() const { return database_; }
    const std::string &schema() const { return schema_; }

    Session connect(const std::string &path) const {
        return database_.connect("-c session_memory.access_path=" + path);
    }

    /// A call with each function's name in full.
    std::string in_full(const std::string &call) const {
        static const std::regex function(R"(\b_?sm_\w+(?=\())");
        std::string text;
        auto rest = call.cbegin();
        for (std::sregex_iterator it(call.begin(), call.end(), function), end; it != end; ++it) {
            text.append(rest, (*it)[0].first).append(schema_).append(".").append((*it)[0].str());
            rest = (*it)[0].second;
        }
        return text.append(rest, call.cend());
    }

    /// What a call returns and, where it writes, what the tables hold then; undone. Names are not
    /// qualified, and `public` stands for the schema.
    std::string outcome(Session &session, const Call &call, bool by_search_path,
                        const std::string &role) const {
        session.run("BEGIN");
        if (!role.empty()) session.run("SET LOCAL ROLE " + role);
        std::string outcome = session.value<std::string>(
            "SELECT probe.rows($1)", by_search_path ? call.call : in_full(call.call));
        if (!only_reads(call))
            outcome += "\nthen\n" + session.value<std::string>("SELECT probe.stored('')");
        session.run("ROLLBACK");
        const std::string in_json = replaced(replaced(schema_, "\\", "\\\\"), "\"", "\\\"");
        for (const std::string &name : {in_json, schema_})
            outcome = replaced(replaced(outcome, name + ".", ""), name, "public");
        return outcome;
    }

  private:
    Database database_;
    std::string schema_;
};

/// A role with an odd name; declared before the databases that know it, and so dropped after them.
class Role {
  public:
    explicit Role(Server server) : server_(server) {
        Session session = administrator(server_);
        name_ = session.connection().quote_name("sm \"röle\" %s $1 \\ " +
                                                std::to_string(session.backend_pid()));
        session.run("CREATE ROLE " + name_);
    }
    ~Role() { administrator(server_).run("DROP ROLE " + name_); }
    const std::string &name() const { return name_; }

  private:
    Server server_;
    std::string name_;
};

/// How reads go: with every function by SQL; directly, with those that can.
class SchemaTest : public ::testing::TestWithParam<const char *> {
  protected:
    void SetUp() override {
        if (!available(Server::kPlain)) GTEST_SKIP() << "no server";
    }
    static std::vector<Call> calls() {
        if (GetParam() == std::string("sql")) return kAccessCalls;
        std::vector<Call> readers;
        std::copy_if(kAccessCalls.begin(), kAccessCalls.end(), std::back_inserter(readers),
                     reads_directly);
        return readers;
    }

    /// What each call comes to.
    static std::vector<std::string> outcomes(const Home &home, bool by_search_path,
                                             const std::string &role = "") {
        Session session = home.connect(GetParam());
        session.run("SET search_path = " + (by_search_path ? home.schema() : "''"));
        session.run("SET session_memory.user_id = 'ann'");
        std::vector<std::string> outcomes;
        for (const Call &call : calls())
            outcomes.push_back(home.outcome(session, call, by_search_path, role));
        return outcomes;
    }

    static void expect_equal(const std::vector<std::string> &outcomes,
                             const std::vector<std::string> &expected, const char *where) {
        std::size_t worked = 0, i = 0;
        for (const Call &call : calls()) {
            EXPECT_EQ(outcomes.at(i), expected.at(i)) << call.call << ", " << where;
            worked += !expected.at(i++).starts_with("ERROR");
        }
        EXPECT_GT(worked, expected.size() / 2);
    }
};

TEST_P(SchemaTest, EveryFunctionDoesTheSame) {
    const Role role(Server::kPlain);
    const Home usual(Server::kPlain, "public"), spaced(Server::kPlain, kSpaced),
        quoted(Server::kPlain, kQuoted);
    const std::vector<std::string> expected = outcomes(usual, true);
    expect_equal(outcomes(spaced, true), expected, kSpaced);
    expect_equal(outcomes(quoted, true), expected, kQuoted);
    expect_equal(outcomes(quoted, false), expected, "in full");

    // For a role with an odd name that was granted access; then isolated, too.
    for (const Home *home : {&usual, &quoted})
        home->connect(GetParam())
            .run("SELECT " + home->schema() + ".sm_grant($1::regrole, 'admin')", role.name());
    expect_equal(outcomes(quoted, false, role.name()), outcomes(usual, true, role.name()),
                 "granted");
    for (const Home *home : {&usual, &quoted})
        home->connect(GetParam()).run("SELECT " + home->schema() + ".sm_isolate()");
    expect_equal(outcomes(quoted, false, role.name()), outcomes(usual, true, role.name()),
                 "isolated");
}

INSTANTIATE_TEST_SUITE_P(Paths, SchemaTest, ::testing::Values("sql", "direct"),
                         [](const auto &info) { return std::string(info.param); });

class SchemaWorkerTest : public OnServer {};

/// The janitor prunes, evicts and looks for what has been kept for long enough, without an error.
TEST_P(SchemaWorkerTest, JanitorWorksInAnOddSchema) {
    const Home home(GetParam(), kQuoted);
    const Database &database = home.database();
    administrator(GetParam())
        .run("ALTER DATABASE " + database.name() + " SET search_path = " + home.schema());
    database.connect().run("UPDATE sm_backup SET created_at = now() - interval '90 days'");
    database.connect().run(
        "SELECT sm_add('kept', 'q', 'a', user_id => 'kay'),"
        " sm_configure_session('kept', ttl => '1 day')");
    // None that may be in use is evicted.
    database.connect().run(
        "UPDATE sm_session SET last_activity_at = now() - interval '1 hour'"
        " WHERE session_id = 'kept'");
    const auto count = [&](const char *of) {
        return database.connect().value<int>(std::string("SELECT count(*) FROM ") + of);
    };
    ASSERT_GT(database.stored(), 1);
    ASSERT_GT(count("sm_backup"), 0);
    database.expire_quickly();
    database.set("session_memory.worker", "on");
    EXPECT_TRUE(database.janitor_gets_to(
        [&] { return database.stored() == 1 && count("sm_backup") == 0; }));
    database.set("session_memory.max_size", "1B");
    EXPECT_TRUE(database.janitor_gets_to([&] { return database.stored() == 0; }));
    EXPECT_TRUE(database.janitor_gets_to(
        [&] { return count("sm_worker_status WHERE last_finished_at IS NOT NULL") == 1; }));
    EXPECT_EQ(count("sm_worker_status WHERE last_error IS NOT NULL"), 0);
    EXPECT_EQ(count("sm_worker_status WHERE evicted_total > 0"), 1);
}

SM_ON_BOTH_SERVERS(SchemaWorkerTest);

}  // namespace
