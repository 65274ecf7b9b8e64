// Bytes on disk, with all indexes, for each byte of raw JSON; and whether space comes back.
//
// Raw JSON is the text {"query":…,"answer":…} without blanks. The sessions grow side by side, one
// exchange here and one there, as in service: that leaves indexes less full than loading session
// by session would. Sizes are taken after one VACUUM, which autovacuum would do as well.
#include <chrono>
#include <cstdlib>
#include <thread>

#include "bench.hpp"
#include "peers/peers.hpp"

namespace bench {
namespace {

constexpr std::uint64_t kHistory = 40;
constexpr std::uint32_t kGroup = 70;
constexpr int kCycles = 10;

// The mean size of an exchange's JSON over the whole corpus.
double raw_json_bytes(const Bench &bench) {
    ExchangeSource source(*bench.corpus);
    std::string all;
    for (std::size_t n = 0; n < bench.corpus->size(); ++n) {
        source.advance();
        source.append_exchange(all);
    }
    return static_cast<double>(all.size()) / static_cast<double>(bench.corpus->size());
}

// Which table or index the bytes are in, each against `whole` bytes.
void report_relations(const Bench &bench, const Database &database, const char *experiment,
                      double whole, const char *unit) {
    Postgres postgres(database.conninfo(false));
    Result rows = postgres.execute(
        "SELECT c.relname || CASE c.relkind WHEN 'r' THEN ' (rows)' WHEN 't' THEN ' (TOAST)' "
        "ELSE '' END, pg_relation_size(c.oid) FROM pg_class c "
        "WHERE c.relnamespace IN ('public'::regnamespace, 'pg_toast'::regnamespace) "
        "AND c.oid >= 16384 AND c.relkind IN ('r', 't', 'i') "
        "AND pg_relation_size(c.oid) > 65536 ORDER BY 2 DESC");
    for (int row = 0; row < PQntuples(rows.get()); ++row) {
        double size = std::strtod(PQgetvalue(rows.get(), row, 1), nullptr);
        bench.report->info(experiment, PQgetvalue(rows.get(), row, 0), "", exactly(size / whole),
                           unit);
    }
}

// Adds `rows` exchanges to randomly chosen sessions over two connections.
void add_side_by_side(Peer &peer, const SessionSet &set, std::uint64_t rows) {
    std::vector<Lane> lanes;
    lanes.push_back({"add", open_adders(peer, set, 2)});
    // The round that warms up does the whole of the work.
    interleave(lanes, 2, 0, {.seconds = 3600, .operations = rows / 2});
}

void measure_peer(const Bench &bench, const std::string &name, bool side_by_side) {
    Database database(bench, "bench_disk");
    std::unique_ptr<Peer> peer = make_peer(name, database.place(false));
    std::uint64_t rows = bench.scale->disk_rows;
    SessionSet set{.group = kGroup, .count = rows / kHistory};
    peer->create();
    std::uint64_t before = peer->bytes();
    if (side_by_side) {
        add_side_by_side(*peer, set, rows);
    } else {
        peer->load(set, kHistory);
    }
    std::uint64_t after_load = peer->bytes();
    peer->settle();
    double raw = raw_json_bytes(bench) * static_cast<double>(set.count * kHistory);
    double bytes = static_cast<double>(peer->bytes() - (name == "redis list" ? before : 0));
    const char *unit = name == "redis list" ? "memory / raw" : "disk / raw";
    bench.report->info("space", name, std::to_string(rows), exactly(bytes / raw), unit);
    if (name != "session_memory") return;
    bench.report->info("space", "session_memory, before VACUUM", std::to_string(rows),
                       exactly(static_cast<double>(after_load) / raw), unit);
    report_relations(bench, database, "space by relation", raw, unit);
    bench.report->reach("bytes on disk / bytes of raw JSON", 2, exactly(bytes / raw),
                        std::to_string(rows) + " exchanges of " +
                            std::to_string(static_cast<int>(raw_json_bytes(bench))) + " bytes");
}

// Adds a batch to new sessions, lets it expire, and again. The size with the eleventh batch in
// place is compared with the size that the first batch had.
void measure_cycles(const Bench &bench) {
    Database database(bench, "bench_cycles");
    std::unique_ptr<Peer> peer = make_peer("session_memory", database.place(false));
    peer->create();
    Postgres postgres(database.conninfo(false));
    std::uint64_t sessions = bench.scale->cycle_rows / kHistory;
    double live = 0;
    for (std::uint32_t cycle = 0; cycle <= kCycles; ++cycle) {
        SessionSet set{.group = kGroup + 1 + cycle, .count = sessions};
        add_side_by_side(*peer, set, sessions * kHistory);
        postgres.execute("VACUUM");
        auto size = static_cast<double>(peer->bytes());
        if (cycle == 0) live = size;
        if (cycle == 0 || cycle == kCycles) {
            report_relations(bench, database,
                             cycle == 0 ? "first cycle, by relation" : "last cycle, by relation",
                             live, "x live size");
        }
        bench.report->info("size by cycle", "session_memory", std::to_string(cycle),
                           exactly(size / live), "x live size");
        if (cycle == kCycles) {
            bench.report->reach("size after 10 cycles of add and expire / live size", 2,
                                exactly(size / live),
                                std::to_string(bench.scale->cycle_rows) +
                                    " rows a cycle, explicit VACUUM after each");
            break;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        postgres.execute("SELECT sm_prune(older_than => interval '10 milliseconds')");
        postgres.execute("VACUUM");
        throw_if_interrupted();
    }
}

}  // namespace

void measure_disk(const Bench &bench) {
    if (bench.ours) {
        measure_peer(bench, "session_memory", true);
        measure_cycles(bench);
    }
    measure_peer(bench, "openai sql", true);
    measure_peer(bench, "langchain", true);
    // These keep no more than 40 entries a session, so they are loaded with exactly as many.
    measure_peer(bench, "one array", false);
    measure_peer(bench, "redis list", false);
}

}  // namespace bench
