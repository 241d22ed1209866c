#pragma once

#include <array>
#include <memory>
#include <string>

#include "hal/base/bytes.h"

namespace tillhost::os {

inline constexpr std::size_t kSha256Bytes = 32;
using Sha256 = std::array<std::byte, kSha256Bytes>;

/// SHA-256 (FIPS 180-4) of the bytes. Pure: same bytes, same digest. Digests, signatures
/// (signature.h), certificates (certificate.h) and passwords (password_hash.h) are the only places
/// of hal that link a cryptographic library.
Sha256 sha256(base::ByteView bytes);
/// The same as 64 lower-case hex digits.
std::string sha256_hex(base::ByteView bytes);

/// SHA-256 of bytes that come piece by piece.
class Sha256Sum final {
public:
    Sha256Sum();
    ~Sha256Sum();
    void add(base::ByteView bytes);
    /// Of all bytes so far, as 64 lower-case hex digits. Once; nothing is added behind it.
    std::string take_hex();

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

/// HMAC-SHA-256 (RFC 2104) of the bytes under a key of any length.
Sha256 hmac_sha256(base::ByteView key, base::ByteView bytes);

/// Whether both are the same, in a time that does not tell how far they are (only whether they are
/// of one length).
bool same_secret(base::ByteView one, base::ByteView other);

}  // namespace tillhost::os
