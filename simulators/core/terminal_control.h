#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "simulators/core/simulator.h"

namespace tillhost::simulators {

enum class CardTransactionKind : std::uint8_t {
    payment = 1,
    refund = 2,
    reversal = 3,
    day_end = 4
};

/// What became of a transaction.
enum class CardTransactionState : std::uint8_t {
    stored = 1,         ///< money moves
    reversed = 2,       ///< it was stored, and a reversal of the host took it back
    auto_reversed = 3,  ///< the terminal took it back itself: the till had not confirmed
    declined = 4,       ///< approved, and set to declined because the till had not confirmed
};

/// A transaction as it stands in the terminal's own memory. That memory is the second ledger that a
/// test compares with the till's: the sum of all stored payments less stored refunds is the money.
struct CardTransaction {
    CardTransactionKind kind = CardTransactionKind::payment;
    CardTransactionState state = CardTransactionState::stored;
    std::uint32_t number = 0;  ///< from 1, never repeats; the others wrap
    std::uint16_t receipt_number = 0;
    std::uint32_t trace_number = 0;
    std::uint32_t turnover_number = 0;
    std::uint32_t original_trace = 0;  ///< of a reversal: what it took back
    std::int64_t amount_minor = 0;
    std::uint16_t currency = 978;   ///< ISO 4217 number
    std::int64_t date_time_ms = 0;  ///< the terminal's own clock, milliseconds since 1970, no zone
    std::string pan;                ///< masked, '*' for a hidden digit
    std::string card_name;
    std::uint8_t card_type = 0;  ///< BMP 8A of ZVT
    bool local = false;          ///< made at the terminal's own keys, not by the till
    bool operator==(const CardTransaction&) const = default;
};

/// Where a card terminal stands, for people and for tests.
struct TerminalState {
    std::string terminal_id;
    std::string phase;  ///< in the family's words
    bool powered = true;
    bool registered = false;
    bool connected = false;
    bool pending = false;   ///< an approved transaction waits for the till's confirmation
    std::uint8_t lock = 0;  ///< the status code that blocks it, 0: none
    std::uint16_t receipt_number = 0;
    std::uint32_t trace_number = 0;
    std::uint32_t turnover_number = 0;
    std::int64_t clock_ms = 0;  ///< milliseconds since 1970, no zone
    std::uint64_t faults_fired = 0;
    std::string failure;  ///< why the simulator gave up (its memory cannot be written), else empty
};

/// The back door to a simulated card terminal. Not reachable by the terminal's own line.
class TerminalControl {
public:
    virtual ~TerminalControl() = default;
    /// Every transaction that was ever approved, oldest first, day ends among them.
    virtual const std::vector<CardTransaction>& transactions() const = 0;
    virtual TerminalState terminal_state() const = 0;
};

/// A card terminal on a line: both faces of one object.
class TerminalSimulator : public Simulator, public TerminalControl {
public:
    const TerminalControl* terminal() const final { return this; }
};

}  // namespace tillhost::simulators
