#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/bytes.h"
#include "hal/base/result.h"
#include "ipc/curve_keys.h"

namespace tillhost::ipc {

// What libzmq may hold for one connection; what exceeds it stays with the sender, or is refused.
inline constexpr int kQueuedMessagesMax = 1000;  ///< each way
/// A connection that says nothing for so long is asked, and ended if it does not answer in time.
inline constexpr int kHeartbeatMs = 5'000;
inline constexpr int kHeartbeatTimeoutMs = 15'000;
/// On the network a machine that is gone, or a cable, is noticed by the kernel of the other end,
/// within kKeepalive's time and without a thread of either program: TCP asks by itself.
struct Keepalive {
    int idle_s = 15;         ///< so long nothing came
    int every_s = 5;         ///< then it is asked so often
    int times = 3;           ///< and so many times in vain
    int unread_ms = 30'000;  ///< what was sent and is not confirmed for so long ends it, too
};
/// What the kernel answers for, a program that hangs, is left to heartbeats, and these are seldom:
/// each of a thousand tills that do nothing costs the host two encrypted messages a question, and a
/// walk through libzmq's timers, of which each connection has two. The host asks; before its first
/// question the till does.
inline constexpr int kNetworkHeartbeatMs = 120'000;
inline constexpr int kNetworkHeartbeatTimeoutMs = 10'000;
inline constexpr int kNetworkSilenceMs = 150'000;  ///< then its tills give a host up
inline constexpr int kTillHeartbeatMs = 120'000;
inline constexpr int kHandshakeMs = 5'000;
inline constexpr int kBacklog = 64;  ///< connections that the kernel keeps until they are taken

enum class ZmqKind : std::uint8_t {
    router,  ///< many connections; each message names one
    dealer,  ///< one connection, made once and never again: whoever lost it opens a new socket
};

/// Who may come in by the encrypted way.
class Admission {
public:
    enum class Verdict : std::uint8_t { admitted, unknown, too_many };
    virtual ~Admission() = default;
    /// Asked in every handshake, when the other end has proved that it has the key (Z85). Within
    /// receive() or next_event().
    virtual Verdict admits(std::string_view key, std::string_view address) = 0;
    /// Whether that key's machine has many programs behind it, each with a connection.
    virtual bool has_many_programs(std::string_view key) const {
        static_cast<void>(key);
        return false;
    }
};

/// CurveZMQ, this end's part.
struct CurveServer {
    Secret secret_key;
    /// Added to the niceness of libzmq's threads: what they do for strangers, which is most of what
    /// a handshake costs, comes after the work of the caller's thread.
    int nice = 0;
    Admission* admission = nullptr;  ///< outlives the socket
};
struct CurveClient {
    std::string server_key;
    KeyPair own;
};

struct SocketOptions {
    int heartbeat_ms = kHeartbeatMs;  ///< 0 = it asks nobody, and answers who asks
    int heartbeat_timeout_ms = kHeartbeatTimeoutMs;
    /// The other end is told to end a connection on which it hears nothing for so long, so that one
    /// that asks by itself need not; 0 = it is told nothing.
    int heartbeat_ttl_ms = 0;
    int handshake_ms = kHandshakeMs;
    Keepalive keepalive{};                ///< of encrypted sockets, which are TCP's
    std::optional<CurveServer> server{};  ///< of a router
    std::optional<CurveClient> client{};  ///< of a dealer
};

/// A libzmq socket, with a context of its own, and what its monitor says of its connections. This
/// is the only place that knows libzmq (4.3.4, no draft functions).
///
/// A message is one frame of at most kFrameBytesMax; libzmq ends a connection that sends a larger
/// one. Nothing blocks. Everything belongs to one thread.
class ZmqSocket final {
public:
    /// Errors: system_failed.
    static base::Result<std::unique_ptr<ZmqSocket>> create(ZmqKind kind,
                                                           const SocketOptions& options = {});
    ~ZmqSocket();
    ZmqSocket(const ZmqSocket&) = delete;
    ZmqSocket& operator=(const ZmqSocket&) = delete;

    /// `address` as libzmq writes it, such as ipc:///run/tillhost/devd.sock. An ipc socket is made
    /// with mode 0660. Errors: system_failed.
    base::Done bind(const std::string& address);
    /// Where it is bound: of tcp://*:* the port that was found.
    std::string bound_to() const;
    /// Only begins; next_event() says what came of it. Errors: system_failed.
    base::Done connect(const std::string& address);

    /// Readable when receive() or next_event() may have something new: then call receive() until
    /// it gives nothing, and next_event() as well. It is edge-triggered underneath: after a send()
    /// call receive() again before waiting, because sending may have consumed the signal.
    int fd() const;
    /// The descriptors behind fd(), of messages, of connections and, of an encrypted server, of
    /// handshakes. Watched in their own right they cost less than the set that joins them.
    const std::vector<int>& fds() const;

    /// A message that has come in. The views live until the next receive().
    struct Incoming {
        base::ByteView routing_id;  ///< router only: names the connection to answer
        base::ByteView payload;     ///< first frame of it
        bool more_frames = false;   ///< there were others; they are dropped
    };
    std::optional<Incoming> receive();
    /// Answers the handshakes that wait for Admission. An encrypted server calls it whenever it
    /// calls receive().
    void admit();

    /// Where the last message came from; asked once a connection, it costs as much as reading a
    /// short one. The view lives until the next receive().
    struct Origin {
        int connection = -1;            ///< number of the connection, as in Event
        std::string_view peer_address;  ///< on ipc "localhost:UID:GID:PID"
        std::string_view key;           ///< proved by the other end; empty without CURVE
    };
    Origin origin() const;

    enum class Sent : std::uint8_t {
        sent,
        full,       ///< its queue is full (dealer: or there is no connection)
        unroutable  ///< router: the connection is gone
    };
    /// `routing_id` as received; empty for a dealer.
    Sent send(base::ByteView routing_id, base::ByteView payload);

    enum class Happened : std::uint8_t {
        accepted,          ///< router, encrypted: a connection; its handshake begins
        connected,         ///< the handshake succeeded; of a router it does not say whose
        ended,             ///< the connection is over
        unreachable,       ///< dealer: nobody takes the connection
        failed_silently,   ///< in the handshake: the other end closed, or said nothing in time
        failed_mechanism,  ///< one end encrypts, the other does not
        failed_cipher,     ///< the other end counts on another key of ours
        failed_protocol,   ///< the other end speaks something else
        failed_admission   ///< Admission said no; `detail` is ZAP's status
    };
    /// A failed handshake is followed by the end of its connection, with nothing in between. What
    /// is no ZMTP at all ends without another word.
    struct Event {
        Happened what = Happened::ended;
        int connection = -1;  ///< its descriptor, with accepted and ended; may be given again
        int detail = 0;       ///< errno or status
    };
    /// An end is told before any message of a later connection with the same number.
    std::optional<Event> next_event();

    /// A router on TCP takes no more connections, or takes them again. Those that are there stay.
    /// Whoever knocks meanwhile is not heard, and knocks again (TCP does so by itself).
    void pause_accepting(bool paused);

private:
    struct Parts;
    explicit ZmqSocket(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace tillhost::ipc
