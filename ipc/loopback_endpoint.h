#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "ipc/endpoint.h"

namespace tillhost::ipc {

/// Replies kept for a peer of the loopback that does not read; later ones are lost, as on a socket.
inline constexpr std::size_t kLoopbackRepliesMax = 1000;

/// An endpoint without any socket: peers of a test or a simulation, in the same thread. Requests
/// and replies go through the wire's bytes, so that what cannot be encoded cannot be tested either.
class LoopbackEndpoint final : public ReplySink {
public:
    PeerId connect(PeerIdentity identity);
    /// Its replies are gone, and the handler is told.
    void disconnect(PeerId peer, RequestHandler& handler);

    /// Delivers a request at once. What the endpoint refuses comes back as a reply. Nothing
    /// happens for a peer that is not connected.
    void request(PeerId peer, const contract::Request& request, RequestHandler& handler);
    /// The same with any bytes.
    void request_bytes(PeerId peer, base::ByteView bytes, RequestHandler& handler);

    bool send(PeerId peer, const contract::Reply& reply) override;
    /// The oldest reply that waits for the peer.
    std::optional<contract::Reply> next_reply(PeerId peer);

    std::uint64_t replies_lost() const { return replies_lost_; }

private:
    struct Peer {
        PeerIdentity identity;
        std::deque<base::Bytes> replies;
    };
    std::map<PeerId, Peer> peers_;
    std::uint64_t last_peer_ = 0;
    std::uint64_t replies_lost_ = 0;
};

}  // namespace tillhost::ipc
