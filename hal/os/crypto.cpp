// Digests, and whose signature it is: the one source that includes OpenSSL's EVP.
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <cstring>

#include "hal/base/invariant.h"
#include "hal/os/digest.h"
#include "hal/os/signature.h"

namespace tillhost::os {
namespace {

constexpr char kEd25519[] = "ED25519";

const unsigned char* raw(base::ByteView bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* raw(std::byte* bytes) { return reinterpret_cast<unsigned char*>(bytes); }

struct EndKey {
    void operator()(EVP_PKEY* key) const { ::EVP_PKEY_free(key); }
};
struct EndContext {
    void operator()(EVP_MD_CTX* context) const { ::EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, EndKey>;
using Context = std::unique_ptr<EVP_MD_CTX, EndContext>;

Context context() {
    Context made(::EVP_MD_CTX_new());
    INVARIANT(made != nullptr);  // fails only without memory
    return made;
}

const EVP_MD* method() {
    // EVP_sha256() is looked up by its name at each use, which costs more than a short digest.
    static const EVP_MD* const fetched = ::EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return fetched;
}

std::string hex_of(const Sha256& sum) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    text.reserve(2 * kSha256Bytes);
    for (const std::byte byte : sum) {
        text += kDigits[base::to_unsigned(byte) >> 4U];
        text += kDigits[base::to_unsigned(byte) & 15U];
    }
    return text;
}

}  // namespace

Sha256 sha256(base::ByteView bytes) {
    Sha256 sum{};
    unsigned int length = 0;
    const int done =
        ::EVP_Digest(bytes.data(), bytes.size(), raw(sum.data()), &length, method(), nullptr);
    INVARIANT(done == 1 && length == kSha256Bytes);  // fails only without memory
    return sum;
}

std::string sha256_hex(base::ByteView bytes) { return hex_of(sha256(bytes)); }

struct Sha256Sum::Parts {
    Context sum = context();
};

Sha256Sum::Sha256Sum() : parts_(std::make_unique<Parts>()) {
    const int done = ::EVP_DigestInit_ex(parts_->sum.get(), method(), nullptr);
    INVARIANT(done == 1);  // fails only without memory
}

Sha256Sum::~Sha256Sum() = default;

void Sha256Sum::add(base::ByteView bytes) {
    const int done = ::EVP_DigestUpdate(parts_->sum.get(), bytes.data(), bytes.size());
    INVARIANT(done == 1);  // fails only when add() follows take_hex()
}

std::string Sha256Sum::take_hex() {
    Sha256 sum{};
    unsigned int length = 0;
    const int done = ::EVP_DigestFinal_ex(parts_->sum.get(), raw(sum.data()), &length);
    INVARIANT(done == 1 && length == kSha256Bytes);  // as above
    return hex_of(sum);
}

Sha256 hmac_sha256(base::ByteView key, base::ByteView bytes) {
    // An empty key is a null pointer, which EVP_Q_mac takes for "no key given".
    static constexpr unsigned char kNothing = 0;
    Sha256 sum{};
    std::size_t length = 0;
    const auto* const key_bytes = key.empty() ? &kNothing : raw(key);
    const auto* const done =
        ::EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, key_bytes, key.size(), raw(bytes),
                    bytes.size(), raw(sum.data()), sum.size(), &length);
    INVARIANT(done != nullptr && length == kSha256Bytes);  // fails only without memory
    return sum;
}

bool same_secret(base::ByteView one, base::ByteView other) {
    return one.size() == other.size() && ::CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

void SecretBytes::wipe() {
    if (!bytes_.empty()) {
        ::explicit_bzero(bytes_.data(), bytes_.size());
    }
}

SecretBytes::~SecretBytes() { wipe(); }

SecretBytes& SecretBytes::operator=(const SecretBytes& other) {
    if (this != &other) {
        wipe();
        bytes_ = other.bytes_;
    }
    return *this;
}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
    wipe();
    bytes_ = std::move(other.bytes_);
    return *this;
}

base::Result<PublicKey> PublicKey::from_bytes(base::ByteView bytes) {
    if (bytes.size() != kPublicKeyBytes) {
        return base::bad_field("public key", "32 bytes");
    }
    PublicKey key;
    std::memcpy(key.bytes.data(), bytes.data(), bytes.size());
    return key;
}

bool PublicKey::verifies(base::ByteView message, base::ByteView signature) const {
    const Key key(
        ::EVP_PKEY_new_raw_public_key_ex(nullptr, kEd25519, nullptr, raw(bytes), bytes.size()));
    if (key == nullptr || signature.size() != kSignatureBytes) {
        return false;
    }
    const Context verifying = context();
    return ::EVP_DigestVerifyInit(verifying.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
           ::EVP_DigestVerify(verifying.get(), raw(signature), signature.size(), raw(message),
                              message.size()) == 1;
}

}  // namespace tillhost::os
