#include "licd/wire/discovery_responder.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace tillhost::licd::wire {
namespace {

using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr os::Duration kRateTime = std::chrono::seconds(1);
constexpr os::Duration kSubnetsTime = std::chrono::minutes(1);
constexpr int kQueriesPerTurnMax = 64;

std::uint32_t ipv4_of(const sockaddr* address) {
    return ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr);
}

}  // namespace

Result<std::vector<Subnet>> own_subnets() {
    ifaddrs* first = nullptr;
    if (::getifaddrs(&first) != 0) {
        return os::system_error("getifaddrs", errno);
    }
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owned(first, &::freeifaddrs);
    std::vector<Subnet> subnets;
    for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
        const bool is_usable = one->ifa_addr != nullptr && one->ifa_netmask != nullptr &&
                               one->ifa_addr->sa_family == AF_INET &&
                               (one->ifa_flags & IFF_UP) != 0;
        if (is_usable) {
            subnets.push_back({ipv4_of(one->ifa_addr), ipv4_of(one->ifa_netmask)});
        }
    }
    return subnets;
}

Result<std::unique_ptr<DiscoveryResponder>> DiscoveryResponder::open(Options options,
                                                                     os::SigningKey key,
                                                                     const os::Clock& clock) {
    os::Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket.valid()) {
        return os::system_error("socket", errno);
    }
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_port = htons(options.port);
    here.sin_addr.s_addr = htonl(INADDR_ANY);
    socklen_t size = sizeof here;
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&here), size) != 0) {
        const int number = errno;
        if (number == EADDRINUSE) {
            return make_error(ErrorCode::port_busy,
                              fmt::format("UDP port {} is taken by another program", options.port));
        }
        return os::system_error(fmt::format("bind to UDP port {}", options.port), number);
    }
    if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&here), &size) != 0) {
        return os::system_error("getsockname", errno);
    }
    return std::unique_ptr<DiscoveryResponder>(new DiscoveryResponder(
        std::move(options), std::move(key), clock, std::move(socket), ntohs(here.sin_port)));
}

bool DiscoveryResponder::is_near(std::uint32_t address) {
    const os::Instant now = clock_.now();
    if (!subnets_until_ || now >= *subnets_until_) {
        // Without a word from the system the former ones hold.
        if (auto found = options_.subnets()) {
            subnets_ = std::move(*found);
        }
        subnets_until_ = now + kSubnetsTime;
    }
    return std::any_of(subnets_.begin(), subnets_.end(),
                       [address](const Subnet& subnet) { return subnet.holds(address); });
}

bool DiscoveryResponder::is_within_rate(std::uint32_t address) {
    const os::Instant now = clock_.now();
    const auto is_over = [now](const Source& source) { return now - source.since >= kRateTime; };
    if (sources_.size() >= kSourcesMax && !sources_.contains(address)) {
        std::erase_if(sources_, [&](const auto& entry) { return is_over(entry.second); });
        if (sources_.size() >= kSourcesMax) {
            return false;
        }
    }
    const auto [at, is_new] = sources_.try_emplace(address, Source{.since = now});
    Source& source = at->second;
    if (!is_new && is_over(source)) {
        source = {.since = now};
    }
    return ++source.answers <= kAnswersPerSecond;
}

std::optional<base::Bytes> DiscoveryResponder::answer_to(base::ByteView packet,
                                                         std::uint32_t from) {
    if (!is_near(from)) {
        ++counters_.foreign;
        return std::nullopt;
    }
    const auto query = DiscoveryQuery::read(packet);
    if (!query) {
        ++counters_.malformed;
        return std::nullopt;
    }
    // Before anything is signed: a signature is what a flood would cost.
    if (!is_within_rate(from)) {
        ++counters_.too_often;
        return std::nullopt;
    }
    auto answer = options_.present ? options_.present(*query) : std::nullopt;
    if (!answer) {
        return std::nullopt;
    }
    answer->nonce = query->nonce;
    answer->server_key = key_.public_key();
    auto bytes = answer->bytes(key_);
    return bytes ? std::optional(std::move(*bytes)) : std::nullopt;
}

void DiscoveryResponder::receive() {
    // One byte more than a query: a longer packet is told by it.
    std::array<std::byte, kDiscoveryQueryBytes + 1> block{};
    for (int i = 0; i < kQueriesPerTurnMax; ++i) {
        sockaddr_in from{};
        socklen_t size = sizeof from;
        const ssize_t count = ::recvfrom(socket_.get(), block.data(), block.size(), 0,
                                         reinterpret_cast<sockaddr*>(&from), &size);
        if (count < 0) {
            return;
        }
        const base::ByteView packet(block.data(), static_cast<std::size_t>(count));
        const auto answer = answer_to(packet, ntohl(from.sin_addr.s_addr));
        if (answer && ::sendto(socket_.get(), answer->data(), answer->size(), MSG_DONTWAIT,
                               reinterpret_cast<const sockaddr*>(&from), size) > 0) {
            ++counters_.answered;
        }
    }
}

}  // namespace tillhost::licd::wire
