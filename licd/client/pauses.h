#pragma once

#include <algorithm>

#include "hal/base/error.h"
#include "hal/os/clock.h"
#include "hal/os/random.h"

namespace tillhost::licd::client {

/// Between half and one and a half of it: a hundred tills whose server comes back do not knock at
/// the same moment.
inline os::Duration jittered(os::Duration about) {
    constexpr std::uint64_t kParts = 1024;
    const auto part = static_cast<std::int64_t>(os::random_u64() % kParts);
    return about / 2 + about / static_cast<std::int64_t>(kParts) * part;
}

/// Whether the same request may succeed later, unchanged, over this or another connection.
inline bool is_worth_repeating(const base::Error& error) {
    using base::ErrorCode;
    return error.code == ErrorCode::retry_later || error.code == ErrorCode::shutting_down ||
           error.code == ErrorCode::link_lost || error.code == ErrorCode::no_daemon ||
           error.code == ErrorCode::deadline_passed || error.code == ErrorCode::no_session ||
           error.code == ErrorCode::stale_session;
}

/// Pauses that grow, for a server that may come back.
class Pauses final {
public:
    static constexpr os::Duration kFirst = std::chrono::milliseconds(100);
    static constexpr os::Duration kLongest = std::chrono::seconds(2);

    explicit Pauses(os::Clock& clock) : clock_(clock) {}
    /// False when there is no time left.
    bool wait(os::Deadline deadline) {
        const os::Instant now = clock_.now();
        if (now >= deadline) {
            return false;
        }
        clock_.sleep_until(std::min(now + jittered(delay_), deadline));
        delay_ = std::min(delay_ * 2, kLongest);
        return true;
    }

private:
    os::Clock& clock_;
    os::Duration delay_ = kFirst;
};

}  // namespace tillhost::licd::client
