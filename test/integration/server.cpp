// Servers, databases, connections, patience.
#include "server.hpp"

#include <unistd.h>

#include <atomic>
#include <barrier>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace sm_test {

namespace {

const char *host_of(Server server) {
    return std::getenv(server == Server::kPlain ? "PGHOST" : "SM_PRELOAD_PGHOST");
}

std::string connection_string(Server server, const std::string &database,
                              const std::string &options, const std::string &user) {
    return "host='" + std::string(host_of(server)) + "' dbname='" + database +
           "' options='-c client_min_messages=warning " + options + "'" +
           (user.empty() ? "" : " user='" + user + "'");
}

/// Success where there are no rows; else a failure that shows them.
::testing::AssertionResult none(const pqxx::result &rows) {
    if (rows.empty()) return ::testing::AssertionSuccess();
    auto failure = ::testing::AssertionFailure();
    for (const auto &row : rows) {
        for (const auto &field : row) failure << field.name() << "=" << field.c_str() << " ";
        failure << "\n";
    }
    return failure;
}

}  // namespace

std::string new_name() {
    static std::atomic<int> count{0};
    return "sm_" + std::to_string(getpid()) + "_" + std::to_string(++count);
}

bool available(Server server) {
    return host_of(server) != nullptr;
}

// --- connections ---------------------------------------------------------------------------------

Session::Session(Server server, const std::string &database, const std::string &options,
                 const std::string &user)
    : connection_(connection_string(server, database, options, user)), work_(connection_) {}

std::string Session::sqlstate_of(const std::function<void()> &statement) {
    try {
        statement();
        return "";
    } catch (const pqxx::serialization_failure &) {
        return "40001";
    } catch (const pqxx::deadlock_detected &) {
        return "40P01";
    } catch (const pqxx::insufficient_privilege &) {
        return "42501";
    } catch (const pqxx::sql_error &error) {
        return std::string(error.sqlstate());
    }
}

Session administrator(Server server) {
    return Session(server, "postgres");
}

// --- databases -----------------------------------------------------------------------------------

Database::Database(Server server, const std::string &options) : server_(server), name_(new_name()) {
    administrator(server).run("CREATE DATABASE " + name_ + " " + options);
    connect().run("CREATE EXTENSION session_memory");
}

Database::~Database() {
    try {
        administrator(server_).run("DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)");
    } catch (const std::exception &error) {
        ADD_FAILURE() << "cannot drop " << name_ << ": " << error.what();
    }
}

void Database::set(const std::string &setting, const std::string &value) const {
    administrator(server_).run("ALTER DATABASE " + name_ + " SET " + setting + " = '" + value +
                               "'");
}

std::int64_t Database::stored(const std::string &session_id) const {
    return connect().value<std::int64_t>(
        "SELECT count(*) FROM session_memory WHERE $1 IN (session_id, '')", session_id);
}

void Database::call() const {
    connect().run("SELECT sm_context('nobody')");
}

std::int64_t Database::bursts() const {
    return connect().value<std::int64_t>("SELECT coalesce(sum(bursts), 0) FROM sm_worker_status");
}

::testing::AssertionResult Database::janitor_gets_to(const std::function<bool()> &done) const {
    const bool got_there = eventually([&] {
        if (done()) return true;
        if (server_ == Server::kPlain) call();
        return false;
    });
    if (got_there) return ::testing::AssertionSuccess();
    Session session = connect();
    auto failure = ::testing::AssertionFailure() << "the janitor did not get there; status: ";
    for (const auto &row : session.run("SELECT w::text FROM sm_worker_status AS w"))
        failure << row[0].c_str();
    failure << "; stored: " << stored() << "; sessions:";
    for (const auto &row : session.run("SELECT s::text FROM sm_session AS s LIMIT 5"))
        failure << "\n  " << row[0].c_str();
    return failure;
}

::testing::AssertionResult Database::counters_exact() const {
    return none(
        connect().run("SELECT session_id, s.interactions, m.interactions AS counted, s.tokens, "
                      "m.tokens AS summed,"
                      " s.bytes, m.bytes AS measured, s.last_seq, m.last_seq AS highest"
                      " FROM sm_session AS s FULL JOIN (SELECT session_id, count(*) AS "
                      "interactions, sum(tokens) AS tokens,"
                      " sum(_sm_bytes(interaction)) AS bytes, max(seq) AS last_seq"
                      " FROM session_memory GROUP BY session_id) AS m USING (session_id)"
                      " WHERE (s.interactions, s.tokens, s.bytes) IS DISTINCT FROM"
                      " (coalesce(m.interactions, 0), coalesce(m.tokens, 0), coalesce(m.bytes, 0))"
                      " OR m.last_seq > s.last_seq"));
}

::testing::AssertionResult Database::gapless() const {
    return none(connect().run(
        "SELECT session_id, s.last_seq, m.count, m.min, m.max FROM sm_session AS s FULL JOIN"
        " (SELECT session_id, count(*), min(seq), max(seq) FROM session_memory GROUP BY "
        "session_id) AS m"
        " USING (session_id) WHERE (m.min, m.max, m.count) IS DISTINCT FROM (1, s.last_seq, "
        "s.last_seq)"));
}

::testing::AssertionResult Database::no_deadlock() const {
    Session session = administrator(server_);
    // A backend hands in its statistics when it ends.
    (void)eventually(
        [&] {
            return session.value<int>("SELECT count(*) FROM pg_stat_activity WHERE datname = $1",
                                      name_) == 0;
        },
        5s);
    const auto deadlocks = session.value<int>(
        "SELECT coalesce(max(deadlocks), -1) FROM pg_stat_database WHERE datname = $1", name_);
    if (deadlocks == 0) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << deadlocks << " deadlocks";
}

// --- patience and company ------------------------------------------------------------------------

std::string replaced(std::string text, const std::string &what, const std::string &by) {
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
        text.replace(at, what.size(), by);
    return text;
}

bool eventually(const std::function<bool()> &question, Milliseconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    for (;;) {
        if (question()) return true;
        if (std::chrono::steady_clock::now() >= end) return false;
        std::this_thread::sleep_for(20ms);
    }
}

void in_parallel(int count, const std::function<void(int)> &body) {
    std::barrier start(count);
    std::mutex mutex;
    std::vector<std::string> errors;
    std::vector<std::thread> threads;
    for (int index = 0; index < count; ++index)
        threads.emplace_back([&, index] {
            try {
                start.arrive_and_wait();
                body(index);
            } catch (const std::exception &error) {
                const std::lock_guard lock(mutex);
                errors.push_back("thread " + std::to_string(index) + ": " + error.what());
            }
        });
    for (std::thread &thread : threads) thread.join();
    for (const std::string &error : errors) ADD_FAILURE() << error;
}

}  // namespace sm_test
