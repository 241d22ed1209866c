#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <initializer_list>

#include "hal/os/clock.h"
#include "simulators/core/random.h"

namespace tillhost::simulation {

constexpr os::Duration us(std::int64_t count) { return std::chrono::microseconds(count); }
constexpr os::Duration ms(std::int64_t count) { return std::chrono::milliseconds(count); }

/// One stream of choices. Each part has its own, so that a choice more in one part leaves the
/// others as they were.
class Chance final {
public:
    Chance(std::uint64_t seed, std::uint64_t stream)
        : random_(simulators::Random(seed * 0x9E3779B97F4A7C15ULL + stream).next()) {}

    std::uint64_t next() { return random_.next(); }
    /// 0 … bound - 1; 0 if bound is 0.
    std::int64_t below(std::int64_t bound) {
        return bound <= 0
                   ? 0
                   : static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(bound)));
    }
    std::int64_t between(std::int64_t low, std::int64_t high) {
        return low + below(high - low + 1);
    }
    bool one_in(std::int64_t count) { return below(count) == 0; }
    bool percent(std::int64_t likely) { return below(100) < likely; }
    os::Duration us_between(std::int64_t low, std::int64_t high) { return us(between(low, high)); }
    os::Duration ms_between(std::int64_t low, std::int64_t high) { return ms(between(low, high)); }

private:
    simulators::Random random_;
};

}  // namespace tillhost::simulation
