#pragma once

#include <algorithm>

#include "hal/base/error.h"
#include "hal/os/clock.h"

namespace tillhost::client {

/// Pauses between attempts to reach a devd that is not there: the first, and the longest.
inline constexpr os::Duration kReconnectDelayMin = std::chrono::milliseconds(50);
inline constexpr os::Duration kReconnectDelayMax = std::chrono::seconds(1);

/// Whether the same request, under the same id, is to be made again over another connection.
inline bool is_worth_repeating(const base::Error& error) {
    using base::ErrorCode;
    if (error.code == ErrorCode::book_restored) {
        return false;  // only a person can say more
    }
    return error.effect == base::Effect::unknown || error.code == ErrorCode::link_lost ||
           error.code == ErrorCode::no_daemon || error.code == ErrorCode::no_session ||
           error.code == ErrorCode::stale_session || error.code == ErrorCode::shutting_down ||
           error.code == ErrorCode::host_unreachable;
}

/// Pauses that grow, for a devd that may come back.
class Pauses final {
public:
    explicit Pauses(os::Clock& clock) : clock_(clock) {}
    /// False when there is no time left.
    bool wait(os::Deadline deadline) {
        const os::Instant now = clock_.now();
        if (now >= deadline) {
            return false;
        }
        clock_.sleep_until(std::min(now + delay_, deadline));
        delay_ = std::min(delay_ * 2, kReconnectDelayMax);
        return true;
    }

private:
    os::Clock& clock_;
    os::Duration delay_ = kReconnectDelayMin;
};

}  // namespace tillhost::client
