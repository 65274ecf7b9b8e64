// The SQL session of the OpenAI Agents SDK: a table of sessions and a table of messages.
//
// Its writes are one transaction of five statements, its read is by (session_id, created_at DESC,
// id DESC). An exchange is two messages, so five exchanges are LIMIT 10. In its favour: both
// messages go into one INSERT. It has no expiry; none is asked of it.
#include <cstdio>

#include "peers/peers.hpp"
#include "postgres.hpp"

namespace bench {
namespace {

class MessageReader : public Client {
  public:
    MessageReader(const Place &place, const SessionSet &set, int client)
        : postgres_(place.postgres), sessions_(set, client) {
        postgres_.prepare("read",
                          "SELECT message_data FROM agent_messages WHERE session_id = $1 "
                          "ORDER BY created_at DESC, id DESC LIMIT 10");
    }
    std::size_t operate() override {
        return column_bytes(postgres_.run("read", {sessions_.next().c_str()}));
    }

  private:
    Postgres postgres_;
    SessionPicker sessions_;
};

class MessageAdder : public Client {
  public:
    MessageAdder(const Place &place, const SessionSet &set, int client)
        : postgres_(place.postgres), sessions_(set, client), source_(*place.corpus) {
        postgres_.prepare("begin", "BEGIN");
        postgres_.prepare("session", "SELECT session_id FROM agent_sessions WHERE session_id = $1");
        postgres_.prepare("create",
                          "INSERT INTO agent_sessions (session_id) VALUES ($1) "
                          "ON CONFLICT DO NOTHING");
        postgres_.prepare("insert",
                          "INSERT INTO agent_messages (session_id, message_data) "
                          "VALUES ($1, $2), ($1, $3)");
        postgres_.prepare("touch",
                          "UPDATE agent_sessions SET updated_at = CURRENT_TIMESTAMP "
                          "WHERE session_id = $1");
        postgres_.prepare("commit", "COMMIT");
    }
    std::size_t operate() override {
        source_.advance();
        user_.clear();
        assistant_.clear();
        source_.append_user_message(user_);
        source_.append_assistant_message(assistant_);
        const char *id = sessions_.next().c_str();
        postgres_.run("begin", {});
        Result session = postgres_.run("session", {id});
        if (PQntuples(session.get()) == 0) postgres_.run("create", {id});
        postgres_.run("insert", {id, user_.c_str(), assistant_.c_str()});
        postgres_.run("touch", {id});
        postgres_.run("commit", {});
        return 0;
    }

  private:
    Postgres postgres_;
    SessionPicker sessions_;
    ExchangeSource source_;
    std::string user_;
    std::string assistant_;
};

class OpenAiSql : public Peer {
  public:
    explicit OpenAiSql(const Place &place) : place_(place) {}

    void create() override {
        Postgres(place_.postgres)
            .execute(
                "CREATE TABLE agent_sessions (session_id varchar PRIMARY KEY, "
                "created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, "
                "updated_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP);"
                "CREATE TABLE agent_messages (id serial PRIMARY KEY, "
                "session_id varchar NOT NULL REFERENCES agent_sessions ON DELETE CASCADE, "
                "message_data text NOT NULL, "
                "created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP);"
                "CREATE INDEX ON agent_messages (session_id, created_at)");
    }

    // The two messages of an exchange have one time and each exchange its own, as after real use.
    void load(const SessionSet &set, std::uint64_t history) override {
        Postgres postgres(place_.postgres);
        postgres.execute("SET synchronous_commit = off");
        postgres.prepare("session", "INSERT INTO agent_sessions (session_id) VALUES ($1)");
        ExchangeSource source(*place_.corpus);
        std::vector<std::string> lines;
        for (std::uint64_t index = 0; index < set.count; ++index) {
            std::string id = session_id(set.group, index);
            postgres.run("session", {id.c_str()});
            for (std::uint64_t done = 0; done < history;) {
                lines.clear();
                for (int n = 0; n < 1000 && done < history; ++n, ++done) {
                    source.advance();
                    add_lines(source, id + '\t' + time_of(done) + '\t', lines);
                }
                postgres.copy_in(
                    "COPY agent_messages (session_id, created_at, message_data) FROM STDIN", lines);
            }
        }
    }

    void settle() override {
        Postgres(place_.postgres).execute("VACUUM ANALYZE agent_sessions, agent_messages");
    }

    std::unique_ptr<Client> reader(const SessionSet &set, int client) override {
        return std::make_unique<MessageReader>(place_, set, client);
    }
    std::unique_ptr<Client> adder(const SessionSet &set, int client) override {
        return std::make_unique<MessageAdder>(place_, set, client);
    }

    std::optional<std::uint64_t> stored() override {
        return Postgres(place_.postgres).number("SELECT count(*) / 2 FROM agent_messages");
    }
    std::uint64_t bytes() override {
        return Postgres(place_.postgres)
            .number(
                "SELECT pg_total_relation_size('agent_messages') "
                "+ pg_total_relation_size('agent_sessions')");
    }

  private:
    static std::string time_of(std::uint64_t second) {
        char text[40];
        auto part = [&](std::uint64_t unit, std::uint64_t limit) {
            return static_cast<unsigned>(second / unit % limit);
        };
        std::snprintf(text, sizeof text, "2024-01-%02u %02u:%02u:%02u", 1 + part(86400, 31),
                      part(3600, 24), part(60, 60), part(1, 60));
        return text;
    }

    static void add_lines(const ExchangeSource &source, const std::string &start,
                          std::vector<std::string> &lines) {
        std::string message;
        source.append_user_message(message);
        lines.push_back(start + copy_escape(message) + '\n');
        message.clear();
        source.append_assistant_message(message);
        lines.push_back(start + copy_escape(message) + '\n');
    }

    Place place_;
};

}  // namespace

std::unique_ptr<Peer> make_openai_sql(const Place &place) {
    return std::make_unique<OpenAiSql>(place);
}

}  // namespace bench
