#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/result.h"
#include "hal/os/clock.h"

namespace tillhost::bench {

struct HttpsAnswer {
    int status = 0;
    std::string_view body{};  ///< until the next answer
};

/// What came of a load of HTTPS requests.
struct HttpsLoad {
    std::uint64_t answers = 0;
    double per_second = 0;
    double p99_ms = 0;  ///< of one request
};

/// Connections of HTTP/1.1 over TLS that are kept, driven by one thread: each has one request under
/// way at most. Speaks to servers on loopback that answer with a Content-Length.
class HttpsClients final {
public:
    /// What the client asks next; an empty text: nothing any more.
    using Next = std::function<std::string(std::size_t client)>;
    /// Its errors end the load.
    using Take = std::function<base::Done(std::size_t client, const HttpsAnswer& answer)>;

    /// Any certificate is taken: it is the bench's own. Errors: system_failed.
    static base::Result<std::unique_ptr<HttpsClients>> connect(const os::Clock& clock,
                                                               std::uint16_t port,
                                                               std::size_t count);
    ~HttpsClients();
    HttpsClients(const HttpsClients&) = delete;
    HttpsClients& operator=(const HttpsClients&) = delete;

    std::size_t count() const;
    /// What TLS has agreed upon: "TLSv1.3 TLS_AES_256_GCM_SHA384".
    std::string cipher() const;

    /// Each client asks, and asks again as soon as it is answered, for so long or until all have
    /// nothing any more; what was asked is awaited. Errors: system_failed (a connection has ended),
    /// deadline_passed, those of `take`.
    base::Result<HttpsLoad> put_load(const Next& next, const Take& take, os::Duration time);
    /// One request of the first client; the body of an answer of 200 or 204. Errors: as above,
    /// wrong_state (another status, with the body).
    base::Result<std::string> ask(std::string request);
    /// Sends a part of a request, and waits for nothing. Errors: system_failed.
    base::Done say(std::size_t client, std::string_view text);

private:
    class Connection;
    explicit HttpsClients(const os::Clock& clock);
    base::Done wait(os::Deadline patience);

    const os::Clock& clock_;
    struct Tls;
    std::unique_ptr<Tls> tls_;
    std::vector<std::unique_ptr<Connection>> connections_;
    int poll_ = -1;
    std::vector<std::size_t> ready_;
};

/// The whole text of a request; `authorization` is the header's value and may be empty.
std::string https_request(std::string_view method, std::string_view path,
                          std::string_view authorization, std::string_view body = {},
                          std::string_view content_type = "application/json");

}  // namespace tillhost::bench
