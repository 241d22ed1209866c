#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace tillhost::sumpd::console {

/// What came of asking a server.
enum class ProbeOutcome : std::uint8_t {
    answered,   ///< with `status`
    no_name,    ///< the host's name is known to nobody
    no_answer,  ///< nobody listens there, or the way is shut
    late,       ///< not within the limit
    other_key,  ///< the certificate has another public key than the one that was named
    failed      ///< TLS or HTTP went wrong; `text` says how
};

struct Probed {
    ProbeOutcome outcome = ProbeOutcome::failed;
    int status = 0;                     ///< of HTTP
    std::chrono::milliseconds took{0};  ///< as a whole
    std::string text{};                 ///< the library's own words where it was not answered
};

/// Asks a server by HEAD over TLS, as one who trusts one public key and no authority: for an
/// administrator who tries an address. Follows nothing, goes through no proxy. `url` begins with
/// https://; `pin` is the SHA-256 of the key, 64 hex digits (os::public_key_pin()). Blocks up to
/// `limit`.
Probed probe(const std::string& url, const std::string& pin, std::chrono::milliseconds limit);

}  // namespace tillhost::sumpd::console
