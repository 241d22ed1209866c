#pragma once

#include <memory>

#include "hal/os/clock.h"
#include "simulators/core/fiscal_control.h"
#include "simulators/devsim/arguments.h"

namespace tillhost::devsim {

/// The simulator that the arguments ask for, of whatever class. Errors: those of make_family.
base::Result<std::unique_ptr<simulators::Simulator>> make_device(const ServeArguments& arguments,
                                                                 const os::Clock& clock);

/// The registrar that the arguments ask for, its memory opened, its clock set by `clock`.
/// Errors: those of FileFiscalStore::open; bad_field(--serial, --memory, family).
base::Result<std::unique_ptr<simulators::FiscalSimulator>> make_family(
    const ServeArguments& arguments, const os::Clock& clock);

}  // namespace tillhost::devsim
