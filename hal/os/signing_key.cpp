// Making signatures, by libsodium: 16 µs each where OpenSSL 3.0 takes 30. Checking them stays
// OpenSSL's (crypto.cpp), whose strictness is what signed files were tried with.
#include <sodium.h>

#include "hal/base/invariant.h"
#include "hal/os/signature.h"

namespace tillhost::os {
namespace {

static_assert(kSecretKeyBytes == crypto_sign_ed25519_SEEDBYTES);
static_assert(kPublicKeyBytes == crypto_sign_ed25519_PUBLICKEYBYTES);
static_assert(kSignatureBytes == crypto_sign_ed25519_BYTES);

const unsigned char* raw(base::ByteView bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* raw(std::byte* bytes) { return reinterpret_cast<unsigned char*>(bytes); }

}  // namespace

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
