// How fast expired interactions go, and whether anybody feels it.
//
// The janitor is the background worker, started on demand as on an unmodified postgresql.conf: it
// is switched off while the expired interactions are loaded, then switched on, and it is done when
// the session rows count none of them. Where no worker comes, SELECT sm_prune() stands in for it;
// the note of each row says which it was. sm_prune() alone is shown in any case.
//
// The foreground is one connection that adds and one that reads contexts, each at a steady 500 a
// second: a server that is not saturated, as one wants it in service. A call that had to wait
// because the one before it was late counts its waiting time.
#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <stdexcept>
#include <thread>

#include "bench.hpp"
#include "peers/peers.hpp"

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kHistory = 40;
constexpr std::uint32_t kLiveGroup = 50;
constexpr std::uint32_t kExpiredGroup = 51;
constexpr double kCallsPerSecond = 500;
constexpr double kLongestWait = 300;  // seconds
constexpr const char *kSettings = "ALTER DATABASE bench_janitor SET session_memory.";

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

class Janitor {
  public:
    explicit Janitor(const Database &database) : database_(database) {
        Postgres postgres(database.conninfo(false));
        postgres.execute(std::string(kSettings) + "nap_time = '100ms'");
        load(1);
        by_worker_ = run_worker(10);
        if (!by_worker_) run_prune();
    }

    const char *how() const { return by_worker_ ? "background worker" : "SELECT sm_prune()"; }

    // Loads about `rows` expired interactions into new sessions, with the worker off.
    void load(std::uint64_t rows) {
        switch_worker(false);
        std::uint64_t sessions = std::max<std::uint64_t>(rows / kHistory, 1);
        load_expired(database_.place(false), {.group = group_++, .count = sessions}, kHistory);
        Postgres postgres(database_.conninfo(false));
        loaded_ = sessions * kHistory;
        if (interactions(postgres) < loaded_) {
            throw std::runtime_error("expired interactions went before the janitor was let loose");
        }
        postgres.execute("CHECKPOINT");
    }

    // Removes all of them; how many in how many seconds.
    double rows_per_second() {
        Clock::time_point start = Clock::now();
        if (!by_worker_)
            run_prune();
        else if (!run_worker(kLongestWait))
            throw std::runtime_error("the janitor did not finish");
        return static_cast<double>(loaded_) / seconds_since(start);
    }

    double prune_rows_per_second() {
        Clock::time_point start = Clock::now();
        run_prune();
        return static_cast<double>(loaded_) / seconds_since(start);
    }

  private:
    // What the expired sessions still hold. Their user tells them from those of the foreground.
    static std::uint64_t interactions(Postgres &postgres) {
        return postgres.number(
            "SELECT coalesce(sum(interactions), 0) FROM sm_session WHERE user_id = 'expired'");
    }

    void switch_worker(bool on) {
        Postgres(database_.conninfo(false))
            .execute(std::string(kSettings) + (on ? "worker = on" : "worker = off"));
    }

    void run_prune() { Postgres(database_.conninfo(false)).execute("SELECT sm_prune()"); }

    // Calls come in as they would in service, because on demand they start the worker.
    bool run_worker(double most_seconds) {
        switch_worker(true);
        Postgres postgres(database_.conninfo(false));
        Clock::time_point start = Clock::now();
        while (seconds_since(start) < most_seconds) {
            postgres.execute("SELECT sm_context('nobody', 1)");
            if (interactions(postgres) == 0) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
            throw_if_interrupted();
        }
        return false;
    }

    const Database &database_;
    std::uint64_t loaded_ = 0;
    std::uint32_t group_ = kExpiredGroup;
    bool by_worker_ = false;
};

// Calls at a steady pace until `stop`; the latencies in nanoseconds.
std::vector<std::uint32_t> call_steadily(Client &client, const std::atomic<bool> &stop) {
    auto interval = std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double>(1 / kCallsPerSecond));
    std::vector<std::uint32_t> latencies;
    Clock::time_point done = Clock::now();
    for (Clock::time_point due = done; !stop && !interrupted; due += interval) {
        bool late = done > due;
        if (!late) std::this_thread::sleep_until(due);
        Clock::time_point start = late ? due : Clock::now();
        client.operate();
        done = Clock::now();
        latencies.push_back(
            static_cast<std::uint32_t>(std::min<std::int64_t>((done - start).count(), UINT32_MAX)));
    }
    return latencies;
}

