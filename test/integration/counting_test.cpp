// What leaves is counted exactly once, however many end, clear, prune and take back at the same
// time; popular entries of the knowledge base make nobody wait, and nobody runs into a deadlock.
#include <atomic>
#include <string>

#include "server.hpp"

using namespace sm_test;

namespace {

class CountingTest : public OnServer {};

constexpr int kConnections = 16;
constexpr const char *kInteraction =
    R"({"query": "q", "metadata": {"confidence": 1, "sources": ["popular", {"id": "other"}]}})";

void fill(const Database &database, int sessions, int each) {
    database.connect().run(
        "SELECT sm_append('s' || s, (SELECT jsonb_agg($1::jsonb) FROM generate_series(1, $2)),"
        " 'u' || s % 3) FROM generate_series(1, $3) AS s",
        kInteraction, each, sessions);
}

TEST_P(CountingTest, SixteenConnectionsEndTheSameSessions) {
    constexpr int kSessions = 40, kEach = 5;
    Database database(GetParam());
    fill(database, kSessions, kEach);
    std::atomic<int> reports = 0;
    in_parallel(kConnections, [&](int) {
        Session session = database.connect();
        for (int i = 1; i <= kSessions; ++i)
            reports += session.value<int>("SELECT (sm_end_session($1)->>'interactions')::int",
                                          "s" + std::to_string(i)) == kEach;
    });
    EXPECT_EQ(reports, kConnections * kSessions);
    Session session = database.connect();
    EXPECT_EQ(session.value<int>("SELECT sum(interactions) FROM sm_activity"), kSessions * kEach);
    EXPECT_EQ(session.value<int>("SELECT sum(confidence_sum) FROM sm_activity"), kSessions * kEach);
    EXPECT_EQ(session.value<int>("SELECT uses FROM sm_kb_usage() WHERE entry_id = 'popular'"),
              kSessions * kEach);
    EXPECT_EQ(session.value<int>("SELECT sessions FROM sm_kb_usage() WHERE entry_id = 'other'"),
              kSessions);
    EXPECT_TRUE(database.no_deadlock());
}

// Each interaction ends as taken back, or counted, or stored and open.
TEST_P(CountingTest, EveryWayOutAtTheSameTime) {
    constexpr int kSessions = 12, kRounds = 60;
    Database database(GetParam());
    std::atomic<int> added = 0, taken = 0;
    in_parallel(kConnections, [&](int worker) {
        Session session = database.connect();
        for (int i = 0; i < kRounds; ++i) {
            const std::string id = "s" + std::to_string((worker + i) % kSessions);
            const auto refused = [&](const std::string &state) {
                EXPECT_TRUE(state.empty() || state == "55000") << state;
                return !state.empty();
            };
            if (!refused(
                    session.sqlstate("SELECT sm_append($1, $2::jsonb, 'ann')", id, kInteraction)))
                ++added;
            switch ((worker * 7 + i) % 6) {
                case 0:
                    refused(session.sqlstate("SELECT sm_end_session($1)", id));
                    break;
                case 1:
                    refused(session.sqlstate("SELECT sm_clear($1)", id));
                    break;
                case 2:
                    (void)refused(Session::sqlstate_of([&] {
                        taken += session.value<int>("SELECT jsonb_array_length(sm_pop($1))", id);
                    }));
                    break;
                case 3:
                    refused(session.sqlstate("SELECT sm_prune('1 microsecond')"));
                    break;
                default:
                    break;
            }
        }
    });
    Session session = database.connect();
    const int left = added - taken;
    EXPECT_GT(taken.load(), 0);
    EXPECT_EQ(session.value<int>("SELECT sm_user_activity('ann')->>'interactions'"), left);
    EXPECT_EQ(session.value<int>("SELECT uses FROM sm_kb_usage() WHERE entry_id = 'popular'"),
              left);
    session.run("SELECT sm_clear(session_id) FROM sm_session");
    EXPECT_EQ(session.value<int>("SELECT sum(interactions) FROM sm_activity"), left);
    EXPECT_EQ(session.value<int>("SELECT sum(uses) FROM sm_kb_use WHERE entry_id = 'other'"), left);
    EXPECT_TRUE(database.no_deadlock());
}

// The janitor counts what expires in sessions that nobody ended.
TEST_P(CountingTest, TheJanitorCountsToo) {
    Database database(GetParam());
    database.expire_quickly();
    fill(database, 30, 4);
    ASSERT_TRUE(database.janitor_gets_to([&] { return database.stored() == 0; }));
    Session session = database.connect();
    EXPECT_EQ(session.value<int>("SELECT sum(interactions) FROM sm_activity"), 120);
    EXPECT_EQ(session.value<int>("SELECT uses FROM sm_kb_usage() WHERE entry_id = 'popular'"), 120);
}

SM_ON_BOTH_SERVERS(CountingTest);

}  // namespace
