#pragma once

#include "hal/base/result.h"
#include "hal/os/clock.h"
#include "ipc/contract/messages.h"

namespace tillhost::devd::host {

/// A host's end of the link to devd: whole messages, in order, none lost while both live.
class HostLink {
public:
    virtual ~HostLink() = default;
    /// Errors: link_lost when devd is gone.
    virtual base::Done send(const contract::FromHost& message) = 0;
    /// Waits for the next message. Errors: deadline_passed, link_lost, malformed (devd speaks
    /// another version: the host ends).
    virtual base::Result<contract::ToHost> receive(os::Deadline deadline) = 0;
    /// The same, and ends early with `cancelled` when the descriptor has something to read.
    virtual base::Result<contract::ToHost> receive_beside(int fd, os::Deadline deadline) {
        static_cast<void>(fd);
        return receive(deadline);
    }
};

}  // namespace tillhost::devd::host
