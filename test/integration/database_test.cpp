// Administration meets the janitor: databases are dropped, copied and moved, and the extension is
// dropped, right after it worked and while it works.
#include "server.hpp"

using namespace sm_test;

namespace {

class DatabaseTest : public OnServer {};

constexpr int kBacklogSessions = 1500, kBacklog = 10 * kBacklogSessions;

/// Expired interactions in many sessions, to be removed in small steps: work for longer than the
/// five seconds for which DROP DATABASE and its like wait for others to leave.
void make_backlog(const Database &database) {
    database.set("session_memory.batch_size", "1");
    database.set("session_memory.nap_time", "200ms");
    Session session = database.connect();
    session.run("SET session_memory.worker = off");
    session.run(
        "SELECT sm_append('s' || i, (SELECT jsonb_agg(jsonb_build_object('n', n, 'timestamp',"
        " clock_timestamp() - interval '2 days')) FROM generate_series(1, 10) AS n))"
        " FROM generate_series(1, $1::int) AS i",
        kBacklogSessions);
}

/// Waits until the janitor has begun on the backlog and is not yet done.
::testing::AssertionResult amid_backlog(const Database &database) {
    std::int64_t left = kBacklog;
    auto got_there =
        database.janitor_gets_to([&] { return (left = database.stored()) < kBacklog; });
    if (got_there && left <= 1) return ::testing::AssertionFailure() << "the backlog was too small";
    return got_there;
}

TEST_P(DatabaseTest, DropRightAfterTheWorkerRan) {
    for (int round = 0; round < 3; ++round) {
        Database database(GetParam());
        database.expire_quickly();
        database.connect().run("SELECT sm_add('s', 'q', 'a')");
        EXPECT_TRUE(database.janitor_gets_to([&] { return database.stored() == 0; }));
        EXPECT_EQ(administrator(GetParam()).sqlstate("DROP DATABASE " + database.name()), "");
    }
}

TEST_P(DatabaseTest, DropRightAfterACall) {
    for (int round = 0; round < 3; ++round) {
        Database database(GetParam());
        database.expire_quickly();
        database.connect().run("SELECT sm_add('s', 'q', 'a')");
        EXPECT_EQ(administrator(GetParam()).sqlstate("DROP DATABASE " + database.name()), "");
    }
}

TEST_P(DatabaseTest, DropAmidABacklog) {
    for (int round = 0; round < 2; ++round) {
        Database database(GetParam());
        make_backlog(database);
        EXPECT_TRUE(amid_backlog(database));
        EXPECT_EQ(administrator(GetParam()).sqlstate("DROP DATABASE " + database.name()), "");
    }
}

/// Copies a database, looks into the copy, drops it.
void copy_and_compare(const Database &database, const std::string &expected_context) {
    const std::string copy = database.name() + "_copy";
    Session session = administrator(database.server());
    ASSERT_EQ(session.sqlstate("CREATE DATABASE " + copy + " TEMPLATE " + database.name()), "");
    EXPECT_EQ(
        Session(database.server(), copy)
            .value<std::string>(
                "SELECT coalesce(string_agg(h.interaction ->> 'query', ' ' ORDER BY h.seq), '')"
                " FROM sm_history('kept') AS h"),
        expected_context);
    EXPECT_EQ(session.sqlstate("DROP DATABASE " + copy), "");
}

TEST_P(DatabaseTest, CopyRightAfterTheWorkerRan) {
    Database database(GetParam());
    database.set("session_memory.nap_time", "200ms");
    std::string expected;
    for (int round = 0; round < 3; ++round) {
        const std::string query = "q" + std::to_string(round);
        expected += (round ? " " : "") + query;
        database.connect().run("SELECT sm_add('kept', $1, 'a')", query);
        database.connect().run(
            "SELECT sm_add('old', 'q', 'a', created_at => clock_timestamp() - interval '2 days')");
        EXPECT_TRUE(database.janitor_gets_to([&] { return database.stored("old") == 0; }));
        copy_and_compare(database, expected);
    }
}

TEST_P(DatabaseTest, CopyAmidABacklog) {
    Database database(GetParam());
    database.connect().run("SELECT sm_add('kept', 'q', 'a')");
    make_backlog(database);
    EXPECT_TRUE(amid_backlog(database));
    copy_and_compare(database, "q");
    EXPECT_GT(database.stored(), 1) << "the backlog was too small";
    copy_and_compare(database, "q");
    database.set("session_memory.batch_size", "1000");
    EXPECT_TRUE(database.janitor_gets_to([&] { return database.stored() == 1; }));
    EXPECT_TRUE(database.counters_exact());
}

TEST_P(DatabaseTest, MoveToAnotherTablespace) {
    Database database(GetParam());
    const std::string space = database.name() + "_space";
    Session session = administrator(GetParam());
    session.run("SET allow_in_place_tablespaces = on");
    session.run("CREATE TABLESPACE " + space + " LOCATION ''");
    make_backlog(database);
    EXPECT_TRUE(amid_backlog(database));
    EXPECT_EQ(session.sqlstate("ALTER DATABASE " + database.name() + " SET TABLESPACE " + space),
              "");
    EXPECT_GT(database.stored(), 0) << "the backlog was too small";
    database.set("session_memory.batch_size", "1000");
    EXPECT_TRUE(database.janitor_gets_to([&] { return database.stored() == 0; }));
    EXPECT_EQ(session.sqlstate("ALTER DATABASE " + database.name() + " SET TABLESPACE pg_default"),
              "");
    session.run("DROP TABLESPACE " + space);
}

TEST_P(DatabaseTest, DropExtensionWhileTheJanitorWorks) {
    Database database(GetParam());
    for (int round = 0; round < 2; ++round) {
        make_backlog(database);
        EXPECT_TRUE(amid_backlog(database));
        Session session = database.connect();
        const auto began = std::chrono::steady_clock::now();
        EXPECT_EQ(session.sqlstate("DROP EXTENSION session_memory"), "");
        EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);
        session.run("CREATE EXTENSION session_memory");
    }
    // And the janitor comes for the new one.
    database.connect().run(
        "SELECT sm_add('s', 'q', 'a', created_at => clock_timestamp() - interval '2 days')");
    EXPECT_TRUE(database.janitor_gets_to([&] { return database.stored() == 0; }));
}

SM_ON_BOTH_SERVERS(DatabaseTest);

}  // namespace
