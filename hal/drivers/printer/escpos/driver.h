#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "hal/device/driver.h"
#include "hal/os/clock.h"
#include "hal/transport/transport.h"
#include "ipc/contract/messages.h"

namespace tillhost::drivers::escpos {

/// The name by which a device's file asks for this driver.
inline constexpr std::string_view kDriverName = "printer/escpos";

/// A driver for receipt printers that understand ESC/POS (README.md). Opens nothing yet. `clock`
/// outlives it.
///
/// Settings, all optional:
///   model        epson (default) | basic | mute: what it says back
///   keep_open    yes (default) | no: whether the line stays open between documents
///   code_pages   code pages and the printer's numbers of them, in the order they are tried
///   columns      characters on a line, 16 to 64; default 48
///   width_dots   dots on a line, 192 to 832; default 576
///   cutter       yes (default) | no
///   language     en (default) | ru | pl: the word that marks a copy
///   drawer_pin   2 (default) | 5
///   drawer_on_ms, drawer_off_ms   of the pulse, 10 to 510; default 120 and 240; off not below on
///   drawer_open_level   unknown (default) | high | low: of the drawer's switch
///   wait_s       0 to 240, default 60: how long a printer that stopped in a document is waited for
/// Errors: config_invalid, naming the setting and what would be right.
base::Result<std::unique_ptr<device::Driver>> make_driver(
    const std::vector<contract::Setting>& settings, std::unique_ptr<transport::Connector> connector,
    const os::Clock& clock);

}  // namespace tillhost::drivers::escpos
