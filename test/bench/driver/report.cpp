// The table of targets, and the CSV file. See report.hpp.
#include "report.hpp"

#include <array>
#include <fstream>
#include <stdexcept>

namespace bench {
namespace {

enum class Sense { kAtLeast, kAtMost };

struct Target {
    std::string_view row;
    Sense sense;
    double bound;
    std::string_view unit;
};

constexpr std::array<Target, 21> kTargets = {{
    {"sm_context(5) / Redis LRANGE", Sense::kAtLeast, 1.0, "x"},
    {"sm_context(5) / OpenAI SDK's SQL", Sense::kAtLeast, 1.2, "x"},
    {"sm_context(5) / one-array table", Sense::kAtLeast, 4.0, "x"},
    {"sm_add / one-array table of 40", Sense::kAtLeast, 10.0, "x"},
    {"sm_add / OpenAI SDK's SQL", Sense::kAtLeast, 2.5, "x"},
    {"sm_add / Redis RPUSH, durability off", Sense::kAtLeast, 0.8, "x"},
    {"sm_add / Redis RPUSH, durability on", Sense::kAtLeast, 1.0, "x"},
    {"sm_add / RedisSession sequence, durability off", Sense::kAtLeast, 1.5, "x"},
    {"sm_add / RedisSession sequence, durability on", Sense::kAtLeast, 1.5, "x"},
    {"cost of add, long history / 10", Sense::kAtMost, 1.15, "x"},
    {"cost of context, long history / 10", Sense::kAtMost, 1.15, "x"},
    {"cost of add, large table / 10 thousand rows", Sense::kAtMost, 1.15, "x"},
    {"cost of context, large table / 10 thousand rows", Sense::kAtMost, 1.15, "x"},
    {"janitor alone", Sense::kAtLeast, 200000, "rows/s"},
    {"p99 of add, janitor at work / at rest", Sense::kAtMost, 1.25, "x"},
    {"p99 of context, janitor at work / at rest", Sense::kAtMost, 1.25, "x"},
    {"adds under an old snapshot / without", Sense::kAtMost, 3.0, "x"},
    {"contexts under an old snapshot / without", Sense::kAtMost, 3.0, "x"},
    {"bytes on disk / bytes of raw JSON", Sense::kAtMost, 1.3, "x"},
    {"size after 10 cycles of add and expire / live size", Sense::kAtMost, 1.5, "x"},
    {"bulk sm_append / COPY", Sense::kAtLeast, 0.6, "x"},
}};

const Target &find(std::string_view row) {
    for (const Target &target : kTargets) {
        if (target.row == row) return target;
    }
    throw std::logic_error("no target for: " + std::string(row));
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (char c : text) {
        if (c == '"') out += '"';
        out += c == '\n' ? ' ' : c;
    }
    return out + '"';
}

std::string bound_text(const Target &target) {
    char text[40];
    std::snprintf(text, sizeof text, "%s %g",
                  target.sense == Sense::kAtLeast ? ">=" : "<=", target.bound);
    return text;
}

}  // namespace

Report::Report(const std::string &path) : file_(std::fopen(path.c_str(), "a")) {
    if (file_ == nullptr) throw std::runtime_error("cannot write " + path);
    std::fseek(file_, 0, SEEK_END);
    if (std::ftell(file_) == 0) {
        std::fputs(
            "kind,experiment,name,connections,x,median,low,high,unit,p50_us,p99_us,target,"
            "verdict,note\n",
            file_);
    }
}

Report::~Report() {
    std::fclose(file_);
}

void Report::rate(std::string_view experiment, int connections, const std::string &x,
                  const LaneResult &result) {
    Spread rate = spread_of(result.rates);
    double p50 = spread_of(result.p50).median;
    double p99 = spread_of(result.p99).median;
    std::fprintf(file_, "rate,%s,%s,%d,%s,%.1f,%.1f,%.1f,ops/s,%.1f,%.1f,,,\n",
                 quoted(experiment).c_str(), quoted(result.name).c_str(), connections, x.c_str(),
                 rate.median, rate.low, rate.high, p50, p99);
    std::fflush(file_);
    std::printf("  %s, %s, %d connections %s: %.0f/s (%.0f to %.0f), p50 %.0f us, p99 %.0f us\n",
                std::string(experiment).c_str(), result.name.c_str(), connections, x.c_str(),
                rate.median, rate.low, rate.high, p50, p99);
    std::fflush(stdout);
}

void Report::reach(std::string_view row, int connections, const Spread &value,
                   std::string_view note) {
    const Target &target = find(row);
    bool met = target.sense == Sense::kAtLeast ? value.median >= target.bound
                                               : value.median <= target.bound;
    std::fprintf(file_, "reach,,%s,%d,,%.4g,%.4g,%.4g,%s,,,%s,%s,%s\n", quoted(row).c_str(),
                 connections, value.median, value.low, value.high, target.unit.data(),
                 bound_text(target).c_str(), met ? "met" : "missed", quoted(note).c_str());
    std::fflush(file_);
    std::printf("* %s, %d connections: %.4g %s (%.4g to %.4g), target %s: %s\n",
                std::string(row).c_str(), connections, value.median, target.unit.data(), value.low,
                value.high, bound_text(target).c_str(), met ? "met" : "missed");
    std::fflush(stdout);
}

void Report::bound(std::string_view row, int connections, const Spread &value,
                   std::string_view note) {
    std::fprintf(file_, "reach,,%s,%d,,%.4g,%.4g,%.4g,x,,,,for comparison,%s\n",
                 quoted(row).c_str(), connections, value.median, value.low, value.high,
                 quoted(note).c_str());
    std::fflush(file_);
    std::printf("  %s, %d connections: %.4g x (%.4g to %.4g)\n", std::string(row).c_str(),
                connections, value.median, value.low, value.high);
    std::fflush(stdout);
}

void Report::not_measured(std::string_view row, std::string_view why) {
    const Target &target = find(row);
    std::fprintf(file_, "reach,,%s,,,,,,%s,,,%s,not measured,%s\n", quoted(row).c_str(),
                 target.unit.data(), bound_text(target).c_str(), quoted(why).c_str());
    std::fflush(file_);
}

void Report::info(std::string_view experiment, std::string_view name, const std::string &x,
                  const Spread &value, std::string_view unit, std::string_view note) {
    std::fprintf(file_, "info,%s,%s,,%s,%.6g,%.6g,%.6g,%s,,,,,%s\n", quoted(experiment).c_str(),
                 quoted(name).c_str(), x.c_str(), value.median, value.low, value.high,
                 std::string(unit).c_str(), quoted(note).c_str());
    std::fflush(file_);
    std::printf("  %s %s %s: %.6g %s\n", std::string(experiment).c_str(), std::string(name).c_str(),
                x.c_str(), value.median, std::string(unit).c_str());
    std::fflush(stdout);
}

void Report::list_missing(const std::string &path) {
    std::ifstream in(path);
    std::string all((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    Report report(path);
    for (const Target &target : kTargets) {
        if (all.find("reach,," + quoted(target.row) + ",") == std::string::npos) {
            report.not_measured(target.row, "its experiment did not run or failed");
        }
    }
}

}  // namespace bench
