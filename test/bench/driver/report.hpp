// What comes out: one CSV line for each number, and a line on the terminal.
//
// Three kinds of line: `rate` (a workload's operations a second with its latencies), `reach` (a
// number with a target, and whether it is met) and `info` (a number without one). The targets
// stand in one table in report.cpp, so that a row which was not measured is seen as missing.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "runner.hpp"
#include "stats.hpp"

namespace bench {

class Report {
  public:
    // Appends to the file; writes the head line where the file is empty.
    explicit Report(const std::string &path);
    ~Report();
    Report(const Report &) = delete;
    Report &operator=(const Report &) = delete;

    // `x` is what the experiment varies: a history's length, rows; empty where nothing.
    void rate(std::string_view experiment, int connections, const std::string &x,
              const LaneResult &result);
    void reach(std::string_view row, int connections, const Spread &value,
               std::string_view note = {});
    // A ratio that no target is set for: how far a target could be reached at all.
    void bound(std::string_view row, int connections, const Spread &value,
               std::string_view note = {});
    void not_measured(std::string_view row, std::string_view why);
    void info(std::string_view experiment, std::string_view name, const std::string &x,
              const Spread &value, std::string_view unit, std::string_view note = {});
    // After the last experiment: a line for each row of the table that has none yet.
    static void list_missing(const std::string &path);

  private:
    std::FILE *file_;
};

}  // namespace bench
