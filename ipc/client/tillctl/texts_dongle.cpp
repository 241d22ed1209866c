#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ipc/client/tillctl/dongle.h"
#include "ipc/client/tillctl/rows.h"

namespace tillhost::tillctl {
namespace {

constexpr std::size_t kFlagsAt = 32;  // of authenticator data: WebAuthn 2, section 6.1
constexpr unsigned kTouched = 0x01;

/// As its makers write it: 8-4-4-4-12 digits.
std::string uuid_of(base::ByteView bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        text += i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "";
        text += fmt::format("{:02x}", base::to_unsigned(bytes[i]));
    }
    return text;
}

}  // namespace

std::string dongle_text(Language language, const contract::DongleStatus& status) {
    const contract::Identity& identity = status.identity;
    std::string told = row(language, Text::label_dongle,
                           identity.model.empty() && identity.serial.empty()
                               ? std::string(text(language, Text::dongle_nameless))
                               : fmt::format("{}{}{}", identity.model,
                                             identity.model.empty() ? "" : " ", identity.serial));
    told +=
        row(language, Text::label_protocols, fmt::format("{}", fmt::join(status.versions, ", ")));
    told += row(language, Text::label_make, uuid_of(status.aaguid));
    if (!status.firmware.empty()) {
        told += row(language, Text::label_firmware, status.firmware);
    }
    told += row(language, Text::label_pin,
                text(language, status.pin_set ? Text::dongle_pin_set : Text::dongle_pin_none));
    return told + row(language, Text::label_proves,
                      text(language, status.always_asks ? Text::dongle_always_asks
                                                        : Text::dongle_unattended));
}

std::string proof_text(Language language, const contract::DongleProof& proof) {
    base::ByteReader data(proof.authenticator_data);
    data.take(kFlagsAt);
    const unsigned flags = data.u8();
    const std::uint64_t counter = data.uint_be(4);
    return row(language, Text::label_signatures, std::to_string(counter)) +
           row(language, Text::label_touched,
               text(language, (flags & kTouched) != 0 ? Text::yes : Text::dongle_untouched)) +
           row(language, Text::label_signature, base64_of(proof.signature));
}

std::string dongle_enrolment_text(Language language, const contract::DongleEnrolment& told) {
    return row(language, Text::label_credential, base64_of(told.credential)) +
           row(language, Text::label_attestation,
               told.certificates.empty() ? filled(language, Text::attested_by_nobody, told.format)
                                         : filled(language, Text::attested_by_maker, told.format,
                                                  told.certificates.size()));
}

}  // namespace tillhost::tillctl
