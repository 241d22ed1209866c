#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hal/base/result.h"
#include "hal/os/clock.h"

namespace tillhost::bench {

/// Each ratio is taken this often, turn about with its reference; the median counts.
inline constexpr int kRounds = 11;

/// Of an unsorted list that is not empty.
double median(std::vector<double> values);
/// The value that `share` (0 to 1) of an unsorted list does not exceed.
double percentile(std::vector<double> values, double share);

inline double microseconds(os::Duration duration) {
    return static_cast<double>(duration.count()) / 1e3;
}

/// Median time of one call in microseconds, the first tenth of the calls left out.
template <class Act>
base::Result<double> median_us(const os::Clock& clock, int times, Act&& act) {
    std::vector<double> each;
    for (int i = -times / 10; i < times; ++i) {
        const os::Instant start = clock.now();
        TRY(act());
        if (i >= 0) {
            each.push_back(microseconds(clock.now() - start));
        }
    }
    return median(std::move(each));
}

/// One line of the table.
struct Figure {
    enum class Sense : std::uint8_t { at_most, at_least };
    std::string name;
    std::string measured;
    std::string reference{};
    std::optional<double> ratio{};
    std::optional<double> bound{};  ///< of the ratio; nothing = for information
    Sense sense = Sense::at_most;

    bool within() const;
};

/// A figure by rounds: the medians of both sides and the median of their ratios.
Figure compare(std::string name, const std::vector<double>& measured,
               const std::vector<double>& reference, const std::string& unit,
               std::optional<double> bound);

/// A figure against a fixed bound: the ratio is the share of it.
Figure absolute(std::string name, double value, double bound, const char* unit);

void print_head();
void print(const Figure& figure);

}  // namespace tillhost::bench
