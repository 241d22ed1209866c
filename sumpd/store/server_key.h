#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "hal/base/bytes.h"
#include "hal/base/result.h"

namespace tillhost::sumpd::store {

inline constexpr std::size_t kServerKeyBytes = 32;

/// The server's own secret: a file of mode 0600 beside the database, which is not in it, so that a
/// copy of the database alone does not let PINs be tried out. Without the file they are void, and
/// what the accounting system sends is hashed anew.
class ServerKey final {
public:
    /// Reads the file server.key of the folder, or makes it. Errors: bad_field (others may read it,
    /// it has another length), system_failed, storage_full.
    static base::Result<ServerKey> open(const std::string& folder);
    /// Of those bytes; for tests.
    explicit ServerKey(base::Bytes key = {}) : key_(std::move(key)) {}

    /// HMAC-SHA-256 of a text, told apart by what it is for; 64 lower-case hex digits.
    std::string digest(std::string_view purpose, std::string_view text) const;

private:
    base::Bytes key_;
};

}  // namespace tillhost::sumpd::store
