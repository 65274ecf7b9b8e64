// Reads the CSV file back: Markdown tables for people, data files for the plots.
#pragma once

#include <string>

namespace bench {

// Three tables: targets, rates, other numbers; to standard output.
void print_markdown(const std::string &csv);

// One file for each plot in the folder: series, x, median, low, high; separated by tabs.
void write_plot_data(const std::string &csv, const std::string &folder);

}  // namespace bench
