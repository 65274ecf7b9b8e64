// From the CSV file to Markdown and plot data. See summary.hpp.
#include "summary.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace bench {
namespace {

// The order of the columns in the file.
enum Column {
    kKind,
    kExperiment,
    kName,
    kConnections,
    kX,
    kMedian,
    kLow,
    kHigh,
    kUnit,
    kP50,
    kP99,
    kTarget,
    kVerdict,
    kNote,
    kColumns
};

using Row = std::array<std::string, kColumns>;

Row parse(const std::string &line) {
    Row row;
    std::size_t column = 0;
    bool quoted = false;
    for (std::size_t n = 0; n < line.size() && column < kColumns; ++n) {
        if (line[n] == '"' && quoted && n + 1 < line.size() && line[n + 1] == '"') {
            row[column] += line[++n];
        } else if (line[n] == '"') {
            quoted = !quoted;
        } else if (line[n] == ',' && !quoted) {
            ++column;
        } else {
            row[column] += line[n];
        }
    }
    return row;
}

std::vector<Row> rows_of(const std::string &csv, std::string_view kind) {
    std::ifstream in(csv);
    if (!in) throw std::runtime_error("cannot read " + csv);
    std::vector<Row> rows;
    for (std::string line; std::getline(in, line);) {
        Row row = parse(line);
        if (row[kKind] == kind) rows.push_back(std::move(row));
    }
    return rows;
}

// Three or four digits are what a measurement is worth.
std::string rounded(const std::string &number) {
    if (number.empty()) return {};
    double value = std::strtod(number.c_str(), nullptr);
    char text[40];
    const char *format = value >= 1000  ? "%.0f"
                         : value >= 100 ? "%.0f"
                         : value >= 10  ? "%.1f"
                                        : "%.2f";
    std::snprintf(text, sizeof text, format, value);
    std::string out = text;
    std::size_t end = out.find('.') == std::string::npos ? out.size() : out.find('.');
    for (std::size_t n = end; n > 3; n -= 3) out.insert(n - 3, 1, ',');
    return out;
}

std::string range(const Row &row) {
    if (row[kLow].empty() || row[kLow] == row[kHigh]) return {};
    return rounded(row[kLow]) + " – " + rounded(row[kHigh]);
}

void print_targets(const std::vector<Row> &rows) {
    std::puts("## Targets\n");
    std::puts("| what | connections | measured | lowest – highest | target | verdict | note |");
    std::puts("|---|--:|--:|--:|--:|---|---|");
    for (const Row &row : rows) {
        std::printf("| %s | %s | %s %s | %s | %s | %s | %s |\n", row[kName].c_str(),
                    row[kConnections].c_str(), rounded(row[kMedian]).c_str(),
                    row[kMedian].empty() ? "" : row[kUnit].c_str(), range(row).c_str(),
                    row[kTarget].c_str(), row[kVerdict].c_str(), row[kNote].c_str());
    }
}

void print_rates(const std::vector<Row> &rows) {
    std::puts("\n## Rates\n");
    std::puts(
        "| experiment | workload | connections | history or rows | a second | lowest – highest | "
        "p50 µs | p99 µs |");
    std::puts("|---|---|--:|--:|--:|--:|--:|--:|");
    for (const Row &row : rows) {
        std::printf("| %s | %s | %s | %s | %s | %s | %s | %s |\n", row[kExperiment].c_str(),
                    row[kName].c_str(), row[kConnections].c_str(), row[kX].c_str(),
                    rounded(row[kMedian]).c_str(), range(row).c_str(), rounded(row[kP50]).c_str(),
                    rounded(row[kP99]).c_str());
    }
}

void print_others(const std::vector<Row> &rows) {
    std::puts("\n## Other numbers\n");
    std::puts("| experiment | what | at | value | lowest – highest | note |");
    std::puts("|---|---|--:|--:|--:|---|");
    for (const Row &row : rows) {
        if (row[kExperiment] == "cost by adds") continue;  // a curve: for the plot
        std::printf("| %s | %s | %s | %s %s | %s | %s |\n", row[kExperiment].c_str(),
                    row[kName].c_str(), row[kX].c_str(), rounded(row[kMedian]).c_str(),
                    row[kUnit].c_str(), range(row).c_str(), row[kNote].c_str());
    }
}

struct Plot {
    const char *file;
    std::string_view kind;
    std::string_view experiment;
    Column x;
    bool latency;  // the median latency instead of the rate
};

constexpr std::array<Plot, 6> kPlots = {{
    {"contexts.dat", "rate", "context", kConnections, false},
    {"adds_off.dat", "rate", "add, durability off", kConnections, false},
    {"adds_on.dat", "rate", "add, durability on", kConnections, false},
    {"history_context.dat", "rate", "context by history", kX, true},
    {"history_add.dat", "rate", "add by history", kX, true},
    {"snapshot.dat", "info", "cost by adds", kX, false},
}};

}  // namespace

void print_markdown(const std::string &csv) {
    print_targets(rows_of(csv, "reach"));
    print_rates(rows_of(csv, "rate"));
    print_others(rows_of(csv, "info"));
}

void write_plot_data(const std::string &csv, const std::string &folder) {
    for (const Plot &plot : kPlots) {
        std::ofstream out(folder + "/" + plot.file);
        for (const Row &row : rows_of(csv, plot.kind)) {
            if (row[kExperiment] != plot.experiment) continue;
            out << row[kName] << '\t' << row[plot.x] << '\t';
            if (plot.latency) {
                out << row[kP50] << '\n';
            } else {
                out << row[kMedian] << '\t' << row[kLow] << '\t' << row[kHigh] << '\n';
            }
        }
        if (!out) throw std::runtime_error("cannot write into " + folder);
    }
}

}  // namespace bench
