#include <fmt/format.h>

#include <algorithm>

#include "hal/base/money.h"
#include "ipc/client/tillctl/rows.h"
#include "ipc/client/tillctl/texts.h"
#include "ipc/contract/envelope.h"

namespace tillhost::tillctl {
namespace {

using base::ErrorCode;
using contract::Operation;
using contract::OperationState;
using contract::PaymentResult;
using contract::PromptKind;
using contract::SaleRole;
using contract::SaleStage;
using contract::TerminalReceiptKind;

Text text_of(PromptKind kind) {
    switch (kind) {
        case PromptKind::insert_card: return Text::prompt_insert_card;
        case PromptKind::remove_card: return Text::prompt_remove_card;
        case PromptKind::enter_pin: return Text::prompt_enter_pin;
        case PromptKind::wrong_pin: return Text::prompt_wrong_pin;
        case PromptKind::confirm_amount: return Text::prompt_confirm_amount;
        case PromptKind::please_wait: return Text::prompt_please_wait;
        case PromptKind::contacting_host: return Text::prompt_contacting_host;
        case PromptKind::choose: return Text::prompt_choose;
        case PromptKind::signature: return Text::prompt_signature;
        case PromptKind::approved: return Text::prompt_approved;
        case PromptKind::declined: return Text::prompt_declined;
        case PromptKind::reversing: return Text::prompt_reversing;
        case PromptKind::enter_result: return Text::prompt_enter_result;
        case PromptKind::other:
        case PromptKind::unspecified: break;
    }
    return Text::prompt_other;
}

Text text_of(SaleStage stage) {
    switch (stage) {
        case SaleStage::preflight: return Text::stage_preflight;
        case SaleStage::paying: return Text::stage_paying;
        case SaleStage::registering: return Text::stage_registering;
        case SaleStage::finishing: return Text::stage_finishing;
        case SaleStage::reversing: return Text::stage_reversing;
        case SaleStage::completed: return Text::stage_completed;
        case SaleStage::declined: return Text::stage_declined;
        case SaleStage::compensated: return Text::stage_compensated;
        case SaleStage::compensation_open: return Text::stage_compensation_open;
        case SaleStage::unspecified: break;
    }
    return Text::unknown;
}

Text text_of(SaleRole role) {
    switch (role) {
        case SaleRole::payment: return Text::role_payment;
        case SaleRole::registration: return Text::role_registration;
        case SaleRole::reversal: return Text::role_reversal;
        case SaleRole::slip: return Text::role_slip;
        case SaleRole::drawer: return Text::role_drawer;
        case SaleRole::unspecified: break;
    }
    return Text::unknown;
}

Text text_of(TerminalReceiptKind kind) {
    switch (kind) {
        case TerminalReceiptKind::merchant: return Text::receipt_merchant;
        case TerminalReceiptKind::customer: return Text::receipt_customer;
        case TerminalReceiptKind::administrative:
        case TerminalReceiptKind::unspecified: break;
    }
    return Text::receipt_administrative;
}

std::string amount(const PaymentResult& result) {
    const auto currency = base::Currency::from_code(result.currency);
    constexpr int kDecimals = 2;
    return fmt::format(
        "{} {}",
        base::minor_to_text(result.amount_minor, currency ? currency->decimals() : kDecimals),
        result.currency);
}

bool is_of_terminal(const Operation& operation) {
    static constexpr std::string_view kCommands[] = {"authorise", "reverse", "refund"};
    return std::find(std::begin(kCommands), std::end(kCommands), operation.command) !=
           std::end(kCommands);
}

/// The step that holds a sale up.
const contract::SaleStep* step_in_doubt(const Operation& sale) {
    const auto& steps = sale.sale->steps;
    const auto found = std::find_if(steps.begin(), steps.end(), [](const auto& step) {
        return step.state == OperationState::in_doubt;
    });
    return found == steps.end() ? nullptr : &*found;
}

std::string sale_advice(Language language, const Operation& sale) {
    const std::string id = sale.operation_id.to_text();
    if (sale.state == OperationState::failed) {
        return std::string(text(language, Text::advice_sale_failed));
    }
    if (sale.state != OperationState::accepted) {
        return "";
    }
    if (sale.sale->stage == SaleStage::compensation_open) {
        return filled(language, Text::advice_compensation, id, sale.version);
    }
    if (const contract::SaleStep* step = step_in_doubt(sale)) {
        return filled(language, Text::advice_sale_step, step->operation_id.to_text(), id);
    }
    return filled(language, Text::advice_payment_unfinished, id);
}

}  // namespace

std::string receipts_text(Language language, const std::vector<contract::TerminalReceipt>& all) {
    std::string told;
    for (const contract::TerminalReceipt& receipt : all) {
        told += fmt::format("{}\n", text(language, text_of(receipt.kind)));
        for (const contract::TerminalReceiptLine& line : receipt.lines) {
            told += fmt::format("  | {}\n", line.text);
        }
    }
    return told;
}

std::string payment_text(Language language, const PaymentResult& result) {
    std::string told = row(language, Text::label_amount, amount(result));
    const auto given = [&told, language](Text label, const std::string& value) {
        told += value.empty() ? "" : row(language, label, value);
    };
    const auto number = [&given](Text label, std::int64_t value) {
        given(label, value == 0 ? "" : std::to_string(value));
    };
    given(Text::label_card, result.card_number.empty()
                                ? result.card_name
                                : fmt::format("{} {}", result.card_name, result.card_number));
    number(Text::label_slip_number, result.receipt_number);
    number(Text::label_trace, result.trace_number);
    given(Text::label_authorisation, result.authorisation_code);
    given(Text::label_reference, result.reference);
    given(Text::label_terminal, result.terminal_id);
    given(Text::label_at, result.paid_at);
    given(Text::label_says, result.text);
    if (result.entered_by_hand) {
        told += row(language, Text::label_source, text(language, Text::by_hand));
    }
    return told + receipts_text(language, result.receipts);
}

std::string day_text(Language language, const contract::EndOfDayResult& day) {
    const auto money = [&day](std::int64_t minor) {
        PaymentResult one;
        one.amount_minor = minor;
        one.currency = day.currency;
        return amount(one);
    };
    std::string told;
    for (const contract::CardTotal& total : day.totals) {
        told += row(total.card_name,
                    filled(language, Text::day_of_card, total.count, money(total.amount_minor)));
    }
    if (!day.currency.empty()) {
        told += row(language, Text::label_total, money(day.amount_minor));
    }
    if (!day.terminal_id.empty()) {
        told += row(language, Text::label_terminal, day.terminal_id);
    }
    if (!day.closed_at.empty()) {
        told += row(language, Text::label_at, day.closed_at);
    }
    if (day.entered_by_hand) {
        told += row(language, Text::label_source, text(language, Text::by_hand));
    }
    return told + receipts_text(language, day.receipts);
}

std::string transaction_text(Language language, const contract::LastTransaction& last) {
    if (!last.known) {
        return row(language, Text::label_transaction, text(language, Text::transaction_none));
    }
    return row(language, Text::label_transaction, contract::name_of(last.kind)) +
           row(language, Text::label_outcome, contract::name_of(last.outcome)) +
           (last.payment ? payment_text(language, *last.payment) : "");
}

std::string terminal_text(Language language, const contract::TerminalStatus& status) {
    std::string told =
        row(language, Text::label_terminal,
            status.terminal_id.empty() ? status.identity.serial : status.terminal_id) +
        row(language, Text::label_state, contract::name_of(status.state));
    for (const auto& [label, value] : {std::pair{Text::label_says, &status.text},
                                       std::pair{Text::label_firmware, &status.software},
                                       std::pair{Text::label_currency, &status.currency}}) {
        told += value->empty() ? "" : row(language, label, *value);
    }
    return told;
}

std::string sale_text(Language language, const contract::SaleResult& sale) {
    std::string told = row(language, Text::label_stage, text(language, text_of(sale.stage)));
    if (sale.payment) {
        contract::PaymentResult payment = *sale.payment;
        const bool printed =
            std::any_of(sale.steps.begin(), sale.steps.end(),
                        [](const auto& step) { return step.role == SaleRole::slip; });
        if (printed) {
            payment.receipts.clear();  // steps of the sale do; else whoever sells prints them
        }
        told += payment_text(language, payment);
    }
    if (sale.reversal) {
        told += row(language, Text::label_taken_back, amount(*sale.reversal));
    }
    if (sale.fiscal) {
        told += fiscal_text(language, *sale.fiscal, true);
    }
    for (const contract::SaleStep& step : sale.steps) {
        told += row(language, text_of(step.role),
                    fmt::format("{:<14} {:<12} {}", state_text(language, step.state), step.device,
                                step.operation_id.to_text()));
    }
    return told;
}

std::string lost_paper_text(Language language, const std::optional<LostPaper>& lost) {
    return lost ? filled(language, Text::slip_lost, lost->printer,
                         error_line(language, lost->reason), lost->terminal)
                : "";
}

std::string payment_advice(Language language, const Operation& operation) {
    if (operation.sale) {
        return sale_advice(language, operation);
    }
    if (!is_of_terminal(operation)) {
        return "";
    }
    const std::string id = operation.operation_id.to_text();
    switch (operation.state) {
        case OperationState::accepted:
        case OperationState::prepared: return filled(language, Text::advice_payment_unfinished, id);
        case OperationState::in_doubt: {
            const bool told =
                operation.error && operation.error->reaction == base::Reaction::ask_operator;
            return filled(language, told ? Text::advice_needs_entry : Text::advice_payment_in_doubt,
                          id, operation.version);
        }
        case OperationState::failed: return std::string(text(language, Text::advice_no_money));
        case OperationState::unspecified:
        case OperationState::done:
        case OperationState::cancelled:
        case OperationState::expired:
        case OperationState::never_accepted: break;
    }
    return "";
}

std::string payment_outcome(Language language, const Operation& operation) {
    if (operation.sale) {
        return std::string(text(language, text_of(operation.sale->stage)));
    }
    const auto* paid = operation.result ? std::get_if<PaymentResult>(&*operation.result) : nullptr;
    return paid == nullptr ? "" : amount(*paid);
}

std::string prompt_text(Language language, const contract::Prompt& prompt) {
    const std::string_view kind = text(language, text_of(prompt.kind));
    return prompt.text.empty() ? fmt::format("  {}\n", kind)
                               : fmt::format("  {} ({})\n", kind, prompt.text);
}

std::string stage_line(Language language, SaleStage stage) {
    return fmt::format("{}\n", text(language, text_of(stage)));
}

std::string interrupted_text(Language language, const base::OperationId& id) {
    return filled(language, Text::interrupted, id.to_text());
}

std::string breaking_off_text(Language language, const base::OperationId& id) {
    return filled(language, Text::breaking_off, id.to_text());
}

}  // namespace tillhost::tillctl
