#pragma once

#include <memory>
#include <optional>

#include "hal/device/driver.h"

namespace tillhost::device {

/// A card terminal.
///
/// Identity: `serial` is the number that the acquirer gave the terminal (terminal id), since that
/// is what every result carries; a result that names another one is refused as wrong_device.
///
/// Money operations (authorise, reverse, refund, end_of_day) persist a PaymentMarker through the
/// gate before their first byte: the terminal's last transaction as it tells it, so that a verdict
/// is a comparison. What the terminal says of the outcome is persisted before it is acknowledged:
/// as a result where the acknowledgement makes it final, as evidence where more must follow.
///
/// * Success means that money moved as asked. A decline is an error with Effect::none, and so is
///   anything that happened before the first byte. Everything else is Effect::unknown: a lost
///   answer, an amount that is missing or another one than asked (unless less was allowed), a
///   completion without a result.
/// * A money command is sent once, whatever happens.
/// * open() and resolve() with a pending operation change nothing at the terminal before they have
///   compared its last transaction with the marker; both may be repeated for ever.
/// * What the terminal shows goes to gate.prompt(). Where a wait ends with `cancelled`, the
///   operation is to be broken off if the terminal still allows it (gate.take_abort()); whether it
///   did, the terminal says.
///
/// Two ways of recovery fit. A terminal that commits when its result is acknowledged and reverses
/// otherwise: the result is durable before the acknowledgement, and resolve() asks for the last
/// transaction until the terminal is idle. A terminal that keeps its result whatever the till does
/// and knows no number of the request: the marker's last_transaction is the fingerprint of what it
/// kept before; the same one twice from an idle terminal is "not executed".
///
/// Errors, beside those of the line: payment_declined, payment_cancelled, terminal_busy,
/// card_in_terminal, needs_initialisation, needs_diagnosis, needs_end_of_day, wrong_currency,
/// payment_not_found, reversal_impossible, wrong_password, device_refused, device_failed,
/// needs_entry (a person has to enter the result). `device_code` is the terminal's own.
class PaymentTerminal {
public:
    virtual ~PaymentTerminal() = default;

    /// As Driver::open.
    virtual base::Result<Opened> open(const std::optional<contract::Pending>& pending, Gate& gate,
                                      os::Deadline deadline) = 0;

    virtual base::Result<contract::PaymentResult> authorise(const contract::Authorise& command,
                                                            Gate& gate, os::Deadline deadline) = 0;
    /// Takes back one payment, the whole of it.
    virtual base::Result<contract::PaymentResult> reverse(const contract::Reverse& command,
                                                          Gate& gate, os::Deadline deadline) = 0;
    virtual base::Result<contract::PaymentResult> refund(const contract::Refund& command,
                                                         Gate& gate, os::Deadline deadline);
    virtual base::Result<contract::EndOfDayResult> end_of_day(const contract::EndOfDay& command,
                                                              Gate& gate, os::Deadline deadline);

    // Not money: no marker, and an outcome that is not known is reported as such, not in doubt.
    virtual base::Result<contract::TerminalReceipts> diagnose(Gate& gate, os::Deadline deadline);
    virtual base::Result<contract::TerminalReceipts> initialise(Gate& gate, os::Deadline deadline);
    virtual base::Result<contract::TerminalReceipts> repeat_receipt(
        const contract::RepeatReceipt& command, Gate& gate, os::Deadline deadline);

    /// As Driver::resolve.
    virtual base::Result<contract::Resolution> resolve(const contract::Pending& pending, Gate& gate,
                                                       os::Deadline deadline) = 0;
    virtual base::Result<contract::TerminalStatus> status(os::Deadline deadline) = 0;
    virtual base::Result<contract::LastTransaction> last_transaction(os::Deadline deadline);
};

/// A terminal as the driver host sees it: commands of other classes are not_supported.
std::unique_ptr<Driver> make_driver(std::unique_ptr<PaymentTerminal> terminal);

}  // namespace tillhost::device
