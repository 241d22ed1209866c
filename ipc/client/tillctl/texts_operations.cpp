#include <fmt/format.h>

#include <algorithm>

#include "hal/base/money.h"
#include "ipc/client/tillctl/dongle.h"
#include "ipc/client/tillctl/rows.h"
#include "ipc/client/tillctl/texts.h"
#include "ipc/contract/envelope.h"

namespace tillhost::tillctl {
namespace {

using contract::FiscalResult;
using contract::OperationState;

constexpr int kDecimals = 2;

std::string money(std::int64_t minor) { return base::minor_to_text(minor, kDecimals); }

std::string printed_text(Language language, const FiscalResult& result) {
    switch (result.printed) {
        case contract::Printed::printed:
            return row(language, Text::label_printed, text(language, Text::yes));
        case contract::Printed::unspecified:
        case contract::Printed::printing:
            return row(language, Text::label_printed, text(language, Text::still_printing));
        case contract::Printed::not_printed: break;
    }
    if (!result.registered) {
        return row(language, Text::label_printed, text(language, Text::printed_no));
    }
    return row(language, Text::label_printed, text(language, Text::printed_no_but_valid)) +
           row("", text(language, Text::print_a_copy));
}

std::string numbers_text(Language language, const FiscalResult& result) {
    std::string told;
    const auto number = [&told, language](Text label, std::int64_t value) {
        if (value != 0) {
            told += row(language, label, std::to_string(value));
        }
    };
    number(Text::label_document, result.fiscal_document_number);
    number(Text::label_fiscal_sign, result.fiscal_sign);
    number(Text::label_number, result.document_number);
    if (result.shift_number != 0) {
        told += row(language, Text::label_shift,
                    result.receipt_number != 0 ? filled(language, Text::shift_receipt,
                                                        result.shift_number, result.receipt_number)
                                               : std::to_string(result.shift_number));
    }
    if (result.total_minor != 0) {
        told += row(language, Text::label_total, money(result.total_minor));
    }
    if (result.change_minor != 0) {
        told += row(language, Text::label_change, money(result.change_minor));
    }
    if (!result.registered_at.empty()) {
        told += row(language, Text::label_at, result.registered_at);
    }
    return told;
}

}  // namespace

std::string fiscal_text(Language language, const FiscalResult& result, bool prints) {
    std::string told =
        result.training ? row(language, Text::label_training, text(language, Text::training_result))
                        : "";
    told += numbers_text(language, result);
    for (const contract::MarkingResult& marking : result.markings) {
        told += row(language, Text::label_marking,
                    filled(language, Text::marking_line, marking.line + 1,
                           marking_text(language, marking)));
    }
    told += prints ? printed_text(language, result) : "";
    if (!result.serial.empty()) {
        told += row(language, Text::label_registrar,
                    result.fiscal_memory.empty()
                        ? result.serial
                        : filled(language, Text::with_memory, result.serial, result.fiscal_memory));
    }
    return told;
}

namespace {

/// What a device did.
struct ResultTeller {
    Language language;
    bool prints;

