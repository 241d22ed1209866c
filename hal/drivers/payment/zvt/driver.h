#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "hal/device/driver.h"
#include "hal/drivers/payment/zvt/known_bugs.h"
#include "hal/os/clock.h"
#include "hal/transport/transport.h"
#include "ipc/contract/messages.h"

namespace tillhost::drivers::zvt {

/// The name by which a device's file asks for this driver.
inline constexpr std::string_view kDriverName = "payment/zvt";

/// A driver for card terminals that speak ZVT (README.md). Opens nothing yet. `clock` outlives it.
///
/// Settings, all optional:
///   link        tcp (messages in a stream, default) or serial (frames with checksum)
///   password    of the till at the terminal, up to 6 digits; default 000000
///   currency    ISO 4217; default EUR
///   prints      till (default): receipts come with the result; terminal: it prints them itself
///   charset     auto (default), cp437, latin1 or utf8
///   answer_timeout_s      T3, 1 to 60; default 5
///   completion_timeout_s  T4, 30 to 600; default 180
///   keep_open   yes | no (default): whether a TCP connection stays open between operations
/// Errors: config_invalid, naming the setting and what would be right.
base::Result<std::unique_ptr<device::Driver>> make_driver(
    const std::vector<contract::Setting>& settings, std::unique_ptr<transport::Connector> connector,
    const os::Clock& clock);

/// The same with bugs, for the simulation.
base::Result<std::unique_ptr<device::Driver>> make_driver_with_bugs(
    const std::vector<contract::Setting>& settings, std::unique_ptr<transport::Connector> connector,
    const os::Clock& clock, KnownBugs bugs);

}  // namespace tillhost::drivers::zvt
