#include "licd/issuer/enrolment.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "hal/os/digest.h"
#include "licd/issuer/flat_json.h"
#include "licd/keys/base64.h"

namespace tillhost::licd::issuer {
namespace {

using base::ErrorCode;
using base::make_error;

constexpr std::string_view kField = "--dongle";
constexpr std::int64_t kVersion = 1;
constexpr std::int64_t kEs256 = -7;
constexpr unsigned kTouched = 0x01;
constexpr unsigned kHasCredential = 0x40;
constexpr unsigned kHasExtensions = 0x80;
constexpr std::size_t kFlagsAt = 32;
constexpr std::size_t kAaguidAt = 37;
constexpr std::size_t kCredentialAt = 55;

// CTAP2 writes CBOR in one form only, so that a P-256 key in COSE has these bytes around x and y:
// {1: 2, 3: -7, -1: 1, -2: x, -3: y}.
constexpr std::array<unsigned, 10> kCoseBeforeX{0xA5, 0x01, 0x02, 0x03, 0x26,
                                                0x20, 0x01, 0x21, 0x58, 0x20};
constexpr std::array<unsigned, 3> kCoseBeforeY{0x22, 0x58, 0x20};
constexpr std::size_t kCoseBytes = kCoseBeforeX.size() + kCoseBeforeY.size() + 2 * os::kP256Bytes;

// The extension that names the model, 1.3.6.1.4.1.45724.1.1.4 in DER; behind it stand the octets of
// an OCTET STRING in the extension's own (WebAuthn level 2, 8.2.1). Looked for by its bytes: what
// stands in a certificate under its maker's signature was put there by the maker.
constexpr std::array<unsigned, 13> kModelOid{0x06, 0x0B, 0x2B, 0x06, 0x01, 0x04, 0x01,
                                             0x82, 0xE5, 0x1C, 0x01, 0x01, 0x04};
constexpr std::array<unsigned, 3> kCritical{0x01, 0x01, 0xFF};
constexpr std::array<unsigned, 4> kModelHeading{0x04, 0x12, 0x04, 0x10};

base::Error wrong(std::string_view what) { return base::bad_field(kField, what); }
base::Error foreign(std::string_view what) {
    return make_error(ErrorCode::key_foreign, std::string(what));
}

base::Bytes sha256(base::ByteView bytes) {
    const os::Sha256 sum = os::sha256(bytes);
    return {sum.begin(), sum.end()};
}

template <std::size_t N>
bool begins(base::ByteView bytes, const std::array<unsigned, N>& with) {
    return bytes.size() >= N &&
           std::equal(with.begin(), with.end(), bytes.begin(),
                      [](unsigned one, std::byte other) { return base::byte(one) == other; });
}

// --- the file

base::Result<std::string> text_of(const FlatObject& object, const std::string& name) {
    const auto found = object.find(name);
    const auto* const text =
        found == object.end() ? nullptr : std::get_if<std::string>(&found->second);
    return text == nullptr ? base::Result<std::string>(wrong(fmt::format("{}, a text", name)))
                           : *text;
}

base::Result<base::Bytes> bytes_of(const FlatObject& object, const std::string& name) {
    auto bytes = keys::from_base64(TRY(text_of(object, name)));
    return bytes ? bytes : wrong(fmt::format("{}, bytes in base64", name));
}

base::Result<std::int64_t> number_of(const FlatObject& object, const std::string& name) {
    const auto found = object.find(name);
    const auto* const number =
        found == object.end() ? nullptr : std::get_if<std::int64_t>(&found->second);
    return number == nullptr
               ? base::Result<std::int64_t>(wrong(fmt::format("{}, a whole number", name)))
               : *number;
}

base::Result<std::vector<base::Bytes>> certificates_of(const FlatObject& object) {
    const auto found = object.find("certificates");
    const auto* const texts =
        found == object.end() ? nullptr : std::get_if<std::vector<std::string>>(&found->second);
    if (texts == nullptr || texts->size() > os::kAttestationChainMax) {
        return wrong(
            fmt::format("certificates, a list of at most {} in base64", os::kAttestationChainMax));
    }
    std::vector<base::Bytes> chain;
    for (const std::string& text : *texts) {
        auto bytes = keys::from_base64(text);
        if (!bytes) {
            return wrong("certificates, each in base64");
        }
        chain.push_back(std::move(*bytes));
    }
    return chain;
}

// --- what it says

base::Done check_data(const Enrolment& enrolment) {
    const base::ByteView data = enrolment.authenticator_data;
    if (sha256(enrolment.challenge) != enrolment.challenge_hash) {
        return wrong("challenge_hash is not the digest of challenge: the file was changed");
    }
    if (!keys::is_relying_party(enrolment.rp)) {
        return wrong("rp is a name of lower-case letters, digits, dots and dashes");
    }
    if (data.size() < kCredentialAt) {
        return wrong("authenticator_data is cut");
    }
    const base::Bytes rp = sha256(base::bytes_of(enrolment.rp));
    if (!std::equal(rp.begin(), rp.end(), data.begin())) {
        return foreign(
            fmt::format("the dongle made its credential for another relying party than "
                        "{}: enrol it anew",
                        enrolment.rp));
    }
    const unsigned flags = base::to_unsigned(data[kFlagsAt]);
    if ((flags & kTouched) == 0) {
        return foreign("nobody touched the dongle while it made the credential");
    }
    if ((flags & kHasCredential) == 0) {
        return wrong("authenticator_data has no credential in it");
    }
    return {};
}

base::Result<keys::DongleCredential> credential_in(const Enrolment& enrolment) {
    const base::ByteView data = enrolment.authenticator_data;
    const std::size_t length = base::to_unsigned(data[kCredentialAt - 2]) * 256 +
                               base::to_unsigned(data[kCredentialAt - 1]);
    if (length != enrolment.credential.size() || length == 0 ||
        length > keys::kCredentialBytesMax || data.size() - kCredentialAt < length ||
        !std::equal(enrolment.credential.begin(), enrolment.credential.end(),
                    data.begin() + kCredentialAt)) {
        return wrong("credential is not the one in authenticator_data: the file was changed");
    }
    const base::ByteView key = data.subspan(kCredentialAt + length);
    const bool has_more = (base::to_unsigned(data[kFlagsAt]) & kHasExtensions) != 0;
    constexpr std::size_t kXAt = kCoseBeforeX.size();
    constexpr std::size_t kYAt = kXAt + os::kP256Bytes + kCoseBeforeY.size();
    if (key.size() < kCoseBytes || (!has_more && key.size() > kCoseBytes) ||
        !begins(key, kCoseBeforeX) || !begins(key.subspan(kXAt + os::kP256Bytes), kCoseBeforeY)) {
        return wrong("the dongle's key is none of P-256 (ES256): such dongles are not taken");
    }
    keys::DongleCredential dongle;
    dongle.rp = enrolment.rp;
    dongle.credential = enrolment.credential;
    std::copy_n(key.begin() + kXAt, os::kP256Bytes, dongle.key.x.begin());
    std::copy_n(key.begin() + kYAt, os::kP256Bytes, dongle.key.y.begin());
    std::copy_n(data.begin() + kAaguidAt, keys::kAaguidBytes, dongle.aaguid.begin());
    return dongle;
}

// --- who vouches for it

/// Errors: key_foreign, if the certificate names a model in a form that is none.
base::Result<std::optional<Aaguid>> model_in(const base::Bytes& certificate) {
    for (std::size_t at = 0; at + kModelOid.size() <= certificate.size(); ++at) {
        base::ByteView rest = base::ByteView(certificate).subspan(at);
        if (!begins(rest, kModelOid)) {
            continue;
        }
        rest = rest.subspan(kModelOid.size());
        if (begins(rest, kCritical)) {
            rest = rest.subspan(kCritical.size());
        }
        if (!begins(rest, kModelHeading) ||
            rest.size() < kModelHeading.size() + keys::kAaguidBytes) {
            return foreign("the attestation's certificate names no model in a form that is known");
        }
        Aaguid model{};
        std::copy_n(rest.begin() + kModelHeading.size(), model.size(), model.begin());
        return std::optional(model);
    }
    return std::optional<Aaguid>();
}

base::Done check_signature(const Enrolment& enrolment, const os::P256PublicKey& key) {
    base::Bytes message = enrolment.authenticator_data;
    message.insert(message.end(), enrolment.challenge_hash.begin(), enrolment.challenge_hash.end());
    return key.verifies(message, enrolment.signature)
               ? base::Done()
               : base::Done(foreign("the attestation's signature does not hold: the file was "
                                    "changed, or the dongle is none"));
}

base::Done check_maker(const Enrolment& enrolment, const AttestationPolicy& policy,
                       const Aaguid& aaguid) {
    if (policy.roots_pem.empty()) {
        return base::bad_field("--attestation-roots",
                               "a folder with the makers' certificates, .pem or .crt; a maker "
                               "vouches for this dongle, and none is there");
    }
    const auto key = os::attested_key(enrolment.certificates, policy.roots_pem);
    if (!key) {
        return base::with_context(key.error(), "the dongle's maker");
    }
    const auto model = TRY(model_in(enrolment.certificates.front()));
    if (model && *model != aaguid) {
        return foreign(
            fmt::format("the maker's certificate is for the model {}, and the dongle "
                        "says that it is {}",
                        aaguid_text(*model), aaguid_text(aaguid)));
    }
    return check_signature(enrolment, *key);
}

base::Result<bool> check_attestation(const Enrolment& enrolment, const AttestationPolicy& policy,
                                     const keys::DongleCredential& dongle) {
    if (enrolment.format != "packed" || enrolment.algorithm != kEs256) {
        return foreign(
            fmt::format("an attestation of format \"{}\" and algorithm {} is not taken: "
                        "packed with ES256 (-7) is",
                        enrolment.format, enrolment.algorithm));
    }
    if (!enrolment.certificates.empty()) {
        TRY(check_maker(enrolment, policy, dongle.aaguid));
        return false;
    }
    if (!policy.accepts_self) {
        return foreign(
            "no maker vouches for the dongle, it vouches for itself: it may be a program, which "
            "can be copied (--accept-self-attestation takes it all the same)");
    }
    TRY(check_signature(enrolment, dongle.key));
    return true;
}

}  // namespace

base::Result<Aaguid> aaguid_from_text(std::string_view text) {
    std::string digits(text);
    std::erase(digits, '-');
    const auto bytes = base::from_hex(digits);
    if (!bytes || bytes->size() != keys::kAaguidBytes) {
        return base::bad_field("--aaguid", "32 hex digits, as the maker tells them");
    }
    Aaguid aaguid{};
    std::copy(bytes->begin(), bytes->end(), aaguid.begin());
    return aaguid;
}

std::string aaguid_text(const Aaguid& aaguid) {
    std::string text;
    for (const std::byte byte : aaguid) {
        text += fmt::format("{:02x}", base::to_unsigned(byte));
    }
    return text;
}

base::Result<Enrolment> read_enrolment(std::string_view json) {
    if (json.size() > kEnrolmentBytesMax) {
        return make_error(ErrorCode::too_large,
                          fmt::format("{}: at most {} bytes", kField, kEnrolmentBytesMax));
    }
    const FlatObject object = TRY(read_flat_json(json));
    if (const std::int64_t version = TRY(number_of(object, "version")); version != kVersion) {
        return make_error(ErrorCode::wrong_version,
                          fmt::format("{}: version {} of the file is not known", kField, version));
    }
    Enrolment enrolment;
    enrolment.rp = TRY(text_of(object, "rp"));
    enrolment.owner = TRY(text_of(object, "owner"));
    enrolment.challenge = TRY(bytes_of(object, "challenge"));
    enrolment.challenge_hash = TRY(bytes_of(object, "challenge_hash"));
    enrolment.credential = TRY(bytes_of(object, "credential"));
    enrolment.authenticator_data = TRY(bytes_of(object, "authenticator_data"));
    enrolment.format = TRY(text_of(object, "format"));
    enrolment.algorithm = TRY(number_of(object, "algorithm"));
    enrolment.signature = TRY(bytes_of(object, "signature"));
    enrolment.certificates = TRY(certificates_of(object));
    return enrolment;
}

base::Result<Attested> check_enrolment(const Enrolment& enrolment,
                                       const AttestationPolicy& policy) {
    TRY(check_data(enrolment));
    keys::DongleCredential dongle = TRY(credential_in(enrolment));
    if (std::find(policy.aaguids.begin(), policy.aaguids.end(), dongle.aaguid) ==
        policy.aaguids.end()) {
        return foreign(fmt::format("the model {} is not among those that --aaguid names",
                                   aaguid_text(dongle.aaguid)));
    }
    const bool is_self = TRY(check_attestation(enrolment, policy, dongle));
    return Attested{std::move(dongle), is_self};
}

}  // namespace tillhost::licd::issuer
