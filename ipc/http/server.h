#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hal/base/result.h"
#include "hal/os/log.h"
#include "ipc/http/message.h"

namespace tillhost::http {

inline constexpr std::size_t kHeaderBytesMax = 16 * 1024;  ///< request line and all header lines
inline constexpr std::size_t kHeaderLinesMax = 100;
inline constexpr std::size_t kTargetBytesMax = 8 * 1024;
inline constexpr std::size_t kWorkersMax = 96;

/// How long each phase of a connection may take as a whole, however the bytes drip in.
struct Deadlines {
    std::chrono::milliseconds handshake = std::chrono::seconds(10);
    /// From the connection (or the first byte of a further request) to the end of the header.
    std::chrono::milliseconds header = std::chrono::seconds(10);
    std::chrono::milliseconds body = std::chrono::seconds(30);
    std::chrono::milliseconds write = std::chrono::seconds(30);
    /// Between an answer and the next request's first byte.
    std::chrono::milliseconds idle = std::chrono::seconds(60);
    /// How long what the peer still sends is read and dropped behind the last answer. A connection
    /// that is closed with bytes unread is reset, and a reset destroys an answer on its way.
    std::chrono::milliseconds linger = std::chrono::seconds(2);
    /// How long a streamed body may go on; then it is ended in order. Each of its pieces has
    /// `write` for itself: whoever does not read one in that time is cut.
    std::chrono::milliseconds stream = std::chrono::hours(1);
};

struct Options {
    std::string address = "127.0.0.1";  ///< IPv4 or IPv6, no name
    std::uint16_t port = 0;             ///< 0: any free one, see HttpServer::port()
    /// The chain, own certificate first, and its key, both PEM. Both empty: HTTP without TLS, which
    /// is for loopback only.
    std::string certificate_pem = {};
    std::string key_pem = {};
    /// Names and addresses that a Host header may have, without port, "[::1]" for IPv6; any other
    /// is refused, so that a name of somebody else's that leads here (DNS rebinding) shows nothing.
    /// Empty: "localhost" and the address that the connection came to.
    std::vector<std::string> hosts = {};
    std::size_t body_max = 1024 * 1024;  ///< bytes, also of a chunked body
    /// Bytes of all bodies that are being read or were not answered yet. Whoever has not signed in
    /// may send a body: without this bound it is body_max times connections_max.
    std::size_t bodies_bytes_max = 64 * 1024 * 1024;
    std::size_t connections_max = 256;
    std::size_t connections_per_address_max = 64;  ///< of IPv6 per network of 64 bits
    std::size_t workers = 2;                       ///< threads for the handler, 1 to kWorkersMax
    std::size_t streams_max = 0;  ///< streamed bodies at a time; they hold no worker
    std::size_t streams_per_address_max = 0;
    bool preflights = false;  ///< OPTIONS reaches the handler; without, it is a 405
    Deadlines deadlines = {};
    const os::Logger* log = nullptr;  ///< outlives the server; told of handlers that throw
};

/// A server for HTTP/1.1, and HTTP/1.0 without keep-alive. One thread moves bytes, `workers`
/// threads run the handler, one more asks the sources of streamed bodies where there may be any.
///
/// Refused without the handler being asked: 400 malformed, no Host, two of them, Content-Length
/// beside Transfer-Encoding, contradicting lengths, a target that is no path; 405 a method that
/// Method does not have; 408 header or body not whole at its deadline; 413 a body beyond body_max;
/// 414 a target beyond kTargetBytesMax; 417 an Expect other than 100-continue; 421 a foreign Host;
/// 431 a header beyond kHeaderBytesMax or kHeaderLinesMax; 503 more than connections_max or
/// connections_per_address_max (a few of those over the limit get it, the rest are just closed), or
/// a body where there are bodies_bytes_max already.
/// After each of these the connection is closed. An idle peer is closed without a word.
///
/// TLS 1.2 and 1.3 without compression and renegotiation.
class HttpServer {
public:
    /// Listens when it returns. Errors: bad_field (address, workers; certificate: none that can be
    /// read, not the key's, or none off loopback), system_failed (the port cannot be had).
    static base::Result<std::unique_ptr<HttpServer>> start(Options options, Handler handler,
                                                           QuickHandler quick = {});

    /// Stops at once and closes all connections; waits for handlers that are running.
    virtual ~HttpServer() = default;

    /// The port it listens on.
    virtual std::uint16_t port() const = 0;
    /// Connections now, refused ones among them.
    virtual std::size_t connections() const = 0;
};

}  // namespace tillhost::http
