#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hal/base/result.h"

// The certificate that a server of ours shows to browsers until the administrator gives it another.
namespace tillhost::os {

struct ServerCertificate {
    std::string certificate_pem;
    std::string key_pem;  ///< PKCS#8, not encrypted: a file for this user alone
};

inline constexpr std::size_t kServerNamesMax = 16;

/// A new key (ECDSA, P-256) and a certificate that it signs itself, for these DNS names and
/// addresses, good from `now_s` (Unix time) minus a day for ten years. A browser warns until
/// somebody has compared its fingerprint and trusts it. Errors: bad_field(names), none, too many or
/// one that is neither; system_failed.
base::Result<ServerCertificate> make_server_certificate(const std::vector<std::string>& names,
                                                        std::int64_t now_s);

/// Where a server's certificate is: in the files that its administrator named, else in the folder,
/// as NAME.crt and NAME.key, made there when they are needed first.
struct CertificatePlace {
    std::string certificate{};  ///< PEM files; both empty = own ones
    std::string key{};
    std::string folder{};
    std::string name = "web";
};
/// Errors: as make_server_certificate() and of the files.
base::Result<ServerCertificate> load_server_certificate(const CertificatePlace& place,
                                                        const std::vector<std::string>& names,
                                                        std::int64_t now_s);

/// SHA-256 of the public key (SubjectPublicKeyInfo, RFC 7469 section 2.4) of the first certificate,
/// 64 lower-case hex digits: it stays when the certificate is renewed with its key. Errors:
/// bad_field(certificate).
base::Result<std::string> public_key_pin(const std::string& certificate_pem);

}  // namespace tillhost::os
