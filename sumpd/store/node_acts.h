#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sumpd/core/numbering.h"
#include "sumpd/store/audit.h"
#include "sumpd/store/sql.h"

// What an administrator does when the accounting system is not the one any more that the numbers
// were counted with: it was put back from an old backup, or another one takes its place. Called in
// transactions of the writer.
namespace tillhost::sumpd::store {

/// Who does it.
struct Person {
    std::string login{};
    std::string address{};
};

/// The exchange as it stands, and what the accounting system was refused last.
struct NodeFacts {
    core::NodeState state{};
    std::int64_t last_in_ms = 0;   ///< its last message that was applied; 0: none
    std::int64_t last_out_ms = 0;  ///< the last message that was frozen for it
    std::int64_t waiting = 0;      ///< documents for the next message
    std::int64_t rejected = 0;     ///< documents that it refuses and nobody has corrected
    std::int64_t frozen_no = 0;    ///< a message that it has not acknowledged; 0: none
    std::int64_t frozen_documents = 0;
    struct Refusal {
        std::string code{};  ///< node_conflict, ack_regression, message_conflict, stale_message
        std::string message{};
        std::int64_t at_ms = 0;
    };
    std::vector<Refusal> refusals{};  ///< the last one of each code
};
NodeFacts node_facts(Sql& sql);

/// Keeps what it was refused, the last of each code.
void note_refusal(Sql& sql, const exchange::Fault& fault, std::int64_t now_ms);
bool is_refusal_of_node(exchange::FaultCode code);

/// Numbers that the accounting system tells after it was put back from a backup, or at its first
/// exchange with a server that others exchanged with before.
struct PeerNumbers {
    std::int64_t ack_no = 0;   ///< the highest message of ours that it has; 0: none
    std::int64_t next_no = 1;  ///< of the message that it will send next
};
/// Which documents go once more. The accounting system knows each by its DocId, and takes none
/// twice.
struct SendAgain {
    bool is_wanted = true;      ///< those of messages above ack_no; else none
    std::int64_t since_ms = 0;  ///< and no older ones than that, as they were received here
};
/// Its words about our messages count from ack_no, its messages from next_no on. What is frozen
/// above ack_no stays frozen; up to it, it is acknowledged by that. Gives how many documents go
/// again. `gone`: ids of messages whose files can go when this is durable. Faults: too_many (a
/// message of it is being applied), schema_invalid (ackNo above what was sent, below 0; nextNo
/// below 1).
exchange::Outcome<std::int64_t> accept_numbers(Sql& sql, const PeerNumbers& numbers,
                                               const SendAgain& again, std::int64_t now_ms,
                                               std::vector<std::string>& gone);

/// Another accounting system takes the place of the present one: it has nothing of ours, and counts
/// from 1. What is frozen is taken back into the queue, since it is addressed to the former one.
/// `gone`: ids of messages whose files can go when this is durable. Faults: too_many,
/// schema_invalid (code: empty, or the present one).
exchange::Outcome<std::int64_t> hand_over(Sql& sql, const std::string& code, const SendAgain& again,
                                          std::int64_t now_ms, std::vector<std::string>& gone);
/// Whether the exchange was handed over from that one once.
bool is_former(Sql& sql, const std::string& code);

}  // namespace tillhost::sumpd::store
