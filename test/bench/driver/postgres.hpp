// A thin wrapper of libpq: one connection, errors as exceptions, results that free themselves.
#pragma once

#include <libpq-fe.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

namespace bench {

struct ClearResult {
    void operator()(PGresult *result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ClearResult>;

class Postgres {
  public:
    explicit Postgres(const std::string &conninfo);

    // Runs one or more statements; the last one's result.
    Result execute(const std::string &sql);
    // The first column of the first row; empty where there is none.
    std::string value(const std::string &sql);
    std::uint64_t number(const std::string &sql);

    void prepare(const char *name, const char *sql);
    // Runs a prepared statement with parameters as text.
    Result run(const char *name, std::initializer_list<const char *> parameters);

    // COPY … FROM STDIN with these lines, and COPY … TO STDOUT.
    void copy_in(const std::string &sql, const std::vector<std::string> &lines);
    std::vector<std::string> copy_out(const std::string &sql);

    PGconn *raw() { return connection_.get(); }

  private:
    struct Finish {
        void operator()(PGconn *connection) const { PQfinish(connection); }
    };
    Result check(PGresult *result);
    std::unique_ptr<PGconn, Finish> connection_;
};

// Content bytes of all fields of one column.
std::size_t column_bytes(const Result &result, int column = 0);

// COPY's text format: backslash, tab and line ends are escaped.
std::string copy_escape(const std::string &text);

}  // namespace bench
