#include "licd/client/discovery_search.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>

#include "hal/os/descriptor.h"
#include "ipc/curve_keys.h"

namespace tillhost::licd::client {
namespace {

using base::ErrorCode;
using base::make_error;
using base::Result;
using wire::DiscoveryAnswer;
using wire::DiscoveryQuery;

struct Heard {
    DiscoveryAnswer answer;
    std::string host;  ///< where it came from
};

Result<os::Descriptor> open_socket() {
    os::Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int yes = 1;
    if (!socket.valid() ||
        ::setsockopt(socket.get(), SOL_SOCKET, SO_BROADCAST, &yes, sizeof yes) != 0) {
        return os::system_error("socket for the search", errno);
    }
    return socket;
}

/// An interface that is down, or a network that is not there, is as good as one without a server.
void ask(const os::Descriptor& socket, const sockaddr_in& to, base::ByteView packet) {
    ::sendto(socket.get(), packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&to),
             sizeof to);
}

/// The next answer to the query; what is none is skipped. Nothing at the deadline.
std::optional<Heard> next_answer(const os::Descriptor& socket, const DiscoveryQuery& query,
                                 const os::Clock& clock, os::Deadline deadline) {
    std::array<std::byte, wire::kDiscoveryAnswerBytesMax + 1> block{};
    while (true) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - clock.now()).count();
        pollfd one{.fd = socket.get(), .events = POLLIN, .revents = 0};
        if (left <= 0 || ::poll(&one, 1, static_cast<int>(left)) == 0) {
            return std::nullopt;
        }
        sockaddr_in from{};
        socklen_t size = sizeof from;
        const ssize_t count = ::recvfrom(socket.get(), block.data(), block.size(), 0,
                                         reinterpret_cast<sockaddr*>(&from), &size);
        if (count <= 0) {
            continue;
        }
        auto answer = DiscoveryAnswer::read(
            base::ByteView(block).first(static_cast<std::size_t>(count)), query.nonce);
        if (answer) {
            std::array<char, INET_ADDRSTRLEN> text{};
            ::inet_ntop(AF_INET, &from.sin_addr, text.data(), text.size());
            return Heard{std::move(*answer), text.data()};
        }
    }
}

FoundServer found(const DiscoveryAnswer& answer, const std::string& host) {
    return {.address = ipc::TcpAddress{host, answer.tcp_port}.text(),
            .curve_key = ipc::key_text(answer.curve_key),
            .server_key = ipc::key_text(answer.server_key.bytes),
            .group = answer.group,
            .name = answer.name,
            .load = answer.load};
}

Result<sockaddr_in> look_up(const ipc::TcpAddress& host) {
    addrinfo hints{};
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_DGRAM;
    addrinfo* first = nullptr;
    const int failed =
        ::getaddrinfo(host.host.c_str(), std::to_string(host.port).c_str(), &hints, &first);
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(first, &::freeaddrinfo);
    if (failed != 0) {
        return make_error(ErrorCode::no_daemon,
                          fmt::format("{}: {}", host.host, ::gai_strerror(failed)));
    }
    return *reinterpret_cast<const sockaddr_in*>(first->ai_addr);
}

sockaddr_in address_of(in_addr address, std::uint16_t port) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr = address;
    return to;
}

Result<std::vector<sockaddr_in>> broadcast_addresses(std::uint16_t port) {
    ifaddrs* first = nullptr;
    if (::getifaddrs(&first) != 0) {
        return os::system_error("getifaddrs", errno);
    }
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owned(first, &::freeifaddrs);
    std::vector<sockaddr_in> addresses{address_of({htonl(INADDR_LOOPBACK)}, port)};
    for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
        const bool is_usable = one->ifa_addr != nullptr && one->ifa_addr->sa_family == AF_INET &&
                               (one->ifa_flags & IFF_UP) != 0 &&
                               (one->ifa_flags & IFF_BROADCAST) != 0 &&
                               one->ifa_broadaddr != nullptr;
        if (is_usable) {
            addresses.push_back(address_of(
                reinterpret_cast<const sockaddr_in*>(one->ifa_broadaddr)->sin_addr, port));
        }
    }
    return addresses;
}

Result<std::vector<sockaddr_in>> addresses_of(const SearchWish& wish) {
    if (wish.at.empty()) {
        return broadcast_addresses(wish.port);
    }
    std::vector<sockaddr_in> addresses;
    for (const std::string& text : wish.at) {
        in_addr address{};
        if (::inet_pton(AF_INET, text.c_str(), &address) != 1) {
            return base::bad_field("search_at", "IPv4 addresses");
        }
        addresses.push_back(address_of(address, wish.port));
    }
    return addresses;
}

}  // namespace

Result<FoundServer> ask_server(const ipc::TcpAddress& host, const std::string& group,
                               const os::Clock& clock, os::Deadline deadline) {
    const sockaddr_in to = TRY(look_up(host));
    const os::Descriptor socket = TRY(open_socket());
    const DiscoveryQuery query = DiscoveryQuery::make(group);
    const base::Bytes packet = TRY(query.bytes());
    for (int i = 0; i < kQueriesMax && clock.now() < deadline; ++i) {
        ask(socket, to, packet);
        const auto until = std::min(deadline, clock.now() + kAnswersTime);
        if (const auto heard = next_answer(socket, query, clock, until)) {
            return found(heard->answer, host.host);
        }
    }
    return make_error(ErrorCode::no_daemon,
                      fmt::format("no licence server answers at {} (UDP): is licd running there "
                                  "with its network on, and no firewall between?",
                                  host.text()));
}

Result<std::vector<FoundServer>> search_servers(const SearchWish& wish, const os::Clock& clock) {
    const os::Descriptor socket = TRY(open_socket());
    const DiscoveryQuery query = DiscoveryQuery::make(wish.group);
    const base::Bytes packet = TRY(query.bytes());
    for (const sockaddr_in& to : TRY(addresses_of(wish))) {
        ask(socket, to, packet);
    }
    const os::Deadline until = clock.now() + kAnswersTime;
    std::vector<FoundServer> servers;
    while (servers.size() < kFoundServersMax) {
        const auto heard = next_answer(socket, query, clock, until);
        if (!heard) {
            break;
        }
        FoundServer server = found(heard->answer, heard->host);
        // One that hears several of our broadcasts answers each.
        const bool is_new = std::none_of(servers.begin(), servers.end(), [&](const auto& other) {
            return other.server_key == server.server_key && other.curve_key == server.curve_key;
        });
        if (is_new) {
            servers.push_back(std::move(server));
        }
    }
    return servers;
}

}  // namespace tillhost::licd::client
