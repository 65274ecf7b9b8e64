// What an old snapshot costs: adds and contexts on one session, taking turns, while another
// transaction idles in REPEATABLE READ; against the same without it.
//
// While the snapshot is held nothing that was updated since can be removed, so the versions of the
// session's row pile up; a curve of the cost over the adds shows how it grows.
#include <chrono>

#include "bench.hpp"
#include "peers/peers.hpp"

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kParts = 10;
constexpr double kLongestLeg = 300;  // seconds

struct Leg {
    double add = 0;  // seconds in all
    double context = 0;
    std::uint64_t turns = 0;
    std::vector<double> add_us;  // mean of each part
    std::vector<double> context_us;
};

Leg run_leg(Client &adder, Client &reader, std::uint64_t turns) {
    Leg leg;
    Clock::time_point begin = Clock::now();
    for (std::uint64_t part = 0; part < kParts; ++part) {
        double add = 0;
        double context = 0;
        for (std::uint64_t n = 0; n < turns / kParts; ++n) {
            Clock::time_point start = Clock::now();
            adder.operate();
            Clock::time_point middle = Clock::now();
            reader.operate();
            Clock::time_point end = Clock::now();
            add += std::chrono::duration<double>(middle - start).count();
            context += std::chrono::duration<double>(end - middle).count();
            ++leg.turns;
            throw_if_interrupted();
            if (std::chrono::duration<double>(end - begin).count() > kLongestLeg) {
                throw std::runtime_error("a run under an old snapshot took more than 300 seconds");
            }
        }
        leg.add += add;
        leg.context += context;
        leg.add_us.push_back(add / static_cast<double>(turns / kParts) * 1e6);
        leg.context_us.push_back(context / static_cast<double>(turns / kParts) * 1e6);
    }
    return leg;
}

struct Totals {
    std::vector<double> add;
    std::vector<double> context;
};

void report_curve(const Bench &bench, const char *name, const Leg &leg) {
    for (std::uint64_t part = 0; part < kParts; ++part) {
        std::string x = std::to_string((part + 1) * bench.scale->snapshot_adds / kParts);
        bench.report->info("cost by adds", std::string("add, ") + name, x,
                           exactly(leg.add_us[part]), "us");
        bench.report->info("cost by adds", std::string("context, ") + name, x,
                           exactly(leg.context_us[part]), "us");
    }
}

}  // namespace

void hold_snapshot(const Bench &bench) {
    if (!bench.ours) return;
    Database database(bench, "bench_snapshot");
    std::unique_ptr<Peer> peer = make_peer("session_memory", database.place(false));
    peer->create();
    peer->load({.group = 60, .count = bench.scale->sessions}, 10);
    peer->settle();

    Totals without, with;
    std::uint32_t group = 61;
    for (int round = 0; round < bench.scale->snapshot_rounds; ++round) {
        for (bool held : {false, true}) {
            SessionSet set{.group = group++, .count = 1};
            std::unique_ptr<Client> adder = peer->adder(set, 0);
            std::unique_ptr<Client> reader = peer->reader(set, 0);
            adder->operate();
            Postgres holder(database.conninfo(false));
            if (held) {
                holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ");
                holder.execute("SELECT count(*) FROM sm_session");
            }
            Leg leg = run_leg(*adder, *reader, bench.scale->snapshot_adds);
            Totals &totals = held ? with : without;
            totals.add.push_back(leg.add);
            totals.context.push_back(leg.context);
            if (round == 0) report_curve(bench, held ? "old snapshot" : "no snapshot", leg);
        }
    }
    std::string note = std::to_string(bench.scale->snapshot_adds) + " adds";
    bench.report->reach("adds under an old snapshot / without", 1, ratio_of(with.add, without.add),
                        note);
    bench.report->reach("contexts under an old snapshot / without", 1,
                        ratio_of(with.context, without.context), note);
}

}  // namespace bench
