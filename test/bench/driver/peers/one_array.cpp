// The one-array table: a row per session with its whole history in one JSONB array, and GIN on it.
//
// The common home-made design. In its favour: the newest 40 entries are kept and the oldest is
// dropped with `- 0` (the cheapest way to trim), the read cuts the last five out with one JSON
// path, and expiry is one comparison for the session instead of one for each entry.
#include "peers/peers.hpp"
#include "postgres.hpp"

namespace bench {
namespace {

constexpr const char *kTimestamp = "2025-01-01T12:00:00.000Z";

constexpr const char *kRead =
    "SELECT jsonb_path_query_array(history, '$[last - 4 to last]') FROM chat_array "
    "WHERE session_id = $1 AND updated_at > now() - interval '1 day'";

constexpr const char *kAddCapped =
    "INSERT INTO chat_array AS t VALUES ($1, jsonb_build_array($2::jsonb), now()) "
    "ON CONFLICT (session_id) DO UPDATE SET updated_at = EXCLUDED.updated_at, history = "
    "CASE WHEN jsonb_array_length(t.history) >= 40 THEN t.history - 0 ELSE t.history END "
    "|| EXCLUDED.history";

constexpr const char *kAddUncapped =
    "INSERT INTO chat_array AS t VALUES ($1, jsonb_build_array($2::jsonb), now()) "
    "ON CONFLICT (session_id) DO UPDATE SET updated_at = EXCLUDED.updated_at, "
    "history = t.history || EXCLUDED.history";

class ArrayReader : public Client {
  public:
    ArrayReader(const Place &place, const SessionSet &set, int client)
        : postgres_(place.postgres), sessions_(set, client) {
        postgres_.prepare("read", kRead);
    }
    std::size_t operate() override {
        return column_bytes(postgres_.run("read", {sessions_.next().c_str()}));
    }

  private:
    Postgres postgres_;
    SessionPicker sessions_;
};

class ArrayAdder : public Client {
  public:
    ArrayAdder(const Place &place, const SessionSet &set, int client, bool capped)
        : postgres_(place.postgres), sessions_(set, client), source_(*place.corpus) {
        postgres_.prepare("add", capped ? kAddCapped : kAddUncapped);
    }
    std::size_t operate() override {
        source_.advance();
        entry_.clear();
        source_.append_exchange(entry_, kTimestamp);
        postgres_.run("add", {sessions_.next().c_str(), entry_.c_str()});
        return 0;
    }

  private:
    Postgres postgres_;
    SessionPicker sessions_;
    ExchangeSource source_;
    std::string entry_;
};

class OneArray : public Peer {
  public:
    OneArray(const Place &place, bool capped) : place_(place), capped_(capped) {}

    void create() override {
        Postgres(place_.postgres)
            .execute(
                "CREATE TABLE chat_array (session_id text PRIMARY KEY, history jsonb NOT NULL, "
                "updated_at timestamptz NOT NULL);"
                "CREATE INDEX ON chat_array USING gin (history)");
    }

    void load(const SessionSet &set, std::uint64_t history) override {
        Postgres postgres(place_.postgres);
        postgres.execute("SET synchronous_commit = off");
        postgres.prepare("load", "INSERT INTO chat_array VALUES ($1, $2::jsonb, now())");
        ExchangeSource source(*place_.corpus);
        std::string array;
        for (std::uint64_t index = 0; index < set.count; ++index) {
            array.assign(1, '[');
            for (std::uint64_t n = 0; n < history; ++n) {
                if (n > 0) array += ',';
                source.advance();
                source.append_exchange(array, kTimestamp);
            }
            array += ']';
            postgres.run("load", {session_id(set.group, index).c_str(), array.c_str()});
        }
    }

    void settle() override { Postgres(place_.postgres).execute("VACUUM ANALYZE chat_array"); }

    std::unique_ptr<Client> reader(const SessionSet &set, int client) override {
        return std::make_unique<ArrayReader>(place_, set, client);
    }
    std::unique_ptr<Client> adder(const SessionSet &set, int client) override {
        return std::make_unique<ArrayAdder>(place_, set, client, capped_);
    }

    std::uint64_t bytes() override {
        return Postgres(place_.postgres).number("SELECT pg_total_relation_size('chat_array')");
    }

  private:
    Place place_;
    bool capped_;
};

}  // namespace

std::unique_ptr<Peer> make_one_array(const Place &place) {
    return std::make_unique<OneArray>(place, true);
}
std::unique_ptr<Peer> make_one_array_uncapped(const Place &place) {
    return std::make_unique<OneArray>(place, false);
}

}  // namespace bench
