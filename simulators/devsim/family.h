#pragma once

#include <memory>

#include "hal/os/clock.h"
#include "simulators/core/simulator.h"
#include "simulators/devsim/arguments.h"

namespace tillhost::devsim {

/// The simulator that the arguments ask for, of whatever class, its memory opened, its clock set by
/// `clock`. Errors: those of FileFiscalStore::open; bad_field(--serial, --memory) of a registrar,
/// (terminal_id, password) of a card terminal, (--suffix) of a scanner; (--pages, pages,
/// drawer_pin) of a receipt printer.
base::Result<std::unique_ptr<simulators::Simulator>> make_device(const ServeArguments& arguments,
                                                                 const os::Clock& clock);

}  // namespace tillhost::devsim
