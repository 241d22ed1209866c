#pragma once

#include "ipc/client/tillctl/verbs.h"

namespace tillhost::tillctl {

/// Shows a recording with the frame decoder of its driver; asks no devd and opens no line.
Exit replay(const ReplayVerb& verb, const Invocation& how, Console& console);

}  // namespace tillhost::tillctl
