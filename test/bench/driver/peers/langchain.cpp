// LangChain's chat history in PostgreSQL: a table of messages, read as a whole.
//
// In its favour: both messages of an exchange go into one INSERT that commits by itself (its own
// client sends more), and created_at is never looked at.
#include "peers/peers.hpp"
#include "postgres.hpp"

namespace bench {
namespace {

class HistoryReader : public Client {
  public:
    HistoryReader(const Place &place, const SessionSet &set, int client)
        : postgres_(place.postgres), sessions_(set, client) {
        postgres_.prepare("read",
                          "SELECT message FROM chat_history WHERE session_id = $1 ORDER BY id");
    }
    std::size_t operate() override {
        return column_bytes(postgres_.run("read", {sessions_.next().c_str()}));
    }

  private:
    Postgres postgres_;
    SessionPicker sessions_;
};

class HistoryAdder : public Client {
  public:
    HistoryAdder(const Place &place, const SessionSet &set, int client)
        : postgres_(place.postgres), sessions_(set, client), source_(*place.corpus) {
        postgres_.prepare("add",
                          "INSERT INTO chat_history (session_id, message) "
                          "VALUES ($1, $2), ($1, $3)");
    }
    std::size_t operate() override {
        source_.advance();
        human_.clear();
        ai_.clear();
        source_.append_human_message(human_);
        source_.append_ai_message(ai_);
        postgres_.run("add", {sessions_.next().c_str(), human_.c_str(), ai_.c_str()});
        return 0;
    }

  private:
    Postgres postgres_;
    SessionPicker sessions_;
    ExchangeSource source_;
    std::string human_;
    std::string ai_;
};

class LangChain : public Peer {
  public:
    explicit LangChain(const Place &place) : place_(place) {}

    void create() override {
        Postgres(place_.postgres)
            .execute(
                "CREATE TABLE chat_history (id serial PRIMARY KEY, session_id uuid NOT NULL, "
                "message jsonb NOT NULL, created_at timestamptz NOT NULL DEFAULT now());"
                "CREATE INDEX ON chat_history (session_id)");
    }

    void load(const SessionSet &set, std::uint64_t history) override {
        Postgres postgres(place_.postgres);
        postgres.execute("SET synchronous_commit = off");
        ExchangeSource source(*place_.corpus);
        std::vector<std::string> lines;
        std::string message;
        for (std::uint64_t index = 0; index < set.count; ++index) {
            std::string id = session_id(set.group, index);
            lines.clear();
            for (std::uint64_t n = 0; n < history; ++n) {
                source.advance();
                message.clear();
                source.append_human_message(message);
                lines.push_back(id + '\t' + copy_escape(message) + '\n');
                message.clear();
                source.append_ai_message(message);
                lines.push_back(id + '\t' + copy_escape(message) + '\n');
            }
            postgres.copy_in("COPY chat_history (session_id, message) FROM STDIN", lines);
        }
    }

    void settle() override { Postgres(place_.postgres).execute("VACUUM ANALYZE chat_history"); }

    std::unique_ptr<Client> reader(const SessionSet &set, int client) override {
        return std::make_unique<HistoryReader>(place_, set, client);
    }
    std::unique_ptr<Client> adder(const SessionSet &set, int client) override {
        return std::make_unique<HistoryAdder>(place_, set, client);
    }

    std::optional<std::uint64_t> stored() override {
        return Postgres(place_.postgres).number("SELECT count(*) / 2 FROM chat_history");
    }
    std::uint64_t bytes() override {
        return Postgres(place_.postgres).number("SELECT pg_total_relation_size('chat_history')");
    }

  private:
    Place place_;
};

}  // namespace

std::unique_ptr<Peer> make_langchain(const Place &place) {
    return std::make_unique<LangChain>(place);
}

}  // namespace bench
