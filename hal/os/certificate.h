#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hal/os/signature.h"

// X.509 certificates with Ed25519 (RFC 8410) for one purpose: to say which keys of a vendor may
// sign licences, of which products, and when. Nothing of the web's PKI applies: one pinned root, no
// names of hosts, no revocation by the certificates themselves.
namespace tillhost::os {

/// Marks a certificate as one of this purpose (its only extended key usage), and the extension with
/// its product codes. Below an arc made of a UUID (ITU-T X.667), which needs no registration.
inline constexpr char kLicencePurposeOid[] = "2.25.141918168260403592676249699018765239993.1";
inline constexpr char kLicenceProductsOid[] = "2.25.141918168260403592676249699018765239993.2";

inline constexpr std::int64_t kIssuerSecondsMax = (3 * 366LL + 1) * 86'400;  ///< three years
inline constexpr std::size_t kChainMax = 3;  ///< certificates, the root among them
inline constexpr std::size_t kCertificateBytesMax = 2048;
inline constexpr std::size_t kProductsMax = 32;
inline constexpr std::size_t kNameBytesMax = 64;

/// What a certificate says.
struct CertificateContent {
    std::string name;  ///< its common name, for people
    PublicKey key;
    std::int64_t not_before_s = 0;  ///< Unix time; both ends belong to it
    std::int64_t not_after_s = 0;
    /// How many levels may stand below it: 2 is a root, 0 signs files and nothing else. (RFC 5280
    /// does not count the last certificate of a chain; here it is one as the others.)
    int path_length = 0;
    /// The products whose licences it may sign: lower-case letters, digits, dots and dashes.
    std::vector<std::string> products;
};

class Certificate final {
public:
    /// Reads one certificate and nothing behind it. Only the form is looked at: whose signature it
    /// has says verify_chain(). Errors: bad_field(certificate, saying what is wrong): no X.509, not
    /// Ed25519, no authority, another purpose, no products, an extension that must be understood
    /// and is not.
    static base::Result<Certificate> from_der(base::ByteView der);

    const base::Bytes& der() const { return der_; }
    const CertificateContent& content() const { return content_; }
    /// Names its key: the first 16 bytes of SHA-256 over the raw public key, in lower-case hex.
    const std::string& key_id() const { return key_id_; }

private:
    base::Bytes der_;
    CertificateContent content_;
    std::string key_id_;
};

std::string key_id_of(const PublicKey& key);

/// A root that signed itself. Errors: bad_field (name, dates, products).
base::Result<Certificate> make_root(const CertificateContent& content, const SigningKey& key);
/// A certificate below `issuer`, whose key this must be. Errors: bad_field: name, dates, products
/// that the issuer does not have, longer than three years, a path that is too long, another key.
base::Result<Certificate> issue_certificate(const CertificateContent& content,
                                            const Certificate& issuer, const SigningKey& key);

/// Whether the chain, the signer of a file first and the root not among it, leads to the root: by
/// RFC 5280's rules, each product of a certificate is one of its issuer's too, it stands on a lower
/// level and lasts no longer than three years. An empty chain
/// is the root itself. `instant_s`: when all of them must have been valid; without it no dates are
/// looked at.
/// Errors: key_foreign: another root, a chain that is cut or too long, a broken signature, products
/// that the issuer may not pass on, not valid at that time. The detail says which.
base::Done verify_chain(const Certificate& root, std::span<const Certificate> chain,
                        std::optional<std::int64_t> instant_s);

/// A secret key as PKCS#8 in PEM (RFC 8410 §7), which `openssl pkey` reads. With a passphrase it is
/// encrypted: scrypt (N = 2^14, r = 8, p = 5; 16 MiB) and AES-256-CBC (PBES2, RFC 8018).
std::string secret_key_to_pem(const SigningKey& key, const SecretBytes& passphrase);
/// Errors: bad_field(secret key): no PEM, no Ed25519; not_permitted: no passphrase where one is
/// needed, or the wrong one.
base::Result<SigningKey> secret_key_from_pem(std::string_view pem, const SecretBytes& passphrase);
bool is_encrypted_pem(std::string_view pem);

/// The certificate in PEM, for tools.
std::string certificate_to_pem(const Certificate& certificate);
/// Errors: bad_field(certificate).
base::Result<Certificate> certificate_from_pem(std::string_view pem);

}  // namespace tillhost::os
