#pragma once

#include <memory>
#include <vector>

#include "hal/device/driver.h"
#include "hal/transport/transport.h"

namespace tillhost::drivers::hid_pos {

/// A scanner in the USB interface "HID POS" (README.md). Settings, all optional: `suffix` (none,
/// cr, lf, crlf, tab). Errors: config_invalid, naming the setting.
base::Result<std::unique_ptr<device::Driver>> make_driver(
    const std::vector<contract::Setting>& settings, std::unique_ptr<transport::Connector> connector,
    const os::Clock& clock);

}  // namespace tillhost::drivers::hid_pos
