// Expiry by the clock, and removal by the janitor, with a launcher and without one.
#include <thread>

#include "server.hpp"

using namespace sm_test;

namespace {

class ExpiryTest : public OnServer {};

/// Whether what is shown is what lives by the clock of this very statement.
bool shown_is_living(Session &session) {
    return session.value<bool>(
        "SELECT json_array_length(sm_context('s', 1000)) = (SELECT count(*) FROM session_memory"
        " WHERE session_id = 's' AND created_at + interval '300 ms' > statement_timestamp())");
}

TEST_P(ExpiryTest, HiddenByTheClockWithTheWorkerOff) {
    Database database(GetParam());
    database.expire_quickly();
    database.set("session_memory.worker", "off");
    Session session = database.connect();
    for (int i = 0; i < 5; ++i) {
        session.run("SELECT sm_add('s', 'q', 'a')");
        std::this_thread::sleep_for(20ms);
        EXPECT_TRUE(shown_is_living(session));
    }
    EXPECT_TRUE(eventually([&] {
        EXPECT_TRUE(shown_is_living(session));
        return session.value<int>("SELECT json_array_length(sm_context('s'))") == 0;
    }));
    EXPECT_EQ(session.value<int>("SELECT count(*) FROM sm_history('s')"), 0);
    EXPECT_EQ(session.value<int>("SELECT json_array_length(sm_messages('s'))"), 0);
    EXPECT_EQ(session.value<int>("SELECT count(*) FROM sm_find('{}')"), 0);
    EXPECT_EQ(session.value<int>("SELECT count(*) FROM sm_stats('s')"), 0);
    EXPECT_EQ(session.value<int>("SELECT count(*) FROM session_history"), 0);
    EXPECT_EQ(session.value<int>("SELECT jsonb_array_length(sm_pop('s'))"), 0);
    EXPECT_EQ(session.value<int>("SELECT expired_not_removed FROM sm_stats()"), 5);
    EXPECT_EQ(session.value<std::string>("SELECT sm_health() ->> 'status'"), "degraded");
    EXPECT_EQ(database.stored(), 5);
    EXPECT_EQ(database.bursts(), 0);
}

TEST_P(ExpiryTest, RowsGoSoonAfter) {
    Database database(GetParam());
    database.expire_quickly();
    Session session = database.connect();
    for (int i = 0; i < 5; ++i) session.run("SELECT sm_add('s', 'q', 'a')");
    EXPECT_TRUE(database.janitor_gets_to([&] { return database.stored() == 0; }));
    EXPECT_TRUE(database.janitor_gets_to(
        [&] { return session.value<int>("SELECT count(*) FROM sm_session") == 0; }));
    EXPECT_TRUE(eventually(
        [&] { return session.value<int>("SELECT removed_total FROM sm_stats()") == 5; }));
    EXPECT_EQ(session.value<int>("SELECT expired_not_removed FROM sm_stats()"), 0);
}

TEST_P(ExpiryTest, OfAnIdleSession) {
    Database database(GetParam());
    database.set("session_memory.nap_time", "200ms");
    database.set("session_memory.idle_timeout", "300ms");
    Session session = database.connect();
    session.run("SELECT sm_add('s', 'q', 'a')");
    session.run("SELECT sm_add('busy', 'q', 'a')");
    EXPECT_TRUE(database.janitor_gets_to([&] {
        EXPECT_NE(session.value<int>("SELECT sm_add('busy', 'q', 'a')"), 1)
            << "the busy session has gone";
        return database.stored("s") == 0;
    }));
    EXPECT_EQ(session.value<int>("SELECT count(*) FROM sm_stats('busy')"), 1);
    EXPECT_TRUE(database.counters_exact());
}

TEST_P(ExpiryTest, ASessionsOwnLimitsWin) {
    Database database(GetParam());
    database.expire_quickly();
    Session session = database.connect();
    session.run("BEGIN");
    session.run("SELECT sm_add('long', 'q', 'a')");
    session.run("UPDATE sm_session SET ttl = '1 day' WHERE session_id = 'long'");
    session.run("COMMIT");
    session.run("SELECT sm_add('short', 'q', 'a')");
    EXPECT_TRUE(database.janitor_gets_to([&] { return database.stored("short") == 0; }));
    const auto before = database.bursts();
    EXPECT_TRUE(database.janitor_gets_to([&] { return database.bursts() > before; }));
    EXPECT_EQ(session.value<int>("SELECT json_array_length(sm_context('long'))"), 1);
}

// --- without a launcher: the calls start the janitor ---------------------------------------------

class OnDemandTest : public OnServer {};

TEST_P(OnDemandTest, CallsStartTheJanitorOnceInANapTime) {
    Database database(GetParam());
    database.set("session_memory.nap_time", "1h");
    Session session = database.connect();
    session.run(
        "SELECT sm_add('s', 'q', 'a', created_at => clock_timestamp() - interval '2 days')");
    // The first call ever finds that no janitor has come yet. It may come before or after the
    // commit.
    EXPECT_TRUE(eventually([&] { return database.bursts() == 1; }));
    session.run(
        "SELECT sm_add('s', 'q', 'a', created_at => clock_timestamp() - interval '2 days')");
    for (int i = 0; i < 50; ++i) session.run("SELECT sm_context('s')");
    for (int i = 0; i < 5; ++i) database.call();
    EXPECT_EQ(database.bursts(), 1);
    EXPECT_GE(database.stored(), 1);

    database.set("session_memory.nap_time", "200ms");
    std::this_thread::sleep_for(300ms);
    EXPECT_EQ(database.bursts(), 1) << "nobody called";
    // Reading is enough.
    Session reader = database.connect("-c default_transaction_read_only=on");
    reader.run("SELECT sm_context('nobody')");
    EXPECT_TRUE(eventually([&] { return database.stored() == 0; }));
    // A connection that stays calls again.
    session.run("SET session_memory.nap_time = '200ms'");
    session.run(
        "SELECT sm_add('s', 'q', 'a', created_at => clock_timestamp() - interval '2 days')");
    EXPECT_TRUE(eventually([&] {
        reader.run("SELECT sm_context('nobody')");
        return database.stored() == 0;
    }));
}

TEST_P(OnDemandTest, ARoleThatMayOnlyReadIsEnough) {
    Database database(GetParam());
    database.set("session_memory.nap_time", "200ms");
    Session session = database.connect();
    const std::string role = database.name() + "_reader";
    session.run("CREATE ROLE " + role);
    session.run("SELECT sm_grant('" + role + "', 'reader')");
    session.run(
        "SELECT sm_add('s', 'q', 'a', created_at => clock_timestamp() - interval '2 days')");
    {
        Session reader = database.connect();
        reader.run("SET ROLE " + role);
        EXPECT_TRUE(eventually([&] {
            reader.run("SELECT sm_context('nobody')");
            return database.stored() == 0;
        }));
    }
    session.run("SELECT sm_revoke('" + role + "')");
    session.run("REVOKE ALL ON SCHEMA public FROM " + role);
    session.run("DROP ROLE " + role);
}

// --- with a launcher: nobody needs to call -------------------------------------------------------

class LauncherTest : public OnServer {};

TEST_P(LauncherTest, NobodyNeedsToCall) {
    Database database(GetParam());
    database.expire_quickly();
    database.connect().run("SELECT sm_add('s', 'q', 'a')");
    EXPECT_TRUE(eventually([&] { return database.stored() == 0; }));
}

TEST_P(LauncherTest, ManyDatabasesEachGetTheirJanitor) {
    Database one(GetParam()), two(GetParam()), three(GetParam());
    for (const Database *database : {&one, &two, &three}) {
        database->expire_quickly();
        database->connect().run("SELECT sm_add('s', 'q', 'a')");
    }
    // One of them is of no use to a janitor.
    two.connect().run("ALTER EXTENSION session_memory DROP TABLE session_memory");
    two.connect().run("DROP TABLE session_memory CASCADE");
    EXPECT_TRUE(eventually([&] { return one.stored() == 0 && three.stored() == 0; }));
}

SM_ON_BOTH_SERVERS(ExpiryTest);
INSTANTIATE_TEST_SUITE_P(Servers, OnDemandTest, ::testing::Values(Server::kPlain),
                         [](const auto &info) { return std::string(name_of(info.param)); });
INSTANTIATE_TEST_SUITE_P(Servers, LauncherTest, ::testing::Values(Server::kPreloaded),
                         [](const auto &info) { return std::string(name_of(info.param)); });

}  // namespace
