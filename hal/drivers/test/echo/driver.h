#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "hal/device/driver.h"
#include "hal/transport/transport.h"

namespace tillhost::drivers::echo {

/// A device that is not there: answers at once, keeps nothing, has no line. It measures the way
/// through devd and a driver host; a receipt goes through marker and result like a real one's, and
/// one in doubt stays so until a person decides. No settings; a connector is refused.
/// Errors: config_invalid, naming the setting.
base::Result<std::unique_ptr<device::Driver>> make_driver(
    const std::vector<contract::Setting>& settings, std::unique_ptr<transport::Connector> connector,
    const os::Clock& clock);

}  // namespace tillhost::drivers::echo
