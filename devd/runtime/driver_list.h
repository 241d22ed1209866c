#pragma once

#include <string>
#include <vector>

#include "devd/runtime/config.h"
#include "hal/base/result.h"
#include "hal/os/clock.h"

namespace tillhost::devd::runtime {

/// The drivers that devd-driver has, by asking it with --list: devd itself links no driver. Blocks
/// until it has answered, at most until the deadline. Errors: config_invalid (the program is not
/// there, or does not answer as it should).
base::Result<std::vector<KnownDriver>> list_drivers(const std::string& program,
                                                    const os::Clock& clock, os::Deadline deadline);

}  // namespace tillhost::devd::runtime
