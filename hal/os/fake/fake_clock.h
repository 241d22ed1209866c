#pragma once

#include "hal/os/clock.h"

namespace tillhost::os {

/// A clock that moves only when told. sleep_until() moves it at once.
class FakeClock final : public Clock {
public:
    Instant now() const override { return now_; }
    std::int64_t unix_ms() const override {
        return unix_ms_at_zero_ +
               std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch())
                   .count();
    }
    void sleep_until(Instant when) override { advance_to(when); }

    void advance_to(Instant when) { now_ = when > now_ ? when : now_; }
    void advance(Duration by) { now_ += by; }
    /// The wall clock jumps; the monotonic one does not.
    void set_unix_ms_at_zero(std::int64_t unix_ms) { unix_ms_at_zero_ = unix_ms; }

private:
    Instant now_{};
    std::int64_t unix_ms_at_zero_ = 1'780'000'000'000;  // 2026-05-28T20:26:40Z
};

}  // namespace tillhost::os
