// Many connections add to and read from sessions that they share, on both ways of reading, in
// transactions and without; what each of them saw goes through the checker.
#include <algorithm>
#include <atomic>
#include <iterator>
#include <random>
#include <sstream>

#include "history.hpp"
#include "length.hpp"
#include "server.hpp"

using namespace sm_test;

namespace {

class OrderTest : public OnServer {};

constexpr int kConnections = 16;
constexpr int kSessionsAtATime = 4;
constexpr int kCallsPerSession = 400;

Instant now() {
    return std::chrono::steady_clock::now().time_since_epoch().count();
}

/// Which calls there are, and which values.
struct Shared {
    const std::int64_t calls;
    std::atomic<std::int64_t> next_call{0};
    std::atomic<std::int64_t> next_value{1};
};

/// One client's part of the history. Each call goes to one of the few sessions that all clients are
/// at just then.
class Client {
  public:
    Client(const Database &database, Shared *shared, int number)
        : session_(database.connect(number % 2 ? "-c session_memory.access_path=sql"
                                               : "-c session_memory.access_path=direct")),
          shared_(shared),
          random_(static_cast<unsigned>(number) + 1) {}

    History work() {
        for (;;) {
            const std::int64_t call = shared_->next_call++;
            if (call >= shared_->calls) return std::move(history_);
            list_ = "s" +
                    std::to_string(call / (kSessionsAtATime * kCallsPerSession) * kSessionsAtATime +
                                   any(kSessionsAtATime));
            switch (any(10)) {
                case 0:
                    transaction();
                    break;
                case 1:
                case 2:
                case 3:
                case 4:
                    read({});
                    break;
                default:
                    append();
            }
        }
    }

  private:
    int any(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

    Entry add(std::int64_t value) {
        if (any(2))
            return {session_.value<std::int64_t>("SELECT sm_add($1, $2, 'a')", list_, value),
                    value};
        return {session_.value<std::int64_t>(
                    "SELECT sm_append($1, jsonb_build_object('query', $2::text))", list_, value),
                value};
    }

    void append() {
        Append append{list_, {}, now(), 0, Outcome::kCommitted};
        append.entries.push_back(add(shared_->next_value++));
        append.returned = now();
        history_.appends.push_back(std::move(append));
    }

    void read(const std::vector<std::int64_t> &own) {
        static constexpr const char *kReads[] = {
            "SELECT coalesce(string_agg((e ->> 'seq') || ' ' || (e ->> 'query'), ' ' ORDER BY n), "
            "'')"
            " FROM json_array_elements(sm_context($1, 100000)) WITH ORDINALITY AS c (e, n)",
            "SELECT coalesce(string_agg(h.seq || ' ' || (h.interaction ->> 'query'), ' ' ORDER BY "
            "h.seq), '') FROM sm_history($1, page_size => 1000) AS h",
        };
        Read read{list_, {}, own, now(), 0};
        std::istringstream text(session_.value<std::string>(kReads[any(8) == 0], list_));
        read.returned = now();
        for (Entry entry{}; text >> entry.seq >> entry.value;) read.entries.push_back(entry);
        history_.reads.push_back(std::move(read));
    }

    /// Some appends, perhaps some of them undone, a look at them, and an end of one kind or the
    /// other.
    void transaction() {
        Append stays{list_, {}, now(), 0, Outcome::kCommitted};
        Append undone{list_, {}, stays.invoked, 0, Outcome::kAborted};
        std::vector<std::int64_t> own;
        session_.run("BEGIN");
        for (int i = any(3); i >= 0; --i) {
            stays.entries.push_back(add(shared_->next_value++));
            own.push_back(stays.entries.back().value);
        }
        if (any(3) == 0) {
            session_.run("SAVEPOINT p");
            undone.entries.push_back(add(shared_->next_value++));
            session_.run("ROLLBACK TO p");
        }
        if (any(2)) read(own);
        switch (any(4)) {
            case 0:
                session_.run("ROLLBACK");
                stays.outcome = Outcome::kAborted;
                break;
            case 1:  // an error rolls back too
                EXPECT_EQ(session_.sqlstate("SELECT sm_append($1, '17')", list_), "22023");
                session_.run("COMMIT");
                stays.outcome = Outcome::kAborted;
                break;
            default:
                session_.run("COMMIT");
        }
        stays.returned = undone.returned = now();
        history_.appends.push_back(std::move(stays));
        history_.appends.push_back(std::move(undone));
    }

    Session session_;
    Shared *shared_;
    std::minstd_rand random_;
    std::string list_;
    History history_;
};

template <typename Item>
void move_to(std::vector<Item> *all, std::vector<Item> *some) {
    all->insert(all->end(), std::make_move_iterator(some->begin()),
                std::make_move_iterator(some->end()));
}

TEST_P(OrderTest, EveryReadIsABeginningOfTheFinalOrder) {
    Database database(GetParam());
    Shared shared{length(8'000, 160'000)};
    std::vector<History> seen(kConnections);
    in_parallel(kConnections,
                [&](int number) { seen[number] = Client(database, &shared, number).work(); });

    History history;
    for (History &of_one : seen) {
        move_to(&history.appends, &of_one.appends);
        move_to(&history.reads, &of_one.reads);
    }
    for (const auto &row : database.connect().run(
             "SELECT session_id, seq, interaction ->> 'query' FROM session_memory ORDER BY 1, 2"))
        history.final_order[row[0].c_str()].push_back(
            {row[1].as<std::int64_t>(), row[2].as<std::int64_t>()});

    const std::vector<Anomaly> found = anomalies(history);
    for (size_t i = 0; i < std::min<size_t>(found.size(), 10); ++i)
        ADD_FAILURE() << name_of(found[i].kind) << ": " << found[i].what;
    EXPECT_EQ(found.size(), 0u);
    size_t committed = 0;
    for (const Append &append : history.appends)
        committed += append.outcome == Outcome::kCommitted ? append.entries.size() : 0;
    EXPECT_EQ(database.stored(), static_cast<std::int64_t>(committed));
    EXPECT_TRUE(database.gapless());
    EXPECT_TRUE(database.counters_exact());
    EXPECT_TRUE(database.no_deadlock());
    std::cout << "figure: " << kConnections << " connections, " << history.appends.size()
              << " transactions, " << history.reads.size() << " reads, "
              << history.final_order.size() << " sessions: " << found.size() << " anomalies\n";
}

INSTANTIATE_TEST_SUITE_P(Servers, OrderTest, ::testing::Values(Server::kPlain),
                         [](const auto &info) { return std::string(name_of(info.param)); });

}  // namespace
