#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "hal/device/driver.h"
#include "hal/device/frame_decoder.h"
#include "hal/device/manifest.h"
#include "hal/transport/redactor.h"
#include "hal/transport/transport.h"

namespace tillhost::drivers {

/// Makes a driver from a device's settings, `port` not among them, and a connector for its line
/// (null if the device has no `port`). Touches nothing yet; the clock outlives the driver.
/// Errors: config_invalid, naming the setting and what would be right.
using Make = base::Result<std::unique_ptr<device::Driver>> (*)(
    const std::vector<contract::Setting>& settings, std::unique_ptr<transport::Connector> connector,
    const os::Clock& clock);

/// Whether such a device can be understood on this open line. Nothing is carried out, changed or
/// acknowledged. Takes seconds. Errors: link_lost, cancelled.
using Answers = base::Result<bool> (*)(transport::Transport& line, const os::Clock& clock);

/// One driver of the list in hal/drivers/CMakeLists.txt.
struct DriverEntry {
    std::string_view name;  ///< its folder below hal/drivers: "fiscal/shtrih"
    Make make;
    const device::Manifest* manifest;
    device::FrameDecoder decode;  ///< nullptr if the family has none
    /// nullptr if the family does not say what must be hidden: its line is not recorded.
    transport::MakeRedactor make_redactor;
    Answers answers;  ///< nullptr if its speed cannot be looked for; else its manifest has speeds
};

/// All drivers of this build, in the order of the list.
std::span<const DriverEntry> all();
/// The driver of that name, or nullptr.
const DriverEntry* find(std::string_view name);

}  // namespace tillhost::drivers
