#pragma once

#include <memory>

#include "simulators/core/fiscal_control.h"
#include "simulators/core/plain_options.h"
#include "simulators/fiscal/shtrih/options.h"

namespace tillhost::simulators::shtrih {

/// A simulated Shtrih-M registrar on its line (README.md: what it does and what not). Cheap to
/// make: tens of microseconds. Errors: storage_failed if the store cannot be read, holds something
/// else, or cannot take the first record.
base::Result<std::unique_ptr<FiscalSimulator>> make_shtrih_registrar(const ShtrihOptions& options);
/// The same, of what every family understands; the serial number has 16 digits.
base::Result<std::unique_ptr<FiscalSimulator>> make_registrar(const PlainOptions& options);

}  // namespace tillhost::simulators::shtrih
