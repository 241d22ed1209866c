#include "licd/client/server_address.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "ipc/curve_keys.h"
#include "licd/wire/discovery.h"

namespace tillhost::licd::client {
namespace {

base::Error wrong(std::string_view part) {
    return base::bad_field(
        "servers",
        fmt::format("*LOCAL, *AUTO, or HOST[:PORT][#KEY] with commas between, not '{}'", part));
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') {
        text.remove_prefix(1);
    }
    while (!text.empty() && text.back() == ' ') {
        text.remove_suffix(1);
    }
    return text;
}

base::Result<ServerAddress> parse_one(std::string_view part) {
    const std::size_t mark = part.find('#');
    auto address = ipc::parse_tcp_address(part.substr(0, mark), wire::kLicencePort);
    if (!address) {
        return wrong(part);
    }
    ServerAddress one{.address = std::move(*address)};
    if (mark != std::string_view::npos) {
        one.curve_key = part.substr(mark + 1);
        if (!ipc::is_key(one.curve_key)) {
            return wrong(part);
        }
    }
    return one;
}

}  // namespace

base::Result<Servers> parse_servers(std::string_view text) {
    if (trimmed(text) == "*LOCAL") {
        return Servers{};
    }
    if (trimmed(text) == "*AUTO") {
        return Servers{.way = Servers::Way::automatic};
    }
    Servers servers{.way = Servers::Way::listed};
    while (true) {
        const std::size_t end = std::min(text.find(','), text.size());
        servers.listed.push_back(TRY(parse_one(trimmed(text.substr(0, end)))));
        if (servers.listed.size() > kServersMax) {
            return base::bad_field("servers", fmt::format("at most {} addresses", kServersMax));
        }
        if (end == text.size()) {
            return servers;
        }
        text.remove_prefix(end + 1);
    }
}

std::string local_endpoint() {
    const char* folder = std::getenv("TILLHOST_RUNTIME_DIR");
    return "ipc://" + std::string(folder == nullptr || *folder == '\0' ? "/run/tillhost" : folder) +
           "/licd.sock";
}

}  // namespace tillhost::licd::client
