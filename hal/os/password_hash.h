#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "hal/base/bytes.h"
#include "hal/base/result.h"

// What people type, made dear to guess: argon2id (RFC 9106). The only place that knows libsodium.
namespace tillhost::os {

inline constexpr std::size_t kArgon2SaltBytes = 16;
inline constexpr std::size_t kPasswordBytesMax = 1024;

/// What one guess costs; one lane always.
struct Argon2Cost {
    unsigned passes = 3;
    std::size_t memory_bytes = 64U * 1024U * 1024U;  ///< 8 KiB at least
};

/// 32 bytes made of a secret and a salt. 60 ms for two passes over 64 MiB. Errors: bad_field(salt),
/// not 16 bytes; system_failed, no memory or a cost that is none.
base::Result<base::Bytes> argon2id(std::string_view secret, base::ByteView salt,
                                   const Argon2Cost& cost);

/// A password as it is kept: "$argon2id$v=19$m=…,t=…,p=1$salt$hash" with a salt of its own, so that
/// costs can change and old ones still match. About 0.1 s at the usual cost. Errors:
/// bad_field(password), not 1 to kPasswordBytesMax bytes of UTF-8; system_failed, no memory.
base::Result<std::string> password_hash(std::string_view password, const Argon2Cost& cost);
/// Whether it is that password. Takes as long as the making; false for whatever is no such hash,
/// which takes no time, and when there is no memory.
bool password_matches(const std::string& hash, std::string_view password);

}  // namespace tillhost::os
