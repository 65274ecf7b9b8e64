// Space comes back: memory that is filled and expires again and again grows no more after a while.
#include <iostream>

#include "length.hpp"
#include "server.hpp"

using namespace sm_test;

namespace {

class SpaceTest : public OnServer {};

constexpr int kCycles = 10;
constexpr int kThird = 3;
constexpr double kGrowth = 1.5;

/// New sessions of 20 interactions each, in 5 appends; then two days go by.
void fill(Session *session, int cycle, int sessions) {
    for (int part = 0; part < 5; ++part)
        session->run(
            "SELECT sm_append('cycle ' || $1::int || ' session ' || i, (SELECT jsonb_agg("
            "jsonb_build_object('query', md5(random()::text), 'answer', repeat(md5(n::text), 10),"
            " 'timestamp', clock_timestamp() - interval '2 days') ORDER BY n)"
            " FROM generate_series(1, 4) AS n))"
            " FROM generate_series(1, $2::int) AS i",
            cycle, sessions);
    session->run(
        "UPDATE sm_session SET last_activity_at = last_activity_at - interval '2 days',"
        " prune_at = clock_timestamp()");
}

std::int64_t size_of_all(Session *session) {
    return session->value<std::int64_t>(
        "SELECT sum(pg_total_relation_size(t)) FROM unnest(ARRAY['session_memory', 'sm_session',"
        " 'sm_session_data']::regclass[]) AS t");
}

/// Vacuumed by hand: what is measured is what the extension leaves, not when autovacuum comes.
TEST_P(SpaceTest, OfTheLastCycleIsThatOfTheThird) {
    Database database(GetParam());
    database.set("session_memory.worker", "off");
    Session session = database.connect();
    for (const char *table : {"session_memory", "sm_session", "sm_session_data"})
        session.run("ALTER TABLE " + std::string(table) + " SET (autovacuum_enabled = off)");
    const int sessions = length(100, 2000);
    std::int64_t third = 0, last = 0;
    for (int cycle = 1; cycle <= kCycles; ++cycle) {
        fill(&session, cycle, sessions);
        last = size_of_all(&session);
        if (cycle == kThird) third = last;
        EXPECT_EQ(session.value<int>("SELECT sm_prune()"), 20 * sessions);
        EXPECT_EQ(session.value<int>("SELECT count(*) FROM sm_session"), 0);
        session.run("VACUUM session_memory, sm_session, sm_session_data");
    }
    EXPECT_LE(static_cast<double>(last), kGrowth * static_cast<double>(third));
    std::cout << "figure: after cycle " << kCycles << " of " << 20 * sessions << " interactions "
              << last / 1024 << " kB, after the third " << third / 1024
              << " kB: " << static_cast<double>(last) / static_cast<double>(third) << "\n";
}

/// With nobody but the janitor and autovacuum, as it is in life. It waits for the rounds of
/// autovacuum, so it is for the long run.
TEST_P(SpaceTest, WithoutAHand) {
    if (!at_length()) GTEST_SKIP() << "waits for autovacuum; SM_LONG=1 runs it";
    Database database(GetParam());
    Session admin = administrator(GetParam());
    admin.run("ALTER SYSTEM SET autovacuum_naptime = '1s'");
    admin.run("SELECT pg_reload_conf()");
    database.set("session_memory.nap_time", "200ms");
    Session session = database.connect();
    std::int64_t third = 0, last = 0;
    for (int cycle = 1; cycle <= kCycles; ++cycle) {
        session.run("BEGIN");  // for the janitor to come when all is there
        fill(&session, cycle, 1000);
        last = size_of_all(&session);
        session.run("COMMIT");
        if (cycle == kThird) third = last;
        EXPECT_TRUE(database.janitor_gets_to([&] { return database.stored() == 0; }));
        EXPECT_TRUE(eventually(
            [&] {
                return session.value<bool>(
                    "SELECT bool_and(n_dead_tup < 2000) FROM pg_stat_user_tables"
                    " WHERE relname IN ('session_memory', 'sm_session')");
            },
            120s))
            << "autovacuum does not come";
    }
    admin.run("ALTER SYSTEM RESET autovacuum_naptime");
    admin.run("SELECT pg_reload_conf()");
    EXPECT_LE(static_cast<double>(last), kGrowth * static_cast<double>(third));
    std::cout << "figure: with autovacuum, after cycle " << kCycles << " " << last / 1024
              << " kB, after the third " << third / 1024 << " kB\n";
}

INSTANTIATE_TEST_SUITE_P(Servers, SpaceTest, ::testing::Values(Server::kPreloaded),
                         [](const auto &info) { return std::string(name_of(info.param)); });

}  // namespace
