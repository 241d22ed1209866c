#pragma once

#include <utility>

#include "devd/host/host_link.h"
#include "devd/host/packet_reader.h"
#include "hal/os/clock.h"
#include "hal/os/descriptor.h"

namespace tillhost::devd::host {

/// The descriptors that a driver host inherits, in this order.
inline constexpr int kLinkFd = 3;
inline constexpr int kLockFd = 4;
/// An event descriptor; readable: the operation under way is to be broken off.
inline constexpr int kAbortFd = 5;

/// Two connected ends of a host link: devd's, which does not block, and the host's.
/// Errors: system_failed.
base::Result<std::pair<os::Descriptor, os::Descriptor>> make_host_link();

/// The host's end: plain blocking calls.
class HostSocket final : public HostLink {
public:
    HostSocket(os::Descriptor link, const os::Clock& clock)
        : link_(std::move(link)), clock_(clock) {}

    base::Done send(const contract::FromHost& message) override;
    base::Result<contract::ToHost> receive(os::Deadline deadline) override {
        return receive_beside(-1, deadline);
    }
    base::Result<contract::ToHost> receive_beside(int fd, os::Deadline deadline) override;

private:
    base::Result<base::ByteView> next_packet(int beside, os::Deadline deadline);

    os::Descriptor link_;
    const os::Clock& clock_;
    PacketReader reader_;
    PacketJoiner joiner_;
};

}  // namespace tillhost::devd::host
