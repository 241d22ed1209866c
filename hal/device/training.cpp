#include "hal/device/training.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "hal/base/money.h"
#include "hal/base/quantity.h"
#include "ipc/contract/receipt_rules.h"

namespace tillhost::device {
namespace {

using base::Done;
using base::Result;
using contract::FiscalResult;
using Lines = std::vector<std::string>;

constexpr std::size_t kLinesAtOnce = 98;  // of the 100 of a print_text, two are the mark
constexpr int kDecimals = 2;

base::Error not_in_training(std::string_view what) {
    return base::make_error(base::ErrorCode::not_supported,
                            fmt::format("training mode does not {}", what));
}

/// Nothing that was printed moves money, whatever became of it.
base::Error harmless(base::Error error) {
    error.effect = base::Effect::none;
    return error;
}

std::string amount(std::int64_t minor) { return base::minor_to_text(minor, kDecimals); }

class Training final : public FiscalRegistrar {
public:
    Training(std::unique_ptr<FiscalRegistrar> inner, TrainingWords words)
        : inner_(std::move(inner)), words_(std::move(words)) {}

    Result<Opened> open(const std::optional<contract::Pending>& pending, Gate& gate,
                        os::Deadline deadline) override {
        Opened opened = TRY(inner_->open(pending, gate, deadline));
        identity_ = opened.identity;
        if (auto* status = std::get_if<contract::FiscalStatus>(&opened.status)) {
            mark(*status);
        }
        return opened;
    }
    Result<contract::Resolution> resolve(const contract::Pending& pending, Gate& gate,
                                         os::Deadline deadline) override {
        return inner_->resolve(pending, gate, deadline);
    }
    Result<contract::FiscalStatus> status(os::Deadline deadline) override {
        contract::FiscalStatus status = TRY(inner_->status(deadline));
        mark(status);
        return status;
    }
    std::optional<contract::FiscalStatus> known_status() const override {
        auto known = inner_->known_status();
        if (known) {
            mark(*known);
        }
        return known;
    }

    Result<FiscalResult> sell(const contract::Receipt& receipt, Gate&,
                              os::Deadline deadline) override {
        const auto totals = TRY(contract::check_receipt(receipt));
        return print_receipt(receipt, totals, word_of(receipt.kind), deadline);
    }
    Result<FiscalResult> correct(const contract::Correction& command, Gate&,
                                 os::Deadline deadline) override {
        const auto totals = TRY(contract::check_correction(command));
        const std::string title = words_.correction + ": " + word_of(command.receipt.kind);
        return print_receipt(command.receipt, totals, title, deadline);
    }
    Result<FiscalResult> open_shift(const contract::OpenShift&, Gate&,
                                    os::Deadline deadline) override {
        if (shift_open_) {
            return base::make_error(base::ErrorCode::shift_already_open, "");
        }
        TRY(print({words_.open_shift}, deadline));
        shift_open_ = true;
        receipts_ = 0;
        return result(0);
    }
    Result<FiscalResult> close_shift(const contract::CloseShift&, Gate&,
                                     os::Deadline deadline) override {
        TRY(require_shift());
        TRY(print({words_.close_shift}, deadline));
        shift_open_ = false;
        return result(0);
    }
    Result<FiscalResult> cash_in(const contract::CashIn& command, Gate&,
                                 os::Deadline deadline) override {
        TRY(print({words_.cash_in + " " + amount(command.amount_minor)}, deadline));
        return result(command.amount_minor);
    }
    Result<FiscalResult> cash_out(const contract::CashOut& command, Gate&,
                                  os::Deadline deadline) override {
        TRY(print({words_.cash_out + " " + amount(command.amount_minor)}, deadline));
        return result(command.amount_minor);
    }
    Done x_report(os::Deadline deadline) override { return print({words_.x_report}, deadline); }

    // Printing that is no document.
    Done print_text(const contract::PrintText& command, os::Deadline deadline) override {
        return inner_->print_text(command, deadline);
    }
    Done cut_paper(const contract::CutPaper& command, os::Deadline deadline) override {
        return inner_->cut_paper(command, deadline);
    }
    Done open_drawer(os::Deadline deadline) override { return inner_->open_drawer(deadline); }
    Done print_barcode(const contract::PrintBarcode& command, os::Deadline deadline) override {
        return inner_->print_barcode(command, deadline);
    }
    Done print_picture(const contract::PrintPicture& command, os::Deadline deadline) override {
        return inner_->print_picture(command, deadline);
    }
    Done continue_print(os::Deadline deadline) override { return inner_->continue_print(deadline); }
    Done feed_paper(const contract::FeedPaper& command, os::Deadline deadline) override {
        return inner_->feed_paper(command, deadline);
    }

    Done print_copy(os::Deadline) override { return not_in_training("print copies of documents"); }
    Done set_clock(const contract::SetClock&, os::Deadline) override {
        return not_in_training("set the clock");
    }
    Done set_layout(const contract::SetLayout&, os::Deadline) override {
        return not_in_training("change the layout");
    }
    Done write_table(const contract::WriteTable&, os::Deadline) override {
        return not_in_training("write tables");
    }

