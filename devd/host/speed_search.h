#pragma once

#include <string>

#include "hal/base/result.h"
#include "hal/drivers/drivers.h"
#include "hal/os/clock.h"

namespace tillhost::devd::host {

/// How long a line is waited for that somebody else has open.
inline constexpr os::Duration kLineHeldTimeMax = std::chrono::seconds(20);

/// At which of the driver's other speeds a device answers on the serial line `address`: a
/// CheckReply (docs/ipc/admin.md) with speed_found, 0 if it does at none, as JSON. Opens the line
/// at one speed after the other, a few seconds each. Errors: bad_field (no serial address),
/// not_supported (the driver cannot tell), those of transport::Connector.
base::Result<std::string> find_speed_json(const drivers::DriverEntry& entry,
                                          const std::string& address, os::Clock& clock);

}  // namespace tillhost::devd::host
