#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hal/base/result.h"
#include "simulators/core/random.h"

namespace tillhost::simulators::exchange {

/// Bytes of an answer that are kept; a longer one is an error.
inline constexpr std::size_t kAnswerBytesMax = 16UL * 1024 * 1024;
/// A whole exchange of one request and its answer; the contract lets an answer wait 20 seconds.
inline constexpr std::int64_t kExchangeMsMax = 60'000;
inline constexpr std::int64_t kConnectMsMax = 5'000;

/// What goes wrong on the way to the server, in thousandths of all exchanges.
struct LineFaults {
    /// The whole answer has come, so that the server has done what was asked; it is thrown away.
    std::uint64_t drop_permille = 0;
    /// The connection is cut in the middle of the request or of the answer.
    std::uint64_t cut_permille = 0;
    /// Of both directions; 0: as fast as it goes.
    std::int64_t bytes_per_second = 0;
};

struct HttpRequest {
    std::string method = "GET";
    std::string url{};
    std::vector<std::string> headers{};
    std::string body{};
    bool has_body = false;
};

struct HttpAnswer {
    long status = 0;
    std::string body{};
};

/// One connection to one server, kept open between exchanges. Of one thread.
class HttpsClient final {
public:
    /// `pin` is the SHA-256 of the public key of the server's certificate, in hex: the only thing
    /// that the server is known by. Errors: bad_field(pin), system_failed.
    static base::Result<std::unique_ptr<HttpsClient>> create(const std::string& pin,
                                                             std::uint64_t seed);
    ~HttpsClient();
    HttpsClient(const HttpsClient&) = delete;
    HttpsClient& operator=(const HttpsClient&) = delete;

    /// Blocks for kExchangeMsMax at most. Errors: link_lost with effect unknown (the server may
    /// have done it), not_permitted (the server has another key), too_large.
    base::Result<HttpAnswer> exchange(const HttpRequest& request);

    void set_faults(const LineFaults& faults) { faults_ = faults; }
    std::uint64_t dropped() const { return dropped_; }
    std::uint64_t cut() const { return cut_; }

private:
    struct Transfer;
    struct Handle;
    HttpsClient(std::unique_ptr<Handle> handle, std::string pin, std::uint64_t seed);
    void prepare(const HttpRequest& request, Transfer& transfer);
    bool happens(std::uint64_t permille) { return random_.below(1000) < permille; }

    std::unique_ptr<Handle> handle_;
    std::string pin_;
    Random random_;
    LineFaults faults_;
    std::uint64_t dropped_ = 0;
    std::uint64_t cut_ = 0;
};

}  // namespace tillhost::simulators::exchange
