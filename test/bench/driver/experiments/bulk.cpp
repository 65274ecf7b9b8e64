// Bulk: sm_append of 1,000 interactions a call against COPY of the very rows it made.
//
// COPY goes into a twin of the table with the same columns, storage options and indexes, in one
// statement, from rows whose every column is computed already. Both tables grow alike from round
// to round. Client-side work (making the JSON, fetching the rows) is not timed.
#include <chrono>
#include <stdexcept>

#include "bench.hpp"
#include "peers/peers.hpp"

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kCall = 1000;

struct Call {
    std::string session;
    std::string interactions;
};

std::vector<Call> make_calls(ExchangeSource &source, std::uint32_t group, std::uint64_t rows) {
    std::vector<Call> calls;
    for (std::uint64_t index = 0; index < rows / kCall; ++index) {
        std::string array = "[";
        for (std::uint64_t n = 0; n < kCall; ++n) {
            if (n > 0) array += ',';
            source.advance();
            source.append_exchange(array);
        }
        calls.push_back({session_id(group, index), array + ']'});
    }
    return calls;
}

std::string array_literal(const std::vector<Call> &calls) {
    std::string out = "'{";
    for (const Call &call : calls) out += (out.size() > 2 ? "," : "") + call.session;
    return out + "}'";
}

// LIKE copies columns, defaults, column storage and indexes with their options; the table's own
// options it leaves out.
void create_twin(Postgres &postgres) {
    postgres.execute("CREATE TABLE twin (LIKE session_memory INCLUDING ALL)");
    std::string options = postgres.value(
        "SELECT array_to_string(c.reloptions || ARRAY(SELECT 'toast.' || o "
        "FROM unnest(t.reloptions) AS o), ', ') FROM pg_class c "
        "LEFT JOIN pg_class t ON t.oid = c.reltoastrelid "
        "WHERE c.oid = 'session_memory'::regclass");
    if (!options.empty()) postgres.execute("ALTER TABLE twin SET (" + options + ")");
}

template <typename Work>
double rows_per_second(Postgres &postgres, std::uint64_t rows, Work &&work) {
    postgres.execute("CHECKPOINT");
    Clock::time_point start = Clock::now();
    work();
    return static_cast<double>(rows) / std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

void measure_bulk(const Bench &bench) {
    if (!bench.ours) return;
    Database database(bench, "bench_bulk");
    make_peer("session_memory", database.place(false))->create();
    Postgres postgres(database.conninfo(false));
    create_twin(postgres);
    postgres.prepare("append", "SELECT sm_append($1, $2::jsonb)");

    ExchangeSource source(*bench.corpus);
    std::vector<double> append;
    std::vector<double> copy;
    for (int round = 0; round <= bench.scale->rounds; ++round) {
        std::vector<Call> calls =
            make_calls(source, 90 + static_cast<std::uint32_t>(round), bench.scale->bulk_rows);
        std::uint64_t rows = calls.size() * kCall;
        double append_rate = rows_per_second(postgres, rows, [&] {
            for (const Call &call : calls) {
                postgres.run("append", {call.session.c_str(), call.interactions.c_str()});
            }
        });
        std::vector<std::string> lines =
            postgres.copy_out("COPY (SELECT * FROM session_memory WHERE session_id = ANY (" +
                              array_literal(calls) + ") ORDER BY session_id, seq) TO STDOUT");
        if (lines.size() != rows) throw std::runtime_error("sm_append lost rows");
        double copy_rate = rows_per_second(
            postgres, rows, [&] { postgres.copy_in("COPY twin FROM STDIN", lines); });
        throw_if_interrupted();
        if (round == 0) continue;  // warms up
        append.push_back(append_rate);
        copy.push_back(copy_rate);
    }
    bench.report->info("bulk", "sm_append", "", spread_of(append), "rows/s");
    bench.report->info("bulk", "COPY", "", spread_of(copy), "rows/s");
    bench.report->reach("bulk sm_append / COPY", 1, ratio_of(append, copy),
                        std::to_string(kCall) + " interactions a call");
}

}  // namespace bench
