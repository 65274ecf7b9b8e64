// The loop that every workload runs in. See runner.hpp.
#include "runner.hpp"

#include <algorithm>
#include <barrier>
#include <chrono>
#include <exception>
#include <span>
#include <stdexcept>
#include <thread>

#include "stats.hpp"

namespace bench {

std::atomic<bool> interrupted{false};

void throw_if_interrupted() {
    if (interrupted) throw std::runtime_error("interrupted");
}

namespace {

using Clock = std::chrono::steady_clock;

struct Share {  // what one thread did in one round
    std::vector<std::uint32_t> nanoseconds;
    std::uint64_t bytes = 0;
    Clock::time_point start;
    Clock::time_point end;
    std::exception_ptr failure;
};

void drive(Client &client, const Limits &limits, Share &share) {
    auto most =
        std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(limits.seconds));
    Clock::time_point before = share.start = Clock::now();
    Clock::time_point deadline = before + most;
    for (std::uint64_t n = 0; n < limits.operations && before < deadline; ++n) {
        share.bytes += client.operate();
        Clock::time_point after = Clock::now();
        share.nanoseconds.push_back(static_cast<std::uint32_t>(
            std::min<std::int64_t>((after - before).count(), UINT32_MAX)));
        before = after;
        if (interrupted.load(std::memory_order_relaxed)) break;
    }
    share.end = before;
}

void run_round(std::span<std::unique_ptr<Client>> clients, const Limits &limits, bool counts,
               LaneResult &result) {
    std::vector<Share> shares(clients.size());
    std::barrier start(static_cast<std::ptrdiff_t>(clients.size()));
    {
        std::vector<std::jthread> threads;
        for (std::size_t n = 0; n < clients.size(); ++n) {
            threads.emplace_back([&, n] {
                shares[n].nanoseconds.reserve(1 << 18);
                start.arrive_and_wait();
                try {
                    drive(*clients[n], limits, shares[n]);
                } catch (...) {
                    shares[n].failure = std::current_exception();
                }
            });
        }
    }
    throw_if_interrupted();

    std::vector<std::uint32_t> all;
    std::uint64_t bytes = 0;
    Clock::time_point first = shares[0].start;
    Clock::time_point last = shares[0].end;
    for (Share &share : shares) {
        if (share.failure) std::rethrow_exception(share.failure);
        all.insert(all.end(), share.nanoseconds.begin(), share.nanoseconds.end());
        bytes += share.bytes;
        first = std::min(first, share.start);
        last = std::max(last, share.end);
    }
    result.operations += all.size();
    if (!counts || all.empty()) return;
    result.bytes_per_operation = static_cast<double>(bytes) / static_cast<double>(all.size());
    result.rates.push_back(static_cast<double>(all.size()) /
                           std::chrono::duration<double>(last - first).count());
    result.p50.push_back(quantile(all, 0.50) / 1000);
    result.p99.push_back(quantile(all, 0.99) / 1000);
}

}  // namespace

std::vector<LaneResult> interleave(std::vector<Lane> &lanes, int connections, int rounds,
                                   const Limits &limits) {
    std::vector<LaneResult> results(lanes.size());
    for (int round = 0; round <= rounds; ++round) {
        for (std::size_t n = 0; n < lanes.size(); ++n) {
            auto count = static_cast<std::size_t>(connections);
            if (lanes[n].clients.size() < count) throw std::logic_error("too few clients");
            results[n].name = lanes[n].name;
            run_round(std::span(lanes[n].clients).first(count), limits, round > 0, results[n]);
        }
    }
    return results;
}

}  // namespace bench
