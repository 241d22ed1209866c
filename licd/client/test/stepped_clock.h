#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <utility>

#include "hal/os/boot_clock.h"
#include "hal/os/clock.h"

namespace tillhost::licd::client::test {

/// The machine's clock, which a test moves on; whoever sleeps moves it instead. The wall clock is
/// set apart. Any thread.
class SteppedClock final : public os::Clock {
public:
    os::Instant now() const override { return real_.now() + os::Duration(ahead_ns_.load()); }
    std::int64_t unix_ms() const override { return real_.unix_ms() + wall_ahead_ms_.load(); }
    void sleep_until(os::Instant when) override {
        wait_first();
        const os::Duration left = when - now();
        if (left > os::Duration{}) {
            advance(left);
        }
    }
    void advance(os::Duration by) { ahead_ns_ += by.count(); }
    void step_wall(std::int64_t by_ms) { wall_ahead_ms_ += by_ms; }
    /// Called at the beginning of each sleep, by whoever sleeps: to wait in real time for what real
    /// sockets need, while patience here is over at once.
    void before_sleeps(std::function<void()> wait) {
        const std::lock_guard lock(mutex_);
        wait_ = std::move(wait);
    }

private:
    void wait_first() {
        const std::lock_guard lock(mutex_);
        if (wait_) {
            wait_();
        }
    }

    os::BootClock real_;
    std::atomic<std::int64_t> ahead_ns_{0};
    std::atomic<std::int64_t> wall_ahead_ms_{0};
    std::mutex mutex_;
    std::function<void()> wait_;
};

}  // namespace tillhost::licd::client::test
