#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "hal/os/clock.h"
#include "hal/os/descriptor.h"
#include "licd/wire/discovery.h"

namespace tillhost::licd::wire {

/// Answers a second that one address gets.
inline constexpr std::uint32_t kAnswersPerSecond = 10;
/// Addresses that are counted at once; with so many asking within a second the others are not
/// answered.
inline constexpr std::size_t kSourcesMax = 1024;

/// IPv4 addresses that begin alike, in the host's byte order.
struct Subnet {
    std::uint32_t address = 0;
    std::uint32_t mask = 0;
    bool holds(std::uint32_t other) const { return ((address ^ other) & mask) == 0; }
};
/// Those of this machine's interfaces that are up, loopback among them. Errors: system_failed.
base::Result<std::vector<Subnet>> own_subnets();

/// What a responder has done, for metrics.
struct DiscoveryCounters {
    std::uint64_t answered = 0;
    std::uint64_t malformed = 0;  ///< no query; not answered
    std::uint64_t foreign = 0;    ///< from no subnet of this machine; not answered
    std::uint64_t too_often = 0;  ///< beyond the rate; not answered
};

/// The server's end of the search, for a loop of the caller's: answers queries that come from a
/// subnet of this machine, no more than kAnswersPerSecond to an address, never with more bytes than
/// it was asked with, so that nobody can have others flooded by it. IPv4; broadcasts are heard on
/// every interface.
///
/// Nothing blocks. For one thread.
class DiscoveryResponder final {
public:
    /// What is answered now; `nonce` and `server_key` are filled in here. Nothing: keep silent.
    using Present = std::function<std::optional<DiscoveryAnswer>(const DiscoveryQuery&)>;
    struct Options {
        std::uint16_t port = kLicencePort;  ///< UDP, on every address; 0 = any that is free
        /// Of whom to answer; looked up again every minute, because interfaces come and go.
        std::function<base::Result<std::vector<Subnet>>()> subnets = own_subnets;
        Present present{};
    };
    /// Errors: port_busy, system_failed.
    static base::Result<std::unique_ptr<DiscoveryResponder>> open(Options options,
                                                                  os::SigningKey key,
                                                                  const os::Clock& clock);

    /// Readable (level-triggered) while queries wait.
    int fd() const { return socket_.get(); }
    /// The port that was found.
    std::uint16_t port() const { return port_; }
    /// Answers what waits, at most 64 queries; the rest keeps fd() readable.
    void receive();

    const DiscoveryCounters& counters() const { return counters_; }

private:
    struct Source {
        os::Instant since{};
        std::uint32_t answers = 0;
    };
    DiscoveryResponder(Options options, os::SigningKey key, const os::Clock& clock,
                       os::Descriptor socket, std::uint16_t port)
        : options_(std::move(options)),
          key_(std::move(key)),
          clock_(clock),
          socket_(std::move(socket)),
          port_(port) {}
    bool is_near(std::uint32_t address);
    bool is_within_rate(std::uint32_t address);
    std::optional<base::Bytes> answer_to(base::ByteView packet, std::uint32_t from);

    Options options_;
    os::SigningKey key_;
    const os::Clock& clock_;
    os::Descriptor socket_;
    std::uint16_t port_;
    std::vector<Subnet> subnets_;
    std::optional<os::Instant> subnets_until_;
    std::unordered_map<std::uint32_t, Source> sources_;
    DiscoveryCounters counters_;
};

}  // namespace tillhost::licd::wire
