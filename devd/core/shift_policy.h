#pragma once

#include <chrono>
#include <optional>

#include "hal/os/clock.h"

namespace tillhost::devd::core {

/// What devd does for a registrar's shift by itself. Without one a shift is the programs' affair.
struct ShiftPolicy {
    /// Before a receipt or a correction is begun while the last status says that no shift is open,
    /// devd hands over an open_shift of its own.
    bool open_when_needed = false;
    /// Minutes after midnight, local time, 0…1439: devd closes a shift that was opened before, as
    /// soon as nothing waits for the device and nothing is in doubt.
    std::optional<int> close_at_minute;
    /// A shift that is open longer is a reason in health; zero = never.
    os::Duration remind_after{};

    friend bool operator==(const ShiftPolicy&, const ShiftPolicy&) = default;
};

}  // namespace tillhost::devd::core
