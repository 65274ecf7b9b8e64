// Sizes of runs, databases, clients. See bench.hpp.
#include "bench.hpp"

#include <array>
#include <cstdio>
#include <exception>
#include <stdexcept>

#include "redis.hpp"

namespace bench {
namespace {

constexpr std::array<Scale, 3> kScales = {{
    {.name = "quick",
     .rounds = 3,
     .seconds = 0.1,
     .sessions = 100,
     .history = 40,
     .operations = 1'000,
     .longest = 10'000,
     .slow_limit = 1'000,
     .large_table = 50'000,
     .expired = 50'000,
     .janitor_rounds = 1,
     .snapshot_adds = 2'000,
     .snapshot_rounds = 1,
     .disk_rows = 8'000,
     .cycle_rows = 2'000,
     .bulk_rows = 5'000},
    {.name = "normal",
     .rounds = 7,
     .seconds = 0.5,
     .sessions = 1'000,
     .history = 40,
     .operations = 4'000,
     .longest = 100'000,
     .slow_limit = 10'000,
     .large_table = 1'000'000,
     .expired = 1'000'000,
     .janitor_rounds = 3,
     .snapshot_adds = 10'000,
     .snapshot_rounds = 3,
     .disk_rows = 200'000,
     .cycle_rows = 40'000,
     .bulk_rows = 50'000},
    {.name = "full",
     .rounds = 15,
     .seconds = 2.0,
     .sessions = 1'000,
     .history = 40,
     .operations = 10'000,
     .longest = 100'000,
     .slow_limit = 10'000,
     .large_table = 10'000'000,
     .expired = 1'000'000,
     .janitor_rounds = 5,
     .snapshot_adds = 10'000,
     .snapshot_rounds = 5,
     .disk_rows = 1'000'000,
     .cycle_rows = 100'000,
     .bulk_rows = 100'000},
}};

void require(bool fair, const std::string &what) {
    if (!fair) throw std::runtime_error("unfair setting: " + what);
}

void require_redis(const std::string &socket, const std::string &policy) {
    Redis redis(socket);
    require(redis.info("persistence", "aof_enabled") == 1, "Redis without AOF at " + socket);
    Reply found = redis.command({"CONFIG", "GET", "appendfsync"});
    require(found->elements == 2 && policy == found->element[1]->str,
            "appendfsync is not " + policy + " at " + socket);
}

}  // namespace

const Scale &scale_named(std::string_view name) {
    for (const Scale &scale : kScales) {
        if (scale.name == name) return scale;
    }
    throw std::invalid_argument("no such scale: " + std::string(name));
}

Database::Database(const Bench &bench, std::string name) : bench_(bench), name_(std::move(name)) {
    Postgres admin(bench_.postgres + " dbname=postgres");
    admin.execute("DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)");
    admin.execute("CREATE DATABASE " + name_);
}

Database::~Database() {
    try {
        Postgres(bench_.postgres + " dbname=postgres")
            .execute("DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)");
    } catch (const std::exception &error) {
        std::fprintf(stderr, "%s\n", error.what());  // the server goes away with the run anyhow
    }
}

std::string Database::conninfo(bool durable) const {
    return bench_.postgres + " dbname=" + name_ +
           " options='-c synchronous_commit=" + (durable ? "on" : "off") + "'";
}

Place Database::place(bool durable) const {
    return {conninfo(durable), durable ? bench_.redis_always : bench_.redis_everysec,
            bench_.corpus};
}

std::vector<std::unique_ptr<Client>> open_readers(Peer &peer, const SessionSet &set, int count) {
    std::vector<std::unique_ptr<Client>> clients;
    for (int n = 0; n < count; ++n) clients.push_back(peer.reader(set, n));
    return clients;
}

std::vector<std::unique_ptr<Client>> open_adders(Peer &peer, const SessionSet &set, int count) {
    std::vector<std::unique_ptr<Client>> clients;
    for (int n = 0; n < count; ++n) clients.push_back(peer.adder(set, n));
    return clients;
}

void require_fair_settings(const Bench &bench) {
    Postgres postgres(bench.postgres + " dbname=postgres");
    for (const char *setting : {"fsync", "full_page_writes", "autovacuum", "synchronous_commit"}) {
        require(postgres.value(std::string("SHOW ") + setting) == "on",
                std::string(setting) + " is not on");
    }
    require_redis(bench.redis_everysec, "everysec");
    require_redis(bench.redis_always, "always");
}

}  // namespace bench
