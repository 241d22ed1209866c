#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/result.h"
#include "ipc/tcp_talk.h"

namespace tillhost::licd::client {

inline constexpr std::size_t kServersMax = 16;

struct ServerAddress {
    ipc::TcpAddress address{};
    std::string curve_key{};  ///< Z85; empty: it is asked for
};

/// Where a program looks for a licence server.
struct Servers {
    enum class Way : std::uint8_t {
        local,      ///< this machine's, by its socket
        listed,     ///< each address in turn
        automatic,  ///< whoever answers in the local network
    };
    Way way = Way::local;
    std::vector<ServerAddress> listed{};
};

/// "*LOCAL", "*AUTO", or addresses with commas between: "HOST", "HOST:PORT", "HOST:PORT#KEY" with
/// the server's public key in 40 characters of Z85. Blanks beside commas are skipped. Errors:
/// bad_field(servers), saying which part is wrong; at most kServersMax.
base::Result<Servers> parse_servers(std::string_view text);

/// "ipc://$TILLHOST_RUNTIME_DIR/licd.sock"; without the variable /run/tillhost.
std::string local_endpoint();

}  // namespace tillhost::licd::client
