#pragma once

#include <string>
#include <vector>

#include "hal/base/result.h"
#include "hal/os/clock.h"
#include "ipc/contract/messages.h"

namespace tillhost::devd::runtime {

/// The manifests of the drivers that devd-driver has, by asking it with --list: devd itself links
/// no driver. Blocks until it has answered, at most until the deadline. Errors: config_invalid (the
/// program is not there, or does not answer as it should).
base::Result<std::vector<contract::Manifest>> list_drivers(const std::string& program,
                                                           const os::Clock& clock,
                                                           os::Deadline deadline);

}  // namespace tillhost::devd::runtime
