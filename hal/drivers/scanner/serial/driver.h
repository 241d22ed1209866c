#pragma once

#include <memory>
#include <vector>

#include "hal/device/driver.h"
#include "hal/transport/transport.h"

namespace tillhost::drivers::serial {

/// A scanner on a serial line (README.md). Settings, all optional: `suffix` (cr, lf, crlf, tab,
/// etx, none), `prefix` (text with \xHH), `aim` (auto, on, off), `gap_ms`. Errors: config_invalid,
/// naming the setting.
base::Result<std::unique_ptr<device::Driver>> make_driver(
    const std::vector<contract::Setting>& settings, std::unique_ptr<transport::Connector> connector,
    const os::Clock& clock);

}  // namespace tillhost::drivers::serial
