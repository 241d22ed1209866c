#pragma once

#include "hal/os/clock.h"

namespace tillhost::os {

/// The machine's clocks as SystemClock, but the monotonic time goes on while the machine sleeps
/// (CLOCK_BOOTTIME): for what was promised for so many seconds, whatever happens to the machine
/// meanwhile.
class BootClock final : public Clock {
public:
    Instant now() const override;
    std::int64_t unix_ms() const override;
    void sleep_until(Instant when) override;
};

}  // namespace tillhost::os
