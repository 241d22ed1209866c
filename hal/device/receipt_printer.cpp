#include "hal/device/receipt_printer.h"

#include <utility>

#include "hal/device/no_money.h"

namespace tillhost::device {
namespace {

using base::Result;
using contract::OperationResult;

contract::PrintDocument document_of(std::vector<contract::PrintBlock> blocks) {
    contract::PrintDocument document;
    document.blocks = std::move(blocks);
    document.cut = contract::CutMode::none;
    return document;
}

/// "blocks[2].text: …" as the command has it: "lines[2]: …"; "blocks[0].barcode.payload: …":
/// "payload: …".
base::Error renamed(base::Error error) {
    constexpr std::string_view kBlock = "blocks[";
    const std::string detail = error.detail;
    const std::size_t number_ends = detail.find("].");
    if (!detail.starts_with(kBlock) || number_ends == std::string::npos) {
        return error;
    }
    const std::string number = detail.substr(kBlock.size(), number_ends - kBlock.size());
    const std::size_t kind_begins = number_ends + 2;
    const std::size_t kind_ends = detail.find_first_of(".:", kind_begins);
    if (kind_ends == std::string::npos) {
        return error;
    }
    const bool field = detail[kind_ends] == '.';
    error.detail =
        field ? detail.substr(kind_ends + 1) : "lines[" + number + "]" + detail.substr(kind_ends);
    return error;
}

struct Execute {
    ReceiptPrinter& printer;
    Gate& gate;
    os::Deadline deadline;

    Result<OperationResult> print(const contract::PrintDocument& document) {
        return OperationResult(TRY(printer.print(document, gate, deadline)));
    }
    Result<OperationResult> print_simple(const contract::PrintDocument& document) {
        auto result = print(document);
        return result ? result : renamed(std::move(result).error());
    }
    Result<OperationResult> operator()(const contract::PrintDocument& document) {
        return print(document);
    }
    Result<OperationResult> operator()(const contract::PrintText& command) {
        std::vector<contract::PrintBlock> blocks;
        for (const std::string& line : command.lines) {
            contract::PrintedText text;
            text.text = line;
            blocks.emplace_back(std::move(text));
        }
        contract::PrintDocument document = document_of(std::move(blocks));
        document.substitute = command.substitute;
        document.cut = command.cut;
        return print_simple(document);
    }
    Result<OperationResult> operator()(const contract::PrintBarcode& command) {
        return print_simple(document_of({command}));
    }
    Result<OperationResult> operator()(const contract::PrintPicture& command) {
        return print_simple(document_of({command}));
    }
    Result<OperationResult> operator()(const contract::FeedPaper& command) {
        return print_simple(document_of({command}));
    }
    Result<OperationResult> operator()(const contract::CutPaper& command) {
        contract::PrintDocument document;
        document.cut = command.partial ? contract::CutMode::partial : contract::CutMode::full;
        return print(document);
    }
    Result<OperationResult> operator()(const contract::OpenDrawer&) {
        TRY(printer.open_drawer(deadline));
        contract::PrintResult result;
        result.printed = contract::Printed::not_printed;
        return OperationResult(result);
    }
    /// Commands of other classes.
    template <class Other>
    Result<OperationResult> operator()(const Other&) {
        return base::make_error(base::ErrorCode::not_supported,
                                "this is no command of a receipt printer");
    }
};

class PrinterDriver final : public Driver {
public:
    explicit PrinterDriver(std::unique_ptr<ReceiptPrinter> printer)
        : printer_(std::move(printer)) {}

    Result<Opened> open(const std::optional<contract::Pending>& pending, Gate&,
                        os::Deadline deadline) override {
        Opened opened = TRY(printer_->open(deadline));
        identity_ = opened.identity;
        return with_verdict(std::move(opened), pending);
    }
    Result<OperationResult> execute(const contract::Command& command, Gate& gate,
                                    os::Deadline deadline) override {
        return std::visit(Execute{*printer_, gate, deadline}, command);
    }
    Result<contract::Resolution> resolve(const contract::Pending&, Gate&, os::Deadline) override {
        return cannot_tell(identity_);
    }
    Result<contract::ClassStatus> query(const contract::Query& query,
                                        os::Deadline deadline) override {
        if (std::holds_alternative<contract::StatusQuery>(query)) {
            return contract::ClassStatus(TRY(printer_->status(deadline)));
        }
        return base::make_error(base::ErrorCode::not_supported,
                                "a receipt printer does not answer this question");
    }

    std::optional<contract::ClassStatus> known_status() const override {
        const auto known = printer_->known_status();
        return known ? std::optional(contract::ClassStatus(*known)) : std::nullopt;
    }

private:
    std::unique_ptr<ReceiptPrinter> printer_;
    contract::Identity identity_;
};

}  // namespace

std::unique_ptr<Driver> make_driver(std::unique_ptr<ReceiptPrinter> printer) {
    return std::make_unique<PrinterDriver>(std::move(printer));
}

}  // namespace tillhost::device
