// How fast expired interactions go, and whether anybody feels it.
//
// The janitor is the background worker, started on demand as on an unmodified postgresql.conf: it
// is switched off while the expired interactions are loaded, then switched on, and it is done when
// its status row says that it has removed as many. Where no worker comes, SELECT sm_prune() stands in for it;
// the note of each row says which it was. sm_prune() alone is shown in any case.
//
// The foreground is one connection that adds and one that reads contexts, each at a steady 500 a
// second: a server that is not saturated, as one wants it in service. A call that had to wait
// because the one before it was late counts its waiting time.
//
// On a machine of few cores any busy process makes the slowest calls slower. So the same is
// measured beside a process that knows no database: it computes, and writes as many bytes of a log
// a second as PostgreSQL did while the janitor worked, for as long.
#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <stdexcept>
#include <thread>

#include "bench.hpp"
#include "busy.hpp"
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
        double rate = static_cast<double>(loaded_) / seconds_since(start);
        Postgres postgres(database_.conninfo(false));
        if (interactions(postgres) != 0) throw std::runtime_error("the janitor miscounts");
        return rate;
    }

    double prune_rows_per_second() {
        Clock::time_point start = Clock::now();
        run_prune();
        return static_cast<double>(loaded_) / seconds_since(start);
    }

  private:
    // The janitor's own count; reading one row does not keep a core from anybody.
    static std::uint64_t removed(Postgres &postgres) {
        return postgres.number("SELECT coalesce((SELECT removed_total FROM sm_worker_status), 0)");
    }

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
        Postgres watcher(database_.conninfo(false));
        std::uint64_t goal = removed(watcher) + loaded_;
        switch_worker(true);
        Postgres postgres(database_.conninfo(false));
        Clock::time_point start = Clock::now();
        while (seconds_since(start) < most_seconds) {
            postgres.execute("SELECT sm_context('nobody', 1)");
            if (removed(postgres) >= goal) return true;
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

// How much log the server writes while `body` runs, and how long that takes.
struct LogRate {
    double seconds = 0;
    double bytes_per_second = 0;
};

LogRate log_of(Postgres &postgres, const std::function<void()> &body) {
    auto position = [&] {
        return static_cast<double>(
            postgres.number("SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint"));
    };
    double before = position();
    Clock::time_point start = Clock::now();
    body();
    double seconds = seconds_since(start);
    return {seconds, (position() - before) / seconds};
}

// Round by round: at rest, while the janitor works, and beside a busy process without a database.
struct Rounds {
    std::vector<double> add, context;

    void note(const Latency &latency) {
        add.push_back(latency.add);
        context.push_back(latency.context);
    }
};

void report_foreground(const Bench &bench, const Janitor &janitor, const Rounds &rest,
                       const Rounds &work, const Rounds &busy, double log_bytes_per_second) {
    Report &report = *bench.report;
    const char *experiment = "foreground p99";
    report.info(experiment, "add, janitor at rest", "", spread_of(rest.add), "us");
    report.info(experiment, "add, janitor at work", "", spread_of(work.add), "us");
    report.info(experiment, "add, another busy process", "", spread_of(busy.add), "us");
    report.info(experiment, "context, janitor at rest", "", spread_of(rest.context), "us");
    report.info(experiment, "context, janitor at work", "", spread_of(work.context), "us");
    report.info(experiment, "context, another busy process", "", spread_of(busy.context), "us");
    std::string note = std::to_string(bench.scale->expired) + " rows, " + janitor.how();
    std::string busy_note = "computing, and writing " +
                            std::to_string(static_cast<int>(log_bytes_per_second / 1e6)) +
                            " MB of log a second, as the janitor's work does";
    report.reach("p99 of add, janitor at work / at rest", 2, ratio_of(work.add, rest.add), note);
    report.bound("p99 of add, another busy process / none", 2, ratio_of(busy.add, rest.add),
                 busy_note);
    report.reach("p99 of context, janitor at work / at rest", 2,
                 ratio_of(work.context, rest.context), note);
    report.bound("p99 of context, another busy process / none", 2,
                 ratio_of(busy.context, rest.context), busy_note);
}

void measure_foreground(const Bench &bench, Janitor &janitor, Postgres &postgres, Client &adder,
                        Client &reader) {
    Rounds rest, work, busy;
    std::vector<double> log_rates;
    double rest_seconds = std::max(1.0, 5 * bench.scale->seconds);
    for (int round = 0; round < bench.scale->janitor_rounds; ++round) {
        janitor.load(bench.scale->expired);
        LogRate at_rest, at_work;
        rest.note(foreground(adder, reader, [&] {
            at_rest = log_of(postgres, [&] {
                std::this_thread::sleep_for(std::chrono::duration<double>(rest_seconds));
            });
        }));
        work.note(foreground(adder, reader, [&] {
            at_work = log_of(postgres, [&] { janitor.rows_per_second(); });
        }));
        log_rates.push_back(std::max(0.0, at_work.bytes_per_second - at_rest.bytes_per_second));
        busy.note(foreground(adder, reader, [&] { keep_busy(at_work.seconds, log_rates.back()); }));
    }
    report_foreground(bench, janitor, rest, work, busy, spread_of(log_rates).median);
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
    Postgres postgres(database.conninfo(false));
    measure_foreground(bench, janitor, postgres, *adder, *reader);
}

}  // namespace bench
