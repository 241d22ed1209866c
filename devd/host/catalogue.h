#pragma once

#include <string>

#include "hal/base/result.h"

// What devd-driver tells devd without driving anything: devd itself links no driver, and looking
// through sysfs and /proc would keep its loop.
namespace tillhost::devd::host {

/// The reply of `ports` as far as this machine knows it, as JSON (docs/ipc/admin.md): all serial
/// ports, the HID devices on USB that are not for people and the printers on USB, or the one at
/// `address`. Which device has a port, and what a driver can use, devd adds. Errors: bad_field (no
/// address).
base::Result<std::string> ports_json(const std::string& address);

}  // namespace tillhost::devd::host
