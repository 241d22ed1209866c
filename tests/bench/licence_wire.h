#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "hal/base/result.h"
#include "hal/os/clock.h"
#include "ipc/contract/envelope.h"

namespace tillhost::bench {

/// A connection to licd for a load of many: the contract's messages on sockets of libzmq that
/// share one context, and so one network thread. A program's own client has a thread for each,
/// which would measure the load instead of licd.
class LicenceWire final {
public:
    /// Encrypted with a new key of its own if `server_key` is not empty. Goes on trying to connect;
    /// requests wait meanwhile. Errors: system_failed.
    static base::Result<std::unique_ptr<LicenceWire>> open(const std::string& address,
                                                           const std::string& server_key,
                                                           const os::Clock& clock);
    ~LicenceWire();
    LicenceWire(const LicenceWire&) = delete;
    LicenceWire& operator=(const LicenceWire&) = delete;

    base::Done send(contract::RequestKind kind, contract::Value body);
    /// The next reply. Errors: the server's; deadline_passed, at once if it has passed already.
    base::Result<contract::Value> receive(os::Deadline deadline);
    /// Readable when receive() may have something; told anew only after it had nothing.
    int fd() const { return fd_; }

private:
    LicenceWire(void* socket, const os::Clock& clock) : socket_(socket), clock_(clock) {}
    void* socket_;
    const os::Clock& clock_;
    int fd_ = -1;
    std::int64_t last_id_ = 0;
};

}  // namespace tillhost::bench
