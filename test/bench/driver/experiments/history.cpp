// Cost against the length of the history, at one connection.
//
// Sessions of 10, 100, … interactions lie in the same table. Operations come in bursts of 100 on
// one session, for every length alike, so that a short session stays short (10 becomes 110 at
// most) while the effect of many adds in a row on one session is the same for all.
#include <algorithm>

#include "bench.hpp"
#include "peers/peers.hpp"

namespace bench {
namespace {

constexpr std::uint64_t kBurst = 100;
constexpr std::uint64_t kShortest = 10;
constexpr std::uint64_t kMostRows = 100'000;  // of one length

struct Series {  // one peer over all lengths
    std::string name;
    std::unique_ptr<Peer> peer;
    std::uint64_t longest;
};

struct Variant {  // one peer at one length
    std::string name;
    std::uint64_t length;
    SessionSet set;
    Peer *peer;
};

std::vector<Series> all_series(const Bench &bench, const Place &place) {
    const Scale &scale = *bench.scale;
    std::vector<Series> all;
    if (bench.ours) {
        all.push_back({"session_memory", make_peer("session_memory", place), scale.longest});
    }
    all.push_back({"redis list", make_peer("redis list, uncapped", place), scale.longest});
    all.push_back({"openai sql", make_peer("openai sql", place), scale.longest});
    all.push_back({"one array", make_peer("one array, uncapped", place), 1000});
    all.push_back({"langchain", make_peer("langchain", place), scale.slow_limit});
    return all;
}

// Enough sessions that each gets one burst of adds only, but no more than 100,000 interactions.
std::uint64_t sessions_for(const Bench &bench, std::uint64_t length) {
    auto adds = bench.scale->operations * static_cast<std::uint64_t>(bench.scale->rounds + 1);
    return std::max<std::uint64_t>(1, std::min(adds / kBurst + 1, kMostRows / length));
}

std::vector<Variant> load(const Bench &bench, std::vector<Series> &all) {
    std::vector<Variant> variants;
    for (Series &series : all) {
        series.peer->create();
        std::uint32_t group = 10;
        for (std::uint64_t length = kShortest; length <= series.longest; ++group) {
            SessionSet set{
                .group = group, .count = sessions_for(bench, length), .active = 0, .burst = kBurst};
            series.peer->load(set, length);
            variants.push_back({series.name, length, set, series.peer.get()});
            throw_if_interrupted();
            if (length == series.longest) break;
            length = std::min(length * 10, series.longest);
        }
        series.peer->settle();
    }
    Postgres(bench.postgres + " dbname=postgres").execute("CHECKPOINT");
    return variants;
}

using Opener = std::vector<std::unique_ptr<Client>> (*)(Peer &, const SessionSet &, int);

// The medians go to the report; our longest against our shortest is the target.
void vary(const Bench &bench, const std::vector<Variant> &variants, const char *experiment,
          std::string_view row, Opener open) {
    std::vector<Lane> lanes;
    for (const Variant &variant : variants) {
        lanes.push_back({variant.name, open(*variant.peer, variant.set, 1)});
    }
    std::vector<LaneResult> results =
        interleave(lanes, 1, bench.scale->rounds,
                   {.seconds = 2 * bench.scale->seconds, .operations = bench.scale->operations});
    const LaneResult *shortest = nullptr;
    const LaneResult *longest = nullptr;
    for (std::size_t n = 0; n < variants.size(); ++n) {
        bench.report->rate(experiment, 1, std::to_string(variants[n].length), results[n]);
        if (variants[n].name != "session_memory") continue;
        if (shortest == nullptr) shortest = &results[n];
        longest = &results[n];
    }
    if (longest == nullptr) return;
    bench.report->reach(row, 1, ratio_of(shortest->rates, longest->rates),
                        "longest history " + std::to_string(bench.scale->longest));
}

}  // namespace

void vary_history(const Bench &bench) {
    Database database(bench, "bench_history");
    std::vector<Series> all = all_series(bench, database.place(false));
    std::vector<Variant> variants = load(bench, all);
    vary(bench, variants, "context by history", "cost of context, long history / 10", open_readers);
    vary(bench, variants, "add by history", "cost of add, long history / 10", open_adders);
}

}  // namespace bench
