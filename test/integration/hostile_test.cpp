// Hostile input: every function of the catalogue × every argument × the values that break programs,
// and every call in every kind of transaction. The answer is a result or a documented SQLSTATE, and
// the server lives. New functions are found by themselves; only a type of argument that no value is
// known for needs a line here.
#include <cstdlib>
#include <map>
#include <memory>
#include <set>

#include "access_calls.hpp"
#include "server.hpp"

using namespace sm_test;

namespace {

/// What the reference promises for bad arguments, and what the server says before we are asked.
/// Internal functions take what ours give them, and may fail in any way but by an internal error.
const std::set<std::string> kDocumented = {
    "22004",  // null where none is allowed
    "22023",  // an argument that makes no sense
    "22003",  // a number out of range
    "22008",  // a point in time out of range
    "22007",  // text that is no point in time
    "22015",  // an interval out of range
    "22021",  // not UTF-8
    "22P02",  // text that is not of its type
    "22P05",  // \u0000
    "23505",  // there already
    "42501",  // not allowed
    "42704",  // no such role
    "54000",  // too much
    "54001",  // nested too deep
    "55000",  // the session has ended
    "P0002",  // no such thing
    "0A000",  // not supported
};

/// How much "huge" is: megabytes; SM_HOSTILE_MEGABYTES=256 for a long test.
int huge_megabytes() {
    const char *given = std::getenv("SM_HOSTILE_MEGABYTES");
    return given == nullptr ? 8 : std::atoi(given);
}

// clang-format off
/// Expressions of SQL by type of argument. The first is harmless. HUGE stands for a number of bytes.
const std::map<std::string, std::vector<std::string>> kValues = {
    {"text", {"'ann1'", "NULL", "''", "' '", "repeat('x', 255)", "repeat('x', 256)", "repeat('é', 255)", "repeat('x', HUGE)",
              "chr(1) || chr(10) || chr(13) || chr(127)", "chr(1114111)", "'$1 %s '' \" \\ ; --'", "'null'", "'-1'", "convert_from('\\xff', 'UTF8')"}},
    {"jsonb", {"'{\"query\": \"q\", \"answer\": \"a\"}'", "NULL", "'{}'", "'[]'", "'null'", "'1'", "'\"x\"'", "'true'", "'[{}, 1]'", "'[null]'", "'[[[]]]'",
               "'{\"\": {\"\": null}}'", "'{\"a\": \"\\u0000\"}'", "'{\"a\": \"\\ud83d\"}'", "(repeat('{\"a\":[', 2500) || '1' || repeat(']}', 2500))::jsonb",
               "(repeat('[', 1000000) || repeat(']', 1000000))::jsonb", "jsonb_build_object('content', repeat('x', HUGE))",
               "(SELECT jsonb_object_agg(n, n) FROM generate_series(1, 5000) AS n)", "'{\"a\": 1e131071}'", "'{\"timestamp\": \"infinity\", \"tokens\": -1}'",
               "'{\"timestamp\": 1e300, \"tokens\": 1e30}'", "'{\"role\": 1, \"content\": {\"a\": []}, \"tool_calls\": 7, \"metadata\": []}'",
               "'{\"role\": \"tool\", \"tool_call_id\": null, \"tool_calls\": [null, {\"id\": {}}]}'", "'{\"row\": 1, \"table\": \"sm_session\"}'",
               "'[{\"session_memory\": {\"format\": 1}}, {\"row\": {\"session_id\": null}, \"table\": \"sm_session\"}, {\"end\": {\"lines\": 1}}]'"}},
    {"integer", {"1", "NULL", "0", "-1", "2147483647", "-2147483648"}},
    {"bigint", {"1", "NULL", "0", "-1", "9223372036854775807", "-9223372036854775808"}},
    {"real", {"0.5", "NULL", "'NaN'::real", "'infinity'::real", "'-infinity'::real", "-1::real", "3e38::real", "1e-45::real"}},
    {"double precision", {"0.5", "NULL", "'NaN'::float8", "'infinity'::float8", "'-infinity'::float8", "-1::float8", "1e308::float8"}},
    {"boolean", {"true", "NULL", "false"}},
    {"interval", {"'1 day'", "NULL", "'0'", "'-1 microsecond'", "'1 microsecond'", "'178956970 years 7 mons 2147483647 days 2562047788:00:54.775807'",
                  "'-178956970 years -8 mons -2147483648 days -2562047788:00:54.775808'", "'1 month -31 days'", "'106751990 days'"}},
    {"timestamp with time zone", {"now()", "NULL", "'infinity'", "'-infinity'", "'4714-11-24 00:00:00+00 BC'", "'294276-12-31 23:59:59.999999+00'", "'epoch'"}},
    {"text[]", {"'{ann1}'", "NULL", "'{}'", "'{NULL}'", "'{\"\"}'", "'{{a,b},{c,d}}'", "array_fill('x'::text, ARRAY[20000])", "ARRAY[repeat('x', HUGE)]"}},
    {"jsonb[]", {"'{\"{}\"}'", "NULL", "'{}'", "'{NULL}'", "'{1,\"[]\",null}'", "'{{1},{2}}'"}},
    {"bigint[]", {"'{1}'", "NULL", "'{}'", "'{NULL}'", "'{-9223372036854775808}'", "'{{1},{2}}'"}},
    {"double precision[]", {"'{1}'", "NULL", "'{}'", "'{NULL}'", "'{NaN,Infinity,-Infinity}'", "'{{1},{2}}'"}},
    {"regrole", {"'pg_monitor'::regrole", "NULL", "0::regrole", "4294967295::regrole"}},
};
// clang-format on

/// A name by which an argument means something that there is.
std::string harmless(const std::string &name, const std::string &type) {
    if (type == "text" && name == "user_id") return "'ann'";
    if (type == "text" && name == "access") return "'reader'";
    if (type == "text" && name == "by") return "'setting'";
    if (type == "text" && name == "grouped_by") return "'user_id'";
    if (type == "text" && name == "role") return "'user'";
    return kValues.at(type).front();
}

struct Argument {
    std::string name, type;
};
struct Function {
    std::string name;
    std::vector<Argument> arguments;
};

class HostileTest : public ::testing::Test {
  protected:
    void SetUp() override {
        if (!available(Server::kPlain)) GTEST_SKIP() << "no server";
        database_ = std::make_unique<Database>(Server::kPlain);
        database_->set("session_memory.worker", "off");
        session_ = std::make_unique<Session>(Server::kPlain, database_->name());
        std::string data = kAccessData;
        for (std::size_t at = 0; (at = data.find('$', at)) != std::string::npos; at += 3)
            data.replace(at, 1, "ann");
        session_->run(data);
        session_->run("SELECT sm_backup('kept', 'ann')");
        started_ = started();
        // What a call ends with, undone; empty where it ends well.
        session_->run(R"sql(
            CREATE FUNCTION attempt(call text) RETURNS text LANGUAGE plpgsql AS $f$
            DECLARE
                worked boolean := false;
            BEGIN
                EXECUTE 'SELECT count(x) FROM ' || call || ' AS x';
                worked := true;
                RAISE EXCEPTION 'undo it';
            EXCEPTION WHEN OTHERS THEN
                RETURN CASE WHEN worked THEN '' ELSE SQLSTATE || ' ' || SQLERRM END;
            END $f$)sql");
    }

