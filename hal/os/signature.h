#pragma once

#include <array>
#include <memory>
#include <utility>

#include "hal/base/bytes.h"
#include "hal/base/result.h"

// Signatures by Ed25519 (RFC 8032) with raw keys. The algorithm is fixed: there is nothing to
// choose, and so nothing that a file or a peer could choose badly.
namespace tillhost::os {

inline constexpr std::size_t kPublicKeyBytes = 32;
inline constexpr std::size_t kSecretKeyBytes = 32;
inline constexpr std::size_t kSignatureBytes = 64;

/// Bytes nobody else may know: the seed of a signing key, a passphrase. They have no way into a log
/// or an error: no operator<<, no formatter, no comparison; reveal() stands where they are written
/// to their file or handed to the library, and nowhere else. Overwritten when they go.
class SecretBytes final {
public:
    SecretBytes() = default;
    explicit SecretBytes(base::Bytes bytes) : bytes_(std::move(bytes)) {}
    SecretBytes(const SecretBytes&) = default;
    SecretBytes(SecretBytes&&) = default;
    SecretBytes& operator=(const SecretBytes& other);
    SecretBytes& operator=(SecretBytes&& other) noexcept;
    ~SecretBytes();

    base::ByteView reveal() const { return bytes_; }
    bool empty() const { return bytes_.empty(); }

private:
    void wipe();
    base::Bytes bytes_;
};

struct PublicKey {
    std::array<std::byte, kPublicKeyBytes> bytes{};

    /// Errors: bad_field(public key) unless 32 bytes.
    static base::Result<PublicKey> from_bytes(base::ByteView bytes);
    /// Whether the signature is the one of this key over the message. Any bytes are taken for a
    /// signature; what is no key or no signature of 64 bytes verifies nothing. About 0.1 ms.
    bool verifies(base::ByteView message, base::ByteView signature) const;

    friend bool operator==(const PublicKey&, const PublicKey&) = default;
};

/// A secret key ready to sign. A copy is the same key; the last copy wipes it.
class SigningKey final {
public:
    /// From the kernel's generator.
    static SigningKey make();
    /// The seed of RFC 8032, 32 bytes. Errors: bad_field(secret key).
    static base::Result<SigningKey> from_secret(const SecretBytes& secret);

    const PublicKey& public_key() const;
    const SecretBytes& secret() const;
    /// 64 bytes; the same for the same message (RFC 8032 has no random part). About 0.02 ms.
    base::Bytes sign(base::ByteView message) const;

private:
    struct Prepared;
    explicit SigningKey(std::shared_ptr<const Prepared> prepared) : key_(std::move(prepared)) {}
    std::shared_ptr<const Prepared> key_;
};

}  // namespace tillhost::os
