#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hal/base/result.h"
#include "hal/os/clock.h"
#include "ipc/tcp_talk.h"
#include "licd/wire/discovery.h"

// The program's end of the search for licence servers: docs/formats/licence-discovery.md.
namespace tillhost::licd::client {

/// How long answers are waited for after a query.
inline constexpr os::Duration kAnswersTime = std::chrono::milliseconds(300);
/// Queries to one host; a packet may be lost.
inline constexpr int kQueriesMax = 3;
inline constexpr std::size_t kFoundServersMax = 64;

/// A server that has answered. Its keys are its own word until it has lent something.
struct FoundServer {
    std::string address{};     ///< "HOST:PORT" for requests
    std::string curve_key{};   ///< Z85
    std::string server_key{};  ///< for leases, Z85
    std::string group{};
    std::string name{};
    std::uint16_t load = 0;  ///< thousandths
};

/// Asks one host for its keys, kQueriesMax times, each time for kAnswersTime; blocks for so long,
/// at most until the deadline, and for as long as the system takes to look up a name. Errors:
/// no_daemon (no answer, no such host), system_failed.
base::Result<FoundServer> ask_server(const ipc::TcpAddress& host, const std::string& group,
                                     const os::Clock& clock, os::Deadline deadline);

/// Asks everybody at once and gives all answers that come within kAnswersTime, one a server. `at`:
/// IPv4 addresses to ask; empty: each interface's broadcast address and this machine itself.
/// Errors: system_failed.
struct SearchWish {
    std::string group{};
    std::uint16_t port = wire::kLicencePort;
    std::vector<std::string> at{};
};
base::Result<std::vector<FoundServer>> search_servers(const SearchWish& wish,
                                                      const os::Clock& clock);

}  // namespace tillhost::licd::client
