#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "hal/device/driver.h"
#include "hal/drivers/fiscal/shtrih/known_bugs.h"
#include "hal/os/clock.h"
#include "hal/transport/transport.h"
#include "ipc/contract/messages.h"

namespace tillhost::drivers::shtrih {

/// The name by which a device's file asks for this driver.
inline constexpr std::string_view kDriverName = "fiscal/shtrih";

/// A driver for Shtrih-M registrars with a fiscal storage, both link layers (README.md).
/// Opens nothing yet. `clock` outlives the driver.
///
/// Settings, all optional:
///   link      standard, numbered, or auto (default): ENQ tells, and where it is not answered, a
///             ping of the numbered layer
///   password  the operator's number in table 2, 0…4294967295; default 30, the system
///             administrator of the factory, whom shift reports need
///   admin_password  for what the registrar wants from an administrator: reports, tables, clock;
///                   default: password
///   serial    serial number that the registrar must have; any other is wrong_device
///   foreign_receipt  cancel | refuse: what becomes of a document that another program left open;
///                    default cancel; with refuse it stays, and documents are document_open
///   training  yes | no: documents are printed as marked text and not registered
///             (hal/device/training.h); default no
/// Errors: config_invalid, naming the setting and what would be right.
base::Result<std::unique_ptr<device::Driver>> make_driver(
    const std::vector<contract::Setting>& settings, std::unique_ptr<transport::Connector> connector,
    const os::Clock& clock);

/// The same with mistakes switched on, for the simulation.
base::Result<std::unique_ptr<device::Driver>> make_driver_with_bugs(
    const std::vector<contract::Setting>& settings, std::unique_ptr<transport::Connector> connector,
    const os::Clock& clock, KnownBugs bugs);

}  // namespace tillhost::drivers::shtrih
