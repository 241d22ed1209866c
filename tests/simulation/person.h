#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/client.h"
#include "tests/simulation/registrar.h"
#include "tests/simulation/sim_store.h"

namespace tillhost::simulation {

/// The person with the paper in hand: looks from time to time for operations that wait for a
/// decision, and decides by the documents that came out. Asked only where the device cannot tell.
class Person final {
public:
    Person(Scheduler& scheduler, SimDevd& devd, SimStore& store, Findings& findings, Ledger& ledger,
           const std::vector<std::unique_ptr<Registrar>>& registrars, Chance chance);

    void run();

private:
    void look();
    void consider(const contract::Operation& operation);
    void decide(const contract::Operation& operation, const Task& task);
    void check_need(const Registrar& registrar, const Task& task, const Paper* paper,
                    bool elsewhere);
    const Paper* paper_of(const contract::Operation& operation, const Task& task) const;
    bool is_taken(const Paper& paper, const base::OperationId& by_other_than) const;

    Scheduler& scheduler_;
    SimStore& store_;
    Findings& findings_;
    Ledger& ledger_;
    const std::vector<std::unique_ptr<Registrar>>& registrars_;
    Chance chance_;
    Conversation conversation_;
    std::map<base::OperationId, os::Instant> seen_;
    std::vector<Paper> papers_;
};

/// The task that an id was made for; nullptr if no client made it.
const Task* task_of(const Ledger& ledger, const base::OperationId& id);

/// Whether a document is what such a command makes.
bool is_document_of(const simulators::FiscalDocument& document, const Task& task);

}  // namespace tillhost::simulation
