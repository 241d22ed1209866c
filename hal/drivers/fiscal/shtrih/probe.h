#pragma once

#include "hal/base/result.h"
#include "hal/os/clock.h"
#include "hal/transport/transport.h"

namespace tillhost::drivers::shtrih {

/// Whether a registrar can be understood on this line: it answers ENQ twice with NAK alone, or with
/// ACK and a sound frame; or a ping with a sound numbered frame. Takes at most 5 s. No command is
/// carried out, and an answer that the registrar keeps is read and not acknowledged: it stays the
/// proof that it is. Errors: link_lost, cancelled.
base::Result<bool> answers(transport::Transport& line, const os::Clock& clock);

}  // namespace tillhost::drivers::shtrih
