// What the integration tests stand on: two servers, fresh databases, connections, patience.
//
// The servers are given by the environment: PGHOST and its like lead to one without
// shared_preload_libraries, SM_PRELOAD_PGHOST is the socket folder of one with it. Each test makes
// a database of its own, so that tests see nothing of each other.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <ostream>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>

namespace sm_test {

using namespace std::chrono_literals;
using Milliseconds = std::chrono::milliseconds;

/// Which server: a test parameter.
enum class Server { kPlain, kPreloaded };

inline const char *name_of(Server server) {
    return server == Server::kPlain ? "plain" : "preloaded";
}

inline void PrintTo(Server server, std::ostream *out) {
    *out << name_of(server);
}

/// Whether the environment says where the server is.
bool available(Server server);

/// A connection. Statements commit by themselves unless BEGIN was run.
class Session {
  public:
    Session(Server server, const std::string &database, const std::string &options = "",
            const std::string &user = "");

    /// Runs a statement with parameters $1, $2 …
    template <typename... Arguments>
    pqxx::result run(const std::string &sql, Arguments &&...arguments) {
        if constexpr (sizeof...(Arguments) == 0)
            return work_.exec(sql);
        else
            return work_.exec_params(sql, std::forward<Arguments>(arguments)...);
    }

    /// The single value that a statement returns.
    template <typename Type, typename... Arguments>
    Type value(const std::string &sql, Arguments &&...arguments) {
        const pqxx::result rows = run(sql, std::forward<Arguments>(arguments)...);
        if (rows.size() != 1) throw std::runtime_error("not one row: " + sql);
        return rows[0][0].template as<Type>();
    }

    /// The SQLSTATE that a statement fails with; empty where it does not fail.
    template <typename... Arguments>
    std::string sqlstate(const std::string &sql, Arguments &&...arguments) {
        return sqlstate_of([&] { run(sql, std::forward<Arguments>(arguments)...); });
    }

    pqxx::connection &connection() { return connection_; }

    int backend_pid() { return value<int>("SELECT pg_backend_pid()"); }

    static std::string sqlstate_of(const std::function<void()> &statement);

  private:
    pqxx::connection connection_;
    pqxx::nontransaction work_;
};

/// A fresh database with the extension in it, dropped at the end.
class Database {
  public:
    /// `options` are those of CREATE DATABASE.
    explicit Database(Server server, const std::string &options = "");
    ~Database();
    Database(const Database &) = delete;
    Database &operator=(const Database &) = delete;

    Server server() const { return server_; }
    const std::string &name() const { return name_; }

    Session connect(const std::string &options = "", const std::string &user = "") const {
        return Session(server_, name_, options, user);
    }

    /// ALTER DATABASE … SET: for connections, and for janitors, that begin later.
    void set(const std::string &setting, const std::string &value) const;

    /// The short lives that make a test of expiry short.
    void expire_quickly() const {
        set("session_memory.nap_time", "200ms");
        set("session_memory.ttl", "300ms");
    }

    /// Number of stored interactions. Looks at the table, so it starts no janitor.
    std::int64_t stored(const std::string &session_id = "") const;

    /// Calls into the extension as an application would, in a new connection: without a launcher,
    /// that is what starts a janitor.
    void call() const;

    /// Number of bursts that the janitor has finished here.
    std::int64_t bursts() const;

    /// Waits until the janitor has done so much that `done` is true, calling where nobody else
    /// would.
    ::testing::AssertionResult janitor_gets_to(const std::function<bool()> &done) const;

    /// Whether the counters of every session equal what counting its rows gives.
    ::testing::AssertionResult counters_exact() const;

    /// Whether the seq of every session's rows are 1, 2, 3 … without a gap, up to last_seq.
    ::testing::AssertionResult gapless() const;

    /// Whether the server broke no deadlock here. Our connections must be closed.
    ::testing::AssertionResult no_deadlock() const;

  private:
    Server server_;
    std::string name_;
};

/// A connection to the database that administers the others.
Session administrator(Server server);

/// A name for a database or a role that no other has.
std::string new_name();

/// The text with `by` in each place of `what`.
std::string replaced(std::string text, const std::string &what, const std::string &by);

/// Asks until the answer is yes, or the time is over. Returns the last answer.
bool eventually(const std::function<bool()> &question, Milliseconds limit = 15s);

/// Runs body(0) … body(count - 1), each in a thread of its own, all starting together. An exception
/// in one fails the test.
void in_parallel(int count, const std::function<void(int)> &body);

/// A test on one server or the other; skipped where that is not there.
class OnServer : public ::testing::TestWithParam<Server> {
  protected:
    void SetUp() override {
        if (!available(GetParam())) GTEST_SKIP() << "no " << name_of(GetParam()) << " server";
    }
};

#define SM_ON_BOTH_SERVERS(suite)                                                   \
    INSTANTIATE_TEST_SUITE_P(Servers, suite,                                        \
                             ::testing::Values(Server::kPlain, Server::kPreloaded), \
                             [](const auto &info) { return std::string(name_of(info.param)); })

}  // namespace sm_test
