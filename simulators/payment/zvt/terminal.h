#pragma once

#include <memory>

#include "simulators/core/terminal_control.h"
#include "simulators/payment/zvt/options.h"

namespace tillhost::simulators::zvt {

/// A simulated ZVT card terminal on its line, faults of the line included (README.md: what it does
/// and what not). Cheap to make: tens of microseconds. Errors: bad_field(terminal_id, password),
/// storage_failed if the store cannot be read, holds something else, or cannot be written.
base::Result<std::unique_ptr<TerminalSimulator>> make_zvt_terminal(const ZvtOptions& options);

}  // namespace tillhost::simulators::zvt
