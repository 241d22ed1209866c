#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "hal/base/bytes.h"
#include "hal/base/result.h"
#include "hal/os/clock.h"

namespace tillhost::transport {

/// What a USB HID device says of itself.
struct HidDescription {
    base::Bytes report_descriptor{};
    std::uint16_t vendor = 0;
    std::uint16_t product = 0;
    std::string serial{};
    std::string name{};
};

/// A line to one device: bytes both ways, every wait with a deadline. One owner, one thread.
///
/// In a simulation the same calls step virtual time; a killed host is an exception thrown out of
/// them, so a driver holds nothing that its destructors cannot give back.
class Transport {
public:
    virtual ~Transport() = default;

    /// Waits for at least one byte and takes what is there, at most the buffer's size.
    /// Errors: deadline_passed (nothing came), link_lost (hang-up; the transport is dead),
    /// cancelled (the cancel descriptor fired).
    virtual base::Result<std::size_t> read(std::span<std::byte> buffer, os::Deadline deadline) = 0;

    /// Hands all bytes to the operating system.
    /// Errors: deadline_passed (some may have left: effect unknown), link_lost, cancelled.
    virtual base::Done write(base::ByteView bytes, os::Deadline deadline) = 0;

    /// Throws away what was received and not read, and what was written and not yet sent.
    virtual base::Done flush() = 0;

    /// How long bytes of an earlier owner of this line may still arrive at the device after the
    /// flush (what stands in adapters and hardware queues, at this line's speed).
    virtual os::Duration late_bytes_max() const = 0;

    /// The descriptor that is readable when read() would not wait; -1: there is none to wait on
    /// beside others.
    virtual int input_fd() const { return -1; }

    /// The device node that the line goes through, behind all links: /dev/ttyUSB0. Empty: none that
    /// could be plugged in, as with a network or a pseudo-terminal.
    virtual std::string node() const { return {}; }

    /// What the device says of itself if it is one of USB HID; nullptr: it is none. On such a line
    /// one read takes one report.
    virtual const HidDescription* hid() const { return nullptr; }
};

/// Opens the line anew; given to a driver, which does not know what kind of line it is.
class Connector {
public:
    virtual ~Connector() = default;
    /// Errors: port_missing, port_denied, port_busy (the detail names the holder), port_failed,
    /// no_answer (TCP), deadline_passed.
    virtual base::Result<std::unique_ptr<Transport>> connect(os::Deadline deadline) = 0;
};

}  // namespace tillhost::transport
