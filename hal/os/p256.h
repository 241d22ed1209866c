#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "hal/base/bytes.h"
#include "hal/base/result.h"

// Keys of the curve P-256 (FIPS 186-4 §D.1.2.3) and ECDSA with SHA-256: what FIDO2 tokens sign with
// (ES256), and the certificates by which their makers vouch for them. Our own signatures are
// Ed25519 (signature.h).
namespace tillhost::os {

inline constexpr std::size_t kP256Bytes = 32;              ///< of a coordinate, and of a secret key
inline constexpr std::size_t kP256SignatureBytesMax = 72;  ///< DER of two numbers of 32 bytes
inline constexpr std::size_t kAttestationChainMax = 8;     ///< certificates that a token brings
inline constexpr std::size_t kAttestationRootsMax = 64;    ///< certificates that are trusted
inline constexpr std::size_t kAttestationBytesMax = 4096;  ///< of one certificate, DER

/// A public key: its point, each coordinate big endian.
struct P256PublicKey {
    std::array<std::byte, kP256Bytes> x{};
    std::array<std::byte, kP256Bytes> y{};

    /// Whether `signature` (DER, ECDSA with SHA-256) over `message` is of this key. Any bytes are
    /// taken for a signature; a point off the curve verifies nothing. About 0.2 ms.
    bool verifies(base::ByteView message, base::ByteView signature) const;

    friend bool operator==(const P256PublicKey&, const P256PublicKey&) = default;
};

/// A secret key. A copy is the same key; the library wipes it with the last copy. tillhost itself
/// signs nothing with such keys: they are for simulated tokens and for tests.
class P256Key final {
public:
    /// From the library's generator, which the kernel seeds. Errors: system_failed.
    static base::Result<P256Key> make();
    /// The secret number, 32 bytes, big endian. Errors: bad_field(secret key): another length,
    /// zero, or not below the order of the curve.
    static base::Result<P256Key> from_bytes(base::ByteView secret);

    /// What from_bytes() takes.
    base::Bytes bytes() const;
    const P256PublicKey& public_key() const;
    /// DER, at most kP256SignatureBytesMax; each call gives another one (a random part).
    /// Errors: system_failed.
    base::Result<base::Bytes> sign(base::ByteView message) const;

private:
    struct Prepared;
    explicit P256Key(std::shared_ptr<const Prepared> prepared) : key_(std::move(prepared)) {}
    std::shared_ptr<const Prepared> key_;
};

/// The key that attests a token: that of the first of these certificates (X.509, DER, signer
/// first), once the chain was found to lead to one of the trusted ones (PEM, any number in a text).
/// A trusted certificate ends the chain wherever it stands in it: it need not sign itself, and the
/// first one may be trusted itself. Dates are not looked at: a token outlives its certificate, and
/// whoever asks chose the roots. Nor is revocation, which is the chooser's too.
/// Errors: bad_field(certificates), bad_field(roots), unreadable, none or too many;
/// key_foreign, no trusted maker vouches for it, or its key is of another curve.
base::Result<P256PublicKey> attested_key(std::span<const base::Bytes> chain_der,
                                         std::span<const std::string> roots_pem);

}  // namespace tillhost::os
