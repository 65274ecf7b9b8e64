// Redis at its best: one list per session, an element per exchange.
//
// A read is LRANGE key -5 -1; an add is RPUSH, LTRIM to the newest 40 and PEXPIRE of one day in
// one pipeline, a single round trip. Expiry is the key's, not the exchange's: less than what the
// extension does, and in Redis's favour.
#include "peers/peers.hpp"
#include "redis.hpp"

namespace bench {
namespace {

constexpr const char *kTimestamp = "2025-01-01T12:00:00.000Z";
constexpr const char *kTtl = "86400000";

std::string key_of(const std::string &session) {
    return "chat:" + session;
}

class ListReader : public Client {
  public:
    ListReader(const Place &place, const SessionSet &set, int client)
        : redis_(place.redis), sessions_(set, client) {}
    std::size_t operate() override {
        return reply_bytes(redis_.command({"LRANGE", key_of(sessions_.next()), "-5", "-1"}));
    }

  private:
    Redis redis_;
    SessionPicker sessions_;
};

class ListAdder : public Client {
  public:
    ListAdder(const Place &place, const SessionSet &set, int client, bool capped)
        : redis_(place.redis), sessions_(set, client), source_(*place.corpus), capped_(capped) {}
    std::size_t operate() override {
        source_.advance();
        entry_.clear();
        source_.append_exchange(entry_, kTimestamp);
        std::string key = key_of(sessions_.next());
        redis_.queue({"RPUSH", key, entry_});
        if (capped_) redis_.queue({"LTRIM", key, "-40", "-1"});
        redis_.queue({"PEXPIRE", key, kTtl});
        for (int replies = capped_ ? 3 : 2; replies > 0; --replies) redis_.reply();
        return 0;
    }

  private:
    Redis redis_;
    SessionPicker sessions_;
    ExchangeSource source_;
    bool capped_;
    std::string entry_;
};

class RedisList : public Peer {
  public:
    RedisList(const Place &place, bool capped) : place_(place), capped_(capped) {}

    void create() override { Redis(place_.redis).command({"FLUSHALL", "SYNC"}); }

    void load(const SessionSet &set, std::uint64_t history) override {
        Redis redis(place_.redis);
        ExchangeSource source(*place_.corpus);
        std::string entry;
        for (std::uint64_t index = 0; index < set.count; ++index) {
            std::string key = key_of(session_id(set.group, index));
            for (std::uint64_t done = 0; done < history;) {
                int queued = 0;
                for (; queued < 100 && done < history; ++queued, ++done) {
                    source.advance();
                    entry.clear();
                    source.append_exchange(entry, kTimestamp);
                    redis.queue({"RPUSH", key, entry});
                }
                for (; queued > 0; --queued) redis.reply();
            }
        }
    }

    std::unique_ptr<Client> reader(const SessionSet &set, int client) override {
        return std::make_unique<ListReader>(place_, set, client);
    }
    std::unique_ptr<Client> adder(const SessionSet &set, int client) override {
        return std::make_unique<ListAdder>(place_, set, client, capped_);
    }
    std::uint64_t bytes() override { return Redis(place_.redis).info("memory", "used_memory"); }

  private:
    Place place_;
    bool capped_;
};

}  // namespace

std::unique_ptr<Peer> make_redis_list(const Place &place) {
    return std::make_unique<RedisList>(place, true);
}
std::unique_ptr<Peer> make_redis_list_uncapped(const Place &place) {
    return std::make_unique<RedisList>(place, false);
}

}  // namespace bench
