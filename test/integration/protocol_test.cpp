// What only a client can do: bytes that no SQL file can hold, sizes that none should, calls that
// are cancelled, refused a lock or cut off in the middle, and connections that live long.
#include <thread>

#include "server.hpp"

using namespace sm_test;

namespace {

class ProtocolTest : public OnServer {};

constexpr const char *kAdd = "SELECT sm_add($1, $2, $3)";

TEST_P(ProtocolTest, SessionIdsOfEverySize) {
    Database database(GetParam());
    Session session = database.connect();
    const std::string megabyte(1 << 20, 'x');
    for (const char *call :
         {"SELECT sm_add($1, 'q', 'a')", "SELECT sm_context($1)", "SELECT sm_pop($1)",
          "SELECT sm_clear($1)", "SELECT sm_prune(session_id => $1)", "SELECT sm_messages($1)",
          "SELECT sm_append($1, '{}')", "SELECT * FROM sm_history($1)",
          "SELECT * FROM sm_stats($1)", "SELECT * FROM sm_find('{}', $1)",
          "SELECT sm_add_message($1, 'user', 'c')",
          "SELECT sm_add('s', 'q', 'a', user_id => $1)"}) {
        EXPECT_EQ(session.sqlstate(call, megabyte), "22023") << call;
        EXPECT_EQ(session.sqlstate(call, std::string(256, 'x')), "22023") << call;
        EXPECT_EQ(session.sqlstate(call, ""), "22023") << call;
    }
    EXPECT_EQ(session.value<int>("SELECT count(*) FROM sm_session"), 0);
    // 255 characters, not bytes.
    std::string longest;
    for (int i = 0; i < 255; ++i) longest += "\xF0\x9F\x90\x98";
    EXPECT_EQ(session.value<int>(kAdd, longest, "q", "a"), 1);
    EXPECT_EQ(session.value<int>("SELECT json_array_length(sm_context($1))", longest), 1);
    EXPECT_EQ(session.sqlstate(kAdd, longest + "x", "q", "a"), "22023");
}

TEST_P(ProtocolTest, InvalidUtf8ChangesNothing) {
    Database database(GetParam());
    Session session = database.connect();
    for (const std::string bad :
         {"\xFF", "\xC3", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "ok\xE2\x82"}) {
        EXPECT_EQ(session.sqlstate(kAdd, bad, "q", "a"), "22021");
        EXPECT_EQ(session.sqlstate(kAdd, "s", bad, "a"), "22021");
        EXPECT_EQ(session.sqlstate(kAdd, "s", "q", bad), "22021");
        EXPECT_EQ(session.sqlstate("SELECT sm_append('s', $1)", "{\"content\": \"" + bad + "\"}"),
                  "22021");
        EXPECT_EQ(session.sqlstate("SELECT sm_context($1)", bad), "22021");
    }
    EXPECT_EQ(session.sqlstate("SELECT sm_append('s', $1)", R"({"content": "\u0000"})"), "22P05");
    EXPECT_EQ(session.value<int>("SELECT count(*) FROM sm_session"), 0);
    EXPECT_EQ(session.value<int>(kAdd, "s", "q", "a"), 1);
}

TEST_P(ProtocolTest, EveryCharacterComesBack) {
    Database database(GetParam());
    Session session = database.connect();
    std::string all;
    for (char c = 1; c < 127; ++c) all += c;
    all += "é ü ß → 漢字 \xF0\x9F\x90\x98 \xE2\x80\xA8 \xEF\xBF\xBF \\u0041 \x7F";
    session.run(kAdd, all, all, all);
    EXPECT_EQ(session.value<std::string>("SELECT sm_context($1) -> 0 ->> 'query'", all), all);
    EXPECT_EQ(session.value<std::string>("SELECT sm_context($1) -> 0 ->> 'answer'", all), all);
    EXPECT_EQ(session.value<std::string>("SELECT sm_messages($1) -> 1 ->> 'content'", all), all);
}

TEST_P(ProtocolTest, LargeInteractions) {
    Database database(GetParam());
    Session session = database.connect();
    std::string answer;
    for (int i = 0; answer.size() < (8u << 20); ++i)
        answer += "line " + std::to_string(i * 7919) + "\n";
    EXPECT_EQ(session.value<int>(kAdd, "s", "q", answer), 1);
    EXPECT_TRUE(session.value<bool>("SELECT sm_context('s') -> 0 ->> 'answer' = $1", answer));
    EXPECT_EQ(session.value<std::size_t>("SELECT length(sm_pop('s') -> 0 ->> 'answer')"),
              answer.size());
    EXPECT_TRUE(database.counters_exact());
}

// --- interrupted ---------------------------------------------------------------------------------

TEST_P(ProtocolTest, CallsThatGiveUpWaitingChangeNothing) {
    Database database(GetParam());
    Session session = database.connect(), holder = database.connect();
    session.run(kAdd, "s", "q", "a");
    holder.run("BEGIN");
    holder.run("SELECT FROM sm_session FOR UPDATE");
    for (const char *call :
         {"SELECT sm_add('s', 'q', 'a')", "SELECT sm_add('s', 'q', 'a', idempotency_key => 'k')",
          "SELECT sm_pop('s')", "SELECT sm_clear('s')", "SELECT sm_prune('1 ms', 's')"}) {
        session.run("SET lock_timeout = '30ms'");
        EXPECT_EQ(session.sqlstate(call), "55P03") << call;
        session.run("SET lock_timeout = 0");
        session.run("SET statement_timeout = '30ms'");
        EXPECT_EQ(session.sqlstate(call), "57014") << call;
        session.run("SET statement_timeout = 0");
    }
    // Reading waits for nobody.
    session.run("SET lock_timeout = '1ms'");
    EXPECT_EQ(session.value<int>("SELECT json_array_length(sm_context('s'))"), 1);
    EXPECT_EQ(session.value<int>("SELECT sm_prune()"), 0);
    holder.run("ROLLBACK");
    EXPECT_EQ(session.value<int>(kAdd, "s", "q", "a"), 2);
    EXPECT_TRUE(database.gapless());
    EXPECT_TRUE(database.counters_exact());
}

TEST_P(ProtocolTest, AWaitingCallCanBeCancelled) {
    Database database(GetParam());
    Session session = database.connect(), holder = database.connect();
    holder.run("BEGIN");
    holder.run(kAdd, "s", "q", "a");
    const int pid = session.backend_pid();
    std::string state;
    std::thread waiter([&] { state = session.sqlstate(kAdd, "s", "q", "a"); });
    EXPECT_TRUE(eventually([&] {
        return holder.value<bool>(
            "SELECT count(*) = 1 FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'",
            pid);
    }));
    holder.run("SELECT pg_cancel_backend($1)", pid);
    waiter.join();
    EXPECT_EQ(state, "57014");
    holder.run("COMMIT");
    EXPECT_EQ(session.value<int>(kAdd, "s", "q", "a"), 2);
    EXPECT_TRUE(database.gapless());
}

TEST_P(ProtocolTest, AClientThatIsCutOffLeavesNothing) {
    Database database(GetParam());
    Session observer = database.connect();
    observer.run(kAdd, "s", "q", "a");
    {
        Session session = database.connect();
        session.run("BEGIN");
        session.run(kAdd, "s", "lost", "a");
        const int pid = session.backend_pid();
        observer.run("SELECT pg_terminate_backend($1)", pid);
        EXPECT_TRUE(eventually([&] {
            return observer.value<int>("SELECT count(*) FROM pg_stat_activity WHERE pid = $1",
                                       pid) == 0;
        }));
    }
    EXPECT_EQ(observer.value<int>(kAdd, "s", "q", "a"), 2);
    EXPECT_TRUE(database.gapless());
    EXPECT_TRUE(database.counters_exact());
}

// --- long-lived connections ----------------------------------------------------------------------

TEST_P(ProtocolTest, PlansOutliveWhatHappensToAConnection) {
    Database database(GetParam());
    Session session = database.connect();
    int seq = 0;
    const auto works = [&](const std::string &call = "public.sm_add") {
        EXPECT_EQ(session.value<int>("SELECT " + call + "('s', 'q', 'a')"), ++seq);
    };
    for (int i = 0; i < 12; ++i) works();  // past the point where plans become generic
    session.run("DISCARD ALL");
    works();
    session.run("DEALLOCATE ALL");
    works();
    session.run("SET search_path = pg_catalog");
    works();
    session.run("CREATE INDEX more ON public.session_memory (created_at)");
    works();
    session.run("ANALYZE");
    works();
    session.run("SET plan_cache_mode = force_custom_plan");
    works();
    EXPECT_EQ(session.sqlstate("SELECT public.sm_add('', 'q', 'a')"), "22023");
    works();
    session.run("ALTER SCHEMA public RENAME TO elsewhere");
    works("elsewhere.sm_add");
    session.run("ALTER SCHEMA elsewhere RENAME TO public");
    works();
    session.run("DROP EXTENSION session_memory");
    session.run("CREATE SCHEMA other");
    session.run("CREATE EXTENSION session_memory SCHEMA other");
    seq = 0;
    works("other.sm_add");
    EXPECT_EQ(session.value<int>("SELECT json_array_length(other.sm_context('s'))"), 1);
    session.run("DROP EXTENSION session_memory");
    session.run("CREATE EXTENSION session_memory SCHEMA public");
    seq = 0;
    works();
}

SM_ON_BOTH_SERVERS(ProtocolTest);

}  // namespace