    void TearDown() override {
        if (session_ == nullptr) return;
        EXPECT_EQ(started(), started_) << "the server restarted";
        EXPECT_TRUE(database_->counters_exact());
    }

    std::string started() {
        return administrator(Server::kPlain)
            .value<std::string>("SELECT pg_postmaster_start_time()::text");
    }

    /// What the catalogue has, of our extension.
    std::vector<Function> functions() {
        std::vector<Function> functions;
        std::string last;
        for (const auto &row : session_->run(
                 "SELECT p.oid::text, p.proname, coalesce(p.proargnames[a.n], ''),"
                 " format_type(a.type, NULL) FROM pg_depend AS d"
                 " JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'session_memory'"
                 " JOIN pg_proc AS p ON p.oid = d.objid CROSS JOIN LATERAL"
                 " unnest(p.proargtypes::oid[]) WITH ORDINALITY AS a (type, n)"
                 " WHERE d.classid = 'pg_proc'::regclass AND d.deptype = 'e' AND p.prokind = 'f'"
                 " ORDER BY p.oid, "
                 "a.n")) {
            if (row[0].as<std::string>() != last)
                functions.push_back({row[1].as<std::string>(), {}});
            last = row[0].as<std::string>();
            functions.back().arguments.push_back(
                {row[2].as<std::string>(), row[3].as<std::string>()});
        }
        return functions;
    }

    /// Begins, makes each call of the access tests, and sees what becomes of it.
    template <typename Judge>
    void each_call(const std::string &begin, const std::string &end, const Judge &judge) {
        for (const Call &call : kAccessCalls) {
            session_->run(begin);
            const auto outcome = session_->value<std::string>("SELECT attempt($1)", call.call);
            session_->run(end);
            if (call.whom != For::kNobody) judge(call, outcome.substr(0, 5), outcome);
        }
    }

