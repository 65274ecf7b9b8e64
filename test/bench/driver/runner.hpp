// Runs workloads side by side: round one of each, then round two of each, and so on, so that
// whatever drifts on the machine drifts for all.
//
// All lanes are driven by the same loop: a thread per connection calls the client's operation and
// reads the clock once. A round ends after a time or a number of operations, whatever comes first.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "client.hpp"

namespace bench {

// Raised by SIGINT and SIGTERM; every loop ends soon after.
extern std::atomic<bool> interrupted;
void throw_if_interrupted();

struct Lane {
    std::string name;
    std::vector<std::unique_ptr<Client>> clients;  // as many as the most connections wanted
};

struct Limits {
    double seconds = 1;
    std::uint64_t operations = 2'000'000;  // by each connection
};

struct LaneResult {
    std::string name;
    std::vector<double> rates;  // operations a second, one for each round
    std::vector<double> p50;    // microseconds, one for each round
    std::vector<double> p99;
    std::uint64_t operations = 0;  // with the warm-up's
    double bytes_per_operation = 0;
};

// One warm-up round that does not count, then `rounds`; in the order of `lanes`.
std::vector<LaneResult> interleave(std::vector<Lane> &lanes, int connections, int rounds,
                                   const Limits &limits);

}  // namespace bench
