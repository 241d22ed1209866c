#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "hal/base/bytes.h"
#include "hal/base/result.h"

namespace tillhost::ipc {

// What libzmq may hold for one connection; what exceeds it stays with the sender, or is refused.
inline constexpr int kQueuedMessagesMax = 1000;  ///< each way
/// A connection that says nothing for so long is asked, and ended if it does not answer in time.
inline constexpr int kHeartbeatMs = 5'000;
inline constexpr int kHeartbeatTimeoutMs = 15'000;
inline constexpr int kHandshakeMs = 5'000;

enum class ZmqKind : std::uint8_t {
    router,  ///< many connections; each message names one
    dealer,  ///< one connection, made once and never again: whoever lost it opens a new socket
};

/// A libzmq socket, with a context of its own, and what its monitor says of its connections. This
/// is the only place that knows libzmq (4.3.4, no draft functions).
///
/// A message is one frame of at most kFrameBytesMax; libzmq ends a connection that sends a larger
/// one. Nothing blocks. Everything belongs to one thread.
class ZmqSocket final {
public:
    /// Errors: system_failed.
    static base::Result<std::unique_ptr<ZmqSocket>> create(ZmqKind kind);
    ~ZmqSocket();
    ZmqSocket(const ZmqSocket&) = delete;
    ZmqSocket& operator=(const ZmqSocket&) = delete;

    /// `address` as libzmq writes it, such as ipc:///run/tillhost/devd.sock. An ipc socket is made
    /// with mode 0660. Errors: system_failed.
    base::Done bind(const std::string& address);
    /// Only begins; next_event() says what came of it. Errors: system_failed.
    base::Done connect(const std::string& address);

    /// Readable when receive() or next_event() may have something new: then call receive() until
    /// it gives nothing, and next_event() as well. It is edge-triggered underneath: after a send()
    /// call receive() again before waiting, because sending may have consumed the signal.
    int fd() const;
    /// The two descriptors behind fd(), of messages and of connections. Watched in their own right
    /// they cost less than the set that joins them.
    std::array<int, 2> fds() const;

    /// A message that has come in. The views live until the next receive().
    struct Incoming {
        base::ByteView routing_id;  ///< router only: names the connection to answer
        base::ByteView payload;     ///< first frame of it
        bool more_frames = false;   ///< there were others; they are dropped
    };
    std::optional<Incoming> receive();

    /// Where the last message came from; asked once a connection, it costs as much as reading a
    /// short one. The view lives until the next receive().
    struct Origin {
        int connection = -1;            ///< number of the connection, as in Event
        std::string_view peer_address;  ///< on ipc "localhost:UID:GID:PID"
    };
    Origin origin() const;

    enum class Sent : std::uint8_t {
        sent,
        full,       ///< its queue is full (dealer: or there is no connection)
        unroutable  ///< router: the connection is gone
    };
    /// `routing_id` as received; empty for a dealer.
    Sent send(base::ByteView routing_id, base::ByteView payload);

    /// A connection was made, or it ended or could not be made. A router tells only of ends.
    struct Event {
        bool connected = false;
        int connection = -1;  ///< the descriptor it had; the number may be given again after it
    };
    /// An end is told before any message of a later connection with the same number.
    std::optional<Event> next_event();

private:
    struct Parts;
    explicit ZmqSocket(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace tillhost::ipc
