#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "hal/os/clock.h"

namespace tillhost::devd::runtime {

/// How long something took, counted by upper bounds. One thread adds, any reads.
class LatencyHistogram final {
public:
    static constexpr std::array<os::Duration, 13> kBounds{
        std::chrono::microseconds(100),  std::chrono::microseconds(250),
        std::chrono::microseconds(500),  std::chrono::milliseconds(1),
        std::chrono::microseconds(2500), std::chrono::milliseconds(5),
        std::chrono::milliseconds(10),   std::chrono::milliseconds(25),
        std::chrono::milliseconds(50),   std::chrono::milliseconds(100),
        std::chrono::milliseconds(250),  std::chrono::seconds(1),
        std::chrono::seconds(5)};

    struct Counts {
        std::array<std::uint64_t, kBounds.size()> within{};  ///< of each bound alone
        std::uint64_t count = 0;
        os::Duration sum{};
    };

    void add(os::Duration took) {
        for (std::size_t i = 0; i < kBounds.size(); ++i) {
            if (took <= kBounds[i]) {
                within_[i].fetch_add(1, std::memory_order_relaxed);
                break;
            }
        }
        count_.fetch_add(1, std::memory_order_relaxed);
        sum_ns_.fetch_add(took.count(), std::memory_order_relaxed);
    }
    Counts read() const {
        Counts counts;
        for (std::size_t i = 0; i < kBounds.size(); ++i) {
            counts.within[i] = within_[i].load(std::memory_order_relaxed);
        }
        counts.count = count_.load(std::memory_order_relaxed);
        counts.sum = os::Duration(sum_ns_.load(std::memory_order_relaxed));
        return counts;
    }

private:
    std::array<std::atomic<std::uint64_t>, kBounds.size()> within_{};
    std::atomic<std::uint64_t> count_{0};
    std::atomic<std::int64_t> sum_ns_{0};
};

}  // namespace tillhost::devd::runtime