struct Latency {
    double add;
    double context;
};

// The p99 of both kinds of call while `work` goes on, in microseconds.
Latency foreground(Client &adder, Client &reader, const std::function<void()> &work) {
    std::atomic<bool> stop{false};
    std::vector<std::uint32_t> adds;
    std::vector<std::uint32_t> contexts;
    std::exception_ptr failures[3];
    auto guarded = [](std::exception_ptr &failure, auto &&body) {
        try {
            body();
        } catch (...) {
            failure = std::current_exception();
        }
    };
    {
        std::jthread adding(
            [&] { guarded(failures[0], [&] { adds = call_steadily(adder, stop); }); });
        std::jthread reading(
            [&] { guarded(failures[1], [&] { contexts = call_steadily(reader, stop); }); });
        guarded(failures[2], work);
        stop = true;
    }
    throw_if_interrupted();
    for (const std::exception_ptr &failure : failures) {
        if (failure) std::rethrow_exception(failure);
    }
    return {quantile(adds, 0.99) / 1000, quantile(contexts, 0.99) / 1000};
}

void measure_foreground(const Bench &bench, Janitor &janitor, Client &adder, Client &reader) {
    std::vector<double> rest_add, rest_context, work_add, work_context;
    double rest_seconds = std::max(1.0, 5 * bench.scale->seconds);
    for (int round = 0; round < bench.scale->janitor_rounds; ++round) {
        janitor.load(bench.scale->expired);
        Latency rest = foreground(adder, reader, [&] {
            std::this_thread::sleep_for(std::chrono::duration<double>(rest_seconds));
        });
        Latency work = foreground(adder, reader, [&] { janitor.rows_per_second(); });
        rest_add.push_back(rest.add);
        rest_context.push_back(rest.context);
        work_add.push_back(work.add);
        work_context.push_back(work.context);
    }
    const char *experiment = "foreground p99";
    bench.report->info(experiment, "add, janitor at rest", "", spread_of(rest_add), "us");
    bench.report->info(experiment, "add, janitor at work", "", spread_of(work_add), "us");
    bench.report->info(experiment, "context, janitor at rest", "", spread_of(rest_context), "us");
    bench.report->info(experiment, "context, janitor at work", "", spread_of(work_context), "us");
    std::string note = std::to_string(bench.scale->expired) + " rows, " + janitor.how();
    bench.report->reach("p99 of add, janitor at work / at rest", 2, ratio_of(work_add, rest_add),
                        note);
    bench.report->reach("p99 of context, janitor at work / at rest", 2,
                        ratio_of(work_context, rest_context), note);
}

}  // namespace

void measure_janitor(const Bench &bench) {
    if (!bench.ours) return;
    Database database(bench, "bench_janitor");
    std::unique_ptr<Peer> peer = make_peer("session_memory", database.place(false));
    SessionSet live{.group = kLiveGroup, .count = bench.scale->sessions};
    peer->create();
    peer->load(live, kHistory);
    peer->settle();

    Janitor janitor(database);
    std::vector<double> rates;
    for (int round = 0; round < bench.scale->janitor_rounds; ++round) {
        janitor.load(bench.scale->expired);
        rates.push_back(janitor.rows_per_second());
        bench.report->info("janitor", "round", std::to_string(round + 1), exactly(rates.back()),
                           "rows/s", janitor.how());
    }
    bench.report->reach("janitor alone", 1, spread_of(rates),
                        std::to_string(bench.scale->expired) + " rows, " + janitor.how());

    janitor.load(bench.scale->expired);
    bench.report->info("janitor", "SELECT sm_prune(), alone", "",
                       exactly(janitor.prune_rows_per_second()), "rows/s");

    std::unique_ptr<Client> adder = peer->adder(live, 0);
    std::unique_ptr<Client> reader = peer->reader(live, 1);
    measure_foreground(bench, janitor, *adder, *reader);
}

}  // namespace bench
