// What card terminals keep, beside what tills were told and the book holds; and sales.
#include <fmt/format.h>

#include <set>
#include <utility>

#include "tests/simulation/card_terminal.h"
#include "tests/simulation/checks.h"
#include "tests/simulation/client.h"
#include "tests/simulation/person.h"

namespace tillhost::simulation {
namespace {

using contract::OperationState;
using contract::PaymentResult;
using simulators::CardTransactionKind;
using simulators::CardTransactionState;

class CardAuditor {
public:
    explicit CardAuditor(const Books& books) : books_(books) {}

    void run() {
        for (const auto& counter : books_.counters) {
            if (const CardTerminal* terminal = counter->terminal()) {
                compare_with_journal(*terminal);
            }
        }
        for (const Task& task : books_.ledger.tasks) {
            for (const Attempt& attempt : task.attempts) {
                if (attempt.told && attempt.told->sale) {
                    check_sale(task, attempt);
                }
            }
        }
    }

private:
    using Claimed = std::set<const simulators::CardTransaction*>;
    template <class... Arguments>
    void blame(fmt::format_string<Arguments...> words, Arguments&&... arguments) {
        books_.findings.add(fmt::format(words, std::forward<Arguments>(arguments)...));
    }

    void compare_with_journal(const CardTerminal& terminal) {
        const std::vector<CardPaper> papers = terminal.papers();
        Claimed claimed;
        for (const Task& task : books_.ledger.tasks) {
            for (const Attempt& attempt : task.attempts) {
                if (attempt.told) {
                    claim(terminal, papers, task, *attempt.told, claimed);
                }
            }
        }
        for (const CardPaper& paper : papers) {
            const simulators::CardTransaction& transaction = *paper.transaction;
            const bool money = transaction.kind != CardTransactionKind::day_end;  // else harmless
            if (money && paper.stands() && !claimed.contains(&transaction)) {
                blame(
                    "{}: a card was {} {}, receipt {}, which belongs to no operation that was done",
                    terminal.id(),
                    transaction.kind == CardTransactionKind::payment ? "charged" : "credited",
                    transaction.amount_minor, transaction.receipt_number);
            }
            check_taken_back(terminal, papers, transaction, claimed);
        }
    }

    void claim(const CardTerminal& terminal, const std::vector<CardPaper>& papers, const Task& task,
               const contract::Operation& told, Claimed& claimed) {
        if (task.device == terminal.id() && is_card_money(task.command) &&
            told.state == OperationState::done) {
            claim(terminal, papers, task, *told.result, claimed);
        }
        if (!told.sale) {
            return;
        }
        Task step;
        step.number = task.number;
        if (const auto& payment = told.sale->payment) {
            contract::Authorise command;
            command.amount_minor = payment->requested_minor;
            step.command = command;
            step.total_minor = payment->requested_minor;
            claim(terminal, papers, step, *payment, claimed);
        }
        if (const auto& reversal = told.sale->reversal) {
            step.command = contract::Reverse{};
            step.total_minor = reversal->requested_minor;
            claim(terminal, papers, step, *reversal, claimed);
        }
    }

    /// The transaction of a result: there, of this task, of no other one, and of that amount.
    void claim(const CardTerminal& terminal, const std::vector<CardPaper>& papers, const Task& task,
               const contract::OperationResult& result, Claimed& claimed) {
        const auto* day = std::get_if<contract::EndOfDayResult>(&result);
        if (day != nullptr && day->entered_by_hand) {
            return;  // a person names no number of it
        }
        for (const CardPaper& paper : papers) {
            if (!paper.stands() || !names(result, paper) ||
                !is_transaction_of(*paper.transaction, task)) {
                continue;
            }
            if (!claimed.insert(paper.transaction).second) {
                blame("task {}: its transaction {} is another operation's too", task.number,
                      paper.transaction->receipt_number);
            }
            check_receipts(terminal, task, result);
            return;
        }
        blame("task {}: told done, which is in no terminal's journal", task.number);
    }

    /// A terminal that keeps a payment only when its prints were taken has handed them over.
    void check_receipts(const CardTerminal& terminal, const Task& task,
                        const contract::OperationResult& result) {
        const auto* payment = std::get_if<PaymentResult>(&result);
        constexpr std::size_t kMerchantAndCustomer = 2;
        if (payment != nullptr && !payment->entered_by_hand && terminal.hands_over_receipts() &&
            payment->receipts.size() != kMerchantAndCustomer) {
            blame("task {}: of the terminal's receipts {} are there", task.number,
                  payment->receipts.size());
        }
    }

    /// Nothing is taken back but by a reversal that a till knows of.
    void check_taken_back(const CardTerminal& terminal, const std::vector<CardPaper>& papers,
                          const simulators::CardTransaction& transaction, const Claimed& claimed) {
        if (transaction.state != CardTransactionState::reversed) {
            return;
        }
        for (const CardPaper& paper : papers) {
            if (paper.transaction->kind == CardTransactionKind::reversal && paper.stands() &&
                paper.transaction->original_trace == transaction.trace_number &&
                claimed.contains(paper.transaction)) {
                return;
            }
        }
        blame("{}: receipt {} was taken back, and nobody was told", terminal.id(),
              transaction.receipt_number);
    }

    // --- sales

    void check_sale(const Task& task, const Attempt& attempt) {
        const contract::Operation& told = *attempt.told;
        const contract::SaleResult& sale = *told.sale;
        const bool back = sale.reversal || books_.ledger.decided.contains(attempt.id);
        const char* wrong = nullptr;
        if (told.state == OperationState::done) {
            wrong = !sale.fiscal                       ? "is done and nothing is registered"
                    : charge_of(task) && !sale.payment ? "is done and nothing was charged"
                    : sale.reversal                    ? "is done and its payment was taken back"
                    : sale.stage != contract::SaleStage::completed
                        ? "is done, its stage not completed"
                        : nullptr;
        } else if (is_final(told.state)) {
            wrong = sale.fiscal             ? "is not done, and its receipt is registered"
                    : sale.payment && !back ? "is not done, and a card was charged for it"
                    : has_open_step(sale)   ? "is over, and a step of it is not"
                    : told.error && told.error->effect != base::Effect::none
                        ? "is over with an effect that is not known"
                        : nullptr;
        }
        if (wrong != nullptr) {
            blame("task {}: a sale {}", task.number, wrong);
        }
    }

    static bool charge_of(const Task& task) {
        for (const contract::Payment& payment :
             std::get<contract::Sale>(task.command).receipt.payments) {
            if (payment.kind == contract::PaymentKind::electronic) {
                return true;
            }
        }
        return false;
    }

    static bool has_open_step(const contract::SaleResult& sale) {
        for (const contract::SaleStep& step : sale.steps) {
            const bool money =
                step.role != contract::SaleRole::slip && step.role != contract::SaleRole::drawer;
            if (money && !is_final(step.state)) {
                return true;
            }
        }
        return false;
    }

    const Books books_;
};

}  // namespace

void check_cards(const Books& books) { CardAuditor(books).run(); }

}  // namespace tillhost::simulation
