#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>

#include "hal/transport/connector.h"
#include "hal/transport/fd_stream.h"

namespace tillhost::transport {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

/// Bytes under way on the network when a former owner's connection was reset.
constexpr os::Duration kLateBytes = std::chrono::seconds(1);
/// A peer that vanished without a word: bytes that were sent and not acknowledged for so long cut
/// the connection, and so does an idle one whose probes were not.
constexpr int kUnacknowledgedMsMax = 10'000;
constexpr int kIdleSMax = 10;  ///< then it is probed
constexpr int kProbeEveryS = 3;
constexpr int kProbesMax = 3;

class TcpTransport final : public Transport {
public:
    explicit TcpTransport(FdStream stream) : stream_(std::move(stream)) {}

    /// A device serves one client; what it does with a second is to end the connection before it
    /// said anything.
    Result<std::size_t> read(std::span<std::byte> buffer, os::Deadline deadline) override {
        auto taken = stream_.read(buffer, deadline);
        heard_ = heard_ || taken;
        if (!taken && !heard_ && taken.error().code == ErrorCode::link_lost) {
            return make_error(ErrorCode::port_busy,
                              fmt::format("the device ended the connection at once ({}): another "
                                          "program is connected to it, or it has just ended",
                                          taken.error().detail));
        }
        return taken;
    }
    Done write(base::ByteView bytes, os::Deadline deadline) override {
        return stream_.write(bytes, deadline);
    }
    Done flush() override { return stream_.drop_received(); }
    int input_fd() const override { return stream_.fd(); }
    os::Duration late_bytes_max() const override { return kLateBytes; }

private:
    FdStream stream_;
    bool heard_ = false;
};

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;
};

SocketAddress socket_address(const TcpAddress& address) {
    SocketAddress result;
    sockaddr_in four{};
    if (::inet_pton(AF_INET, address.host.c_str(), &four.sin_addr) == 1) {
        four.sin_family = AF_INET;
        four.sin_port = htons(address.port);
        *reinterpret_cast<sockaddr_in*>(&result.storage) = four;
        result.length = sizeof four;
        return result;
    }
    sockaddr_in6 six{};
    INVARIANT(::inet_pton(AF_INET6, address.host.c_str(), &six.sin6_addr) == 1);  // was parsed
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(address.port);
    *reinterpret_cast<sockaddr_in6*>(&result.storage) = six;
    result.length = sizeof six;
    return result;
}

Done set_option(int fd, int level, int name, int value) {
    if (::setsockopt(fd, level, name, &value, sizeof value) != 0) {
        return os::system_error("setsockopt", errno);
    }
    return {};
}

Done set_options(int fd) {
    TRY(set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1));
    TRY(set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, kUnacknowledgedMsMax));
    TRY(set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1));
    TRY(set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, kIdleSMax));
    TRY(set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, kProbeEveryS));
    TRY(set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, kProbesMax));
    const linger reset{.l_onoff = 1, .l_linger = 0};
    if (::setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) != 0) {
        return os::system_error("setsockopt", errno);
    }
    return {};
}

int pending_error(int fd) {
    int number = 0;
    socklen_t length = sizeof number;
    return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &length) == 0 ? number : errno;
}

class TcpConnector final : public Connector {
public:
    TcpConnector(TcpAddress address, const os::Clock& clock, int cancel_fd)
        : address_(std::move(address)), clock_(clock), cancel_fd_(cancel_fd) {}

    Result<std::unique_ptr<Transport>> connect(os::Deadline deadline) override {
        const SocketAddress to = socket_address(address_);
        os::Descriptor fd(
            ::socket(to.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        if (!fd.valid()) {
            return os::system_error("socket", errno);
        }
        TRY(set_options(fd.get()));
        const int started =
            ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to.storage), to.length);
        if (started != 0 && errno != EINPROGRESS) {
            return no_answer(errno);
        }
        FdStream stream(std::move(fd), clock_, cancel_fd_);
        auto ready = stream.wait_writable(deadline);
        // A refused connection is a hang-up to poll; the socket knows the reason.
        if (const int number = pending_error(stream.fd()); number != 0) {
            return no_answer(number);
        }
        TRY(std::move(ready));
        return std::unique_ptr<Transport>(std::make_unique<TcpTransport>(std::move(stream)));
    }

private:
    base::Error no_answer(int number) const {
        return make_error(ErrorCode::no_answer, fmt::format("{}: {}", to_text(Address(address_)),
                                                            os::errno_text(number)));
    }

    TcpAddress address_;
    const os::Clock& clock_;
    int cancel_fd_;
};

}  // namespace

std::unique_ptr<Connector> make_tcp(TcpAddress address, const os::Clock& clock, int cancel_fd) {
    return std::make_unique<TcpConnector>(std::move(address), clock, cancel_fd);
}

}  // namespace tillhost::transport
