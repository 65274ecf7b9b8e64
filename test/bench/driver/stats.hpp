// Medians, spreads and ratios.
//
// A *spread* is a median with the lowest and the highest value. The ratio of two workloads is taken
// round by round, so that a disturbance which hits one round hits both of its sides; its median
// and spread are those of the rounds' ratios.
#pragma once

#include <cstdint>
#include <vector>

namespace bench {

struct Spread {
    double median = 0;
    double low = 0;
    double high = 0;
};

Spread spread_of(std::vector<double> values);
inline Spread exactly(double value) {
    return {value, value, value};
}

// upper[i] / lower[i] for each round.
Spread ratio_of(const std::vector<double> &upper, const std::vector<double> &lower);

// The value below which `share` of the samples lie, by the nearest rank; reorders the samples.
double quantile(std::vector<std::uint32_t> &samples, double share);

}  // namespace bench
