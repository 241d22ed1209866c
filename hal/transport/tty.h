#pragma once

#include <string>

#include "hal/base/result.h"
#include "hal/os/descriptor.h"

namespace tillhost::transport {

/// A terminal opened, non-blocking, closed on exec, and locked with flock.
struct Tty {
    os::Descriptor fd;
    std::string real_path;  ///< behind all links
};

/// Errors: port_missing, port_denied, port_busy (the detail names the holder), port_failed.
base::Result<Tty> open_tty(const std::string& path);
/// Throws away both queues. Errors: link_lost.
base::Done flush_tty(int fd);
/// The error of a failed open: what errno means to the person at the counter.
base::Error open_error(const std::string& path, int number);

}  // namespace tillhost::transport
