#pragma once

#include <deque>
#include <functional>

#include "devd/host/packet_reader.h"
#include "hal/os/descriptor.h"
#include "ipc/contract/messages.h"

namespace tillhost::devd::runtime {

/// What devd keeps for a host that does not read; more is a broken host.
inline constexpr std::size_t kUnsentBytesMax = 4 * 1024 * 1024;

/// devd's end of a host link: never blocks, believes nothing.
class HostChannel final {
public:
    explicit HostChannel(os::Descriptor link) : link_(std::move(link)) {}

    int fd() const { return link_.get(); }

    /// Sends, or keeps what the kernel does not take now. Errors: too_large (the host does not
    /// read), link_lost.
    base::Done send(const contract::ToHost& message);
    /// True while something is kept: call flush() when the link is writable.
    bool has_unsent() const { return !unsent_.empty(); }
    /// Errors: link_lost.
    base::Done flush();

    /// Takes what has arrived, some more than `messages_max` at most, and hands over each message.
    /// Returns false when there was no more at the last look. Stops as soon as the handler returns
    /// false. Errors: link_lost (the host's end is closed and everything was read), malformed,
    /// bad_field, too_large: the host is broken or hostile and must be ended.
    base::Result<bool> receive(std::size_t messages_max,
                               const std::function<bool(const contract::FromHost&)>& handler);

private:
    base::Done send_packet(base::ByteView packet);

    os::Descriptor link_;
    host::PacketReader reader_;
    host::PacketJoiner joiner_;
    std::deque<base::Bytes> unsent_;
    std::size_t unsent_bytes_ = 0;
};

}  // namespace tillhost::devd::runtime
