#pragma once

#include <memory>
#include <vector>

#include "hal/device/driver.h"
#include "hal/transport/transport.h"

namespace tillhost::drivers::manual {

/// A terminal without a link (README.md beside this): each operation is marked in the book and then
/// needs a person, who reads the result from the terminal's paper and enters it by `decide`.
/// Settings: terminal_id, confirm_above_minor (devd's own: above it the amount is entered twice).
/// Errors: config_invalid (a port, an unknown setting).
base::Result<std::unique_ptr<device::Driver>> make_driver(
    const std::vector<contract::Setting>& settings, std::unique_ptr<transport::Connector> connector,
    const os::Clock& clock);

}  // namespace tillhost::drivers::manual
