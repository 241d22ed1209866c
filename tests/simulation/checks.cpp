#include "tests/simulation/checks.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <utility>

#include "tests/simulation/client.h"
#include "tests/simulation/person.h"

namespace tillhost::simulation {
namespace {

using contract::FiscalResult;
using contract::OperationState;
using devd::core::OperationRow;

class Auditor {
public:
    explicit Auditor(const Books& books)
        : ledger_(books.ledger),
          book_(books.book),
          counters_(books.counters),
          may_forget_(books.may_forget),
          findings_(books.findings) {}

    void run() {
        for (const Task& task : ledger_.tasks) {
            compare_with_book(task);
        }
        look_for_strangers();
        for (const auto& counter : counters_) {
            if (const Registrar* registrar = counter->registrar()) {
                compare_with_memory(*registrar);
            }
        }
    }

private:
    template <class... Arguments>
    void blame(fmt::format_string<Arguments...> words, Arguments&&... arguments) {
        findings_.add(fmt::format(words, std::forward<Arguments>(arguments)...));
    }

    // --- client and book

    void compare_with_book(const Task& task) {
        int done = 0;
        for (const Attempt& attempt : task.attempts) {
            const auto found = book_.rows().find(attempt.id);
            const OperationRow* row = found == book_.rows().end() ? nullptr : &found->second;
            done += attempt.told && attempt.told->state == OperationState::done ? 1 : 0;
            if (!attempt.told) {
                if (row != nullptr && attempt.given_up) {
                    blame("task {}: an id that is void with its session is {}", task.number,
                          contract::name_of(row->state));
                }
                continue;
            }
            if (row == nullptr) {
                if (!may_forget_) {
                    blame("task {}: the book has lost an operation that was {}", task.number,
                          contract::name_of(attempt.told->state));
                }
                continue;
            }
            compare_row(task, *attempt.told, *row);
        }
        if (done > 1) {
            blame("task {}: done {} times", task.number, done);
        }
        if (!task.closed) {
            blame("task {}: its client did not come to an end", task.number);
        }
    }

    void compare_row(const Task& task, const contract::Operation& told, const OperationRow& row) {
        if (told.state != row.state) {
            blame("task {}: told {}, the book says {}", task.number, contract::name_of(told.state),
                  contract::name_of(row.state));
        } else if (told.result.has_value() && told_number(told.result) != told_number(row.result)) {
            blame("task {}: told document {}, the book says {}", task.number,
                  told_number(told.result), told_number(row.result));
        }
    }

    /// By which a result is known: the number of its document, or of its payment.
    static std::int64_t told_number(const std::optional<contract::OperationResult>& result) {
        if (!result) {
            return -1;
        }
        if (const auto* payment = std::get_if<contract::PaymentResult>(&*result)) {
            return payment->receipt_number;
        }
        if (const auto* sale = std::get_if<contract::SaleResult>(&*result)) {
            return sale->fiscal ? sale->fiscal->fiscal_document_number : 0;
        }
        const auto* fiscal = std::get_if<FiscalResult>(&*result);
        return fiscal != nullptr ? fiscal->fiscal_document_number : 0;
    }

    void look_for_strangers() {
        for (const auto& [id, row] : book_.rows()) {
            if (!is_final(row.state)) {
                blame("book: {} of {} is {} at the end", id.to_text(), row.device,
                      contract::name_of(row.state));
            }
            const base::OperationId& asked = row.parent ? *row.parent : id;
            if (task_of(ledger_, asked) == nullptr && row.client != "devd") {
                blame("book: {} was made by no client", id.to_text());
            }
        }
    }

    // --- book and memory

    void compare_with_memory(const Registrar& registrar) {
        const std::vector<Paper> papers = registrar.papers();
        std::set<const simulators::FiscalDocument*> claimed;
        std::map<std::pair<std::string, const void*>, std::uint64_t> order;
        for (const Task& task : ledger_.tasks) {
            if (task.device == registrar.id() && is_money(task.command)) {
                claim(task, papers, claimed);
            }
        }
        claim_own(registrar, papers, claimed);
        claim_sales(registrar, papers, claimed);
        for (const Paper& paper : papers) {
            if (!claimed.contains(paper.document)) {
                blame("{}: document {} (type {}, total {}) belongs to no operation that was done",
                      registrar.id(), paper.document->number,
                      static_cast<int>(paper.document->type), paper.document->total_minor);
            }
        }
        check_order(registrar, papers);
    }

    /// What devd did by itself: each has its document, and a day is closed once.
    void claim_own(const Registrar& registrar, const std::vector<Paper>& papers,
                   std::set<const simulators::FiscalDocument*>& claimed) {
        std::set<std::string> days;
        for (const auto& [id, row] : book_.rows()) {
            const std::string command = row.command ? std::string(case_of(*row.command)) : "";
            auto own = own_task(row.client, row.device, command);
            if (!own || row.device != registrar.id() || row.state != OperationState::done) {
                continue;
            }
            Attempt attempt;
            attempt.id = id;
            attempt.told.emplace();
            attempt.told->state = row.state;
            attempt.told->result = row.result;
            own->attempts.push_back(attempt);
            claim(*own, papers, claimed);
            if (!row.sale_ref.empty() && !days.insert(row.sale_ref).second) {
                blame("{}: devd closed twice: {}", registrar.id(), row.sale_ref);
            }
        }
    }

