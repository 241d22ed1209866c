#pragma once

#include <memory>

#include "hal/base/result.h"
#include "simulators/core/printer_control.h"
#include "simulators/printer/escpos/options.h"

namespace tillhost::simulators::escpos {

/// A receipt printer (README.md) behind a line on which things go wrong. Errors: bad_field(columns,
/// buffer, pages, drawer_pin), those of the store, storage_failed (not a printer's memory).
base::Result<std::unique_ptr<PrinterSimulator>> make_escpos_printer(const EscposOptions& options);

}  // namespace tillhost::simulators::escpos
