#pragma once

#include <memory>
#include <optional>

#include "hal/device/driver.h"

namespace tillhost::device {

/// A dongle: a token on USB that signs with key pairs which never leave it. It is a pipe here. What
/// it says is handed on as it came, and nobody below the asker checks a signature.
///
/// Nothing it does is money. A proof changes nothing and may be asked for again; an enrolment whose
/// outcome is not known is an error with Effect::unknown and is never repeated by itself: the
/// dongle may hold a credential more. Errors beside those of the line: credential_unknown,
/// device_not_ready (another program has it just now), device_refused, device_failed,
/// not_supported.
class Dongle {
public:
    virtual ~Dongle() = default;

    /// Opens the line and asks the dongle what it is. Nobody has to touch it.
    virtual base::Result<Opened> open(os::Deadline deadline) = 0;
    virtual base::Result<contract::DongleStatus> status(os::Deadline deadline) = 0;
    /// Has a challenge signed without a touch. Takes seconds at most, whatever the deadline.
    /// Errors: credential_unknown (it is another dongle), not_supported (it signs nothing
    /// unattended).
    virtual base::Result<contract::DongleProof> prove(const contract::DongleProofQuery& query,
                                                      os::Deadline deadline) = 0;
    /// Makes a credential; prompts for the touch, and waits for it half a minute at most.
    virtual base::Result<contract::DongleEnrolment> enrol(const contract::EnrolDongle& command,
                                                          Gate& gate, os::Deadline deadline) = 0;
    /// As it last told; nobody is asked.
    virtual std::optional<contract::DongleStatus> known_status() const = 0;
};

/// A dongle as the driver host sees it: commands and questions of other classes are not_supported.
std::unique_ptr<Driver> make_driver(std::unique_ptr<Dongle> dongle);

}  // namespace tillhost::device
