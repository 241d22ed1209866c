#include "hal/device/fiscal_registrar.h"

#include <fmt/format.h>

#include <utility>

namespace tillhost::device {
namespace {

using base::Done;
using base::Result;
using contract::FiscalResult;

/// The result of an operation that leaves nothing in the fiscal memory.
FiscalResult unregistered(contract::Printed printed) {
    FiscalResult result;
    result.registered = false;
    result.printed = printed;
    return result;
}

struct Execute {
    FiscalRegistrar& registrar;
    Gate& gate;
    os::Deadline deadline;

    Result<FiscalResult> operator()(const contract::Receipt& command) {
        return registrar.sell(command, gate, deadline);
    }
    Result<FiscalResult> operator()(const contract::OpenShift& command) {
        return registrar.open_shift(command, gate, deadline);
    }
    Result<FiscalResult> operator()(const contract::CloseShift& command) {
        return registrar.close_shift(command, gate, deadline);
    }
    Result<FiscalResult> operator()(const contract::CashIn& command) {
        return registrar.cash_in(command, gate, deadline);
    }
    Result<FiscalResult> operator()(const contract::CashOut& command) {
        return registrar.cash_out(command, gate, deadline);
    }
    Result<FiscalResult> operator()(const contract::XReport&) {
        TRY(registrar.x_report(deadline));
        return unregistered(contract::Printed::printing);
    }
    Result<FiscalResult> operator()(const contract::PrintText& command) {
        TRY(registrar.print_text(command, deadline));
        return unregistered(contract::Printed::printing);
    }
    Result<FiscalResult> operator()(const contract::CutPaper& command) {
        TRY(registrar.cut_paper(command, deadline));
        return unregistered(contract::Printed::printed);
    }
    Result<FiscalResult> operator()(const contract::OpenDrawer&) {
        TRY(registrar.open_drawer(deadline));
        return unregistered(contract::Printed::not_printed);
    }
};

class FiscalDriver final : public Driver {
public:
    explicit FiscalDriver(std::unique_ptr<FiscalRegistrar> registrar)
        : registrar_(std::move(registrar)) {}

    Result<Opened> open(const std::optional<contract::Pending>& pending, Gate& gate,
                        os::Deadline deadline) override {
        return registrar_->open(pending, gate, deadline);
    }

    Result<contract::OperationResult> execute(const contract::Command& command, Gate& gate,
                                              os::Deadline deadline) override {
        return contract::OperationResult(
            TRY(std::visit(Execute{*registrar_, gate, deadline}, command)));
    }

    Result<contract::Resolution> resolve(const contract::Pending& pending, Gate& gate,
                                         os::Deadline deadline) override {
        return registrar_->resolve(pending, gate, deadline);
    }

    Result<contract::ClassStatus> query(const contract::Query& query,
                                        os::Deadline deadline) override {
        if (!std::holds_alternative<contract::StatusQuery>(query)) {
            return base::make_error(
                base::ErrorCode::not_supported,
                fmt::format("a fiscal registrar does not answer '{}'", contract::case_of(query)));
        }
        return contract::ClassStatus(TRY(registrar_->status(deadline)));
    }

private:
    std::unique_ptr<FiscalRegistrar> registrar_;
};

}  // namespace

std::unique_ptr<Driver> make_driver(std::unique_ptr<FiscalRegistrar> registrar) {
    return std::make_unique<FiscalDriver>(std::move(registrar));
}

}  // namespace tillhost::device
