#pragma once

#include <array>
#include <string>
#include <string_view>

#include "hal/base/bytes.h"
#include "hal/base/result.h"
#include "hal/os/p256.h"

// What the maker of simulated tokens says for them: X.509 certificates written by hand, so that
// whoever checks them has nothing in common with whoever made them.
namespace tillhost::simulators::fido2 {

/// Make and model of every simulated token; it spells "tillhost sim 001".
inline constexpr std::array<std::byte, 16> kAaguid = [] {
    constexpr std::string_view kText = "tillhost sim 001";
    std::array<std::byte, kText.size()> bytes{};
    for (std::size_t i = 0; i < kText.size(); ++i) {
        bytes[i] = static_cast<std::byte>(kText[i]);
    }
    return bytes;
}();

/// The maker's own, signed by itself, DER. Errors: system_failed.
base::Result<base::Bytes> make_root_certificate(const os::P256Key& root);

/// A token's, signed by the root, DER, as WebAuthn Level 2 §8.2.1 wants it: version 3, country,
/// organisation, the unit "Authenticator Attestation", no authority, the AAGUID in the extension
/// 1.3.6.1.4.1.45724.1.1.4. Errors: system_failed.
base::Result<base::Bytes> make_attestation_certificate(const os::P256PublicKey& token,
                                                       const os::P256Key& root);

/// "-----BEGIN CERTIFICATE-----" and so on (RFC 7468).
std::string certificate_pem(base::ByteView der);

}  // namespace tillhost::simulators::fido2
