// What every experiment works with: the servers, the size of the run, the report.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "client.hpp"
#include "postgres.hpp"
#include "report.hpp"
#include "runner.hpp"

namespace bench {

// How large a run is. `quick` shows that everything works; its numbers are no result.
struct Scale {
    std::string_view name;
    int rounds;                 // of the comparisons of peers
    double seconds;             // a round
    std::uint64_t sessions;     // in the comparison of peers
    std::uint64_t history;      // exchanges in each of them
    std::uint64_t operations;   // a round, where rounds are counted: history, table
    std::uint64_t longest;      // the longest history
    std::uint64_t slow_limit;   // the longest history of peers whose cost grows with it
    std::uint64_t large_table;  // rows
    std::uint64_t expired;      // rows that the janitor removes
    int janitor_rounds;
    std::uint64_t snapshot_adds;
    int snapshot_rounds;
    std::uint64_t disk_rows;
    std::uint64_t cycle_rows;
    std::uint64_t bulk_rows;  // a round
};
const Scale &scale_named(std::string_view name);

struct Bench {
    std::string postgres;        // a libpq connection string without a database
    std::string redis_everysec;  // unix socket of the server with appendfsync everysec
    std::string redis_always;    // … and of the one with appendfsync always
    const Scale *scale;
    const Corpus *corpus;
    Report *report;
    bool ours;  // whether the extension is there; without it only the peers run
};

// A database of its own, dropped at the end.
class Database {
  public:
    Database(const Bench &bench, std::string name);
    ~Database();
    Database(const Database &) = delete;
    Database &operator=(const Database &) = delete;

    // A connection string; `durable` is synchronous_commit.
    std::string conninfo(bool durable) const;
    Place place(bool durable) const;

  private:
    const Bench &bench_;
    std::string name_;
};

std::vector<std::unique_ptr<Client>> open_readers(Peer &peer, const SessionSet &set, int count);
std::vector<std::unique_ptr<Client>> open_adders(Peer &peer, const SessionSet &set, int count);

// Ends the experiment where a server is not set as the comparison needs it.
void require_fair_settings(const Bench &bench);

using Experiment = void (*)(const Bench &bench);
void compare_peers(const Bench &bench);
void vary_history(const Bench &bench);
void vary_table(const Bench &bench);
void measure_janitor(const Bench &bench);
void hold_snapshot(const Bench &bench);
void measure_disk(const Bench &bench);
void measure_bulk(const Bench &bench);

}  // namespace bench