    /// What sales registered there.
    void claim_sales(const Registrar& registrar, const std::vector<Paper>& papers,
                     std::set<const simulators::FiscalDocument*>& claimed) {
        for (const Task& task : ledger_.tasks) {
            const auto* sale = std::get_if<contract::Sale>(&task.command);
            for (const Attempt& attempt : task.attempts) {
                const bool registered = sale != nullptr && attempt.told && attempt.told->sale &&
                                        attempt.told->sale->fiscal;
                const contract::SaleStep* step =
                    registered ? registration_of(*attempt.told->sale) : nullptr;
                if (step == nullptr || step->device != registrar.id()) {
                    continue;
                }
                Task own;
                own.number = task.number;
                own.command = sale->receipt;
                own.total_minor = task.total_minor;
                Attempt& made = own.attempts.emplace_back();
                made.id = step->operation_id;
                made.told.emplace();
                made.told->state = OperationState::done;
                made.told->result = *attempt.told->sale->fiscal;
                claim(own, papers, claimed);
            }
        }
    }

    static const contract::SaleStep* registration_of(const contract::SaleResult& sale) {
        for (const contract::SaleStep& step : sale.steps) {
            if (step.role == contract::SaleRole::registration &&
                step.state == OperationState::done) {
                return &step;
            }
        }
        return nullptr;
    }

    void claim(const Task& task, const std::vector<Paper>& papers,
               std::set<const simulators::FiscalDocument*>& claimed) {
        for (const Attempt& attempt : task.attempts) {
            if (!attempt.told || attempt.told->state != OperationState::done) {
                continue;
            }
            const auto& result = std::get<FiscalResult>(*attempt.told->result);
            const Paper* mine = nullptr;
            for (const Paper& paper : papers) {
                if (is_document_of(*paper.document, task) &&
                    (task.total_minor != 0 || is_named_by(result, paper))) {
                    mine = mine == nullptr ? &paper : mine;
                }
            }
            if (mine == nullptr) {
                blame("task {}: told done, document {}, which is in no memory", task.number,
                      result.fiscal_document_number);
                continue;
            }
            if (!claimed.insert(mine->document).second) {
                blame("task {}: its document {} is another operation's too", task.number,
                      mine->document->number);
            }
            const bool by_person = ledger_.decided.contains(attempt.id);
            compare_document(task, result, *mine, by_person);
        }
    }

    /// Both memories count from one: a document without an amount is told apart by its registrar.
    static bool is_named_by(const FiscalResult& result, const Paper& paper) {
        return paper.document->number == result.fiscal_document_number &&
               (result.serial.empty() || result.serial == paper.serial);
    }

    void compare_document(const Task& task, const FiscalResult& result, const Paper& paper,
                          bool by_person) {
        const simulators::FiscalDocument& document = *paper.document;
        if (result.fiscal_document_number != document.number) {
            blame("task {}: told document {}, the memory says {}", task.number,
                  result.fiscal_document_number, document.number);
        }
        if (task.total_minor != 0 && result.total_minor != document.total_minor) {
            blame("task {}: told total {}, the memory says {}", task.number, result.total_minor,
                  document.total_minor);
        }
        // A person cannot know the sign; a driver must.
        if (result.fiscal_sign != document.sign && !(by_person && result.fiscal_sign == 0)) {
            blame("task {}: told sign {}, the memory says {}", task.number, result.fiscal_sign,
                  document.sign);
        }
        if (!result.registered || (!result.serial.empty() && result.serial != paper.serial)) {
            blame("task {}: told registrar {}, it was {}", task.number, result.serial,
                  paper.serial);
        }
    }

    /// Documents came out in the order in which the operations were accepted.
    void check_order(const Registrar& registrar, const std::vector<Paper>& papers) {
        std::map<std::string, std::uint64_t> last;
        for (const Paper& paper : papers) {
            for (const auto& [id, row] : book_.rows()) {
                if (row.state != OperationState::done || row.device != registrar.id()) {
                    continue;
                }
                const auto step = row.parent ? step_task(ledger_, row) : std::nullopt;
                const Task* task = step ? &*step : task_of(ledger_, id);
                const bool its = task != nullptr && task->total_minor != 0 &&
                                 is_document_of(*paper.document, *task);
                if (!its) {
                    continue;
                }
                if (row.sequence < last[paper.serial]) {
                    blame("{}: task {} overtook an operation accepted before", registrar.id(),
                          task->number);
                }
                last[paper.serial] = row.sequence;
            }
        }
    }

    const Ledger& ledger_;
    const SimStore& book_;
    const std::vector<std::unique_ptr<Counter>>& counters_;
    const bool may_forget_;
    Findings& findings_;
};

}  // namespace

void check_ledgers(const Books& books) {
    Auditor(books).run();
    check_cards(books);
}

}  // namespace tillhost::simulation
