#pragma once

#include <string>
#include <variant>

#include "hal/base/bytes.h"
#include "ipc/client/tillctl/admin.h"
#include "ipc/contract/messages.h"

// What a vendor does with a licence dongle, and anybody who wonders whether it is the right one.
namespace tillhost::tillctl {

/// Makes a credential on the dongle and writes what it answered to a file
/// (docs/formats/dongle-enrolment.md).
struct EnrolDongleVerb {
    std::string device;
    std::string rp;
    std::string owner;
    std::string path;  ///< of a file that is not there yet
};
/// Asks the dongle for a signature by a credential.
struct ProveDongleVerb {
    std::string device;
    std::string rp;
    base::Bytes credential;
};
using DongleVerb = std::variant<EnrolDongleVerb, ProveDongleVerb>;

/// Somebody has to touch the dongle.
inline constexpr os::Duration kTouchTimeout = std::chrono::seconds(90);

/// Does it and says what came of it. An error is the caller's to tell.
base::Result<Exit> run_dongle(const DongleVerb& verb, const AdminContext& context,
                              os::Clock& clock);

/// The file's text.
std::string enrolment_text(const EnrolDongleVerb& verb, base::ByteView challenge,
                           const contract::DongleEnrolment& told);
/// Base64 of RFC 4648, section 4.
std::string base64_of(base::ByteView bytes);

// --- texts (texts_dongle.cpp); each ends with a line end

std::string dongle_text(Language language, const contract::DongleStatus& status);
std::string proof_text(Language language, const contract::DongleProof& proof);
std::string dongle_enrolment_text(Language language, const contract::DongleEnrolment& told);

}  // namespace tillhost::tillctl
