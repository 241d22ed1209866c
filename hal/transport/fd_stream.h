#pragma once

#include <span>

#include "hal/base/bytes.h"
#include "hal/base/result.h"
#include "hal/os/clock.h"
#include "hal/os/descriptor.h"

namespace tillhost::transport {

/// Reads and writes a non-blocking descriptor with deadlines: the one poll loop under every line.
///
/// A hang-up, an error and a read of no bytes are all link_lost: on a terminal whose device was
/// unplugged, poll says "readable" for ever and read says "nothing", which must not become a busy
/// wait.
class FdStream final {
public:
    /// `cancel_fd` readable ends every wait with `cancelled`; -1 = none. It stays the caller's.
    FdStream(os::Descriptor fd, const os::Clock& clock, int cancel_fd);

    base::Result<std::size_t> read(std::span<std::byte> buffer, os::Deadline deadline);
    base::Done write(base::ByteView bytes, os::Deadline deadline);
    /// Waits for the end of a connect() in progress. Errors as write.
    base::Done wait_writable(os::Deadline deadline);
    /// Reads away what has arrived; bounded. Errors: link_lost.
    base::Done drop_received();
    int fd() const { return fd_.get(); }

private:
    base::Done wait_for(short events, os::Deadline deadline);

    os::Descriptor fd_;
    const os::Clock& clock_;
    int cancel_fd_;
    bool is_socket_;  ///< sockets are written without SIGPIPE
};

}  // namespace tillhost::transport
