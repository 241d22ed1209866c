#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>

#include "hal/base/invariant.h"
#include "hal/os/descriptor.h"

namespace tillhost::support {

/// A port of this machine that nobody listens on now.
inline std::uint16_t free_port() {
    const os::Descriptor probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    INVARIANT(::bind(probe.get(), any, size) == 0);
    INVARIANT(::getsockname(probe.get(), any, &size) == 0);
    return ntohs(address.sin_port);
}

}  // namespace tillhost::support
