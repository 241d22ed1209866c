// What a person does at a card terminal, and about a sale whose payment is not back.
#include <fmt/format.h>

#include <variant>

#include "ipc/contract/decoder.h"
#include "ipc/contract/receipt_rules.h"
#include "tests/simulation/person.h"

namespace tillhost::simulation {

using contract::RequestKind;
using simulators::CardTransactionKind;

namespace {

constexpr int kSaysNo = 2;  // PlannedCard::busy
constexpr std::int64_t kReversalMs = 20'000;
/// So often a reversal is tried again before the money is paid back otherwise.
constexpr int kTriesMax = 2;

std::int64_t amount_of(const contract::Command& command) {
    if (const auto* receipt = std::get_if<contract::Receipt>(&command)) {
        return contract::check_receipt(*receipt).value().total_minor;
    }
    if (const auto* payment = std::get_if<contract::Authorise>(&command)) {
        return payment->amount_minor;
    }
    const auto* reversal = std::get_if<contract::Reverse>(&command);
    return reversal == nullptr ? 0 : reversal->amount_minor;
}

CardTransactionKind kind_of(const contract::Command& command) {
    return std::holds_alternative<contract::Authorise>(command) ? CardTransactionKind::payment
           : std::holds_alternative<contract::Reverse>(command) ? CardTransactionKind::reversal
           : std::holds_alternative<contract::Refund>(command)  ? CardTransactionKind::refund
                                                                : CardTransactionKind::day_end;
}

}  // namespace

std::optional<Task> step_task(const Ledger& ledger, const devd::core::OperationRow& step) {
    const Task* sale = step.parent ? task_of(ledger, *step.parent) : nullptr;
    if (sale == nullptr || !step.command) {
        return std::nullopt;
    }
    Task task;
    task.number = sale->number;
    task.client = sale->client;
    task.device = step.device;
    task.command = *step.command;
    task.total_minor = amount_of(*step.command);
    return task;
}

bool is_transaction_of(const simulators::CardTransaction& transaction, const Task& task) {
    if (!is_card_money(task.command) || transaction.kind != kind_of(task.command)) {
        return false;
    }
    const auto* payment = std::get_if<contract::Authorise>(&task.command);
    const bool part = payment != nullptr && payment->allow_partial;
    return transaction.kind == CardTransactionKind::day_end ||
           transaction.amount_minor == task.total_minor ||
           (part && transaction.amount_minor == task.total_minor / 2);
}

bool names(const contract::OperationResult& result, const CardPaper& paper) {
    const simulators::CardTransaction& transaction = *paper.transaction;
    if (const auto* day = std::get_if<contract::EndOfDayResult>(&result)) {
        return transaction.kind == CardTransactionKind::day_end &&
               day->terminal_id == paper.serial && day->trace_number == transaction.trace_number;
    }
    const auto* payment = std::get_if<contract::PaymentResult>(&result);
    return payment != nullptr && payment->terminal_id == paper.serial &&
           payment->receipt_number == transaction.receipt_number &&
           payment->amount_minor == transaction.amount_minor;
}

/// A person is bothered about a terminal only where it cannot know: somebody used its keys, or it
/// kept nothing to compare with, or it says that it approved and does not keep it; or it says "not
/// possible" where others say "later", which is also the word of one that keeps nothing.
void Person::check_need(const CardTerminal& terminal, const contract::Operation& operation,
                        const Task& task) {
    const auto row = store_.rows().find(operation.operation_id);
    const bool elsewhere = operation.error->code == "wrong_device";
    bool had_nothing = false;
    if (row != store_.rows().end() && row->second.marker) {
        const auto& marker = std::get<contract::PaymentMarker>(*row->second.marker);
        had_nothing = marker.last_transaction.empty();
    }
    const PlannedCard& card = terminal.planned().card;
    if (!terminal.was_used_elsewhere() && !elsewhere && !had_nothing && !card.tells_ids &&
        card.busy != kSaysNo) {
        findings_.add(
            fmt::format("{}: a person was asked about task {}, though nobody else used "
                        "the terminal: {}",
                        terminal.id(), task.number, operation.error->text));
    }
}

bool Person::decide_by_journal(const CardTerminal& terminal, const contract::Operation& operation,
                               const Task& task, contract::DecideRequest& request) {
    if (!terminal.at_rest()) {
        return false;  // what it is about to do is on no paper yet
    }
    check_need(terminal, operation, task);
    request.verdict = contract::Verdict::not_executed;
    for (const CardPaper& paper : terminal.papers()) {
        const auto of_paper = [&](const auto& result) { return names(result, paper); };
        if (!paper.stands() || !is_transaction_of(*paper.transaction, task) ||
            is_taken(of_paper, operation.operation_id)) {
            continue;
        }
        request.verdict = contract::Verdict::executed;
        contract::PaymentEntry entry;
        entry.amount_minor = paper.transaction->amount_minor;
        entry.amount_again_minor = entry.amount_minor;
        entry.receipt_number = paper.transaction->receipt_number;
        request.payment = entry;
    }
    return true;
}

/// The payment of a sale could not be taken back: the reversal is tried again, or the money is paid
/// back from the drawer and the sale told so.
void Person::see_to_sale(const contract::Operation& sale) {
    const auto [seen, is_new] = seen_.emplace(sale.operation_id, scheduler_.now());
    if (is_new) {
        return;
    }
    int& tries = tried_again_[sale.operation_id];
    if (tries < kTriesMax && chance_.one_in(2)) {
        ++tries;
        contract::OperationRequest request;
        request.operation_id = sale.operation_id;
        scheduler_.trace().say(scheduler_.now(), "person", "has a reversal tried again");
        conversation_.ask(RequestKind::resolve, contract::to_value(request), kReversalMs);
        return;
    }
    contract::DecideRequest request;
    request.session = conversation_.session();
    request.operation_id = sale.operation_id;
    request.version = sale.version;
    request.verdict = contract::Verdict::not_executed;
    request.note = "paid back from the drawer";
    scheduler_.trace().say(scheduler_.now(), "person", "pays a sale back");
    send(request);
}

}  // namespace tillhost::simulation