    std::string operator()(const FiscalResult& result) const {
        return fiscal_text(language, result, prints);
    }
    std::string operator()(const contract::PaymentResult& result) const {
        return payment_text(language, result);
    }
    std::string operator()(const contract::TerminalReceipts& result) const {
        return receipts_text(language, result.receipts) +
               (result.text.empty() ? "" : row(language, Text::label_says, result.text));
    }
    std::string operator()(const contract::EndOfDayResult& result) const {
        return day_text(language, result);
    }
    std::string operator()(const contract::PrintResult& result) const {
        return prints ? fields_text(contract::to_value(result, contract::Style::readable)) : "";
    }
    std::string operator()(const contract::SaleResult& result) const {
        return sale_text(language, result);
    }
    std::string operator()(const contract::DongleEnrolment& result) const {
        return dongle_enrolment_text(language, result);
    }
    /// Of a kind without sentences of its own.
    template <class Other>
    std::string operator()(const Other& other) const {
        return fields_text(contract::to_value(other, contract::Style::readable));
    }
};

/// What is known of an operation that is not done, and what to do.
std::string advice_text(Language language, const contract::Operation& operation) {
    if (std::string told = payment_advice(language, operation); !told.empty()) {
        return told;
    }
    const std::string id = operation.operation_id.to_text();
    switch (operation.state) {
        case OperationState::unspecified:
        case OperationState::done: return "";
        case OperationState::accepted:
        case OperationState::prepared: return filled(language, Text::advice_unfinished, id);
        case OperationState::in_doubt:
            return filled(language, Text::advice_in_doubt, id, operation.version);
        case OperationState::failed: return std::string(text(language, Text::advice_failed));
        case OperationState::cancelled:
        case OperationState::expired: return std::string(text(language, Text::advice_not_begun));
        case OperationState::never_accepted:
            return std::string(text(language, Text::advice_never_accepted));
    }
    return "";
}

/// Whether paper is to be expected of a command.
bool prints(std::string_view command) {
    static constexpr std::string_view kWithoutPaper[] = {"open_drawer", "cut_paper",  "feed_paper",
                                                         "set_clock",   "set_layout", "write_table",
                                                         "enrol_dongle"};
    return std::find(std::begin(kWithoutPaper), std::end(kWithoutPaper), command) ==
           std::end(kWithoutPaper);
}

/// What a list shows of an outcome.
std::string outcome_text(Language language, const contract::Operation& one) {
    const auto* fiscal = one.result ? std::get_if<FiscalResult>(&*one.result) : nullptr;
    if (fiscal == nullptr) {
        return one.error ? one.error->code : payment_outcome(language, one);
    }
    std::string told;
    if (fiscal->fiscal_document_number != 0) {
        told = filled(language, Text::document_number, fiscal->fiscal_document_number);
    }
    if (fiscal->registered && fiscal->printed == contract::Printed::not_printed) {
        told += text(language, Text::not_printed_short);
    }
    return told;
}

}  // namespace

std::string operations_text(Language language, const contract::OperationsReply& reply) {
    if (reply.operations.empty()) {
        return std::string(text(language, Text::no_operations));
    }
    std::string told =
        fmt::format("{:<36}  {:<12} {:<12} {:<14} {}\n", text(language, Text::id_heading),
                    text(language, Text::device_heading), text(language, Text::command_heading),
                    text(language, Text::state_heading), text(language, Text::result_heading));
    for (const contract::Operation& one : reply.operations) {
        told +=
            fmt::format("{:<36}  {:<12} {:<12} {:<14} {}\n", one.operation_id.to_text(), one.device,
                        one.command, state_text(language, one.state), outcome_text(language, one));
    }
    if (reply.truncated) {
        told += text(language, Text::operations_more);
    }
    return told;
}

std::string operation_text(Language language, const contract::Operation& operation) {
    std::string told = row(state_text(language, operation.state),
                           operation.device.empty() ? operation.command
                                                    : filled(language, Text::command_on,
                                                             operation.command, operation.device));
    told += row(language, Text::label_operation, operation.operation_id.to_text());
    if (!operation.sale_ref.empty()) {
        told += row(language, Text::label_sale, operation.sale_ref);
    }
    if (operation.sale) {
        told += sale_text(language, *operation.sale);
    } else if (operation.result) {
        told += std::visit(ResultTeller{language, prints(operation.command)}, *operation.result);
    }
    if (operation.taken_back_by) {
        told += row(language, Text::label_taken_back,
                    filled(language, Text::taken_back_by, operation.taken_back_by->to_text()));
    }
    if (operation.error) {
        told += row(language, Text::label_reason,
                    error_line(language, contract::to_base(*operation.error)));
    }
    if (operation.repeat && operation.state == OperationState::done) {
        told += row(language, Text::label_repeat, text(language, Text::repeat_result));
    }
    return told + advice_text(language, operation);
}

std::string handing_over_text(Language language, const base::OperationId& id) {
    return filled(language, Text::handing_over, id.to_text());
}

std::string ask_again_text(Language language, const base::OperationId& id) {
    return filled(language, Text::ask_again, id.to_text());
}

std::string not_acknowledged_text(Language language, const base::OperationId& id,
                                  const base::Error& error) {
    return filled(language, Text::not_acknowledged, error_line(language, error), id.to_text());
}

std::string not_written_text(Language language, const base::OperationId& id) {
    return filled(language, Text::not_written, id.to_text(), id.to_text());
}

}  // namespace tillhost::tillctl
