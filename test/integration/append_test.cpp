// Many connections appending at once: seq is 1, 2, 3 … in every session, nothing is lost or stored
// twice, the counters are exact, and nobody runs into a deadlock.
#include <atomic>
#include <map>
#include <utility>
#include <vector>

#include "server.hpp"

using namespace sm_test;

namespace {

class AppendTest : public OnServer {};

struct Acknowledged {
    std::string session_id;
    std::int64_t seq;
    std::string query;
};

TEST_P(AppendTest, SixteenConnectionsEightSessions) {
    constexpr int kConnections = 16, kSessions = 8, kEach = 300;
    Database database(GetParam());
    std::vector<std::vector<Acknowledged>> acknowledged(kConnections);
    in_parallel(kConnections, [&](int writer) {
        Session session = database.connect();
        for (int i = 0; i < kEach; ++i) {
            const std::string id = "s" + std::to_string((writer + i) % kSessions);
            const std::string query = std::to_string(writer) + "/" + std::to_string(i);
            const auto seq = session.value<std::int64_t>(
                "SELECT sm_add($1, $2, repeat('so it is. ', $3))", id, query, i % 20);
            acknowledged[writer].push_back({id, seq, query});
        }
    });

    std::map<std::pair<std::string, std::int64_t>, std::string> stored;
    for (const auto &row : database.connect().run(
             "SELECT session_id, seq, interaction ->> 'query' FROM session_memory"))
        stored[{row[0].c_str(), row[1].as<std::int64_t>()}] = row[2].c_str();
    EXPECT_EQ(stored.size(), static_cast<size_t>(kConnections * kEach));
    for (const auto &writer : acknowledged) {
        std::map<std::string, std::int64_t> last;
        for (const auto &[id, seq, query] : writer) {
            EXPECT_GT(seq, std::exchange(last[id], seq)) << id;
            const auto found = stored.find({id, seq});
            ASSERT_NE(found, stored.end()) << id << " " << seq;
            EXPECT_EQ(found->second, query);
        }
    }
    EXPECT_TRUE(database.gapless());
    EXPECT_TRUE(database.counters_exact());
    EXPECT_TRUE(database.no_deadlock());
}

TEST_P(AppendTest, AbortedTransactionsLeaveNoGap) {
    constexpr int kConnections = 8, kEach = 90;
    Database database(GetParam());
    in_parallel(kConnections, [&](int writer) {
        Session session = database.connect();
        for (int i = 0; i < kEach; ++i) {
            const std::string id = "s" + std::to_string(i % 3);
            session.run("BEGIN");
            session.run("SELECT sm_add($1, $2, 'a', user_id => 'u')", id, writer);
            switch ((writer + i) % 3) {
                case 0:
                    session.run("ROLLBACK");
                    break;
                case 1:  // by an error of ours
                    EXPECT_EQ(
                        session.sqlstate("SELECT sm_add($1, 'q', 'a', user_id => 'other')", id),
                        "22023");
                    session.run("COMMIT");
                    break;
                default:
                    session.run("SAVEPOINT p");
                    session.run("SELECT sm_append($1, '[{}, {}]')", id);
                    session.run("ROLLBACK TO p");
                    session.run("COMMIT");
            }
        }
    });
    EXPECT_EQ(database.stored(), kConnections * kEach / 3);
    EXPECT_TRUE(database.gapless());
    EXPECT_TRUE(database.counters_exact());
    EXPECT_TRUE(database.no_deadlock());
}

TEST_P(AppendTest, SameIdempotencyKeysEverywhere) {
    constexpr int kConnections = 16, kKeys = 60;
    Database database(GetParam());
    std::vector<std::vector<std::int64_t>> seqs(kConnections);
    in_parallel(kConnections, [&](int mine) {
        Session session = database.connect();
        for (int key = 0; key < kKeys; ++key)
            seqs[mine].push_back(session.value<std::int64_t>(
                "SELECT sm_add($1, $2, 'a', idempotency_key => $3)", "s" + std::to_string(key % 4),
                mine, "key " + std::to_string(key)));
    });
    for (const auto &of_one : seqs) EXPECT_EQ(of_one, seqs[0]);
    EXPECT_EQ(database.stored(), kKeys);
    EXPECT_TRUE(database.gapless());
    EXPECT_TRUE(database.counters_exact());
    EXPECT_TRUE(database.no_deadlock());
}

TEST_P(AppendTest, ArraysAreAllOrNothingAndContiguous) {
    constexpr int kConnections = 8, kEach = 40, kSize = 25;
    Database database(GetParam());
    in_parallel(kConnections, [&](int writer) {
        Session session = database.connect();
        for (int i = 0; i < kEach; ++i) {
            const std::string batch = std::to_string(writer) + "/" + std::to_string(i);
            const bool bad = i % 4 == 0;
            EXPECT_EQ(session.sqlstate(
                          "SELECT sm_append($1, (SELECT jsonb_agg(CASE WHEN $4 AND n = $3 THEN '17'"
                          " ELSE jsonb_build_object('batch', $2::text, 'n', n) END ORDER BY n)"
                          " FROM generate_series(1, $3::int) AS n))",
                          "s" + std::to_string(i % 2), batch, kSize, bad),
                      bad ? "22023" : "");
        }
    });
    const auto batches = database.connect().run(
        "SELECT interaction ->> 'batch' AS batch, count(*), max(seq) - min(seq) + 1 AS length,"
        " bool_and((interaction ->> 'n')::int = seq - first + 1) AS ordered"
        " FROM (SELECT *, min(seq) OVER (PARTITION BY interaction ->> 'batch') AS first FROM "
        "session_memory) AS m"
        " GROUP BY 1");
    EXPECT_EQ(batches.size(), kConnections * kEach * 3 / 4);
    for (const auto &batch : batches) {
        EXPECT_EQ(batch["count"].as<int>(), kSize) << batch["batch"].c_str();
        EXPECT_EQ(batch["length"].as<int>(), kSize) << batch["batch"].c_str();
        EXPECT_TRUE(batch["ordered"].as<bool>()) << batch["batch"].c_str();
    }
    EXPECT_TRUE(database.gapless());
    EXPECT_TRUE(database.counters_exact());
    EXPECT_TRUE(database.no_deadlock());
}

TEST_P(AppendTest, ManyFirstAppendsAtOnce) {
    constexpr int kConnections = 16, kSessions = 60;
    Database database(GetParam());
    in_parallel(kConnections, [&](int) {
        Session session = database.connect();
        for (int i = 0; i < kSessions; ++i)
            session.run("SELECT sm_add($1, 'q', 'a', user_id => 'u')", "s" + std::to_string(i));
    });
    EXPECT_EQ(database.stored(), kConnections * kSessions);
    EXPECT_TRUE(database.gapless());
    EXPECT_TRUE(database.counters_exact());
    EXPECT_TRUE(database.no_deadlock());
}

TEST_P(AppendTest, StricterIsolationLevelsOnlyEverFailWith40001) {
    constexpr int kConnections = 6, kEach = 40;
    Database database(GetParam());
    std::atomic<int> acknowledged{0};
    in_parallel(kConnections, [&](int writer) {
        Session session = database.connect();
        session.run(std::string("SET default_transaction_isolation = ") +
                    (writer % 2 ? "'serializable'" : "'repeatable read'"));
        for (int i = 0; i < kEach; ++i) {
            for (;;) {
                const std::string state =
                    session.sqlstate("SELECT sm_add($1, $2, 'a', idempotency_key => $3)",
                                     "s" + std::to_string(i % 3), writer,
                                     i % 2 ? std::to_string(writer) + "/" + std::to_string(i)
                                           : "k" + std::to_string(i));
                if (state == "40001") continue;
                ASSERT_EQ(state, "");
                ++acknowledged;
                break;
            }
        }
    });
    EXPECT_EQ(acknowledged, kConnections * kEach);
    EXPECT_EQ(database.stored(), kConnections * kEach / 2 + kEach / 2);
    EXPECT_TRUE(database.gapless());
    EXPECT_TRUE(database.counters_exact());
    EXPECT_TRUE(database.no_deadlock());
}

SM_ON_BOTH_SERVERS(AppendTest);

}  // namespace
