#pragma once

#include <chrono>
#include <cstdint>

namespace tillhost::os {

using Duration = std::chrono::nanoseconds;

/// Monotonic time of one process (or of one simulation). Only differences mean something.
struct Monotonic {
    using duration = Duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<Monotonic>;
    static constexpr bool is_steady = true;
};
using Instant = Monotonic::time_point;

/// When something must be over. Handed down whole: a callee never starts a longer wait of its own.
using Deadline = Instant;

/// The only source of time. Nothing outside hal/os reads a clock or sleeps on its own.
class Clock {
public:
    virtual ~Clock() = default;
    virtual Instant now() const = 0;
    /// Milliseconds since 1970-01-01 UTC by the wall clock; may jump.
    virtual std::int64_t unix_ms() const = 0;
    /// Blocks until then. In a simulation this is where a process can be killed (an exception).
    virtual void sleep_until(Instant when) = 0;
};

/// The machine's clocks.
class SystemClock final : public Clock {
public:
    Instant now() const override;
    std::int64_t unix_ms() const override;
    void sleep_until(Instant when) override;
};

/// The same, but its monotonic time goes on while the machine sleeps (CLOCK_BOOTTIME): for what was
/// promised for so many seconds, whatever happens to the machine meanwhile.
class BootClock final : public Clock {
public:
    Instant now() const override;
    std::int64_t unix_ms() const override;
    void sleep_until(Instant when) override;
};

}  // namespace tillhost::os
