// session_memory.max_size: the least recently active sessions go until the memory is no larger, none
// that is in use, each batch a short transaction.
#include <string>
#include <vector>

#include "server.hpp"

using namespace sm_test;

namespace {

class EvictTest : public OnServer {};

/// Sessions "s01" … with two interactions of about a kilobyte in all each, the first the longest
/// unused: "s01" for so many hours as there are sessions.
void fill(const Database &database, int sessions) {
    Session session = database.connect();
    session.run("SET session_memory.worker = off");
    session.run(
        "SELECT sm_append('s' || to_char(i, 'FM00'), jsonb_build_array("
        " jsonb_build_object('role', 'user', 'content', repeat('q', 400)),"
        " jsonb_build_object('role', 'assistant', 'content', repeat('a', 500 + i))))"
        " FROM generate_series(1, $1::int) AS i",
        sessions);
    session.run(
        "UPDATE sm_session SET last_activity_at = now() - ($1 + 1 - substr(session_id, 2)::int)"
        " * interval '1 hour'",
        sessions);
}

std::string sessions_of(const Database &database) {
    return database.connect().value<std::string>(
        "SELECT coalesce(string_agg(session_id, ' ' ORDER BY session_id), '') FROM sm_session");
}

std::int64_t bytes_of(const Database &database) {
    return database.connect().value<std::int64_t>("SELECT coalesce(sum(bytes), 0) FROM sm_session");
}

/// From now on the janitor evicts.
void limit(const Database &database, std::int64_t bytes) {
    database.set("session_memory.max_size", std::to_string(bytes) + "B");
}

/// So many more bursts, which would have evicted if they could.
::testing::AssertionResult bursts_more(const Database &database, int count) {
    const auto until = database.bursts() + count;
    return database.janitor_gets_to([&] { return database.bursts() >= until; });
}

TEST_P(EvictTest, TheLeastRecentlyActiveGoUntilTheMemoryIsNoLarger) {
    Database database(GetParam());
    database.set("session_memory.nap_time", "200ms");
    fill(database, 20);
    const auto kept = database.connect().value<std::int64_t>(
        "SELECT sum(bytes) FROM sm_session WHERE session_id > 's07'");
    // What is not quite enough for one more.
    limit(database, kept + 500);
    EXPECT_TRUE(database.janitor_gets_to([&] { return bytes_of(database) <= kept + 500; }));
    EXPECT_EQ(sessions_of(database), "s08 s09 s10 s11 s12 s13 s14 s15 s16 s17 s18 s19 s20");
    EXPECT_TRUE(database.counters_exact());
    EXPECT_TRUE(eventually([&] {
        Session session = database.connect();
        const auto stats = session.run(
            "SELECT evicted_total, removed_total, max_size, used_percent FROM sm_stats()");
        return stats[0][0].as<int>() == 7 && stats[0][1].as<int>() == 14 &&
               stats[0][2].as<std::int64_t>() == kept + 500 && stats[0][3].as<double>() <= 100;
    }));
    EXPECT_TRUE(bursts_more(database, 2));
    EXPECT_EQ(bytes_of(database), kept);
}

TEST_P(EvictTest, NoneGoesWithoutALimitOrBelowIt) {
    Database database(GetParam());
    database.set("session_memory.nap_time", "200ms");
    fill(database, 3);
    EXPECT_TRUE(bursts_more(database, 2));
    limit(database, bytes_of(database));
    EXPECT_TRUE(bursts_more(database, 2));
    EXPECT_EQ(sessions_of(database), "s01 s02 s03");
}

TEST_P(EvictTest, NoneInUseGoes) {
    Database database(GetParam());
    database.set("session_memory.nap_time", "200ms");
    fill(database, 12);
    Session session = database.connect();
    session.run("SET session_memory.worker = off");
    // Added to; its user's reads may not be noted yet; held by somebody, who leaves a later time.
    session.run("SELECT sm_add('s01', 'q', 'a')");
    session.run("UPDATE sm_session SET idle_timeout = '320 hours' WHERE session_id = 's05'");
    Session holder = database.connect();
    holder.run("BEGIN");
    holder.run("SELECT sm_touch('s02')");
    limit(database, 1024);
    EXPECT_TRUE(database.janitor_gets_to([&] { return sessions_of(database) == "s01 s02 s05"; }));
    EXPECT_TRUE(bursts_more(database, 2));
    holder.run("COMMIT");
    EXPECT_TRUE(bursts_more(database, 2));
    EXPECT_EQ(sessions_of(database), "s01 s02 s05");
    EXPECT_EQ(session.value<std::string>("SELECT sm_health()->>'status'"), "degraded");
    // Unused for long enough, it is no exception.
    session.run(
        "UPDATE sm_session SET last_activity_at = now() - interval '21 hours' WHERE session_id = "
        "'s05'");
    EXPECT_TRUE(database.janitor_gets_to([&] { return sessions_of(database) == "s01 s02"; }));
}

TEST_P(EvictTest, WhatCountsIsSeenUnderTheLock) {
    // While the first is being evicted the second, on the list already, is used.
    Database database(GetParam());
    database.set("session_memory.nap_time", "200ms");
    database.set("session_memory.batch_size", "2");
    fill(database, 3);
    database.connect().run(
        "CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        "  UPDATE public.sm_session SET last_activity_at = clock_timestamp()"
        "  WHERE session_id = 's02';"
        "  RETURN OLD; END $$");
    database.connect().run(
        "CREATE TRIGGER planted BEFORE DELETE ON session_memory FOR EACH ROW"
        " WHEN (OLD.session_id = 's01') EXECUTE FUNCTION planted()");
    limit(database, 1024);
    EXPECT_TRUE(database.janitor_gets_to([&] { return sessions_of(database) == "s02"; }));
    EXPECT_TRUE(bursts_more(database, 2));
    EXPECT_EQ(database.stored("s02"), 2);
}

TEST_P(EvictTest, GoesOnPastASessionThatCannotBeRemoved) {
    Database database(GetParam());
    database.set("session_memory.nap_time", "200ms");
    fill(database, 12);
    database.connect().run(
        "CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        "  RAISE EXCEPTION 'planted in %', OLD.session_id; END $$");
    database.connect().run(
        "CREATE TRIGGER planted BEFORE DELETE ON session_memory FOR EACH ROW"
        " WHEN (OLD.session_id = 's03') EXECUTE FUNCTION planted()");
    limit(database, 1024);
    EXPECT_TRUE(database.janitor_gets_to([&] { return sessions_of(database) == "s03"; }));
    EXPECT_TRUE(eventually([&] {
        return database.connect().value<std::string>(
                   "SELECT coalesce(worker_last_error, '') FROM sm_stats()") == "planted in s03";
    }));
    EXPECT_TRUE(database.counters_exact());
}

TEST_P(EvictTest, ALongSessionGoesPartByPart) {
    Database database(GetParam());
    database.set("session_memory.nap_time", "200ms");
    database.set("session_memory.batch_size", "30");
    Session session = database.connect();
    session.run("SET session_memory.worker = off");
    session.run(
        "SELECT sm_append('long', (SELECT jsonb_agg(jsonb_build_object('n', n, 'text',"
        " repeat('x', 100))) FROM generate_series(1, 700) AS n))");
    session.run("SELECT sm_add('other', 'q', 'a')");
    session.run(
        "UPDATE sm_session SET last_activity_at = now() - interval '1 hour' WHERE session_id = "
        "'long'");
    limit(database, 10 * 1024);
    EXPECT_TRUE(database.janitor_gets_to([&] {
        EXPECT_TRUE(database.counters_exact());
        return bytes_of(database) <= 10 * 1024;
    }));
    // The oldest part went first.
    EXPECT_EQ(session.value<std::int64_t>(
                  "SELECT max(seq) - min(seq) + 1 - count(*) FROM session_memory WHERE session_id "
                  "= 'long' AND seq <= 700"),
              0);
    EXPECT_EQ(session.value<int>("SELECT max(seq) FROM session_memory WHERE session_id = 'long'"),
              700);
    limit(database, 20);
    EXPECT_TRUE(database.janitor_gets_to([&] { return sessions_of(database) == "other"; }));
}

// --- what a transaction may remove ---------------------------------------------------------------

TEST_P(EvictTest, ABatchIsBoundedByBytesToo) {
    Database database(GetParam());
    database.set("session_memory.nap_time", "200ms");
    database.set("jit", "on");
    Session session = database.connect();
    session.run("SET session_memory.worker = off");
    session.run("CREATE TABLE witness (session_id text, transaction xid8, jit text)");
    session.run(
        "CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        "  INSERT INTO public.witness VALUES (OLD.session_id, pg_current_xact_id(),"
        "                                     current_setting('jit'));"
        "  RETURN OLD; END $$");
    session.run(
        "CREATE TRIGGER planted BEFORE DELETE ON session_memory FOR EACH ROW EXECUTE FUNCTION "
        "planted()");
    // Interactions of a megabyte: many in sessions of their own, many in one.
    session.run(
        "SELECT sm_append(CASE WHEN n <= 40 THEN 'small' || n ELSE 'large' END,"
        " jsonb_build_object('text', repeat('x', 1000000), 'timestamp',"
        " clock_timestamp() - interval '2 days')) FROM generate_series(1, 80) AS n");
    EXPECT_TRUE(database.janitor_gets_to([&] { return database.stored() == 0; }));
    const auto most = session.value<int>(
        "SELECT max(count) FROM (SELECT count(*) FROM witness GROUP BY transaction) AS t");
    EXPECT_LE(most, 9);
    EXPECT_EQ(session.value<int>("SELECT count(*) FROM witness"), 80);
    EXPECT_EQ(session.value<std::string>("SELECT string_agg(DISTINCT jit, ' ') FROM witness"),
              "off");
}

SM_ON_BOTH_SERVERS(EvictTest);

}  // namespace
