// The janitor among others: sessions that fail or are held do not stop it, its counting is exact
// while appends go on, and changed defaults reach what is stored. (Its powers: powers_test.cpp.)
#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "server.hpp"

using namespace sm_test;

namespace {

class JanitorTest : public OnServer {};

/// Connection options for a database whose own settings are hostile.
constexpr const char *kWhateverIsSet =
    "-c statement_timeout=0 -c search_path=public -c default_transaction_read_only=off";

constexpr const char *kAddExpired =
    "SELECT sm_add($1, 'q', 'a', created_at => clock_timestamp() - interval '1 day' - "
    "$2::interval)";

/// Sessions "s1" … with an expired interaction each, the first the longest due.
void add_expired(const Database &database, int sessions) {
    Session session = database.connect(kWhateverIsSet);
    session.run("SET session_memory.worker = off");
    session.run("BEGIN");
    for (int i = 1; i <= sessions; ++i)
        session.run(kAddExpired, "s" + std::to_string(i),
                    std::to_string(2 * sessions - i) + " minutes");
    session.run("COMMIT");
}

void refuse_to_change(const Database &database, const std::string &table, const std::string &event,
                      const std::string &session_id) {
    Session session = database.connect();
    session.run(
        "CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        "  IF OLD.session_id = '" +
        session_id +
        "' THEN RAISE EXCEPTION 'planted in %', OLD.session_id; END IF;"
        "  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END; END $$");
    session.run("CREATE TRIGGER planted BEFORE " + event + " ON " + table +
                " FOR EACH ROW EXECUTE FUNCTION planted()");
}

TEST_P(JanitorTest, GoesOnPastASessionWhoseDeleteFails) {
    Database database(GetParam());
    database.set("session_memory.nap_time", "200ms");
    database.set("exit_on_error", "on");
    refuse_to_change(database, "session_memory", "DELETE", "s3");
    add_expired(database, 20);
    EXPECT_TRUE(database.janitor_gets_to([&] { return database.stored() == 1; }));
    EXPECT_EQ(database.stored("s3"), 1);
    Session session = database.connect();
    EXPECT_TRUE(eventually([&] {
        return session.value<std::string>(
                   "SELECT coalesce(worker_last_error, '') FROM sm_stats()") == "planted in s3";
    }));
    EXPECT_TRUE(database.counters_exact());
    // It has not forgotten about the others that come later.
    session.run(kAddExpired, "later", "1 minute");
    EXPECT_TRUE(database.janitor_gets_to([&] { return database.stored("later") == 0; }));
    EXPECT_EQ(database.stored("s3"), 1);
}

TEST_P(JanitorTest, GoesOnPastASessionThatCannotBeChangedAtAll) {
    Database database(GetParam());
    database.set("session_memory.nap_time", "200ms");
    refuse_to_change(database, "sm_session", "UPDATE OR DELETE", "s3");
    add_expired(database, 20);
    EXPECT_TRUE(database.janitor_gets_to([&] { return database.stored() == 1; }));
    EXPECT_EQ(database.stored("s3"), 1);
    EXPECT_TRUE(database.counters_exact());
}

TEST_P(JanitorTest, DoesNotComeBackAtOnceToASessionThatKeepsItsRows) {
    Database database(GetParam());
    database.set("session_memory.nap_time", "200ms");
    Session session = database.connect();
    session.run(
        "CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        "  IF OLD.session_id IN ('s3', 's5') THEN RETURN NULL; END IF; RETURN OLD; END $$");
    session.run(
        "CREATE TRIGGER planted BEFORE DELETE ON session_memory FOR EACH ROW"
        " EXECUTE FUNCTION planted()");
    add_expired(database, 20);
    // One is at its end, too. It stays: without its row nobody would find what it keeps.
    session.run(
        "UPDATE sm_session SET last_activity_at = now() - interval '9 days', prune_at = now()"
        " WHERE session_id = 's5'");
    EXPECT_TRUE(database.janitor_gets_to([&] { return database.stored() == 2; }));
    EXPECT_TRUE(database.janitor_gets_to([&] {
        return session.value<bool>(
            "SELECT count(*) = 2 AND min(prune_at) > now() FROM sm_session"
            " WHERE session_id IN ('s3', 's5')");
    }));
    EXPECT_TRUE(database.counters_exact());
    // Once they may go, they do.
    session.run("DROP TRIGGER planted ON session_memory");
    session.run("UPDATE sm_session SET prune_at = now() WHERE session_id IN ('s3', 's5')");
    EXPECT_TRUE(database.janitor_gets_to([&] { return database.stored() == 0; }));
}

// A counter that somebody has set too high keeps no session.
TEST_P(JanitorTest, RemovesASessionWhateverItsCountersSay) {
    Database database(GetParam());
    database.set("session_memory.nap_time", "200ms");
    add_expired(database, 3);
    Session session = database.connect();
    session.run(
        "UPDATE sm_session SET last_activity_at = now() - interval '9 days', prune_at = now(),"
        " interactions = interactions + 7");
    EXPECT_TRUE(database.janitor_gets_to(
        [&] { return session.value<int>("SELECT count(*) FROM sm_session") == 0; }));
    EXPECT_EQ(database.stored(), 0);
}

TEST_P(JanitorTest, IsNotHeldUpByALockedSession) {
    Database database(GetParam());
    add_expired(database, 20);
    Session holder = database.connect();
    holder.run("BEGIN");
    holder.run("SELECT FROM sm_session WHERE session_id IN ('s1', 's7') FOR UPDATE");
    database.set("session_memory.nap_time", "200ms");
    EXPECT_TRUE(database.janitor_gets_to([&] { return database.stored() == 2; }));
    EXPECT_EQ(database.stored("s1") + database.stored("s7"), 2);
    holder.run("COMMIT");
    EXPECT_TRUE(database.janitor_gets_to([&] { return database.stored() == 0; }));
    EXPECT_EQ(database.connect().value<std::string>(
                  "SELECT coalesce(max(last_error), '') FROM sm_worker_status"),
              "");
}

TEST_P(JanitorTest, CountsExactlyWhileAppendsGoOn) {
    Database database(GetParam());
    database.expire_quickly();
    database.set("session_memory.batch_size", "10");
    std::atomic<std::int64_t> added{0};
    in_parallel(4, [&](int writer) {
        Session session = database.connect();
        const auto end = std::chrono::steady_clock::now() + 1500ms;
        std::int64_t last = 0;
        for (int i = 0; std::chrono::steady_clock::now() < end; ++i) {
            const auto seq = session.value<std::int64_t>(
                "SELECT sm_add('shared', $1, repeat('a', $2))", writer, i % 90);
            EXPECT_GT(seq, std::exchange(last, seq));
            session.run("SELECT sm_append($1, '[{\"n\": 1}, {\"n\": 2}]')",
                        "s" + std::to_string(i % 40));
            added += 3;
        }
    });
    EXPECT_TRUE(database.counters_exact());
    EXPECT_LT(database.stored(), added) << "the janitor never came";
    EXPECT_TRUE(database.janitor_gets_to([&] { return database.stored() == 0; }));
    EXPECT_EQ(
        database.connect().value<int>("SELECT count(*) FROM sm_session WHERE interactions <> 0"),
        0);
    EXPECT_TRUE(database.no_deadlock());
}

TEST_P(JanitorTest, WorksOffASessionFarLongerThanABatch) {
    Database database(GetParam());
    Session session = database.connect();
    session.run("SET session_memory.worker = off");
    session.run(
        "SELECT sm_append('long', (SELECT jsonb_agg(jsonb_build_object('n', n, 'timestamp',"
        " clock_timestamp() - interval '2 days')) FROM generate_series(1, 700) AS n))");
    session.run("SELECT sm_append('long', '[{\"lives\": 1}, {\"lives\": 2}]')");
    database.set("session_memory.nap_time", "200ms");
    database.set("session_memory.batch_size", "30");
    EXPECT_TRUE(database.janitor_gets_to([&] {
        EXPECT_TRUE(database.counters_exact());
        return database.stored() == 2;
    }));
    EXPECT_EQ(session.value<std::string>("SELECT array_agg(seq)::text FROM sm_history('long')"),
              "{702,701}");
    EXPECT_TRUE(eventually(
        [&] { return session.value<int>("SELECT removed_total FROM sm_stats()") == 700; }));
}

TEST_P(JanitorTest, KeepsToTheCap) {
    Database database(GetParam());
    database.set("session_memory.nap_time", "200ms");
    database.set("session_memory.max_interactions", "20");
    Session session = database.connect();
    for (int i = 0; i < 100; ++i) session.run("SELECT sm_add('s', $1, 'a')", i);
    EXPECT_EQ(session.value<int>("SELECT json_array_length(sm_context('s', 1000))"), 20);
    EXPECT_TRUE(database.janitor_gets_to([&] { return database.stored() <= 20 + 20 / 4 + 16; }));
    EXPECT_EQ(session.value<std::string>(
                  "SELECT min(seq) || '-' || max(seq) FROM sm_history('s', page_size => 1000)"),
              "81-100");
    EXPECT_TRUE(database.counters_exact());
}

// --- defaults that change ------------------------------------------------------------------------

TEST_P(JanitorTest, AShorterDefaultReachesWhatIsStored) {
    Database database(GetParam());
    database.set("session_memory.nap_time", "200ms");
    Session session = database.connect();
    for (int i = 0; i < 50; ++i)
        session.run("SELECT sm_add($1, 'q', 'a')", "s" + std::to_string(i));
    session.run("UPDATE sm_session SET ttl = '1 day' WHERE session_id = 's7'");
    EXPECT_TRUE(database.janitor_gets_to([&] { return database.bursts() > 0; }));
    EXPECT_EQ(database.stored(), 50);
    database.set("session_memory.ttl", "100ms");
    EXPECT_TRUE(database.janitor_gets_to([&] { return database.stored() == 1; }));
    EXPECT_EQ(database.stored("s7"), 1);
    EXPECT_TRUE(database.counters_exact());
}

TEST_P(JanitorTest, AShorterDefaultReachesWhatIsStoredBeforeItsFirstBurst) {
    Database database(GetParam());
    database.set("session_memory.worker", "off");
    database.set("session_memory.ttl", "0");
    database.connect().run("SELECT sm_add('s', 'q', 'a')");
    EXPECT_EQ(database.bursts(), 0);
    database.set("session_memory.ttl", "100ms");
    database.set("session_memory.nap_time", "200ms");
    database.set("session_memory.worker", "on");
    EXPECT_TRUE(database.janitor_gets_to([&] { return database.stored() == 0; }));
}

TEST_P(JanitorTest, AShorterDefaultReachesASessionThatWasHeldMeanwhile) {
    Database database(GetParam());
    database.set("session_memory.nap_time", "200ms");
    database.connect().run("SELECT sm_add('held', 'q', 'a')");
    EXPECT_TRUE(database.janitor_gets_to([&] { return database.bursts() > 0; }));
    Session holder = database.connect();
    holder.run("BEGIN");
    holder.run("SELECT FROM sm_session FOR UPDATE");
    database.set("session_memory.ttl", "100ms");
    const auto before = database.bursts();
    EXPECT_TRUE(database.janitor_gets_to([&] { return database.bursts() >= before + 2; }));
    holder.run("COMMIT");
    EXPECT_TRUE(database.janitor_gets_to([&] { return database.stored() == 0; }));
}

TEST_P(JanitorTest, ALongerDefaultSavesWhatIsStored) {
    Database database(GetParam());
    database.set("session_memory.worker", "off");
    database.set("session_memory.ttl", "100ms");
    database.connect().run("SELECT sm_add('s', 'q', 'a')");
    std::this_thread::sleep_for(150ms);
    database.set("session_memory.ttl", "1d");
    database.set("session_memory.nap_time", "200ms");
    database.set("session_memory.worker", "on");
    EXPECT_TRUE(database.janitor_gets_to([&] { return database.bursts() >= 2; }));
    EXPECT_EQ(database.connect().value<int>("SELECT json_array_length(sm_context('s'))"), 1);
}

// --- its conduct ---------------------------------------------------------------------------------

TEST_P(JanitorTest, WhatADatabaseSetsDoesNotChangeHowItWorks) {
    Database database(GetParam());
    database.set("session_memory.nap_time", "200ms");
    database.set("default_transaction_read_only", "on");
    database.set("default_transaction_isolation", "serializable");
    database.set("statement_timeout", "1ms");
    database.set("search_path", "nowhere");
    add_expired(database, 3);
    EXPECT_TRUE(eventually([&] {
        Session caller = database.connect(kWhateverIsSet);
        if (GetParam() == Server::kPlain) caller.run("SELECT sm_context('nobody')");
        return caller.value<int>("SELECT count(*) FROM session_memory") == 0;
    }));
}

TEST_P(JanitorTest, ABurstThatBeginsTooSlowlyGetsOnNevertheless) {
    Database database(GetParam());
    Session session = database.connect(kWhateverIsSet);
    session.run(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " PERFORM pg_catalog.pg_sleep(1.1); RETURN NEW; END $$");
    // Each burst begins with this; a second is all the time that it has.
    session.run(
        "CREATE TRIGGER slow BEFORE INSERT ON sm_worker_status"
        " FOR EACH ROW EXECUTE FUNCTION slow()");
    refuse_to_change(database, "session_memory", "DELETE", "s1");
    add_expired(database, 3);
    database.set("session_memory.nap_time", "200ms");
    EXPECT_TRUE(database.janitor_gets_to([&] { return database.stored() == 1; }));
    EXPECT_EQ(database.stored("s1"), 1);
}

TEST_P(JanitorTest, ItsTransactionsAreShort) {
    Database database(GetParam());
    Session session = database.connect();
    session.run("SET session_memory.worker = off");
    session.run(
        "SELECT sm_append('s' || i, (SELECT jsonb_agg(jsonb_build_object('n', n, 'timestamp',"
        " clock_timestamp() - interval '2 days')) FROM generate_series(1, 50) AS n))"
        " FROM generate_series(1, 400) AS i");
    database.set("session_memory.nap_time", "200ms");
    double longest = 0;
    EXPECT_TRUE(database.janitor_gets_to([&] {
        longest = std::max(
            longest,
            session.value<double>(
                "SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0) FROM "
                "pg_stat_activity"
                " WHERE backend_type = 'session_memory janitor' AND datname = current_database()"));
        return database.stored() == 0;
    }));
    EXPECT_LT(longest, 1.0);
    EXPECT_EQ(session.value<int>("SELECT count(*) FROM sm_session WHERE interactions <> 0"), 0);
}

SM_ON_BOTH_SERVERS(JanitorTest);

}  // namespace
