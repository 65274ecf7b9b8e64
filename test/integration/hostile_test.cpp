// Hostile input: every function of the catalogue × every argument × the values that break programs,
// and every call in every kind of transaction. The answer is a result or a documented SQLSTATE, and
// the server lives. New functions are found by themselves; only a type of argument that no value is
// known for needs a line here.
#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <random>
#include <set>

#include "access_calls.hpp"
#include "length.hpp"
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

/// A parameter that is sent in binary format; it may be no more than a view of the bytes.
#if PQXX_VERSION_MAJOR < 7
pqxx::binarystring binary(const std::string &bytes) {
    return pqxx::binarystring(bytes);
}
#else
pqxx::bytes_view binary(const std::string &bytes) {
    return {reinterpret_cast<const std::byte *>(bytes.data()), bytes.size()};
}
#endif

class HostileTest : public ::testing::Test {
  protected:
    void SetUp() override {
        if (!available(Server::kPlain)) GTEST_SKIP() << "no server";
        begin_in("");
    }

    /// Begins in a database that is created with these options.
    void begin_in(const std::string &options) {
        session_.reset();
        database_ = std::make_unique<Database>(Server::kPlain, options);
        database_->set("session_memory.worker", "off");
        session_ = std::make_unique<Session>(Server::kPlain, database_->name());
        session_->run(replaced(kAccessData, "$", "ann"));
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

    /// Calls every function with, for each of its arguments in turn, each of the values of its type.
    /// Returns the number of calls.
    int each_argument(const std::map<std::string, std::vector<std::string>> &values) {
        const std::string huge = std::to_string(length(8, 256) * 1024 * 1024);
        int calls = 0;
        for (const Function &function : functions()) {
            std::vector<std::string> harmless_values;
            for (const Argument &argument : function.arguments) {
                if (!kValues.contains(argument.type)) {
                    ADD_FAILURE() << function.name << " takes " << argument.type
                                  << ", for which there are no values";
                    return calls;
                }
                harmless_values.push_back(harmless(argument.name, argument.type) +
                                          "::" + argument.type);
            }
            for (std::size_t i = 0; i < function.arguments.size(); ++i) {
                const auto found = values.find(function.arguments[i].type);
                if (found == values.end()) continue;
                for (std::string value : found->second) {
                    const std::size_t at = value.find("HUGE");
                    if (at != std::string::npos) {
                        if (function.name[0] == '_') continue;
                        value.replace(at, 4, huge);
                    }
                    std::string call = function.name + "(";
                    for (std::size_t k = 0; k < harmless_values.size(); ++k)
                        call += (k ? ", " : "") +
                                (k == i ? "(" + value + ")::" + function.arguments[i].type
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
        return calls;
    }

    /// Whether what is written of a session's interactions is what the server would print.
    bool written_like_the_server(const std::string &session_id) {
        return session_->value<bool>(
            "SELECT bool_and(strpos(sm_context($1, 100)::text,"
            " substr(m.interaction::text, 2, length(m.interaction::text) - 2)) > 0)"
            " FROM session_memory AS m WHERE m.session_id = $1",
            session_id);
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
    const int calls = each_argument(kValues);
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

// --- bytes and encodings -------------------------------------------------------------------------

/// In binary format a client can send what no text can hold.
TEST_F(HostileTest, BinaryParameters) {
    const std::string nothing = session_->value<std::string>("SELECT md5(sm_stats()::text)");
    const auto state = [&](const std::string &sql, const std::string &bytes) {
        return session_->sqlstate(sql, binary(bytes));
    };
    using namespace std::string_literals;
    for (const std::string &bad :
         {"a\0b"s, "\0"s, "\xFF"s, "\xC0\x80"s, "\xE2\x82"s, "\xF0\x9F\x90"s, "\xED\xA0\x80"s}) {
        for (const char *call :
             {"SELECT sm_add($1, 'q', 'a')", "SELECT sm_add('s', $1, 'a')",
              "SELECT sm_add_message('s', 'user', $1)", "SELECT sm_context($1)",
              "SELECT sm_set_summary('ann1', $1, 1)", "SELECT sm_end_session('ann1', $1)",
              "SELECT sm_forget_user($1, $1)", "SELECT sm_save_artifact('ann1', $1, 'n', '{}')"})
            EXPECT_EQ(state(call, bad), "22021") << call;
        for (const char *call :
             {"SELECT sm_append('s', $1)", "SELECT sm_find($1)", "SELECT sm_set_state('ann1', $1)",
              "SELECT sm_set_profile('ann', $1)", "SELECT sm_import($1)",
              "SELECT sm_record_event('ann', 'booking', $1)"})
            EXPECT_EQ(state(call, "\1{\"a\": \"" + bad + "\"}"), "22021") << call;
    }
    for (const char *call : {"SELECT sm_append('s', $1)", "SELECT sm_import($1)"}) {
        EXPECT_EQ(state(call, "\2{}"), "XX000") << "the server: a version of jsonb that it lacks";
        EXPECT_EQ(state(call, "\1"), "22P02");
        EXPECT_EQ(state(call, "\1{\"a\": \"\\u0000\"}"), "22P05");
    }
    EXPECT_EQ(session_->value<std::string>("SELECT md5(sm_stats()::text)"), nothing);
    EXPECT_EQ(state("SELECT sm_append('fine', $1)", "\1{\"query\": \"q\"}"), "");
}

/// Where the server checks nothing, every byte is kept and printed as it is.
TEST_F(HostileTest, BytesThatAreNoCharacters) {
    begin_in("ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
    each_call("BEGIN", "ROLLBACK", [](const Call &call, const auto &, const auto &what) {
        EXPECT_EQ(what, "") << call.call;
    });
    const std::string bytes = "chr(255) || chr(192) || chr(128) || chr(237) || chr(160)";
    const std::string cut = "repeat('x', 40) || chr(240) || chr(159)";
    const int calls = each_argument({
        {"text", {bytes, cut, "repeat(chr(200), 255)", "repeat(chr(200), 256)"}},
        {"text[]", {"ARRAY[" + bytes + "]"}},
        {"jsonb",
         {"jsonb_build_object('query', " + bytes + ", 'answer', " + cut + ", " + bytes + ", 1)",
          "jsonb_build_object('role', 'user', 'content', " + cut + ", 'timestamp', " + bytes + ")",
          "jsonb_build_array(jsonb_build_object('content', jsonb_build_array(" + bytes + ")))"}},
    });
    EXPECT_GT(calls, 300);

    std::string all;
    for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
    std::minstd_rand random(1);
    for (int n = 0; n < 40; ++n) {
        std::shuffle(all.begin(), all.end(), random);
        session_->run("SELECT sm_add($1, $2, $3)", all, all, all.substr(0, n));
        EXPECT_EQ(session_->value<std::string>("SELECT sm_context($1) -> 0 ->> 'query'", all), all);
        EXPECT_EQ(session_->value<std::string>("SELECT sm_messages($1) -> 1 ->> 'content'", all),
                  all.substr(0, n));
        EXPECT_TRUE(written_like_the_server(all));
    }
    EXPECT_EQ(session_->sqlstate("SELECT sm_add($1, 'q', 'a')", all + "x"), "22023");
    // What goes out comes back.
    session_->run("CREATE TABLE kept AS SELECT m FROM session_memory AS m");
    session_->run("CREATE TABLE exported AS SELECT jsonb_agg(l) AS l FROM sm_export() AS l");
    session_->run("SELECT sm_clear_all('YES')");
    session_->run("SELECT sm_import(l) FROM exported");
    EXPECT_EQ(session_->value<int>("SELECT count(*) FROM kept"),
              session_->value<int>("SELECT count(*) FROM session_memory"));
    EXPECT_EQ(session_->value<int>("SELECT count(*) FROM (SELECT m::text FROM kept EXCEPT"
                                   " SELECT m::text FROM session_memory AS m) AS e"),
              0);
}

TEST_F(HostileTest, OtherEncodings) {
    const std::string latin = "caf\xC3\xA9 \xC3\xBF \xC2\xA0", elephant = "\xF0\x9F\x90\x98";
    // A server of another encoding than the client's.
    begin_in("ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
    each_call("BEGIN", "ROLLBACK", [](const Call &call, const auto &, const auto &what) {
        EXPECT_EQ(what, "") << call.call;
    });
    session_->run("SET client_encoding = 'UTF8'");
    session_->run("SELECT sm_add($1, $1, $1)", latin);
    EXPECT_EQ(session_->value<std::string>("SELECT sm_context($1) -> 0 ->> 'query'", latin), latin);
    EXPECT_TRUE(written_like_the_server(latin));
    EXPECT_EQ(session_->sqlstate("SELECT sm_add($1, 'q', 'a')", elephant), "22P05");
    EXPECT_EQ(session_->sqlstate("SELECT sm_append('s', $1)", "{\"q\": \"" + elephant + "\"}"),
              "22P05");
    EXPECT_EQ(session_->sqlstate("SELECT sm_append('s', '{\"q\": \"\\ud83d\\udc18\"}')"), "22P05");
    // A client of another encoding than the server's.
    begin_in("ENCODING 'UTF8' TEMPLATE template0");
    session_->run("SET client_encoding = 'LATIN1'");
    session_->run("SELECT sm_add($1, $1, $1)", std::string("caf\xE9"));
    EXPECT_EQ(session_->value<std::string>("SELECT sm_context($1) -> 0 ->> 'query'",
                                           std::string("caf\xE9")),
              "caf\xE9");
    session_->run("SELECT sm_add('s', chr(128024), 'a')");
    EXPECT_EQ(session_->sqlstate("SELECT sm_context('s')"), "22P05");
    EXPECT_EQ(session_->value<int>("SELECT json_array_length(sm_context('s'))"), 1);
    session_->run("SET client_encoding = 'UTF8'");
    EXPECT_EQ(session_->value<std::string>("SELECT sm_context('s') -> 0 ->> 'query'"), elephant);
    EXPECT_TRUE(written_like_the_server("s"));
}

}  // namespace
