// The extension itself: one call a turn, on an extension created without any setting.
#include <exception>
#include <thread>

#include "peers/peers.hpp"
#include "postgres.hpp"
#include "runner.hpp"

namespace bench {
namespace {

constexpr std::uint64_t kBulk = 1000;  // interactions in one sm_append

class ContextReader : public Client {
  public:
    ContextReader(const Place &place, const SessionSet &set, int client)
        : postgres_(place.postgres), sessions_(set, client) {
        postgres_.prepare("context", "SELECT sm_context($1, 5)");
    }
    std::size_t operate() override {
        return column_bytes(postgres_.run("context", {sessions_.next().c_str()}));
    }

  private:
    Postgres postgres_;
    SessionPicker sessions_;
};

class ExchangeAdder : public Client {
  public:
    ExchangeAdder(const Place &place, const SessionSet &set, int client)
        : postgres_(place.postgres), sessions_(set, client), source_(*place.corpus) {
        postgres_.prepare("add", "SELECT sm_add($1, $2, $3)");
    }
    std::size_t operate() override {
        source_.advance();
        return column_bytes(postgres_.run(
            "add", {sessions_.next().c_str(), source_.query().c_str(), source_.answer().c_str()}));
    }

  private:
    Postgres postgres_;
    SessionPicker sessions_;
    ExchangeSource source_;
};

// Every `shares`-th session of the set, beginning with number `share`.
void load_share(const Place &place, const SessionSet &set, std::uint64_t history,
                const char *timestamp, const char *user, std::uint64_t share,
                std::uint64_t shares) {
    Postgres postgres(place.postgres);
    postgres.execute("SET synchronous_commit = off");
    postgres.prepare("append", "SELECT sm_append($1, $2::jsonb, $3)");
    ExchangeSource source(*place.corpus);
    std::string array;
    for (std::uint64_t index = share; index < set.count && !interrupted; index += shares) {
        std::string id = session_id(set.group, index);
        for (std::uint64_t done = 0; done < history && !interrupted;) {
            array.assign(1, '[');
            for (std::uint64_t n = 0; n < kBulk && done < history; ++n, ++done) {
                if (n > 0) array += ',';
                source.advance();
                source.append_exchange(array, timestamp);
            }
            array += ']';
            postgres.run("append", {id.c_str(), array.c_str(), user});
        }
    }
}

void load_parallel(const Place &place, const SessionSet &set, std::uint64_t history,
                   const char *timestamp, const char *user) {
    constexpr std::uint64_t kLoaders = 2;
    std::exception_ptr failures[kLoaders];
    {
        std::vector<std::jthread> loaders;
        for (std::uint64_t n = 0; n < kLoaders; ++n) {
            loaders.emplace_back([&, n] {
                try {
                    load_share(place, set, history, timestamp, user, n, kLoaders);
                } catch (...) {
                    failures[n] = std::current_exception();
                }
            });
        }
    }
    throw_if_interrupted();
    for (const std::exception_ptr &failure : failures) {
        if (failure) std::rethrow_exception(failure);
    }
}

class SessionMemory : public Peer {
  public:
    explicit SessionMemory(const Place &place) : place_(place) {}

    void create() override { Postgres(place_.postgres).execute("CREATE EXTENSION session_memory"); }

    void load(const SessionSet &set, std::uint64_t history) override {
        load_parallel(place_, set, history, nullptr, nullptr);
    }

    void settle() override { Postgres(place_.postgres).execute("VACUUM ANALYZE"); }

    std::unique_ptr<Client> reader(const SessionSet &set, int client) override {
        return std::make_unique<ContextReader>(place_, set, client);
    }
    std::unique_ptr<Client> adder(const SessionSet &set, int client) override {
        return std::make_unique<ExchangeAdder>(place_, set, client);
    }

    std::optional<std::uint64_t> stored() override {
        return Postgres(place_.postgres).number("SELECT count(*) FROM session_memory");
    }

    // Every table that belongs to the extension, with indexes and TOAST.
    std::uint64_t bytes() override {
        return Postgres(place_.postgres)
            .number(
                "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_extension e "
                "JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass "
                "AND d.refobjid = e.oid AND d.deptype = 'e' AND d.classid = 'pg_class'::regclass "
                "JOIN pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'p', 'm') "
                "WHERE e.extname = 'session_memory'");
    }

  private:
    Place place_;
};

}  // namespace

std::unique_ptr<Peer> make_session_memory(const Place &place) {
    return std::make_unique<SessionMemory>(place);
}

void load_expired(const Place &place, const SessionSet &set, std::uint64_t history) {
    load_parallel(place, set, history, "2020-01-01T00:00:00Z", "expired");
}

}  // namespace bench
