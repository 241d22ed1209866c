#include "hal/device/fiscal_registrar.h"

#include <fmt/format.h>

#include <utility>

#include "ipc/contract/receipt_rules.h"

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
    Result<FiscalResult> operator()(const contract::Correction& command) {
        return registrar.correct(command, gate, deadline);
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
    Result<FiscalResult> operator()(const contract::PrintBarcode& command) {
        TRY(registrar.print_barcode(command, deadline));
        return unregistered(contract::Printed::printing);
    }
    Result<FiscalResult> operator()(const contract::PrintPicture& command) {
        TRY(registrar.print_picture(command, deadline));
        return unregistered(contract::Printed::printing);
    }
    Result<FiscalResult> operator()(const contract::PrintCopy&) {
        TRY(registrar.print_copy(deadline));
        return unregistered(contract::Printed::printing);
    }
    Result<FiscalResult> operator()(const contract::ContinuePrint&) {
        TRY(registrar.continue_print(deadline));
        return unregistered(contract::Printed::printing);
    }
    Result<FiscalResult> operator()(const contract::FeedPaper& command) {
        TRY(registrar.feed_paper(command, deadline));
        return unregistered(contract::Printed::printed);
    }
    Result<FiscalResult> operator()(const contract::SetClock& command) {
        TRY(registrar.set_clock(command, deadline));
        return unregistered(contract::Printed::not_printed);
    }
    Result<FiscalResult> operator()(const contract::SetLayout& command) {
        TRY(registrar.set_layout(command, deadline));
        return unregistered(contract::Printed::not_printed);
    }
    Result<FiscalResult> operator()(const contract::WriteTable& command) {
        TRY(registrar.write_table(command, deadline));
        return unregistered(contract::Printed::not_printed);
    }
    /// Commands of other classes.
    template <class Other>
    Result<FiscalResult> operator()(const Other&) {
        return base::make_error(base::ErrorCode::not_supported,
                                "this is no command of a fiscal registrar");
    }
};

struct Ask {
    FiscalRegistrar& registrar;
    os::Deadline deadline;

    using Answer = Result<contract::ClassStatus>;
    Answer operator()(const contract::StatusQuery&) { return TRY(registrar.status(deadline)); }
    Answer operator()(const contract::FiscalMemoryQuery&) {
        return TRY(registrar.fiscal_memory(deadline));
    }
    Answer operator()(const contract::RegistersQuery& query) {
        return TRY(registrar.registers(query, deadline));
    }
    Answer operator()(const contract::TableQuery& query) {
        return TRY(registrar.table_field(query, deadline));
    }
    Answer operator()(const contract::LayoutQuery&) { return TRY(registrar.layout(deadline)); }
    Answer operator()(const contract::MarkingQuery& query) {
        return TRY(registrar.check_marking(query, deadline));
    }
    Answer operator()(const contract::ReceiptCheckQuery& query) {
        TRY(registrar.check_receipt(query.receipt, deadline));
        return TRY(registrar.status(deadline));
    }
    /// Questions of other classes, and those that the driver's host answers.
    template <class Other>
    Answer operator()(const Other&) {
        return base::make_error(base::ErrorCode::not_supported,
                                "a fiscal registrar does not answer this question");
    }
};

base::Error cannot(const char* what) {
    return base::make_error(base::ErrorCode::not_supported,
                            fmt::format("this registrar cannot {}", what));
}

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
        return std::visit(Ask{*registrar_, deadline}, query);
    }

    std::optional<contract::ClassStatus> known_status() const override {
        auto known = registrar_->known_status();
        return known ? std::optional<contract::ClassStatus>(std::move(*known)) : std::nullopt;
    }

private:
    std::unique_ptr<FiscalRegistrar> registrar_;
};

}  // namespace

Result<FiscalResult> FiscalRegistrar::correct(const contract::Correction&, Gate&, os::Deadline) {
    return cannot("make correction receipts");
}
Done FiscalRegistrar::check_receipt(const contract::Receipt& receipt, os::Deadline) {
    TRY(contract::check_receipt(receipt));
    return {};
}
Done FiscalRegistrar::print_barcode(const contract::PrintBarcode&, os::Deadline) {
    return cannot("print barcodes");
}
Done FiscalRegistrar::print_picture(const contract::PrintPicture&, os::Deadline) {
    return cannot("print pictures");
}
Done FiscalRegistrar::print_copy(os::Deadline) { return cannot("print copies"); }
Done FiscalRegistrar::continue_print(os::Deadline) { return cannot("continue printing"); }
Done FiscalRegistrar::feed_paper(const contract::FeedPaper&, os::Deadline) {
    return cannot("feed paper");
}
Done FiscalRegistrar::set_clock(const contract::SetClock&, os::Deadline) {
    return cannot("set its clock");
}
Done FiscalRegistrar::set_layout(const contract::SetLayout&, os::Deadline) {
    return cannot("take a header and a footer");
}
Done FiscalRegistrar::write_table(const contract::WriteTable&, os::Deadline) {
    return cannot("write tables");
}
Result<contract::FiscalMemory> FiscalRegistrar::fiscal_memory(os::Deadline) {
    return cannot("tell of its fiscal storage");
}
Result<contract::Registers> FiscalRegistrar::registers(const contract::RegistersQuery&,
                                                       os::Deadline) {
    return cannot("read registers");
}
Result<contract::TableField> FiscalRegistrar::table_field(const contract::TableQuery&,
                                                          os::Deadline) {
    return cannot("read tables");
}
Result<contract::Layout> FiscalRegistrar::layout(os::Deadline) {
    return cannot("tell its header and footer");
}
Result<contract::MarkingCheck> FiscalRegistrar::check_marking(const contract::MarkingQuery&,
                                                              os::Deadline) {
    return cannot("check marking codes");
}

std::unique_ptr<Driver> make_driver(std::unique_ptr<FiscalRegistrar> registrar) {
    return std::make_unique<FiscalDriver>(std::move(registrar));
}

}  // namespace tillhost::device
