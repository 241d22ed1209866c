#pragma once

#include "ipc/client/tillctl/verbs.h"

namespace tillhost::tillctl {

/// Longest wait in one question for events; then it is asked anew.
inline constexpr os::Duration kWatchTurn = std::chrono::seconds(30);

/// Prints what devd says unasked, one event a line, until the count is reached or the program is
/// ended. A devd that goes away is waited for; what could not be had meanwhile is said as a gap.
Exit watch(const WatchVerb& verb, const Invocation& how, client::Client& devd, os::Clock& clock,
           os::Deadline deadline, Console& console);

}  // namespace tillhost::tillctl
