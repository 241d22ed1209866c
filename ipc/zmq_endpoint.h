#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "hal/os/clock.h"
#include "hal/os/files.h"
#include "ipc/endpoint.h"
#include "ipc/handshakes.h"
#include "ipc/zmq_socket.h"

namespace tillhost::ipc {

/// Connections that have said something; those beyond are told retry_later.
inline constexpr std::size_t kPeersMax = 4096;
/// Messages that are no requests at all, of one connection; after so many the rest of what it says
/// is dropped unread. (libzmq 4.3.4 cannot end a single connection without draft functions.)
inline constexpr std::uint32_t kNonsensePerPeerMax = 16;
/// Refusals a second for asking too often that a peer is told of; what it sends beyond is dropped
/// unread, so that a flood costs less than answering it.
inline constexpr std::uint32_t kRefusalsToldPerSecond = 100;
/// Beginnings and ends of network connections that are looked at before requests come in between.
inline constexpr std::size_t kEventsPerTurnMax = 32;

/// libzmq's threads of a network endpoint are so much less urgent than devd's own.
inline constexpr int kNetworkNice = 10;

/// What peers on the network may at most; 0 = no limit. Programs on the local socket have none of
/// these: they belong to the machine.
struct PeerLimits {
    std::uint32_t requests_per_second = 0;  ///< of one connection; beyond: retry_later
    std::uint32_t burst = 0;                ///< requests that it may save up
    std::uint32_t outstanding = 0;          ///< requests of one not answered yet; more: retry_later
    std::uint32_t connections_per_key = 0;  ///< more are refused in the handshake
    std::uint32_t connections_per_host = 0;  ///< the same of another host, for its programs
    std::uint32_t connections = 0;           ///< with so many the door is shut until one has gone
    std::uint32_t half_open = 0;  ///< handshakes under way; with so many it is shut as well
};
inline constexpr PeerLimits kNetworkLimits{.requests_per_second = 2000,
                                           .burst = 4000,
                                           .outstanding = 128,
                                           .connections_per_key = 16,
                                           .connections_per_host = 512,
                                           .connections = 2048,
                                           .half_open = 64};

/// What an encrypted endpoint has besides.
struct NetworkOptions {
    Secret secret_key;
    Admission* admission = nullptr;  ///< outlives the endpoint, as does the clock
    const os::Clock* clock = nullptr;
    PeerLimits limits = kNetworkLimits;
    std::uint64_t first_peer = 0;  ///< ids of peers count from here; no other's may
    int heartbeat_ms = kNetworkHeartbeatMs;
    int heartbeat_timeout_ms = kNetworkHeartbeatTimeoutMs;
    int silence_ms = kNetworkSilenceMs;  ///< after so much of it the other end gives the host up
    int handshake_ms = kHandshakeMs;
    Keepalive keepalive{};
    int nice = kNetworkNice;
    std::function<void(const FailedHandshake&)> on_failure{};
};

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
    std::uint64_t over_rate = 0;         ///< requests refused: too many a second
    std::uint64_t over_outstanding = 0;  ///< requests refused: too many unanswered
    std::uint64_t over_connections = 0;  ///< connections refused
    std::uint64_t after_drop = 0;        ///< requests of peers that were dropped
    std::uint64_t door_shut = 0;         ///< times that no more connections were taken
};

