#pragma once

#include <functional>
#include <memory>
#include <string>

#include "hal/base/bytes.h"
#include "hal/os/event_loop.h"

namespace tillhost::devsim {

/// The device's end of a real line. Bytes are handed up as they come; what is written while nobody
/// listens, or faster than the line's buffer takes it, is lost, as on a wire.
class Line {
public:
    using Received = std::function<void(base::ByteView)>;
    /// How many bytes the device takes now; asked before each read.
    using Room = std::function<std::size_t()>;
    /// A host is there, or it is gone.
    using Watched = std::function<void(bool here)>;
    virtual ~Line() = default;
    virtual void write(base::ByteView bytes) = 0;
    /// What the host connects to: a path, or HOST:PORT with the real port.
    virtual std::string address() const = 0;
    /// What a further client meets while one is there: "refuse" (it is turned away), "wait" (until
    /// the first is gone) or "steal" (the first is thrown out). Errors: not_supported (no socket).
    virtual base::Done second_client(std::string_view mode);
    /// Who wants to know of hosts that come and go; only a socket tells.
    virtual void watch_host(Watched /*watched*/) {}
    /// From now on no more is read than the device has room for, and the host is held back by it:
    /// call go_on() when there is room again.
    virtual void hold_back(Room room) = 0;
    virtual void go_on() = 0;
    /// Closes the host's connection, and is silent about it; nothing where there is none.
    virtual void hang_up() {}
};

/// A pseudo terminal in raw mode. With a `speed` (baud, one that termios knows; 0: any) it is a
/// device of that speed: while the host has set another one, no byte arrives as it was sent, in
/// either direction. A host may close and open it again; what it left unread is gone
/// once the loop has seen it close, so a host that is quicker flushes when it opens, as it must on
/// any line. `link` gets a symbolic link to it that goes away with the line; an old link is
/// replaced.
/// Errors: system_failed, port_busy (something that is no link stands at `link`),
/// bad_field(--speed).
base::Result<std::unique_ptr<Line>> open_pty_line(os::EventLoop& loop, const std::string& link,
                                                  std::int64_t speed, Line::Received received);

/// A TCP server for one client at a time; see Line::second_client for a second one.
/// Errors: bad_field(--tcp), system_failed.
base::Result<std::unique_ptr<Line>> open_tcp_line(os::EventLoop& loop, const std::string& address,
                                                  Line::Received received);

}  // namespace tillhost::devsim
