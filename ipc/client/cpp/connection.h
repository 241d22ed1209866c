#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "hal/base/result.h"
#include "hal/os/clock.h"
#include "ipc/contract/kinds.h"
#include "ipc/contract/messages.h"

namespace tillhost::ipc {
struct HostFile;
}

namespace tillhost::client {

/// One connection to devd. It ends once and for good; what comes next is another connection with
/// another session.
class Connection {
public:
    virtual ~Connection() = default;
    /// Sends a request and waits for its reply, a moment beyond the deadline at most.
    /// Errors: the server's own; else those of ipc::ZmqClient::call, with effect unknown once the
    /// request has left.
    virtual base::Result<contract::Value> call(contract::RequestKind kind, contract::Value body,
                                               os::Deadline deadline) = 0;
    /// The next event, of whatever subscription; nothing at the deadline. Those that came while a
    /// call waited are kept. Errors: link_lost, and those of a server that speaks something else.
    virtual base::Result<std::optional<contract::Event>> next_event(os::Deadline deadline) = 0;
    /// True once it has ended.
    virtual bool lost() = 0;
};

/// Makes connections: real ones in a program, others in a test.
class Connector {
public:
    virtual ~Connector() = default;
    /// Errors: no_daemon, system_failed; to another machine those of ipc::ZmqClient::connect.
    virtual base::Result<std::unique_ptr<Connection>> connect(os::Deadline deadline) = 0;
};

/// Connections to the socket of a devd on this machine, "ipc://PATH".
std::unique_ptr<Connector> make_zmq_connector(std::string endpoint, const os::Clock& clock);
/// Encrypted connections to the devd of another machine. `host` is asked before each: the key may
/// have been rolled.
std::unique_ptr<Connector> make_network_connector(std::function<base::Result<ipc::HostFile>()> host,
                                                  const os::Clock& clock);

}  // namespace tillhost::client
