#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "hal/base/bytes.h"
#include "hal/base/result.h"
#include "hal/os/signature.h"

// The two packets by which a program finds licence servers (UDP 15200), as bytes:
// docs/formats/licence-discovery.md. Pure; who sends them and to whom is told in
// discovery_responder.h and licd/client/discovery_search.h.
namespace tillhost::licd::wire {

inline constexpr std::uint16_t kLicencePort = 15'200;  ///< UDP for the search, TCP for requests
inline constexpr std::size_t kDiscoveryNonceBytes = 16;
inline constexpr std::size_t kDiscoveryQueryBytes = 512;      ///< always
inline constexpr std::size_t kDiscoveryAnswerBytesMax = 512;  ///< never more than was asked with
inline constexpr std::size_t kDiscoveryGroupBytesMax = 32;
inline constexpr std::size_t kDiscoveryNameBytesMax = 64;
inline constexpr std::size_t kCurveKeyBytes = 32;
inline constexpr std::uint16_t kDiscoveryLoadMax = 1000;

using DiscoveryNonce = std::array<std::byte, kDiscoveryNonceBytes>;

/// "Is there a licence server?" The nonce is random and of this query alone; an answer repeats it,
/// so that an old one is worth nothing.
struct DiscoveryQuery {
    DiscoveryNonce nonce{};
    /// What the program belongs to, for administrators with several servers. No server keeps silent
    /// because of it; the program prefers those of its group. Empty: none.
    std::string group{};

    /// With a nonce of the kernel's random bits.
    static DiscoveryQuery make(std::string group);
    /// kDiscoveryQueryBytes bytes. Errors: bad_field(group), above 32 bytes or no text in one line.
    base::Result<base::Bytes> bytes() const;
    /// Total. Errors: malformed (its size, another kind of packet), bad_field(group).
    static base::Result<DiscoveryQuery> read(base::ByteView packet);
};

/// "Here." Signed by the key that signs leases; that the key may lend anything is not told here but
/// by the proof of a granted licence.
struct DiscoveryAnswer {
    DiscoveryNonce nonce{};  ///< of the query
    std::uint16_t tcp_port = 0;
    std::uint16_t load = 0;  ///< seats in use, in thousandths of all; a hint
    std::array<std::byte, kCurveKeyBytes> curve_key{};
    os::PublicKey server_key{};
    std::string group{};
    std::string name{};  ///< of the machine, for people; 1 to 64 bytes

    /// At most kDiscoveryAnswerBytesMax bytes, signed. `key` is that of server_key. Errors:
    /// bad_field (name, group, load, port, server_key: the key is another one).
    base::Result<base::Bytes> bytes(const os::SigningKey& key) const;
    /// Takes an answer to this query whose signature holds. Total. Errors: malformed (no answer,
    /// cut, longer than it says), bad_field (nonce: of another query; name, group, load, port;
    /// signature).
    static base::Result<DiscoveryAnswer> read(base::ByteView packet, const DiscoveryNonce& asked);
};

}  // namespace tillhost::licd::wire
