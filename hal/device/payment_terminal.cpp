#include "hal/device/payment_terminal.h"

#include <fmt/format.h>

#include <utility>

namespace tillhost::device {
namespace {

using base::Result;
using contract::OperationResult;

struct Execute {
    PaymentTerminal& terminal;
    Gate& gate;
    os::Deadline deadline;

    Result<OperationResult> operator()(const contract::Authorise& command) {
        return TRY(terminal.authorise(command, gate, deadline));
    }
    Result<OperationResult> operator()(const contract::Reverse& command) {
        return TRY(terminal.reverse(command, gate, deadline));
    }
    Result<OperationResult> operator()(const contract::Refund& command) {
        return TRY(terminal.refund(command, gate, deadline));
    }
    Result<OperationResult> operator()(const contract::EndOfDay& command) {
        return TRY(terminal.end_of_day(command, gate, deadline));
    }
    Result<OperationResult> operator()(const contract::Diagnose&) {
        return TRY(terminal.diagnose(gate, deadline));
    }
    Result<OperationResult> operator()(const contract::InitialiseTerminal&) {
        return TRY(terminal.initialise(gate, deadline));
    }
    Result<OperationResult> operator()(const contract::RepeatReceipt& command) {
        return TRY(terminal.repeat_receipt(command, gate, deadline));
    }
    /// Commands of other classes.
    template <class Other>
    Result<OperationResult> operator()(const Other&) {
        return base::make_error(base::ErrorCode::not_supported,
                                "this is no command of a card terminal");
    }
};

base::Error cannot(const char* what) {
    return base::make_error(base::ErrorCode::not_supported,
                            fmt::format("this terminal cannot {}", what));
}

class TerminalDriver final : public Driver {
public:
    explicit TerminalDriver(std::unique_ptr<PaymentTerminal> terminal)
        : terminal_(std::move(terminal)) {}

    Result<Opened> open(const std::optional<contract::Pending>& pending, Gate& gate,
                        os::Deadline deadline) override {
        return terminal_->open(pending, gate, deadline);
    }

    Result<OperationResult> execute(const contract::Command& command, Gate& gate,
                                    os::Deadline deadline) override {
        return std::visit(Execute{*terminal_, gate, deadline}, command);
    }

    Result<contract::Resolution> resolve(const contract::Pending& pending, Gate& gate,
                                         os::Deadline deadline) override {
        return terminal_->resolve(pending, gate, deadline);
    }

    Result<contract::ClassStatus> query(const contract::Query& query,
                                        os::Deadline deadline) override {
        if (std::holds_alternative<contract::StatusQuery>(query)) {
            return contract::ClassStatus(TRY(terminal_->status(deadline)));
        }
        if (std::holds_alternative<contract::LastTransactionQuery>(query)) {
            return contract::ClassStatus(TRY(terminal_->last_transaction(deadline)));
        }
        return base::make_error(base::ErrorCode::not_supported,
                                "a card terminal does not answer this question");
    }

private:
    std::unique_ptr<PaymentTerminal> terminal_;
};

}  // namespace

Result<contract::PaymentResult> PaymentTerminal::refund(const contract::Refund&, Gate&,
                                                        os::Deadline) {
    return cannot("refund");
}
Result<contract::EndOfDayResult> PaymentTerminal::end_of_day(const contract::EndOfDay&, Gate&,
                                                             os::Deadline) {
    return cannot("close its business day on request");
}
Result<contract::TerminalReceipts> PaymentTerminal::diagnose(Gate&, os::Deadline) {
    return cannot("be diagnosed on request");
}
Result<contract::TerminalReceipts> PaymentTerminal::initialise(Gate&, os::Deadline) {
    return cannot("be initialised on request");
}
Result<contract::TerminalReceipts> PaymentTerminal::repeat_receipt(const contract::RepeatReceipt&,
                                                                   Gate&, os::Deadline) {
    return cannot("repeat a receipt");
}
Result<contract::LastTransaction> PaymentTerminal::last_transaction(os::Deadline) {
    return cannot("tell its last transaction");
}

std::unique_ptr<Driver> make_driver(std::unique_ptr<PaymentTerminal> terminal) {
    return std::make_unique<TerminalDriver>(std::move(terminal));
}

}  // namespace tillhost::device
