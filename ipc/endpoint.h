#pragma once

#include <cstdint>
#include <string>

#include "hal/base/ids.h"
#include "ipc/contract/envelope.h"

namespace tillhost::ipc {

/// One connection of a client. A client that reconnects is another peer.
using PeerId = base::StrongId<struct PeerTag>;

/// Who a peer is, by the connection itself and never by a message.
struct PeerIdentity {
    std::int64_t uid = -1;  ///< of a local process; -1 unknown
    std::int64_t pid = 0;   ///< for people only
    /// Public key of the other end, Z85, 40 characters; empty on the local socket.
    std::string key{};
    std::string address{};  ///< where it comes from, for people; empty on the local socket
};

/// Where replies and events go. Never blocks: a peer that does not read loses the reply, which it
/// can ask for again by the operation's id.
class ReplySink {
public:
    virtual ~ReplySink() = default;
    /// False if it was lost at once: the peer does not read, or is gone.
    virtual bool send(PeerId peer, const contract::Reply& reply) = 0;
};

/// Who handles requests.
class RequestHandler {
public:
    virtual ~RequestHandler() = default;
    virtual void on_request(PeerId peer, const PeerIdentity& identity,
                            const contract::Request& request) = 0;
    /// The connection ended; nothing comes from this peer any more, and its session is void.
    virtual void on_peer_gone(PeerId peer) = 0;
};

}  // namespace tillhost::ipc
