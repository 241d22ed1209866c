#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "hal/os/clock.h"

namespace tillhost::devd::runtime {

/// systemd's side of a service of Type=notify (sd_notify(3)): one datagram a message to
/// $NOTIFY_SOCKET. Without that variable everything here does nothing.
class ServiceManager final {
public:
    /// Reads $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID.
    static ServiceManager from_environment();

    void ready() const { tell("READY=1"); }
    void stopping() const { tell("STOPPING=1"); }
    /// How often alive() is wanted: half of systemd's limit. Nothing = never.
    std::optional<os::Duration> watchdog_interval() const { return watchdog_interval_; }
    void alive() const { tell("WATCHDOG=1"); }

private:
    void tell(std::string_view state) const;

    std::string socket_;
    std::optional<os::Duration> watchdog_interval_;
};

}  // namespace tillhost::devd::runtime
