#include "ipc/http/stream.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>

#include <exception>

namespace tillhost::http {

namespace {

template <class Answer>
Answer guarded(const std::function<Answer(const Request&)>& handler, const Request& request,
               const Fault& fault) {
    try {
        return handler(request);
    } catch (const std::exception& thrown) {
        fault(request.path, thrown.what());
    } catch (...) {
        fault(request.path, "not an exception of the library");
    }
    return plain_answer(500);
}

}  // namespace

Response handle(const Handler& handler, const Request& request, const Fault& fault) {
    return guarded(handler, request, fault);
}

std::optional<Response> handle_at_once(const QuickHandler& quick, const Request& request,
                                       const Fault& fault) {
    return quick ? guarded(quick, request, fault) : std::nullopt;
}

std::string host_name(const std::string& address) {
    return address.find(':') == std::string::npos ? address : fmt::format("[{}]", address);
}

std::string counted_as(const std::string& address) {
    constexpr std::size_t kNetworkBytes = 8;
    in6_addr bytes{};
    if (::inet_pton(AF_INET6, address.c_str(), &bytes) != 1) {
        return address;
    }
    return {bytes.s6_addr, bytes.s6_addr + kNetworkBytes};
}

std::optional<std::string> piece_of(Source& source, const Fault& fault) {
    try {
        auto piece = source.next();
        if (!piece || piece->size() <= kPieceBytesMax) {
            return piece;
        }
        fault("source", "a piece beyond kPieceBytesMax");
    } catch (const std::exception& thrown) {
        fault("source", thrown.what());
    }
    return std::nullopt;
}

bool has_gone(int socket) {
    pollfd about{.fd = socket, .events = POLLRDHUP, .revents = 0};
    return ::poll(&about, 1, 0) > 0;
}

}  // namespace tillhost::http
