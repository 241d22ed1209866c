// Hashes of passwords and the making of signatures: the one source that includes libsodium.
// A signature takes it 16 µs where OpenSSL 3.0 takes 30. Checking one stays OpenSSL's (crypto.cpp),
// whose strictness is what signed files were tried with.
#include <fmt/format.h>
#include <sodium.h>

#include <array>

#include "hal/base/invariant.h"
#include "hal/base/text.h"
#include "hal/os/password_hash.h"
#include "hal/os/signature.h"

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

static_assert(kSecretKeyBytes == crypto_sign_ed25519_SEEDBYTES);
static_assert(kPublicKeyBytes == crypto_sign_ed25519_PUBLICKEYBYTES);
static_assert(kSignatureBytes == crypto_sign_ed25519_BYTES);

const unsigned char* raw(base::ByteView bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* raw(std::byte* bytes) { return reinterpret_cast<unsigned char*>(bytes); }

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

struct SigningKey::Prepared {
    SecretBytes secret;
    SecretBytes pair;  ///< as the library signs with it: the seed, the public key behind it
    PublicKey public_key;
};

SigningKey SigningKey::make() {
    base::Bytes seed(kSecretKeyBytes);
    INVARIANT(::sodium_init() >= 0);  // fails only without a source of randomness
    ::randombytes_buf(seed.data(), seed.size());
    return MUST(from_secret(SecretBytes(std::move(seed))));  // of the right length
}

base::Result<SigningKey> SigningKey::from_secret(const SecretBytes& secret) {
    if (secret.reveal().size() != kSecretKeyBytes) {
        return base::bad_field("secret key", "32 bytes");
    }
    auto prepared = std::make_shared<Prepared>();
    base::Bytes pair(crypto_sign_ed25519_SECRETKEYBYTES);
    // sodium_init may be called as often as wanted, and by several threads.
    INVARIANT(::sodium_init() >= 0 &&
              ::crypto_sign_ed25519_seed_keypair(raw(prepared->public_key.bytes.data()),
                                                 raw(pair.data()), raw(secret.reveal())) == 0);
    prepared->secret = secret;
    prepared->pair = SecretBytes(std::move(pair));
    return SigningKey(std::move(prepared));
}

const PublicKey& SigningKey::public_key() const { return key_->public_key; }
const SecretBytes& SigningKey::secret() const { return key_->secret; }

base::Bytes SigningKey::sign(base::ByteView message) const {
    base::Bytes signature(kSignatureBytes);
    ::crypto_sign_ed25519_detached(raw(signature.data()), nullptr, raw(message), message.size(),
                                   raw(key_->pair.reveal()));  // always succeeds
    return signature;
}

}  // namespace tillhost::os
