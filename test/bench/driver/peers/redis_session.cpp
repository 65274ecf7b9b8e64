// What the RedisSession of the OpenAI Agents SDK sends, with a ttl configured.
//
// An add watches its three keys, asks for the types of two and for the server's time, and then
// sends MULTI … EXEC in one pipeline: five round trips. A watched key that changes meanwhile
// means another attempt. A read is LRANGE of ten messages, which are five exchanges.
#include <stdexcept>

#include "peers/peers.hpp"
#include "redis.hpp"

namespace bench {
namespace {

constexpr int kAttempts = 1000;
constexpr std::uint64_t kTtl = 86400000;

struct Keys {
    explicit Keys(const std::string &id)
        : session("agents:session:" + id),
          messages(session + ":messages"),
          counter(session + ":counter") {}
    std::string session;
    std::string messages;
    std::string counter;
};

class RedisSessionReader : public Client {
  public:
    RedisSessionReader(const Place &place, const SessionSet &set, int client)
        : redis_(place.redis), sessions_(set, client) {}
    std::size_t operate() override {
        Keys keys(sessions_.next());
        return reply_bytes(redis_.command({"LRANGE", keys.messages, "-10", "-1"}));
    }

  private:
    Redis redis_;
    SessionPicker sessions_;
};

class RedisSessionAdder : public Client {
  public:
    RedisSessionAdder(const Place &place, const SessionSet &set, int client)
        : redis_(place.redis), sessions_(set, client), source_(*place.corpus) {}

    std::size_t operate() override {
        source_.advance();
        user_.clear();
        assistant_.clear();
        source_.append_user_message(user_);
        source_.append_assistant_message(assistant_);
        const std::string &id = sessions_.next();
        Keys keys(id);
        for (int attempt = 0; attempt < kAttempts; ++attempt) {
            if (add(keys, id)) return 0;
        }
        throw std::runtime_error("Redis: a watched key kept changing");
    }

  private:
    bool add(const Keys &keys, const std::string &id) {
        redis_.command({"WATCH", keys.session, keys.messages, keys.counter});
        redis_.command({"TYPE", keys.session});
        redis_.command({"TYPE", keys.messages});
        Reply time = redis_.command({"TIME"});
        std::string now = time->element[0]->str;
        std::string expiry = std::to_string(std::stoull(now) * 1000 +
                                            std::stoull(time->element[1]->str) / 1000 + kTtl);
        redis_.queue({"MULTI"});
        redis_.queue({"HSET", keys.session, "session_id", id});
        redis_.queue({"HSETNX", keys.session, "created_at", now});
        redis_.queue({"RPUSH", keys.messages, user_, assistant_});
        redis_.queue({"HSET", keys.session, "updated_at", now});
        redis_.queue({"PEXPIREAT", keys.session, expiry});
        redis_.queue({"PEXPIREAT", keys.messages, expiry});
        redis_.queue({"PEXPIREAT", keys.counter, expiry});
        redis_.queue({"EXEC"});
        for (int n = 0; n < 8; ++n) redis_.reply();
        return redis_.reply()->type != REDIS_REPLY_NIL;
    }

    Redis redis_;
    SessionPicker sessions_;
    ExchangeSource source_;
    std::string user_;
    std::string assistant_;
};

class RedisSession : public Peer {
  public:
    explicit RedisSession(const Place &place) : place_(place) {}

    // Its keys lie beside the list peer's: nothing to make, nothing to empty.
    void create() override {}

    void load(const SessionSet &set, std::uint64_t history) override {
        Redis redis(place_.redis);
        ExchangeSource source(*place_.corpus);
        std::string user;
        std::string assistant;
        for (std::uint64_t index = 0; index < set.count; ++index) {
            Keys keys(session_id(set.group, index));
            for (std::uint64_t n = 0; n < history; ++n) {
                source.advance();
                user.clear();
                assistant.clear();
                source.append_user_message(user);
                source.append_assistant_message(assistant);
                redis.queue({"RPUSH", keys.messages, user, assistant});
                if (n % 100 == 99) {
                    for (int open = 0; open < 100; ++open) redis.reply();
                }
            }
            for (std::uint64_t open = history % 100; open > 0; --open) redis.reply();
        }
    }

    std::unique_ptr<Client> reader(const SessionSet &set, int client) override {
        return std::make_unique<RedisSessionReader>(place_, set, client);
    }
    std::unique_ptr<Client> adder(const SessionSet &set, int client) override {
        return std::make_unique<RedisSessionAdder>(place_, set, client);
    }
    std::uint64_t bytes() override { return Redis(place_.redis).info("memory", "used_memory"); }

  private:
    Place place_;
};

}  // namespace

std::unique_ptr<Peer> make_redis_session(const Place &place) {
    return std::make_unique<RedisSession>(place);
}

}  // namespace bench
