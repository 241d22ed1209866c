#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "hal/os/clock.h"
#include "hal/os/event_loop.h"

namespace tillhost::os {

/// systemd's side of a service of Type=notify (sd_notify(3)): one datagram a message to
/// $NOTIFY_SOCKET. Without that variable everything here does nothing.
class ServiceManager final {
public:
    /// Reads $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID.
    static ServiceManager from_environment();

    void ready() const { tell("READY=1"); }
    void stopping() const { tell("STOPPING=1"); }
    /// How often alive() is wanted: half of systemd's limit. Nothing = never.
    std::optional<Duration> watchdog_interval() const { return watchdog_interval_; }
    void alive() const { tell("WATCHDOG=1"); }

private:
    void tell(std::string_view state) const;

    std::string socket_;
    std::optional<Duration> watchdog_interval_;
};

/// systemd's watchdog tied to the loop: the ping is a timer of the very loop that does the work,
/// and nothing else sends it. A loop that is stuck in a handler pings no more, and systemd ends the
/// process; after it got free in time it pings once, not once for each ping that was missed.
class Watchdog final {
public:
    /// All outlive the watchdog.
    Watchdog(EventLoop& loop, const Clock& clock, const ServiceManager& manager)
        : loop_(loop), clock_(clock), manager_(manager) {}
    /// Does nothing where systemd has asked for none. Once.
    void start();

private:
    void ping(Duration interval);

    EventLoop& loop_;
    const Clock& clock_;
    const ServiceManager& manager_;
};

}  // namespace tillhost::os
