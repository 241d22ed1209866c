#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hal/os/clock.h"
#include "ipc/contract/messages.h"
#include "licd/keys/dongle.h"

namespace tillhost::licd::devices {

/// A dongle that a key names.
struct WantedDongle {
    std::string serial;  ///< of the key
    keys::DongleCredential dongle;
    std::uint32_t counter = 0;  ///< the last one known from an earlier run; 0: none
};

enum class DonglePresence : std::uint8_t {
    unknown,  ///< not asked yet, and devd may still have it
    missing,  ///< no device of devd is it, or devd cannot be reached
    there,    ///< it has proved itself, and it has not gone since
    refuses,  ///< a dongle is there and does not prove to be it
};

/// How the dongle of one key stands.
struct DongleState {
    DonglePresence presence = DonglePresence::unknown;
    std::string device{};  ///< of devd, while it is there
    std::string why{};     ///< for people, of missing and refuses
    std::string word{};    ///< the newest "D …" line of it; empty: it never gave one
    std::uint32_t counter = 0;
    /// The last two counters of which the second was not the larger: there may be a copy of it.
    std::optional<std::pair<std::uint32_t, std::uint32_t>> went_back{};
    friend bool operator==(const DongleState&, const DongleState&) = default;
};

/// What keys see of the devices.
class DonglePort {
public:
    virtual ~DonglePort() = default;
    /// As it stands now; `unknown` for a key that was not wanted.
    virtual DongleState of(const std::string& serial) const = 0;
    /// All dongles that matter from now on. A key with another credential begins anew.
    virtual void want(std::vector<WantedDongle> dongles) = 0;
    /// Until then the key is in use, or somebody looks at it: its dongle is asked each minute.
    virtual void in_use(const std::string& serial, os::Instant until) = 0;
    /// What devd read of the machine when it was last asked; kept while it is away.
    virtual std::vector<contract::MachineFact> facts() const = 0;
};

/// Of a licd that uses no devices.
class NoDevices final : public DonglePort {
public:
    DongleState of(const std::string& /*serial*/) const override {
        DongleState state;
        state.presence = DonglePresence::missing;
        state.why = "licd.toml says that no devices are used";
        return state;
    }
    void want(std::vector<WantedDongle> /*dongles*/) override {}
    void in_use(const std::string& /*serial*/, os::Instant /*until*/) override {}
    std::vector<contract::MachineFact> facts() const override { return {}; }
};

}  // namespace tillhost::licd::devices
