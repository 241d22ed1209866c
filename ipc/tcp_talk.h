#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hal/base/result.h"
#include "hal/os/clock.h"

namespace tillhost::ipc {

/// HOST:PORT taken apart.
struct TcpAddress {
    std::string host;
    std::uint16_t port = 0;
    std::string text() const;  ///< "HOST:PORT"
};
/// `default_port` where the text names none. A host is a name or an IPv4 address.
/// Errors: bad_field(host).
base::Result<TcpAddress> parse_tcp_address(std::string_view text, std::uint16_t default_port);

/// Connects, sends `words`, and returns what comes until the other end closes, `bytes_max` bytes
/// are there, or a line has ended if `line` is set. For short talks outside ZeroMQ. Blocks until
/// the deadline at most, and for as long as the system takes to look up a name. Errors: no_daemon
/// (nobody is there, or does not answer in time).
struct TcpTalk {
    std::string_view words{};
    std::size_t bytes_max = 0;
    bool line = false;
};
base::Result<std::string> talk_over_tcp(const TcpAddress& to, const TcpTalk& talk,
                                        const os::Clock& clock, os::Deadline deadline);

}  // namespace tillhost::ipc
