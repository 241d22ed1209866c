#pragma once

#include <vector>

#include "hal/device/driver.h"
#include "hal/drivers/payment/zvt/protocol.h"

namespace tillhost::drivers::zvt {

/// Bytes of one record of evidence (contract::Evidence).
inline constexpr std::size_t kEvidenceBytesMax = 4096;

/// Makes a 04 0F durable, without what of a card must not be kept.
base::Done keep_result(device::Gate& gate, base::ByteView apdu);

/// The terminal tells a result outside of any procedure: it is left unacknowledged.
base::Error not_asked_for();

/// Keeps the pieces of receipts before they are acknowledged. The acknowledgement of a receipt's
/// last piece may be the one that makes the payment final, so what came before it is durable by
/// then; pieces in front of it wait in memory. Of the 64 records that the book takes of an
/// operation it uses 40 at most; the others are for results. `kept` of them were used before.
class PrintKeeper final {
public:
    explicit PrintKeeper(device::Gate& gate, std::size_t kept = 0) : gate_(gate), records_(kept) {}

    /// Before the piece is acknowledged. Errors: those of Gate::persist.
    base::Done take(base::ByteView apdu, const Printed& printed);
    /// All that came, kept or not.
    const std::vector<Printed>& printed() const { return printed_; }

private:
    base::Done keep();

    device::Gate& gate_;
    base::Bytes waiting_;
    std::size_t records_;
    std::vector<Printed> printed_;
};

/// What comes outside of a procedure, before it is acknowledged: results and prints are kept where
/// there is something to keep them with, that is in recovery. Errors: those of Gate::persist, and
/// unexpected_answer for a result that cannot be kept.
base::Done take_stray(base::ByteView apdu, const Apdu& message, device::Gate* evidence,
                      PrintKeeper* prints);

}  // namespace tillhost::drivers::zvt
