#pragma once

#include <cstddef>
#include <limits>
#include <optional>

#include "hal/base/bytes.h"
#include "hal/os/clock.h"

namespace tillhost::simulators {

/// A simulated device at the end of a line, as bytes and time see it.
///
/// Pure: no input or output of its own, no clock, no threads; everything that looks random comes
/// from a seed. So the same object runs on virtual time inside a test, in the program devsim on
/// real time, and under a scenario. Whoever drives it calls with an `Instant` that never goes back:
///
///     device.receive(bytes, now);            // or advance(now) when nothing came
///     send(device.take_output());            // what the device says by now
///     wait_until(bytes or device.next_event());
///
/// No call blocks; a call takes microseconds. One thread.
class LineDevice {
public:
    virtual ~LineDevice() = default;

    /// Bytes arrive from the host. Everything due by `now` happens first.
    virtual void receive(base::ByteView bytes, os::Instant now) = 0;
    /// Time passes: timeouts, finished commands, printed lines.
    virtual void advance(os::Instant now) = 0;
    /// When advance() has something to do next; nothing while only the host can make it act.
    virtual std::optional<os::Instant> next_event() const = 0;
    /// What the device has sent since the last call.
    virtual base::Bytes take_output() = 0;
    /// True while it executes a command or prints: who waits then, waits for the device. False
    /// where a family does not tell.
    virtual bool working() const { return false; }
    /// How many bytes receive() may bring now without one being lost. A line that can hold its
    /// host back (a TCP window, DTR) brings no more and asks again after advance(); others lose
    /// what is beyond.
    virtual std::size_t room() const { return std::numeric_limits<std::size_t>::max(); }

    /// A host has opened the device's socket, or it is gone. Only on a line that has connections;
    /// a device that needs none of this takes bytes without.
    virtual void line_opened(os::Instant /*now*/) {}
    virtual void line_closed(os::Instant /*now*/) {}
    /// True once when the device closes the connection, behind what take_output() gave.
    virtual bool take_hang_up() { return false; }

    /// Switches the device off or on. Off it hears and says nothing, and forgets what a real one
    /// keeps in RAM; its memory stays. Switching to the state it is in does nothing.
    virtual void power(bool on, os::Instant now) = 0;
    virtual bool powered() const = 0;
};

}  // namespace tillhost::simulators
