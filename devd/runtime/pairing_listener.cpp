#include "devd/runtime/pairing_listener.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace tillhost::devd::runtime {
namespace {

constexpr int kBacklog = 8;

}  // namespace

base::Result<std::unique_ptr<PairingListener>> PairingListener::open(const std::string& host,
                                                                     std::uint16_t port,
                                                                     std::string line,
                                                                     os::EventLoop& loop) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    if (host != "*" && ::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) {
        return base::bad_field("network.listen", "an IPv4 address or *");
    }
    os::Descriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.valid()) {
        return os::system_error("socket", errno);
    }
    const int yes = 1;
    socklen_t size = sizeof address;
    auto* const at = reinterpret_cast<sockaddr*>(&address);
    if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        ::bind(fd.get(), at, size) != 0 || ::listen(fd.get(), kBacklog) != 0 ||
        ::getsockname(fd.get(), at, &size) != 0) {
        const int number = errno;
        const std::string what = fmt::format("network.pairing_port: {}:{}", host, port);
        return number == EADDRINUSE
                   ? base::make_error(base::ErrorCode::port_busy, what + " is taken")
                   : os::system_error(what, number);
    }
    std::unique_ptr<PairingListener> listener(
        new PairingListener(std::move(fd), ntohs(address.sin_port), std::move(line), loop));
    listener->watch_ =
        TRY(loop.watch(listener->fd_.get(), [to = listener.get()](os::Readiness) { to->serve(); }));
    return listener;
}

PairingListener::~PairingListener() { loop_.unwatch(watch_); }

void PairingListener::serve() const {
    for (int count = 0; count < kGreetingsPerTurnMax; ++count) {
        const os::Descriptor fd(
            ::accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!fd.valid()) {
            return;
        }
        // A fresh socket's buffer takes a line whole.
        ::send(fd.get(), line_.data(), line_.size(), MSG_NOSIGNAL);
        ::shutdown(fd.get(), SHUT_WR);
    }
}

}  // namespace tillhost::devd::runtime
