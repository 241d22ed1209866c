#pragma once

#include <memory>

#include "hal/base/result.h"
#include "hal/os/hotplug.h"

namespace tillhost::transport {

/// udev's events of ttys, hidraw nodes, USB devices and printers: those that udev sends when it is
/// done with a device, so that its group is set and its links are there (the kernel's own come
/// before that). Opens no device. Where udev does not run, none ever comes.
/// Errors: system_failed.
base::Result<std::unique_ptr<os::HotplugSource>> open_udev_monitor();

/// Whether udev runs here. In a container it usually does not.
bool udev_runs();

}  // namespace tillhost::transport
