#include "devd/host/host_socket.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "ipc/contract/decoder.h"
#include "ipc/msgpack.h"

namespace tillhost::devd::host {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr int kSendBufferBytes = 512 * 1024;  // the kernel cuts it to net.core.wmem_max

base::Error link_lost() { return make_error(ErrorCode::link_lost, "devd is gone"); }

}  // namespace

Result<std::pair<os::Descriptor, os::Descriptor>> make_host_link() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return os::system_error("socketpair", errno);
    }
    for (const int end : ends) {
        ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &kSendBufferBytes, sizeof kSendBufferBytes);
    }
    // devd's end is read and written with MSG_DONTWAIT: O_NONBLOCK needs no flag then.
    return std::pair{os::Descriptor(ends[0]), os::Descriptor(ends[1])};
}

Done HostSocket::send(const contract::FromHost& message) {
    return split_message(
        ipc::encode_msgpack(contract::to_value(message)), [this](base::ByteView packet) -> Done {
            ssize_t sent = 0;
            do {
                sent = ::send(link_.get(), packet.data(), packet.size(), MSG_NOSIGNAL);
            } while (sent < 0 && errno == EINTR);
            return sent < 0 ? Done(link_lost()) : Done();
        });
}

Result<base::ByteView> HostSocket::next_packet(int beside, os::Deadline deadline) {
    constexpr std::int64_t kNsPerSecond = 1'000'000'000;
    while (true) {
        const auto packet = TRY(reader_.next(link_.get()));
        if (packet) {
            return *packet;
        }
        std::array<pollfd, 2> ready{{{link_.get(), POLLIN, 0}, {beside, POLLIN, 0}}};
        const std::int64_t ns = std::max<std::int64_t>((deadline - clock_.now()).count(), 0);
        const timespec left{ns / kNsPerSecond, ns % kNsPerSecond};
        const timespec* const limit = deadline == os::Deadline::max() ? nullptr : &left;
        const int count = ::ppoll(ready.data(), ready.size(), limit, nullptr);
        if (count == 0) {
            return make_error(ErrorCode::deadline_passed, "no message");
        }
        if (count > 0 && ready[0].revents == 0 && ready[1].revents != 0) {
            return make_error(ErrorCode::cancelled, "the other descriptor is ready");
        }
    }
}

Result<contract::ToHost> HostSocket::receive_beside(int fd, os::Deadline deadline) {
    while (true) {
        const base::ByteView packet = TRY(next_packet(fd, deadline));
        const auto message = TRY(joiner_.take(packet));
        if (message) {
            const contract::Value value = TRY(ipc::decode_msgpack(*message));
            return contract::from_value<contract::ToHost>(value, "to_host");
        }
    }
}

}  // namespace tillhost::devd::host
