#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/card_terminal.h"
#include "tests/simulation/client.h"
#include "tests/simulation/registrar.h"
#include "tests/simulation/sim_store.h"

namespace tillhost::simulation {

/// The person with the paper in hand: looks from time to time for operations that wait for a
/// decision, and decides by the documents that came out, or by what stands in the terminal's own
/// journal. Asked only where the device cannot tell. A sale whose payment could not be taken back
/// is tried again, or paid back otherwise.
class Person final {
public:
    Person(Scheduler& scheduler, SimDevd& devd, SimStore& store, Findings& findings, Ledger& ledger,
           const std::vector<std::unique_ptr<Counter>>& counters, Chance chance);

    void run();

private:
    void look();
    void consider(const contract::Operation& operation);
    void decide(const contract::Operation& operation, const Task& task);
    bool decide_by_paper(const Registrar& registrar, const contract::Operation& operation,
                         const Task& task, contract::DecideRequest& request);
    bool decide_by_journal(const CardTerminal& terminal, const contract::Operation& operation,
                           const Task& task, contract::DecideRequest& request);
    void send(const contract::DecideRequest& request);
    std::optional<Task> task_behind(const contract::Operation& operation) const;
    void check_need(const Registrar& registrar, const Task& task, const Paper* paper,
                    bool elsewhere);
    const Paper* paper_of(const contract::Operation& operation, const Task& task) const;
    void check_need(const CardTerminal& terminal, const contract::Operation& operation,
                    const Task& task);
    void see_to_sale(const contract::Operation& sale);
    /// Whether another operation's result is of that paper.
    bool is_taken(const std::function<bool(const contract::OperationResult&)>& names,
                  const base::OperationId& by_other_than) const;

    Scheduler& scheduler_;
    SimStore& store_;
    Findings& findings_;
    Ledger& ledger_;
    const std::vector<std::unique_ptr<Counter>>& counters_;
    Chance chance_;
    Conversation conversation_;
    std::map<base::OperationId, os::Instant> seen_;
    std::vector<Paper> papers_;
    std::map<base::OperationId, int> tried_again_;
};

/// The task that an id was made for; nullptr if no client made it.
const Task* task_of(const Ledger& ledger, const base::OperationId& id);

/// A sale's step as if it were a task of its own; nothing if no client made that sale.
std::optional<Task> step_task(const Ledger& ledger, const devd::core::OperationRow& step);

/// Whether a document is what such a command makes.
bool is_document_of(const simulators::FiscalDocument& document, const Task& task);
/// The same of a terminal's transaction; one of less counts where less was allowed.
bool is_transaction_of(const simulators::CardTransaction& transaction, const Task& task);
/// Whether a result is of that transaction.
bool names(const contract::OperationResult& result, const CardPaper& paper);

}  // namespace tillhost::simulation
