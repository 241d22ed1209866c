#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "hal/base/ids.h"
#include "hal/os/clock.h"

namespace tillhost::devd::core {

using TimerKey = base::StrongId<struct CoreTimerTag>;

/// What is to happen later. Holds no clock: whoever owns it says what time it is.
class Timers final {
public:
    using Action = std::function<void()>;

    TimerKey call_at(os::Instant when, Action action);
    /// Nothing happens for a timer that fired or was never there.
    void cancel(TimerKey key);
    std::optional<os::Instant> next() const;
    /// Runs what is due by `now`, in order; an action may add and cancel timers. What is added for
    /// `now` or earlier runs in this call too, at most kActionsPerFireMax in all.
    void fire(os::Instant now);

    static constexpr int kActionsPerFireMax = 10'000;

private:
    std::map<std::pair<os::Instant, TimerKey>, Action> by_time_;
    std::map<TimerKey, os::Instant> times_;
    std::uint64_t last_ = 0;
};

}  // namespace tillhost::devd::core
