#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "hal/os/clock.h"
#include "simulators/core/fiscal_store.h"

namespace tillhost::simulators::fido2 {

/// Who vouches for a credential that is made.
enum class Attestation : std::uint8_t {
    maker,  ///< "packed", with the certificate of the simulator's own maker
    self,   ///< "packed", signed with the credential's own key
    none,   ///< "none"
};

/// Whether a byte 00 (the report number) stands before each report of the host.
enum class ReportNumber : std::uint8_t {
    detect,  ///< a report that begins with 00 has one: no channel of this token begins so
    yes,
    no,
};

/// A token as it leaves its maker. Everything has a value that works.
struct Fido2Options {
    std::uint64_t seed = 1;           ///< names the maker: another seed, another root
    std::string serial = "SIM00001";  ///< names the token: another serial, other keys
    Attestation attestation = Attestation::maker;
    ReportNumber report_number = ReportNumber::detect;
    bool pin_set = false;
    bool always_uv = false;
    os::Duration command_time{};                              ///< of each command of CTAP2
    std::optional<os::Duration> touch_after{os::Duration{}};  ///< nothing: nobody touches it
    std::uint32_t first_channel = 0x51000001;  ///< the first that is allotted; then counted on

    /// Shared, because the memory outlives the simulator; a new one in memory if null.
    std::shared_ptr<FiscalStore> store{};
};

}  // namespace tillhost::simulators::fido2
