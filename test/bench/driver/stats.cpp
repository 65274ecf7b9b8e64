// See stats.hpp.
#include "stats.hpp"

#include <algorithm>
#include <cmath>

namespace bench {

Spread spread_of(std::vector<double> values) {
    if (values.empty()) return {};
    std::sort(values.begin(), values.end());
    std::size_t middle = values.size() / 2;
    double median =
        values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    return {median, values.front(), values.back()};
}

Spread ratio_of(const std::vector<double> &upper, const std::vector<double> &lower) {
    std::vector<double> ratios;
    for (std::size_t n = 0; n < std::min(upper.size(), lower.size()); ++n) {
        if (lower[n] > 0) ratios.push_back(upper[n] / lower[n]);
    }
    return spread_of(std::move(ratios));
}

double quantile(std::vector<std::uint32_t> &samples, double share) {
    if (samples.empty()) return 0;
    auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(samples.size())));
    auto at = samples.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
    std::nth_element(samples.begin(), at, samples.end());
    return *at;
}

}  // namespace bench
