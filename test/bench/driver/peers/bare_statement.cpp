// What PostgreSQL does at the least for a call, as a bound for what any extension can reach: a
// SELECT of a constant as long as five exchanges, and an INSERT of an exchange into a table without
// any index. It remembers nothing that could be found again, so it is nobody's rival.
#include "peers/peers.hpp"
#include "postgres.hpp"

namespace bench {
namespace {

class ConstantReader : public Client {
  public:
    explicit ConstantReader(const Place &place) : postgres_(place.postgres) {
        std::string constant(5 * (kQuestionLength + kAnswerLength), 'x');
        std::string sql = "SELECT '" + constant + "'::text";
        postgres_.prepare("constant", sql.c_str());
    }
    std::size_t operate() override { return column_bytes(postgres_.run("constant", {})); }

  private:
    Postgres postgres_;
};

class RowAdder : public Client {
  public:
    RowAdder(const Place &place, const SessionSet &set, int client)
        : postgres_(place.postgres), sessions_(set, client), source_(*place.corpus) {
        postgres_.prepare("insert", "INSERT INTO bare VALUES ($1, $2, $3)");
    }
    std::size_t operate() override {
        source_.advance();
        postgres_.run("insert", {sessions_.next().c_str(), source_.query().c_str(),
                                 source_.answer().c_str()});
        return 0;
    }

  private:
    Postgres postgres_;
    SessionPicker sessions_;
    ExchangeSource source_;
};

class BareStatement : public Peer {
  public:
    explicit BareStatement(const Place &place) : place_(place) {}

    void create() override {
        Postgres(place_.postgres)
            .execute("CREATE TABLE bare (session_id text, query text, answer text)");
    }
    void load(const SessionSet &, std::uint64_t) override {}

    std::unique_ptr<Client> reader(const SessionSet &, int) override {
        return std::make_unique<ConstantReader>(place_);
    }
    std::unique_ptr<Client> adder(const SessionSet &set, int client) override {
        return std::make_unique<RowAdder>(place_, set, client);
    }

    std::optional<std::uint64_t> stored() override {
        return Postgres(place_.postgres).number("SELECT count(*) FROM bare");
    }
    std::uint64_t bytes() override {
        return Postgres(place_.postgres).number("SELECT pg_total_relation_size('bare')");
    }

  private:
    Place place_;
};

}  // namespace

std::unique_ptr<Peer> make_bare_statement(const Place &place) {
    return std::make_unique<BareStatement>(place);
}

}  // namespace bench
