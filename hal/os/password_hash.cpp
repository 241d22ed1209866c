#include "hal/os/password_hash.h"

#include <fmt/format.h>
#include <sodium.h>

#include <array>

#include "hal/base/text.h"

namespace tillhost::os {
namespace {

static_assert(kArgon2SaltBytes == crypto_pwhash_SALTBYTES);
constexpr std::size_t kKeyBytes = 32;

base::Error no_memory(const Argon2Cost& cost) {
    return base::make_error(base::ErrorCode::system_failed,
                            fmt::format("no memory for argon2id ({} bytes)", cost.memory_bytes));
}

/// libsodium wants no null, also of no bytes.
const char* start_of(std::string_view text) { return text.empty() ? "" : text.data(); }

}  // namespace

base::Result<base::Bytes> argon2id(std::string_view secret, base::ByteView salt,
                                   const Argon2Cost& cost) {
    if (salt.size() != kArgon2SaltBytes) {
        return base::bad_field("salt", fmt::format("{} bytes", kArgon2SaltBytes));
    }
    base::Bytes key(kKeyBytes);
    // sodium_init may be called as often as wanted, and by several threads.
    if (::sodium_init() < 0 ||
        ::crypto_pwhash(reinterpret_cast<unsigned char*>(key.data()), key.size(), start_of(secret),
                        secret.size(), reinterpret_cast<const unsigned char*>(salt.data()),
                        cost.passes, cost.memory_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0) {
        return no_memory(cost);
    }
    return key;
}

base::Result<std::string> password_hash(std::string_view password, const Argon2Cost& cost) {
    if (password.empty() || password.size() > kPasswordBytesMax || !base::is_utf8(password)) {
        return base::bad_field("password", fmt::format("1 to {} bytes of text", kPasswordBytesMax));
    }
    std::array<char, crypto_pwhash_STRBYTES> text{};
    if (::sodium_init() < 0 || ::crypto_pwhash_str(text.data(), password.data(), password.size(),
                                                   cost.passes, cost.memory_bytes) != 0) {
        return no_memory(cost);
    }
    return std::string(text.data());
}

bool password_matches(const std::string& hash, std::string_view password) {
    return password.size() <= kPasswordBytesMax && ::sodium_init() >= 0 &&
           ::crypto_pwhash_str_verify(hash.c_str(), start_of(password), password.size()) == 0;
}

}  // namespace tillhost::os
