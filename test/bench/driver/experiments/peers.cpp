// Ours and the peers side by side: contexts and adds, at 1, 2 and 8 connections, with commits that
// wait for the disk and with commits that do not.
//
// Every peer holds the same sessions. *Durability off* is synchronous_commit = off against AOF
// everysec: both lose at most about a second. *On* is synchronous_commit = on against AOF always.
#include <map>
#include <stdexcept>

#include "bench.hpp"
#include "peers/peers.hpp"

namespace bench {
namespace {

constexpr int kConnections[] = {1, 2, 8};
constexpr int kMostConnections = 8;
constexpr std::uint32_t kGroup = 1;
constexpr double kContent = 5.0 * (kQuestionLength + kAnswerLength);

using Results = std::map<std::string, LaneResult>;

struct Contestant {
    std::string name;
    std::unique_ptr<Peer> peer;
};

std::vector<Contestant> contestants(const Bench &bench, const Place &place) {
    std::vector<Contestant> all;
    for (std::string_view name : {"session_memory", "redis list", "redis session", "openai sql",
                                  "one array", "langchain", "bare statement"}) {
        if (name == "session_memory" && !bench.ours) continue;
        all.push_back({std::string(name), make_peer(name, place)});
    }
    return all;
}

void load_all(const Bench &bench, std::vector<Contestant> &all, const SessionSet &set) {
    for (Contestant &one : all) {
        one.peer->create();
        one.peer->load(set, bench.scale->history);
        one.peer->settle();
        throw_if_interrupted();
    }
    Postgres(bench.postgres + " dbname=postgres").execute("CHECKPOINT");
}

Results run_lanes(const Bench &bench, const char *experiment, std::vector<Lane> &lanes,
                  int connections) {
    Results results;
    for (LaneResult &result :
         interleave(lanes, connections, bench.scale->rounds, {.seconds = bench.scale->seconds})) {
        bench.report->rate(experiment, connections, "", result);
        results[result.name] = std::move(result);
    }
    return results;
}

void reach(const Bench &bench, std::string_view row, int connections, const Results &results,
           const char *peer) {
    if (!bench.ours) return;
    bench.report->reach(row, connections,
                        ratio_of(results.at("session_memory").rates, results.at(peer).rates));
}

// What PostgreSQL's round trip alone leaves to be reached.
void bound(const Bench &bench, std::string_view row, int connections, const Results &results,
           const char *peer) {
    bench.report->bound(row, connections,
                        ratio_of(results.at("bare statement").rates, results.at(peer).rates));
}

void compare_contexts(const Bench &bench, std::vector<Contestant> &all, const SessionSet &set) {
    std::vector<Lane> lanes;
    for (Contestant &one : all) {
        lanes.push_back({one.name, open_readers(*one.peer, set, kMostConnections)});
    }
    for (int connections : kConnections) {
        Results results = run_lanes(bench, "context", lanes, connections);
        for (const auto &[name, result] : results) {
            if (result.bytes_per_operation < kContent) {
                throw std::runtime_error(name + " returned less than five exchanges");
            }
        }
        reach(bench, "sm_context(5) / Redis LRANGE", connections, results, "redis list");
        bound(bench, "bare SELECT of a constant / Redis LRANGE", connections, results,
              "redis list");
        reach(bench, "sm_context(5) / OpenAI SDK's SQL", connections, results, "openai sql");
        reach(bench, "sm_context(5) / one-array table", connections, results, "one array");
    }
}

// Every acknowledged add is there, for the peers that keep them all.
void require_all_stored(Contestant &one, std::uint64_t before, std::uint64_t operations) {
    std::optional<std::uint64_t> after = one.peer->stored();
    if (after && *after != before + operations) {
        throw std::runtime_error(one.name + " holds " + std::to_string(*after) +
                                 " exchanges instead of " + std::to_string(before + operations));
    }
}

void compare_adds(const Bench &bench, std::vector<Contestant> &all, const SessionSet &set,
                  bool durable) {
    std::vector<Lane> lanes;
    std::map<std::string, std::uint64_t> before;
    std::map<std::string, std::uint64_t> operations;
    for (Contestant &one : all) {
        lanes.push_back({one.name, open_adders(*one.peer, set, kMostConnections)});
        before[one.name] = one.peer->stored().value_or(0);
    }
    for (int connections : kConnections) {
        Results results = run_lanes(bench, durable ? "add, durability on" : "add, durability off",
                                    lanes, connections);
        for (const auto &[name, result] : results) operations[name] += result.operations;
        if (durable) {
            reach(bench, "sm_add / Redis RPUSH, durability on", connections, results, "redis list");
            bound(bench, "bare INSERT / Redis RPUSH, durability on", connections, results,
                  "redis list");
            reach(bench, "sm_add / RedisSession sequence, durability on", connections, results,
                  "redis session");
            bound(bench, "bare INSERT / RedisSession sequence, durability on", connections, results,
                  "redis session");
        } else {
            reach(bench, "sm_add / Redis RPUSH, durability off", connections, results,
                  "redis list");
            bound(bench, "bare INSERT / Redis RPUSH, durability off", connections, results,
                  "redis list");
            reach(bench, "sm_add / RedisSession sequence, durability off", connections, results,
                  "redis session");
            bound(bench, "bare INSERT / RedisSession sequence, durability off", connections,
                  results, "redis session");
            reach(bench, "sm_add / one-array table of 40", connections, results, "one array");
            reach(bench, "sm_add / OpenAI SDK's SQL", connections, results, "openai sql");
        }
    }
    for (Contestant &one : all) require_all_stored(one, before[one.name], operations[one.name]);
}

}  // namespace

void compare_peers(const Bench &bench) {
    SessionSet set{.group = kGroup, .count = bench.scale->sessions};
    {
        Database database(bench, "bench_off");
        std::vector<Contestant> all = contestants(bench, database.place(false));
        load_all(bench, all, set);
        compare_contexts(bench, all, set);
        compare_adds(bench, all, set, false);
    }
    Database database(bench, "bench_on");
    std::vector<Contestant> all = contestants(bench, database.place(true));
    load_all(bench, all, set);
    compare_adds(bench, all, set, true);
}

}  // namespace bench
