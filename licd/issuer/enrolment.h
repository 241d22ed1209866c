#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "licd/keys/dongle.h"

// The enrolment of a dongle (docs/formats/dongle-enrolment.md), and whether its maker vouches for
// it. Without that a "dongle" may be a program that anybody can copy. Pure.
namespace tillhost::licd::issuer {

inline constexpr std::size_t kEnrolmentBytesMax = 256 * 1024;

using Aaguid = std::array<std::byte, keys::kAaguidBytes>;
/// 32 hex digits, dashes between them if wanted. Errors: bad_field(--aaguid).
base::Result<Aaguid> aaguid_from_text(std::string_view text);
std::string aaguid_text(const Aaguid& aaguid);

/// As it stands in the file; nothing of it is believed.
struct Enrolment {
    std::string rp;
    std::string owner;
    base::Bytes challenge;
    base::Bytes challenge_hash;
    base::Bytes credential;
    base::Bytes authenticator_data;
    std::string format;
    std::int64_t algorithm = 0;
    base::Bytes signature;
    std::vector<base::Bytes> certificates;
};
/// Errors: too_large; bad_field(--dongle), saying what is wrong; wrong_version.
base::Result<Enrolment> read_enrolment(std::string_view json);

/// Whose dongles the vendor takes.
struct AttestationPolicy {
    std::vector<std::string> roots_pem;  ///< of makers
    std::vector<Aaguid> aaguids;         ///< makes and models
    bool accepts_self = false;           ///< also without a maker's word, for trying things out
};

/// A dongle that may be put into a key.
struct Attested {
    keys::DongleCredential dongle;
    bool is_self = false;  ///< it vouches for itself: it may be a program
};
/// Checks, in this order: the challenge, the relying party, that somebody touched it, the
/// credential and its key, the model, the attestation's signature, and whose certificate made it.
/// Errors, each saying what is not right: bad_field(--dongle), key_foreign (the maker is not one of
/// the vendor's, the model is not on the list, the signature does not hold).
base::Result<Attested> check_enrolment(const Enrolment& enrolment, const AttestationPolicy& policy);

}  // namespace tillhost::licd::issuer
