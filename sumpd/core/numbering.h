#pragma once

#include <cstdint>
#include <string>

#include "sumpd/exchange/fault.h"

// How messages are numbered between the server and the one accounting system. Pure.
namespace tillhost::sumpd::core {

/// What is known of the accounting system.
struct NodeState {
    std::string code{};            ///< empty: none is configured
    std::int64_t sent_no = 0;      ///< of the newest message that was frozen
    std::int64_t acked_no = 0;     ///< up to which it has applied ours
    std::int64_t received_no = 0;  ///< of its newest message that was applied
    std::string received_id{};     ///< id and hash of that one
    std::string received_sha256{};
    friend bool operator==(const NodeState&, const NodeState&) = default;
};

/// Whether `node` is the one accounting system. Errors: unknown_node (none is configured),
/// node_conflict (another one is).
exchange::Outcome<void> check_node(const NodeState& state, const std::string& node);

/// Whether its acknowledgement can be. Errors: ack_regression (it once told a higher one: it was
/// restored from a backup), message_conflict (that message was never made here: this server was).
exchange::Outcome<void> check_ack(const NodeState& state, std::int64_t ack_no);

/// What comes: its number, the id that was given to it and the hash of its bytes.
struct Incoming {
    std::int64_t no = 0;
    std::string id{};
    std::string sha256{};
};
enum class Arrival : std::uint8_t { fresh, repeated };
/// Errors: stale_message (an older number), message_conflict (the last number with another hash).
exchange::Outcome<Arrival> judge(const NodeState& state, const Incoming& message);

}  // namespace tillhost::sumpd::core
