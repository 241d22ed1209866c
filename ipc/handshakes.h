#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "ipc/zmq_socket.h"

namespace tillhost::ipc {

/// Why a connection did not come in.
enum class HandshakeFailure : std::uint8_t {
    unknown_key,       ///< Admission does not know its key, or no more
    too_many,          ///< its key has enough connections
    wrong_server_key,  ///< it counts on another key of this host
    not_encrypted,     ///< a ZeroMQ program without CURVE
    timed_out,         ///< it said nothing, or too slowly
    broken_off,        ///< it closed
    not_zmq            ///< it speaks something else
};
inline constexpr std::size_t kHandshakeFailures = 7;

/// "unknown_key": for figures and the log.
std::string_view name_of(HandshakeFailure failure);

struct FailedHandshake {
    HandshakeFailure why = HandshakeFailure::not_zmq;
    std::string address;  ///< numeric; empty if it could not be learned
};

/// The connections of an encrypted server, joined from what its monitor says of each and of none.
///
/// libzmq does not say whose handshake succeeded, and nothing at all of one who speaks no ZMTP but
/// that it ended. So an end without a failure, of a connection that has sent no message, is taken
/// for that of a silent friend as long as there is one, and else for a stranger's: half_open() and
/// the count of strangers may be late by as many as there are silent friends, and catch up.
class Handshakes final {
public:
    /// `known`: the connection that ended had sent a message.
    std::optional<FailedHandshake> take(const ZmqSocket::Event& event, bool known);
    /// A connection has sent its first message.
    void seen();

    std::size_t open() const { return addresses_.size(); }
    std::size_t half_open() const { return pending_; }
    std::uint64_t accepted() const { return accepted_; }
    std::uint64_t failed(HandshakeFailure why) const {
        return failed_.at(static_cast<std::size_t>(why));
    }

private:
    std::optional<HandshakeFailure> why_ended(bool known);
    std::string take_address(int connection);

    std::unordered_map<int, std::string> addresses_;  ///< of the open connections
    std::size_t pending_ = 0;                         ///< whose handshake is not over
    std::size_t silent_ = 0;                          ///< handshake over, no message yet
    std::optional<HandshakeFailure> failing_;         ///< of the connection whose end comes next
    std::uint64_t accepted_ = 0;
    std::array<std::uint64_t, kHandshakeFailures> failed_{};
};

}  // namespace tillhost::ipc
