#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "hal/base/result.h"
#include "hal/os/clock.h"
#include "ipc/contract/messages.h"

namespace tillhost::device {

/// A driver's way to devd's operation book. Bound to the operation that is being carried out,
/// opened or resolved; a driver never names operations itself.
class Gate {
public:
    virtual ~Gate() = default;

    /// Makes a record durable and returns when it is on disk.
    ///
    /// * marker: before the first irreversible byte of a money operation. Success means: devd has
    ///   said go for this very operation, attempt and host. On any error no irreversible byte may
    ///   be written. Waiting does not count against the announced deadline.
    /// * evidence: an answer of the device that acknowledging would erase.
    /// * result: the outcome, before the acknowledgement that makes it final at the device. The
    ///   operation is done from here on, whatever happens to this process.
    ///
    /// Errors: wrong_state (the operation is settled or another attempt runs), storage_full,
    /// shutting_down; link_lost when devd is gone.
    virtual base::Done persist(const contract::Record& record) = 0;

    /// Says which step begins and when it will be over; past it and a grace the process is killed.
    virtual void announce(std::string_view step, os::Deadline deadline) = 0;

    /// Shows what the device asks of the customer. Lost without harm; never waits.
    virtual void prompt(contract::PromptKind kind, std::string_view text) {
        static_cast<void>(kind);
        static_cast<void>(text);
    }

    /// Whether somebody wants the operation broken off; takes the wish, so that it is told once.
    /// Where the line's wait ends with `cancelled`, ask here, then go on waiting. Only terminals
    /// are ever asked to break off.
    virtual bool take_abort() { return false; }

    /// The result of the last payment, reversal, refund or end of day that was done on this device,
    /// as the book has it now, a person's word included; nothing if it remembers none. Without
    /// receipts to print. Only while a command is carried out.
    virtual std::optional<contract::OperationResult> last_result() const { return std::nullopt; }
};

/// What open() found.
struct Opened {
    contract::Identity identity;
    contract::ClassStatus status;
    /// Present exactly when a pending operation was given.
    std::optional<contract::Resolution> resolution;
};

/// One device, driven by plain blocking code. All calls come from one thread, one at a time, and
/// return by their deadline (a driver that does not is killed).
///
/// An error of a money operation with Effect::unknown means that it may have been carried out. An
/// error whose reaction is reconnect means that the line must be opened anew.
class Driver {
public:
    virtual ~Driver() = default;

    /// Connects and brings the device to a known state. With a pending operation, in this order:
    /// evidence the device still holds (made durable before it is acknowledged), identity,
    /// counters, the verdict, and only then clean-up (cancelling an open document). The first
    /// command that changes anything at the device comes after the verdict. A verdict counts only
    /// where serial and fiscal memory equal the marker's: on another device the answer is
    /// wrong_device and nothing is cleaned up.
    /// "Not executed" is said only when the old command can no longer happen: cancelled, its number
    /// used up, or Transport::late_bytes_max() and its longest execution time passed.
    virtual base::Result<Opened> open(const std::optional<contract::Pending>& pending, Gate& gate,
                                      os::Deadline deadline) = 0;

    /// Carries out a command once. Never repeats irreversible bytes.
    /// Errors: not_supported, and those of the class (hal/device/fiscal_registrar.h).
    virtual base::Result<contract::OperationResult> execute(const contract::Command& command,
                                                            Gate& gate, os::Deadline deadline) = 0;

    /// Says what became of an operation in doubt. Changes nothing; may be repeated for ever.
    virtual base::Result<contract::Resolution> resolve(const contract::Pending& pending, Gate& gate,
                                                       os::Deadline deadline) = 0;

    /// Answers a question; changes nothing.
    virtual base::Result<contract::ClassStatus> query(const contract::Query& query,
                                                      os::Deadline deadline) = 0;

    /// For a device that speaks unasked: the descriptor that is readable when it does. -1: it never
    /// does, or its line is not open. Changes with open() only.
    virtual int input_fd() const { return -1; }

    /// Takes what has arrived on input_fd(). Called when it is readable and nothing else is asked
    /// of the driver; returns by the deadline with the codes that are whole. Errors: link_lost, and
    /// the line must be opened anew.
    virtual base::Result<std::vector<contract::Scan>> listen(os::Deadline deadline) {
        static_cast<void>(deadline);
        return std::vector<contract::Scan>();
    }

    /// The device's status as far as its commands have shown it by the way; nobody is asked.
    /// Nothing: the driver does not keep it, or the line is not open.
    virtual std::optional<contract::ClassStatus> known_status() const { return std::nullopt; }
};

}  // namespace tillhost::device
