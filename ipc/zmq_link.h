#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ipc/contract/envelope.h"
#include "ipc/zmq_socket.h"

namespace tillhost::ipc {

/// The client's end of an encrypted connection, for a program with a loop of its own: nothing
/// blocks. When it is lost it stays lost; what comes next is another ZmqLink.
///
/// For one thread. After open() and after each send() call receive() until it gives nothing, and
/// whenever one of fds() is readable: they are edge-triggered underneath.
class ZmqLink final {
public:
    enum class State : std::uint8_t { connecting, up, lost };

    /// Begins to connect to `tcp://HOST:PORT`. Errors: bad_field (a key, the address),
    /// system_failed.
    static base::Result<std::unique_ptr<ZmqLink>> open(const std::string& address,
                                                       const CurveClient& keys);

    /// As the library has told until now.
    State state();
    /// Once it is lost: no_daemon, not_paired, wrong_host_key, not_encrypted, retry_later of a
    /// connection that never was; link_lost, or what it said that cannot be read.
    const base::Error& why() const { return why_; }

    /// Errors, all with effect none: link_lost (or not up yet), retry_later, too_large.
    base::Done send(contract::Request request);
    /// Replies that came before the end are still handed over.
    std::optional<contract::Reply> receive();

    const std::vector<int>& fds() const { return socket_->fds(); }

    /// What the first event of a connection says, if it is not that the handshake succeeded.
    static base::Error why_not_in(const ZmqSocket::Event& event, const std::string& address);

private:
    ZmqLink(std::unique_ptr<ZmqSocket> socket, std::string address)
        : socket_(std::move(socket)), address_(std::move(address)) {}
    void lose(base::Error why);

    std::unique_ptr<ZmqSocket> socket_;
    std::string address_;
    State state_ = State::connecting;
    base::Error why_{};
};

}  // namespace tillhost::ipc
