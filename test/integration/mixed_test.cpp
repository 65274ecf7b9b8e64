// Everything at once for a while: adding, reading, taking back, clearing, pruning, changing limits,
// rolling back, with lives so short that the janitor is at work all the time. At the end the
// counters are exact, and nobody has met an error that the documentation does not name.
#include <array>
#include <atomic>
#include <random>
#include <thread>

#include "server.hpp"

using namespace sm_test;

namespace {

class MixedTest : public OnServer {};

constexpr int kConnections = 10;

// $1 session, $2 a number.
constexpr std::array kCalls = {
    "SELECT sm_add($1, 'q', repeat('a', $2::int), user_id => 'u')",
    "SELECT sm_add($1, 'q', 'a', idempotency_key => ($2::int % 7)::text)",
    "SELECT sm_add($1, 'q', 'old', created_at => clock_timestamp() - make_interval(secs => $2::int "
    "/ 100.0))",
    "SELECT sm_add_message($1, 'user', repeat('long ', 10 * $2::int))",
    "SELECT sm_append($1, (SELECT jsonb_agg(jsonb_build_object('n', n)) FROM generate_series(0, "
    "$2::int) AS n))",
    "SELECT sm_context($1, $2::int)",
    "SELECT sm_pop($1, $2::int % 5)",
    "SELECT sm_clear($1) WHERE $2::int % 5 = 0",
    "SELECT sm_prune(session_id => $1) WHERE $2::int >= 0",
    "SELECT sm_prune(older_than => make_interval(secs => 0.01 + $2::int / 50.0)) WHERE $1 <> ''",
    "SELECT sm_prune() WHERE $1 <> '' AND $2::int >= 0",
    "UPDATE sm_session SET ttl = make_interval(secs => 0.05 + $2::int / 100.0) WHERE session_id = "
    "$1",
    "UPDATE sm_session SET max_interactions = 5 + $2::int WHERE session_id = $1",
    "SELECT count(*) FROM sm_history($1) WHERE $2::int >= 0",
};

void work_for(const Database &database, Milliseconds time, int seed) {
    std::minstd_rand random(static_cast<unsigned>(seed) + 1);
    const auto any = [&](int below) {
        return static_cast<int>(random() % static_cast<unsigned>(below));
    };
    Session session = database.connect();
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end) {
        // A transaction keeps to one session: the order in which it would take several is its own
        // matter.
        const std::string id = "s" + std::to_string(any(6));
        const bool transaction = any(4) == 0;
        if (transaction) session.run("BEGIN");
        for (int calls = transaction ? any(4) : 1; calls > 0; --calls) {
            const char *call = kCalls[any(kCalls.size())];
            // Prunings of all sessions take more than one.
            if (transaction && std::string(call).find("$1 <> ''") != std::string::npos) continue;
            EXPECT_EQ(session.sqlstate(call, id, any(60)), "") << call;
        }
        if (transaction) session.run(any(3) == 0 ? "ROLLBACK" : "COMMIT");
    }
}

TEST_P(MixedTest, CountersAreExactWhateverHappened) {
    Database database(GetParam());
    database.set("session_memory.nap_time", "200ms");
    database.set("session_memory.ttl", "400ms");
    database.set("session_memory.batch_size", "20");
    in_parallel(kConnections, [&](int worker) { work_for(database, 2s, worker); });
    EXPECT_TRUE(database.counters_exact());
    EXPECT_TRUE(database.janitor_gets_to([&] { return database.bursts() >= 2; }));
    EXPECT_TRUE(database.counters_exact());
    EXPECT_TRUE(database.no_deadlock());
    EXPECT_EQ(database.connect().value<std::string>(
                  "SELECT coalesce(max(last_error), '') FROM sm_worker_status"),
              "");
}

TEST_P(MixedTest, NothingIsRemovedEarly) {
    // What lives long stays, whatever else is pruned around it and in the same sessions.
    constexpr int kEach = 150;
    Database database(GetParam());
    database.set("session_memory.nap_time", "200ms");
    database.set("session_memory.batch_size", "7");
    std::atomic<bool> stop{false};
    std::thread pruner([&] {
        Session session = database.connect();
        while (!stop) {
            session.run("SELECT sm_prune()");
            session.run("SELECT sm_prune(session_id => 's1')");
        }
    });
    in_parallel(4, [&](int writer) {
        Session session = database.connect();
        for (int i = 0; i < kEach; ++i) {
            const std::string id = "s" + std::to_string(i % 3);
            session.run(
                "SELECT sm_append($1, jsonb_build_object('lives', true, 'writer', $2::int))", id,
                writer);
            session.run(
                "SELECT sm_append($1, jsonb_build_object('lives', false, 'timestamp',"
                " clock_timestamp() - interval '1 day' - interval '1 minute'))",
                id);
        }
    });
    stop = true;
    pruner.join();
    EXPECT_EQ(database.connect().value<int>(
                  "SELECT count(*) FROM session_memory WHERE (interaction -> 'lives')::boolean"),
              4 * kEach);
    EXPECT_TRUE(database.janitor_gets_to([&] { return database.stored() == 4 * kEach; }));
    EXPECT_TRUE(database.counters_exact());
    EXPECT_TRUE(database.no_deadlock());
}

SM_ON_BOTH_SERVERS(MixedTest);

}  // namespace
