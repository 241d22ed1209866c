#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "hal/device/driver.h"
#include "hal/transport/transport.h"

namespace tillhost::drivers::trouble {

/// The leak's speed and end: it grows until it is killed, or aborts when it has this much.
inline constexpr std::size_t kLeakBytesPerMs = 32 * 1024;
inline constexpr std::size_t kLeakBytesMax = 512 * 1024 * 1024;

/// A driver that does what a driver must not do: it loops for ever, leaks steadily or crashes, when
/// it is opened or at its first query. For tests that the others do not feel it. It has no line.
/// Settings: protocol.h. Errors: config_invalid, naming the setting.
base::Result<std::unique_ptr<device::Driver>> make_driver(
    const std::vector<contract::Setting>& settings, std::unique_ptr<transport::Connector> connector,
    const os::Clock& clock);

}  // namespace tillhost::drivers::trouble
