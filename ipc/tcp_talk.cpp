#include "ipc/tcp_talk.h"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <memory>

#include "hal/os/descriptor.h"

namespace tillhost::ipc {
namespace {

using base::ErrorCode;
using base::make_error;

constexpr std::size_t kHostBytesMax = 253;  // RFC 1035, section 2.3.4

bool is_host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
}

/// False at the deadline.
bool wait_for(int fd, short events, const os::Clock& clock, os::Deadline deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock.now()).count();
    pollfd one{.fd = fd, .events = events, .revents = 0};
    return left > 0 && ::poll(&one, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000))) > 0;
}

os::Descriptor dial(const addrinfo& to, const os::Clock& clock, os::Deadline deadline) {
    os::Descriptor fd(
        ::socket(to.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, to.ai_protocol));
    if (!fd.valid()) {
        return fd;
    }
    int failure = ::connect(fd.get(), to.ai_addr, to.ai_addrlen) == 0 ? 0 : errno;
    if (failure == EINPROGRESS && wait_for(fd.get(), POLLOUT, clock, deadline)) {
        socklen_t size = sizeof failure;
        ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &failure, &size);
    }
    return failure == 0 ? std::move(fd) : os::Descriptor();
}

}  // namespace

std::string TcpAddress::text() const { return fmt::format("{}:{}", host, port); }

base::Result<TcpAddress> parse_tcp_address(std::string_view text, std::uint16_t default_port) {
    const auto wrong = [] { return base::bad_field("host", "HOST or HOST:PORT"); };
    TcpAddress address{.host = std::string(text.substr(0, text.find(':'))), .port = default_port};
    if (address.host.empty() || address.host.size() > kHostBytesMax ||
        !std::all_of(address.host.begin(), address.host.end(), is_host_character)) {
        return wrong();
    }
    if (address.host.size() < text.size()) {
        const char* const end = text.data() + text.size();
        const auto [next, error] =
            std::from_chars(text.data() + address.host.size() + 1, end, address.port);
        if (error != std::errc() || next != end) {
            return wrong();
        }
    }
    return address.port == 0 ? base::Result<TcpAddress>(wrong()) : address;
}

base::Result<std::string> talk_over_tcp(const TcpAddress& to, const TcpTalk& talk,
                                        const os::Clock& clock, os::Deadline deadline) {
    addrinfo hints{};
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int failed =
        ::getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &hints, &found);
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
    if (failed != 0) {
        return make_error(ErrorCode::no_daemon,
                          fmt::format("{}: {}", to.host, ::gai_strerror(failed)));
    }
    const os::Descriptor fd = dial(*found, clock, deadline);
    if (!fd.valid()) {
        return make_error(ErrorCode::no_daemon, fmt::format("nobody answers at {}", to.text()));
    }
    // A few bytes: the kernel takes them whole.
    ::send(fd.get(), talk.words.data(), talk.words.size(), MSG_NOSIGNAL);
    std::string heard;
    std::array<char, 512> block{};
    while (heard.size() < talk.bytes_max && !(talk.line && heard.find('\n') != std::string::npos)) {
        if (!wait_for(fd.get(), POLLIN, clock, deadline)) {
            break;
        }
        const ssize_t count = ::recv(fd.get(), block.data(),
                                     std::min(block.size(), talk.bytes_max - heard.size()), 0);
        if (count <= 0) {
            break;
        }
        heard.append(block.data(), static_cast<std::size_t>(count));
    }
    return heard;
}

}  // namespace tillhost::ipc