    std::unique_ptr<Database> database_;
    std::unique_ptr<Session> session_;
    std::string started_;
};

TEST_F(HostileTest, EveryArgumentOfEveryFunction) {
    const std::string huge = std::to_string(huge_megabytes() * 1024 * 1024);
    int calls = 0;
    for (const Function &function : functions()) {
        std::vector<std::string> harmless_values;
        for (const Argument &argument : function.arguments) {
            ASSERT_TRUE(kValues.contains(argument.type))
                << function.name << " takes " << argument.type << ", for which there are no values";
            harmless_values.push_back(harmless(argument.name, argument.type) +
                                      "::" + argument.type);
        }
        for (std::size_t i = 0; i < function.arguments.size(); ++i) {
            for (std::string value : kValues.at(function.arguments[i].type)) {
                const std::size_t at = value.find("HUGE");
                if (at != std::string::npos) {
                    if (function.name[0] == '_') continue;
                    value.replace(at, 4, huge);
                }
                std::string call = function.name + "(";
                for (std::size_t k = 0; k < harmless_values.size(); ++k)
                    call +=
                        (k ? ", " : "") + (k == i ? "(" + value + ")::" + function.arguments[i].type
                                                  : harmless_values[k]);
                call += ")";
                const auto outcome = session_->value<std::string>("SELECT attempt($1)", call);
                ++calls;
                EXPECT_TRUE(outcome.empty() || kDocumented.contains(outcome.substr(0, 5)) ||
                            (function.name[0] == '_' && !outcome.starts_with("XX")))
                    << call << ": " << outcome;
            }
        }
    }
    RecordProperty("calls", calls);
    EXPECT_GT(calls, 1000);
}

TEST_F(HostileTest, ReadOnlyTransactions) {
    each_call("BEGIN READ ONLY", "ROLLBACK",
              [](const Call &call, const auto &state, const auto &what) {
                  EXPECT_TRUE(state.empty() || state == "25006") << call.call << ": " << what;
              });
}

TEST_F(HostileTest, RepeatableReadAndSerializable) {
    for (const char *level :
         {"REPEATABLE READ", "SERIALIZABLE", "SERIALIZABLE, READ ONLY, DEFERRABLE"})
        each_call(std::string("BEGIN ISOLATION LEVEL ") + level, "COMMIT",
                  [&](const Call &call, const auto &state, const auto &what) {
                      EXPECT_TRUE(state.empty() || state == "25006" || state == "0A000")
                          << level << call.call << what;
                  });
}

TEST_F(HostileTest, ParallelQueries) {
    const auto version = session_->value<int>("SELECT current_setting('server_version_num')::int");
    const std::string setting = version >= 160000 ? "debug_parallel_query" : "force_parallel_mode";
    session_->run("SET " + setting + " = on");
    session_->run("SET parallel_setup_cost = 0");
    each_call("BEGIN", "ROLLBACK", [](const Call &call, const auto &, const auto &what) {
        EXPECT_EQ(what, "") << call.call;
    });
}

/// What was called in a transaction can be prepared, and undone.
TEST_F(HostileTest, PreparedTransactions) {
    if (session_->value<int>("SELECT current_setting('max_prepared_transactions')::int") == 0)
        GTEST_SKIP() << "max_prepared_transactions is 0";
    for (const Call &call : kAccessCalls) {
        if (call.whom == For::kNobody) continue;
        session_->run("BEGIN");
        session_->run(std::string("SELECT count(x) FROM ") + call.call + " AS x");
        const std::string state = session_->sqlstate("PREPARE TRANSACTION 'hostile'");
        EXPECT_EQ(state, "") << call.call;
        session_->run(state.empty() ? "ROLLBACK PREPARED 'hostile'" : "ROLLBACK");
    }
}

/// Cancelled wherever it happens to be, a call changes nothing, and the connection goes on.
TEST_F(HostileTest, CancelledAnywhere) {
    const auto digest = [&] {
        return session_->value<std::string>(
            "SELECT md5(string_agg(x, '' ORDER BY x)) FROM (SELECT s::text FROM sm_session AS s"
            " UNION ALL SELECT m::text FROM session_memory AS m"
            " UNION ALL SELECT d::text FROM sm_session_data AS d) AS t (x)");
    };
    const std::string before = digest();
    for (int round = 0; round < 3; ++round)
        for (const Call &call : kAccessCalls) {
            if (call.whom == For::kNobody) continue;
            session_->run("BEGIN");
            session_->run("SET LOCAL statement_timeout = " + std::to_string(1 + round));
            const std::string state = Session::sqlstate_of([&] {
                session_->run(
                    "SELECT count(x) FROM generate_series(1, 30) AS n, LATERAL (SELECT n) AS l, " +
                    std::string(call.call) + " AS x");
            });
            // The time may be over for this, too.
            while (Session::sqlstate_of([&] { session_->run("ROLLBACK"); }) == "57014") {
            }
            EXPECT_TRUE(state.empty() || state == "57014") << call.call << ": " << state;
        }
    EXPECT_EQ(digest(), before);
}

}  // namespace
