// Cost against the size of the table, at one connection: two databases, one with 10 thousand rows
// and one with very many, in interleaved rounds.
//
// As many sessions are active in the large table as the small one has, spread over the whole of
// it: what the target asks is whether the table's size costs anything. What a cold cache costs is
// another question; it is shown beside it, with every session of the large table active.
#include "bench.hpp"
#include "peers/peers.hpp"

namespace bench {
namespace {

constexpr std::uint64_t kHistory = 40;
constexpr std::uint64_t kSmallTable = 10'000;
constexpr std::uint32_t kGroup = 40;

using Opener = std::vector<std::unique_ptr<Client>> (*)(Peer &, const SessionSet &, int);

void vary(const Bench &bench, Peer &small, Peer &large, const char *experiment,
          std::string_view row, Opener open) {
    std::uint64_t rows = bench.scale->large_table;
    SessionSet few{.group = kGroup, .count = kSmallTable / kHistory};
    SessionSet active{.group = kGroup, .count = rows / kHistory, .active = few.count};
    SessionSet many{.group = kGroup, .count = rows / kHistory};
    std::vector<Lane> lanes;
    lanes.push_back({"small table", open(small, few, 1)});
    lanes.push_back({"large table, 250 sessions active", open(large, active, 1)});
    lanes.push_back({"large table, all sessions active", open(large, many, 1)});
    std::vector<LaneResult> results =
        interleave(lanes, 1, bench.scale->rounds,
                   {.seconds = 5 * bench.scale->seconds, .operations = bench.scale->operations});
    bench.report->rate(experiment, 1, std::to_string(kSmallTable), results[0]);
    bench.report->rate(experiment, 1, std::to_string(rows), results[1]);
    bench.report->rate(experiment, 1, std::to_string(rows), results[2]);
    bench.report->reach(row, 1, ratio_of(results[0].rates, results[1].rates),
                        std::to_string(rows) + " rows");
    bench.report->info(experiment, "cost with all sessions active / small table",
                       std::to_string(rows), ratio_of(results[0].rates, results[2].rates), "x");
}

}  // namespace

void vary_table(const Bench &bench) {
    if (!bench.ours) return;
    Database small_database(bench, "bench_small");
    Database large_database(bench, "bench_large");
    std::unique_ptr<Peer> small = make_peer("session_memory", small_database.place(false));
    std::unique_ptr<Peer> large = make_peer("session_memory", large_database.place(false));
    for (auto [peer, rows] :
         {std::pair{small.get(), kSmallTable}, std::pair{large.get(), bench.scale->large_table}}) {
        peer->create();
        peer->load({.group = kGroup, .count = rows / kHistory}, kHistory);
        peer->settle();
        throw_if_interrupted();
    }
    Postgres(bench.postgres + " dbname=postgres").execute("CHECKPOINT");
    vary(bench, *small, *large, "context by table size",
         "cost of context, large table / 10 thousand rows", open_readers);
    vary(bench, *small, *large, "add by table size", "cost of add, large table / 10 thousand rows",
         open_adders);
}

}  // namespace bench