    // Questions that change nothing.
    Done check_receipt(const contract::Receipt& receipt, os::Deadline deadline) override {
        return inner_->check_receipt(receipt, deadline);
    }
    Result<contract::FiscalMemory> fiscal_memory(os::Deadline deadline) override {
        return inner_->fiscal_memory(deadline);
    }
    Result<contract::Registers> registers(const contract::RegistersQuery& query,
                                          os::Deadline deadline) override {
        return inner_->registers(query, deadline);
    }
    Result<contract::TableField> table_field(const contract::TableQuery& query,
                                             os::Deadline deadline) override {
        return inner_->table_field(query, deadline);
    }
    Result<contract::Layout> layout(os::Deadline deadline) override {
        return inner_->layout(deadline);
    }
    Result<contract::MarkingCheck> check_marking(const contract::MarkingQuery&,
                                                 os::Deadline) override {
        return contract::MarkingCheck{not_checked(0)};
    }

private:
    void mark(contract::FiscalStatus& status) const {
        status.training = true;
        status.shift_open = shift_open_;
        status.shift_expired = false;
        status.receipt_number = receipts_;
    }

    Done require_shift() const {
        return shift_open_ ? Done()
                           : Done(base::make_error(base::ErrorCode::shift_not_open, "training"));
    }

    std::string word_of(contract::ReceiptKind kind) const {
        switch (kind) {
            case contract::ReceiptKind::unspecified:
            case contract::ReceiptKind::sale: return words_.sale;
            case contract::ReceiptKind::sale_return: return words_.sale_return;
            case contract::ReceiptKind::purchase: return words_.purchase;
            case contract::ReceiptKind::purchase_return: return words_.purchase_return;
        }
        return words_.sale;
    }

    static contract::MarkingResult not_checked(std::size_t line) {
        contract::MarkingResult result;
        result.line = static_cast<std::int64_t>(line);
        result.outcome = contract::MarkingOutcome::not_checked;
        result.reason = "training mode";
        return result;
    }

    FiscalResult result(std::int64_t total_minor) const {
        FiscalResult result;
        result.registered = false;
        result.printed = contract::Printed::printing;
        result.training = true;
        result.total_minor = total_minor;
        result.receipt_number = receipts_;
        result.serial = identity_.serial;
        result.fiscal_memory = identity_.fiscal_memory;
        return result;
    }

    Result<FiscalResult> print_receipt(const contract::Receipt& receipt,
                                       const contract::ReceiptTotals& totals,
                                       const std::string& title, os::Deadline deadline) {
        TRY(require_shift());
        if (!receipt.electronic_only) {
            TRY(print(lines_of(receipt, totals, title), deadline));
        }
        ++receipts_;
        FiscalResult made = result(totals.total_minor);
        made.change_minor = totals.change_minor;
        if (receipt.electronic_only) {
            made.printed = contract::Printed::not_printed;
        }
        for (std::size_t i = 0; i < receipt.lines.size(); ++i) {
            if (receipt.lines[i].marking) {
                made.markings.push_back(not_checked(i));
            }
        }
        return made;
    }

    Lines lines_of(const contract::Receipt& receipt, const contract::ReceiptTotals& totals,
                   const std::string& title) const {
        Lines lines{title};
        for (const contract::ReceiptLine& line : receipt.lines) {
            const base::Quantity quantity{line.quantity_units,
                                          static_cast<int>(line.quantity_scale)};
            lines.push_back(line.name);
            lines.push_back(fmt::format("  {} x {}", quantity.to_text(), amount(line.price_minor)));
            if (line.discount_minor != 0) {
                lines.push_back("  -" + amount(line.discount_minor));
            }
        }
        lines.insert(lines.end(), receipt.text.begin(), receipt.text.end());
        lines.push_back(words_.total + " " + amount(totals.total_minor));
        if (totals.change_minor != 0) {
            lines.push_back(words_.change + " " + amount(totals.change_minor));
        }
        return lines;
    }

    /// The mark stands above and below every piece of paper.
    Done print(const Lines& lines, os::Deadline deadline) {
        for (std::size_t at = 0; at < lines.size(); at += kLinesAtOnce) {
            const std::size_t end = std::min(at + kLinesAtOnce, lines.size());
            contract::PrintText text;
            text.lines.push_back(words_.mark);
            text.lines.insert(text.lines.end(), lines.begin() + static_cast<std::ptrdiff_t>(at),
                              lines.begin() + static_cast<std::ptrdiff_t>(end));
            text.lines.push_back(words_.mark);
            const Done printed = inner_->print_text(text, deadline);
            if (!printed) {
                return harmless(printed.error());
            }
        }
        return {};
    }

    std::unique_ptr<FiscalRegistrar> inner_;
    TrainingWords words_;
    contract::Identity identity_;
    bool shift_open_ = false;
    std::int64_t receipts_ = 0;
};

}  // namespace

std::unique_ptr<FiscalRegistrar> make_training(std::unique_ptr<FiscalRegistrar> registrar,
                                               TrainingWords words) {
    return std::make_unique<Training>(std::move(registrar), std::move(words));
}

}  // namespace tillhost::device
