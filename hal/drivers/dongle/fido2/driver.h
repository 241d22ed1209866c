#pragma once

#include <memory>
#include <vector>

#include "hal/device/driver.h"
#include "hal/transport/transport.h"

namespace tillhost::drivers::fido2 {

/// A FIDO2 token as a licence dongle (README.md). Settings, all optional: `serial`, the number that
/// its USB device must have; on a line without USB, where a simulator is, the number that it is
/// said to have. Errors: config_invalid, naming the setting.
base::Result<std::unique_ptr<device::Driver>> make_driver(
    const std::vector<contract::Setting>& settings, std::unique_ptr<transport::Connector> connector,
    const os::Clock& clock);

}  // namespace tillhost::drivers::fido2
