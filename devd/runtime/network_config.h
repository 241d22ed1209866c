#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "devd/core/shift_policy.h"
#include "devd/runtime/workstations.h"
#include "hal/base/result.h"
#include "hal/os/log.h"
#include "ipc/pairing.h"

namespace tillhost::devd::runtime {

/// `[network]` of devd.toml. Without the table devd is not on the network.
struct NetworkConfig {
    std::string host = "*";  ///< an IPv4 address of this machine; * = all
    std::uint16_t port = ipc::kNetworkPort;
    std::uint16_t pairing_port = ipc::kPairingPort;
    std::string name{};  ///< of this host, for people; empty = the machine's

    std::string address() const;  ///< "tcp://HOST:PORT"
};

/// A table of texts and whole numbers, as it stands in the file.
using ConfigTexts = std::vector<std::pair<std::string, std::string>>;

/// `listen` ("tcp://ADDRESS:PORT", ADDRESS an IPv4 address or *), `pairing_port`, `name` (1 to 64
/// letters, digits, "-", "." and "_"). Errors: bad_field naming the key.
base::Result<NetworkConfig> network_from(const ConfigTexts& texts);
/// "observer", "cashier", "operator" or "administrator". Errors: bad_field naming the key.
base::Result<contract::Role> role_of(std::string_view key, std::string_view word);
/// `[access]` and `[access.users]`. Errors: bad_field naming the key or the user.
base::Done take_access(const ConfigTexts& texts, const ConfigTexts& users, LocalRoles& roles);
/// The number of a user of this machine. Errors: bad_field naming the user.
base::Result<std::int64_t> uid_of(const std::string& user);
/// The port of "127.0.0.1:PORT"; nothing for any other text.
std::optional<std::uint16_t> loopback_port(std::string_view text);
/// The step of a device's set-up of that name; nothing if there is none.
std::optional<contract::SetupStep> setup_step_from(std::string_view word);
/// The severity of that name; nothing if there is none.
std::optional<os::Severity> severity_from(std::string_view word);
/// One key of a registrar's file that says how devd keeps its shift: `shift`, `close_shift_at` or
/// `remind_shift_after_h`. Errors: bad_field.
base::Done take_shift(std::string_view key, const std::string& text, core::ShiftPolicy& policy);
/// The minute of the day of "HH:MM"; nothing for any other text.
std::optional<int> minute_of_day(std::string_view text);
/// The name that this machine has; "host" where it has none.
std::string machine_name();

}  // namespace tillhost::devd::runtime
