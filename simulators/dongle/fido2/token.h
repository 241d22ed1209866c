#pragma once

#include <memory>

#include "simulators/core/token_control.h"
#include "simulators/dongle/fido2/options.h"

namespace tillhost::simulators::fido2 {

/// Keepalives of a token that works or waits, and how long it waits for a touch.
inline constexpr os::Duration kKeepaliveEvery = std::chrono::milliseconds(100);
inline constexpr os::Duration kTouchTimeout = std::chrono::seconds(30);
/// After it was plugged in a token may be reset (CTAP 2.1 §6.6).
inline constexpr os::Duration kResetWindow = std::chrono::seconds(10);

/// A simulated FIDO2 token on its line, faults of the line included (README.md: what it does and
/// what not). Errors: storage_failed if the store cannot be read, holds something else, or cannot
/// be written.
base::Result<std::unique_ptr<TokenSimulator>> make_fido2_token(const Fido2Options& options);

}  // namespace tillhost::simulators::fido2
