#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/result.h"
#include "ipc/http/message.h"

// The rules of HTTP that are ours and not the library's, apart from sockets: which requests are
// refused and with what, and what an answer looks like.
namespace tillhost::http {

/// A request's header as it was read, before anything in it is believed.
struct RawHeader {
    std::string method;
    std::string target;
    int version = 11;  ///< 10 or 11
    std::vector<Pair> headers;
};

/// What may stand in Host besides a port; `local` is the address that the connection came to.
struct HostRule {
    std::vector<std::string> hosts;  ///< Options::hosts
    bool admits(std::string_view host, std::string_view local) const;
};

enum class Expectation : std::uint8_t { none, proceed };

struct Checked {
    Request request;  ///< without its body
    int version = 11;
    Expectation expectation = Expectation::none;
};

/// The status of a refusal; see HttpServer for which and when. 0: none.
struct Verdict {
    int refusal = 0;
    Checked checked;
};
Verdict check_header(RawHeader raw, const HostRule& rule, std::string_view local);

/// How an answer is sent.
struct Sending {
    bool secure = false;
    bool keep = false;       ///< the connection goes on
    bool head_only = false;  ///< HEAD: the length is said, the body is not sent
    bool chunked = false;    ///< of a streamed body: in chunks; else it ends with the connection
};

/// The answer as it goes out: head and body. A response that cannot be sent (status, names or
/// values of headers) is replaced by a 500.
struct Wire {
    std::string head;
    std::string body;
};
Wire wire_of(Response response, Sending sending, std::int64_t unix_ms);
/// A piece of a streamed body as it goes out, as a chunk (RFC 9112, section 7.1) where the body is
/// sent so; nothing: its end.
std::string piece_on_wire(std::optional<std::string> piece, bool chunked);

}  // namespace tillhost::http
