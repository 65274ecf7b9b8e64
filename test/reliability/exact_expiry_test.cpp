// Expiry is exact while it happens: short lives, many who add and read, and the janitor and others
// pruning all the time. What a read must show, it shows; what it must not, it does not.
#include <atomic>
#include <iostream>
#include <map>
#include <mutex>
#include <set>
#include <sstream>
#include <thread>

#include "length.hpp"
#include "server.hpp"

using namespace sm_test;

namespace {

class ExactExpiryTest : public OnServer {};

/// Microseconds by the server's clock.
using ServerTime = std::int64_t;
constexpr ServerTime kTtl = 300'000;

#define SM_MICROSECONDS(time) "(extract(epoch FROM " time ") * 1000000)::bigint"

/// What has been acknowledged: when each seq was created.
class Acknowledged {
  public:
    void add(std::int64_t seq, ServerTime created) {
        const std::lock_guard lock(mutex_);
        created_[seq] = created;
        while (created_.size() > 5000) created_.erase(created_.begin());
    }
    std::map<std::int64_t, ServerTime> all() const {
        const std::lock_guard lock(mutex_);
        return created_;
    }

  private:
    mutable std::mutex mutex_;
    std::map<std::int64_t, ServerTime> created_;
};

/// Reads once and compares with what had been acknowledged before. What is shown lives by the clock
/// of the statement. Its snapshot is a little younger than that: what expires in between may have
/// been removed already, so what must be shown is what lives even when the statement is over.
void read_and_compare(Session *session, const Acknowledged &acknowledged) {
    const auto before = acknowledged.all();
    const auto rows = session->run(
        "SELECT " SM_MICROSECONDS("statement_timestamp()") ", coalesce(string_agg((e ->> 'seq') ||"
        " ' ' || " SM_MICROSECONDS("(e ->> 'timestamp')::timestamptz") ", ' '), ''), "
        SM_MICROSECONDS("clock_timestamp()")
        " FROM json_array_elements(sm_context('s', 100000)) AS e");
    const auto began = rows[0][0].as<ServerTime>(), ended = rows[0][2].as<ServerTime>();
    std::istringstream text(rows[0][1].as<std::string>());
    std::set<std::int64_t> shown;
    ServerTime created = 0;
    for (std::int64_t seq = 0; text >> seq >> created;) {
        EXPECT_GT(created + kTtl, began) << "expired and yet shown: " << seq;
        shown.insert(seq);
    }
    for (const auto &[seq, at] : before)
        if (at + kTtl > ended) {
            EXPECT_TRUE(shown.contains(seq)) << "hidden or removed early: " << seq << " with "
                                             << at + kTtl - ended << " microseconds to live";
        }
}

TEST_P(ExactExpiryTest, ForEveryReadWhileOthersAddAndPrune) {
    Database database(GetParam());
    database.set("session_memory.ttl", "300ms");
    database.set("session_memory.nap_time", "100ms");
    database.set("session_memory.batch_size", "5");
    Acknowledged acknowledged;
    std::atomic<int> reads{0};
    in_parallel(9, [&](int number) {
        Session session = database.connect(number % 2 ? "-c session_memory.access_path=sql"
                                                      : "-c session_memory.access_path=direct");
        const auto end = std::chrono::steady_clock::now() + length(3s, 60s);
        while (std::chrono::steady_clock::now() < end) {
            if (number == 0) {
                session.run("SELECT sm_prune()");
            } else if (number <= 3) {
                const auto row = session.run(
                    "SELECT sm_add('s', 'q', 'a'), " SM_MICROSECONDS("statement_timestamp()"));
                acknowledged.add(row[0][0].as<std::int64_t>(), row[0][1].as<ServerTime>());
                std::this_thread::sleep_for(1ms);
            } else {
                read_and_compare(&session, acknowledged);
                ++reads;
            }
        }
    });
    EXPECT_TRUE(database.counters_exact());
    EXPECT_TRUE(database.janitor_gets_to([&] { return database.stored() == 0; }));
    std::cout << "figure: " << reads << " reads exact to the microsecond\n";
}

TEST_P(ExactExpiryTest, AlsoInALongTransaction) {
    Database database(GetParam());
    database.expire_quickly();
    for (const char *level : {"READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"}) {
        Session session = database.connect();
        session.run("BEGIN ISOLATION LEVEL " + std::string(level));
        session.run("SELECT sm_add($1, 'q', 'a')", level);
        EXPECT_TRUE(eventually([&] {
            return session.value<bool>(
                "SELECT (json_array_length(sm_context(m.session_id)) = 1)"
                " = (m.created_at + interval '300 ms' > statement_timestamp())"
                " AND m.created_at + interval '300 ms' <= statement_timestamp()"
                " FROM session_memory AS m WHERE m.session_id = $1",
                level);
        })) << level;
        session.run("COMMIT");
    }
}

/// A longer life saves whatever it reaches in time, though pruning goes on all the while.
TEST_P(ExactExpiryTest, ALongerTtlInTimeSaves) {
    Database database(GetParam());
    database.set("session_memory.nap_time", "100ms");
    std::atomic<bool> stop{false};
    std::atomic<int> saved{0}, late{0};
    std::thread pruner([&] {
        Session session = database.connect();
        while (!stop) session.run("SELECT sm_prune()");
    });
    in_parallel(4, [&](int number) {
        Session session = database.connect();
        for (int round = 0; round < length(40, 600); ++round) {
            const std::string id = std::to_string(number) + "/" + std::to_string(round);
            session.run("SELECT sm_create_session($1, ttl => '20 milliseconds')", id);
            session.run("SELECT sm_add($1, 'q', 'a')", id);
            std::this_thread::sleep_for(std::chrono::milliseconds(round % 25));
            // By the clock after the lock was taken.
            bool in_time = false;
            const std::string state = Session::sqlstate_of([&] {
                const auto rows = session.run(
                    "SELECT sm_configure_session($1, ttl => '1 day'), clock_timestamp()"
                    " < m.created_at + interval '20 milliseconds'"
                    " FROM session_memory AS m WHERE m.session_id = $1",
                    id);
                in_time = !rows.empty() && rows[0][1].as<bool>();
            });
            if (!state.empty() || !in_time) {
                ++late;
                continue;
            }
            ++saved;
            session.run("SELECT sm_prune(session_id => $1)", id);
            std::this_thread::sleep_for(20ms);
            session.run("SELECT sm_prune(session_id => $1)", id);
            EXPECT_EQ(session.value<int>("SELECT json_array_length(sm_context($1))", id), 1) << id;
        }
    });
    stop = true;
    pruner.join();
    std::cout << "figure: " << saved << " saved, " << late << " came too late\n";
}

SM_ON_BOTH_SERVERS(ExactExpiryTest);

}  // namespace
