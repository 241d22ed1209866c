#pragma once

#include <cstdint>
#include <string>

#include "hal/base/ids.h"
#include "ipc/contract/messages.h"

namespace tillhost::devd::core {

/// The core's hands on driver hosts. Calls return at once; what comes of them arrives as
/// Core::on_host_message and Core::on_host_gone.
class HostPort {
public:
    virtual ~HostPort() = default;
    /// From the next spawn on the device is driven by this driver.
    virtual void assign(const std::string& device, const std::string& driver) {
        static_cast<void>(device);
        static_cast<void>(driver);
    }
    /// Starts a host. Only called when no host of the device lives (one master a device): the
    /// former one was reported by on_host_gone, which the runtime sends when its pidfd is readable
    /// and its lock is free.
    virtual void spawn(const std::string& device, base::HostEpoch epoch) = 0;
    /// Ends a host without a word (SIGKILL). on_host_gone follows when it is really gone.
    virtual void kill(const std::string& device) = 0;
    /// Sends to the living host; a message to a dead one is lost.
    virtual void send(const std::string& device, const contract::ToHost& message) = 0;
    /// Ends the wait that the living host's driver is in, so that it breaks off what it does.
    virtual void abort(const std::string& device) { static_cast<void>(device); }
};

}  // namespace tillhost::devd::core
