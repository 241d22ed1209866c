#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "hal/os/files.h"
#include "ipc/endpoint.h"
#include "ipc/zmq_socket.h"

namespace tillhost::ipc {

/// Connections that have said something; those beyond are told retry_later.
inline constexpr std::size_t kPeersMax = 4096;
/// Messages that are no requests at all, of one connection; after so many the rest of what it says
/// is dropped unread. (libzmq 4.3.4 cannot end a single connection without draft functions.)
inline constexpr std::uint32_t kNonsensePerPeerMax = 16;

/// What the endpoint has seen since it was made.
struct EndpointCounters {
    std::uint64_t requests = 0;            ///< handed to the handler
    std::uint64_t bad_requests = 0;        ///< answered here with a typed error
    std::uint64_t ignored = 0;             ///< of peers that sent too much nonsense, unanswered
    std::uint64_t replies = 0;             ///< handed to libzmq
    std::uint64_t replies_unroutable = 0;  ///< lost: the peer was gone
    std::uint64_t replies_full = 0;        ///< lost: the peer does not read
    std::uint64_t replies_too_large = 0;   ///< sent as the error too_large instead
    std::uint64_t peers_gone = 0;
};

/// The server's end on a UNIX socket: DEALER clients, one msgpack message a frame.
///
/// A peer is a connection. That it ended is learned from libzmq's socket monitor, whose event
/// carries the descriptor that the connection's messages carried too; the end of a connection is
/// always told before the first request of a later one on the same descriptor. The monitor needs
/// no draft functions, and unlike an unroutable reply it notices a peer to which nothing is sent.
/// A client that is stopped or hangs in the kernel ends by heartbeat within kHeartbeatTimeoutMs.
///
/// Hostile peers: a frame above 1 MiB ends the connection inside libzmq; what does not decode is
/// answered by a typed error, kNonsensePerPeerMax times; every queue has a bound. What is not
/// bounded is one message of endlessly many frames, which libzmq joins before it hands it over; the
/// socket's mode 0660 keeps strangers away.
///
/// Nothing blocks. Everything belongs to the thread that made it.
class ZmqEndpoint final : public ReplySink {
public:
    /// Binds `ipc://PATH`, the socket with mode 0660; its folder is the caller's and should be
    /// 0750. PATH.lock is locked first, because a second bind would silently take the socket over.
    /// Errors: already_running, bad_field(endpoint), system_failed.
    static base::Result<std::unique_ptr<ZmqEndpoint>> bind(const std::string& address);
    ~ZmqEndpoint() override;

    /// Readable when there may be something to receive. Edge-triggered underneath: besides each
    /// time it is readable, call receive() before a sleep if has_sent(), until it returns false.
    int fd() const { return socket_->fd(); }
    /// The same as two descriptors; see ZmqSocket::fds().
    std::array<int, 2> fds() const { return socket_->fds(); }

    /// Hands over what has come in, at most `requests_max` messages, and the ends of connections.
    /// True if there may be more.
    bool receive(RequestHandler& handler, std::size_t requests_max);

    /// Something was sent since receive() last found nothing: what came in meanwhile may have lost
    /// its signal.
    bool has_sent() const { return replied_; }

    /// A reply above kFrameBytesMax is replaced by the error too_large.
    bool send(PeerId peer, const contract::Reply& reply) override;

    const EndpointCounters& counters() const { return counters_; }
    std::size_t peers() const { return by_id_.size(); }

private:
    struct Peer {
        PeerId id;
        PeerIdentity identity;
        std::string routing_id;
        int connection = -1;
        std::uint32_t nonsense = 0;
    };
    ZmqEndpoint(std::unique_ptr<os::FileLock> lock, std::unique_ptr<ZmqSocket> socket)
        : lock_(std::move(lock)), socket_(std::move(socket)) {}

    void take_ends(RequestHandler& handler);
    void forget(Peer& peer, RequestHandler& handler);
    Peer* peer_of(const ZmqSocket::Incoming& incoming, RequestHandler& handler);
    void take(const ZmqSocket::Incoming& incoming, RequestHandler& handler);
    void refuse(Peer& peer, std::int64_t id, const base::Error& error);
    bool send_to(base::ByteView routing_id, const contract::Reply& reply);

    std::unique_ptr<os::FileLock> lock_;
    std::unique_ptr<ZmqSocket> socket_;
    std::unordered_map<std::string, std::unique_ptr<Peer>> by_routing_id_;
    std::unordered_map<PeerId, Peer*> by_id_;
    std::unordered_map<int, Peer*> by_connection_;
    std::uint64_t last_peer_ = 0;
    bool replied_ = false;  ///< since receive() last found nothing
    EndpointCounters counters_;
};

/// Reads libzmq's "localhost:UID:GID:PID" (as of the moment of connecting); anything else is
/// nobody.
PeerIdentity identity_from(std::string_view peer_address);

}  // namespace tillhost::ipc
