// The wrapper of libpq. See postgres.hpp.
#include "postgres.hpp"

#include <stdexcept>

namespace bench {

Postgres::Postgres(const std::string &conninfo) : connection_(PQconnectdb(conninfo.c_str())) {
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
        throw std::runtime_error(std::string("PostgreSQL: ") + PQerrorMessage(connection_.get()));
    }
    PQsetNoticeProcessor(
        connection_.get(), [](void *, const char *) {}, nullptr);
}

Result Postgres::check(PGresult *result) {
    Result owned(result);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_IN &&
        status != PGRES_COPY_OUT) {
        throw std::runtime_error(std::string("PostgreSQL: ") + PQerrorMessage(connection_.get()));
    }
    return owned;
}

Result Postgres::execute(const std::string &sql) {
    return check(PQexec(connection_.get(), sql.c_str()));
}

std::string Postgres::value(const std::string &sql) {
    Result result = execute(sql);
    if (PQntuples(result.get()) == 0) return {};
    return PQgetvalue(result.get(), 0, 0);
}

std::uint64_t Postgres::number(const std::string &sql) {
    std::string text = value(sql);
    return text.empty() ? 0 : std::stoull(text);
}

void Postgres::prepare(const char *name, const char *sql) {
    check(PQprepare(connection_.get(), name, sql, 0, nullptr));
}

Result Postgres::run(const char *name, std::initializer_list<const char *> parameters) {
    return check(PQexecPrepared(connection_.get(), name, static_cast<int>(parameters.size()),
                                parameters.begin(), nullptr, nullptr, 0));
}

void Postgres::copy_in(const std::string &sql, const std::vector<std::string> &lines) {
    execute(sql);
    for (const std::string &line : lines) {
        if (PQputCopyData(connection_.get(), line.data(), static_cast<int>(line.size())) != 1) {
            throw std::runtime_error(PQerrorMessage(connection_.get()));
        }
    }
    if (PQputCopyEnd(connection_.get(), nullptr) != 1) {
        throw std::runtime_error(PQerrorMessage(connection_.get()));
    }
    while (PGresult *result = PQgetResult(connection_.get())) check(result);
}

std::vector<std::string> Postgres::copy_out(const std::string &sql) {
    execute(sql);
    std::vector<std::string> lines;
    char *line = nullptr;
    for (int size; (size = PQgetCopyData(connection_.get(), &line, 0)) > 0;) {
        lines.emplace_back(line, static_cast<std::size_t>(size));
        PQfreemem(line);
    }
    while (PGresult *result = PQgetResult(connection_.get())) check(result);
    return lines;
}

std::size_t column_bytes(const Result &result, int column) {
    std::size_t bytes = 0;
    for (int row = 0; row < PQntuples(result.get()); ++row) {
        bytes += static_cast<std::size_t>(PQgetlength(result.get(), row, column));
    }
    return bytes;
}

std::string copy_escape(const std::string &text) {
    std::string out;
    for (char c : text) {
        if (c == '\\') {
            out += "\\\\";
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else {
            out += c;
        }
    }
    return out;
}

}  // namespace bench
