#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "hal/os/clock.h"
#include "ipc/contract/envelope.h"
#include "ipc/zmq_socket.h"

namespace tillhost::ipc {

/// Events that may wait to be taken; a server that sends more goes beyond any credit.
inline constexpr std::size_t kEventsWaitingMax = 65'536;

/// A client's end: one connection to a server, numbered requests, their replies. When the
/// connection is lost it stays lost; what comes next is another ZmqClient with another session.
/// Nothing is kept for a server that is not there, so that no request can arrive late.
///
/// For one thread.
class ZmqClient final {
public:
    /// Connects to `address` (ipc://PATH). Blocks until the server's libzmq has answered, at most
    /// until the deadline. Errors: no_daemon (nobody listens there, or what listens is no devd),
    /// system_failed.
    static base::Result<std::unique_ptr<ZmqClient>> connect(const std::string& address,
                                                            const os::Clock& clock,
                                                            os::Deadline deadline);
    /// Connects to `tcp://HOST:PORT`, encrypted, at most for kNetworkConnectMax. Errors: no_daemon
    /// (refused, or no answer), not_paired (it does not admit our key), wrong_host_key (it has
    /// another key than it had), not_encrypted (it speaks something else), retry_later (too many
    /// connections), bad_field (a key), system_failed.
    static base::Result<std::unique_ptr<ZmqClient>> connect(const std::string& address,
                                                            const CurveClient& keys,
                                                            const os::Clock& clock,
                                                            os::Deadline deadline);
    static constexpr os::Duration kNetworkConnectMax = std::chrono::seconds(6);

    /// Sends a request and returns its number. `deadline_ms`: how long the server may take with the
    /// answer; 0 = its default. Does not block. Errors, all with effect none: link_lost,
    /// retry_later (kQueuedMessagesMax requests are unsent), too_large.
    base::Result<std::int64_t> send(contract::RequestKind kind, contract::Value body,
                                    std::int64_t deadline_ms);

    /// The next reply, whatever request it is for. Blocks until the deadline at most. Errors:
    /// deadline_passed; link_lost; malformed, too_large, wrong_version, bad_field (a server that
    /// speaks something else).
    base::Result<contract::Reply> receive(os::Deadline deadline);

    /// Sends a request, tells the server to answer before the deadline, and waits for its reply
    /// for as long plus kReplyGrace. Replies to earlier requests that were given up are dropped.
    /// Errors: the server's own; as send() and receive(), with effect unknown once the request has
    /// left: it may have been carried out.
    base::Result<contract::Value> call(contract::RequestKind kind, contract::Value body,
                                       os::Deadline deadline);

    /// The body of the next event, one that came while a call waited first; nothing at the
    /// deadline. Replies that nobody waits for are dropped. Errors: as receive(), but for
    /// deadline_passed.
    base::Result<std::optional<contract::Value>> next_event(os::Deadline deadline);

    /// True once the connection has ended; every call then fails with link_lost.
    bool lost();
    /// Readable when receive() may have something; see ZmqSocket::fd().
    int fd() const { return socket_->fd(); }

    /// A server answers at the deadline; its answer needs a moment to arrive.
    static constexpr os::Duration kReplyGrace = std::chrono::seconds(2);

private:
    ZmqClient(std::unique_ptr<ZmqSocket> socket, const os::Clock& clock)
        : socket_(std::move(socket)), clock_(clock) {}
    base::Done wait_connected(const std::string& address, bool encrypted, os::Deadline deadline);
    /// False at the deadline.
    bool wait(os::Deadline deadline) const;

    std::unique_ptr<ZmqSocket> socket_;
    const os::Clock& clock_;
    std::int64_t last_id_ = 0;
    bool lost_ = false;
    std::deque<contract::Value> events_;  ///< not taken yet
};

}  // namespace tillhost::ipc
