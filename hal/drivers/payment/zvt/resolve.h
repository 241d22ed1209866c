#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hal/drivers/payment/zvt/protocol.h"
#include "ipc/contract/messages.h"

namespace tillhost::drivers::zvt {

// The judgement: what became of an operation in doubt. Pure; README.md, "Lost replies".

/// What the terminal's last transaction is, beside the one of the marker.
enum class Finding : std::uint8_t {
    stored,      ///< it is the operation
    unchanged,   ///< still the marker's
    declined,    ///< an attempt of this amount that was not approved
    reversed,    ///< a reversal, where a payment was asked for
    end_of_day,  ///< the terminal closed its business day meanwhile
    foreign,     ///< something else: a person has to look
    silent,      ///< it tells none
};

struct Judgement {
    Finding finding = Finding::silent;
    std::string reason;  ///< for people: what was compared
};

/// What an operation in doubt was, from the book.
struct Doubt {
    contract::PaymentMarker marker;
    contract::TransactionKind kind = contract::TransactionKind::payment;
    bool allow_partial = false;
    std::optional<StatusInfo> before{};  ///< the marker's last transaction
    std::vector<StatusInfo> seen{};      ///< results that were kept as evidence, oldest first
    std::vector<Printed> printed{};      ///< prints that were kept as evidence

    bool approved() const { return !seen.empty() && seen.back().approved(); }
};

/// Errors: internal (the pending operation is none of a card terminal, or has no marker of one).
base::Result<Doubt> doubt_of(const contract::Pending& pending);

Judgement judge(const Doubt& doubt, const std::optional<StatusInfo>& now);

/// Whether both are the same transaction, as far as numbers, amount, result and time tell.
bool is_same_transaction(const StatusInfo& a, const StatusInfo& b);

/// "receipt 43, trace 187, 12.34 EUR, 19.11. 14:30:05, result 00": for people.
std::string transaction_text(const StatusInfo& info);

/// Sources of evidence (contract::Evidence::source).
inline constexpr std::string_view kEvidenceResult = "zvt_result";
inline constexpr std::string_view kEvidencePrints = "zvt_prints";

}  // namespace tillhost::drivers::zvt
