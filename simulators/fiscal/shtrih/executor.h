#pragma once

#include <cstdint>
#include <optional>

#include "hal/base/bytes.h"
#include "hal/os/clock.h"

namespace tillhost::simulators::shtrih {

/// Who carries out the commands that the link layer received.
class Executor {
public:
    virtual ~Executor() = default;
    /// How long the command will take before its answer is ready.
    virtual os::Duration time_of(base::ByteView message) = 0;
    /// Carries it out and gives the answer message; nothing if the device died of it.
    virtual std::optional<base::Bytes> execute(base::ByteView message, os::Instant now) = 0;
};

struct LinkOptions {
    os::Duration byte_timeout = std::chrono::milliseconds(50);
    os::Duration confirm_timeout = std::chrono::milliseconds(1000);
    /// A network link sends FFh after the host confirmed an answer (note to appendix 3).
    bool tcp = false;
    /// The lower levels that the device speaks; the first byte after power on chooses among them.
    bool variant1 = true;
    bool variant2 = true;
};

/// One of the two lower levels of the protocol, device side.
class LowerLevel {
public:
    virtual ~LowerLevel() = default;
    virtual void receive(std::byte byte, os::Instant now) = 0;
    virtual void advance(os::Instant now) = 0;
    virtual std::optional<os::Instant> next_event() const = 0;
    virtual base::Bytes take_output() = 0;
    /// Power was lost: what is kept in RAM is gone.
    virtual void reset() = 0;
    /// The next `count` good frames are refused as a spoiled one would be, and not executed.
    virtual void refuse_frames(std::int64_t count) = 0;
    /// How long the next byte of a frame may take, as command 14h sets it.
    virtual void set_byte_timeout(os::Duration timeout) = 0;
    /// No frame is half received, executing, or waiting to be confirmed.
    virtual bool idle() const = 0;
    /// A command was taken and its answer is not ready.
    virtual bool executing() const = 0;
};

}  // namespace tillhost::simulators::shtrih