/// The server's end, on a UNIX socket or encrypted (CurveZMQ) on TCP: DEALER clients, one msgpack
/// message a frame.
///
/// A peer is a connection. That it ended is learned from libzmq's socket monitor, whose event
/// carries the descriptor that the connection's messages carried too; the end of a connection is
/// always told before the first request of a later one on the same descriptor. The monitor needs
/// no draft functions, and unlike an unroutable reply it notices a peer to which nothing is sent.
/// A client that is stopped or hangs in the kernel ends by heartbeat, a local one within
/// kHeartbeatMs + kHeartbeatTimeoutMs.
///
/// Hostile peers: a frame above 1 MiB ends the connection inside libzmq; what does not decode is
/// answered by a typed error, kNonsensePerPeerMax times; every queue has a bound. What is not
/// bounded is one message of endlessly many frames, which libzmq joins before it hands it over; the
/// socket's mode 0660 keeps strangers away, and Admission those on the network, of whom besides
/// PeerLimits hold.
///
/// Nothing blocks. Everything belongs to the thread that made it.
class ZmqEndpoint final : public ReplySink, private Admission {
public:
    /// Binds `ipc://PATH`, the socket with mode 0660; its folder is the caller's and should be
    /// 0750. PATH.lock is locked first, because a second bind would silently take the socket over.
    /// Errors: already_running, bad_field(endpoint), system_failed.
    /// It takes the requests that are for `daemon`.
    static base::Result<std::unique_ptr<ZmqEndpoint>> bind(
        const std::string& address, contract::Daemon daemon = contract::Daemon::devd);
    /// Binds `tcp://HOST:PORT`, HOST an IPv4 address or *, PORT a number or *. Errors:
    /// bad_field(endpoint), port_busy, system_failed.
    static base::Result<std::unique_ptr<ZmqEndpoint>> bind(
        const std::string& address, NetworkOptions options,
        contract::Daemon daemon = contract::Daemon::devd);
    ~ZmqEndpoint() override;
    /// The port found for tcp://*:*, with the rest of the address.
    std::string address() const { return socket_->bound_to(); }

    /// Readable when there may be something to receive. Edge-triggered underneath: besides each
    /// time it is readable, call receive() before a sleep if has_sent(), until it returns false.
    int fd() const { return socket_->fd(); }
    /// The same apart; see ZmqSocket::fds().
    const std::vector<int>& fds() const { return socket_->fds(); }

    /// Hands over what has come in, at most `requests_max` messages, and the ends of connections.
    /// True if there may be more.
    bool receive(RequestHandler& handler, std::size_t requests_max);

    /// Something was sent since receive() last found nothing: what came in meanwhile may have lost
    /// its signal.
    bool has_sent() const { return replied_; }

    /// A reply above kFrameBytesMax is replaced by the error too_large.
    bool send(PeerId peer, const contract::Reply& reply) override;

    /// The key is let in no more: every peer that has it is told gone to the handler now. What such
    /// a connection still says is answered not_paired. (libzmq 4.3.4 cannot end it.)
    void drop(std::string_view key, RequestHandler& handler);

    const EndpointCounters& counters() const { return counters_; }
    /// Of an encrypted endpoint.
    const Handshakes& handshakes() const { return handshakes_; }
    std::size_t peers() const { return by_id_.size(); }
    /// Connections of that key that have said something.
    std::size_t peers_of(std::string_view key) const;

private:
    struct Peer {
        PeerId id;
        PeerIdentity identity;
        std::string routing_id;
        int connection = -1;
        std::uint32_t nonsense = 0;
        std::uint32_t outstanding = 0;
        double saved = 0;                          ///< requests that it may make at once
        double tellable = kRefusalsToldPerSecond;  ///< refusals that it may be told at once
        os::Instant saved_at{};                    ///< both as of then
        bool dropped = false;
    };
    ZmqEndpoint(NetworkOptions network, contract::Daemon daemon)
        : network_(std::move(network)), daemon_(daemon) {}

    Verdict admits(std::string_view key, std::string_view address) override;
    bool take_ends(RequestHandler& handler, std::size_t most);
    void mind_the_door();
    Peer* make_peer(const std::string& routing_id);
    bool takes_connection(const std::string& key) const;
    bool is_within_rate(Peer& peer);
    base::Done check_limits(const Peer& peer, bool within_rate);
    void answer(Peer& peer, std::int64_t id, const base::Error& error);
    void tell_gone(Peer& peer, RequestHandler& handler);
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
    std::unordered_map<std::string, std::uint32_t> by_key_;  ///< how many peers
    NetworkOptions network_;
    const contract::Daemon daemon_;
    Handshakes handshakes_;
    bool shut_ = false;
    std::uint64_t last_peer_ = 0;
    bool replied_ = false;  ///< since receive() last found nothing
    EndpointCounters counters_;
};

/// Reads libzmq's "localhost:UID:GID:PID" (as of the moment of connecting); anything else is
/// nobody.
PeerIdentity identity_from(std::string_view peer_address);

}  // namespace tillhost::ipc
