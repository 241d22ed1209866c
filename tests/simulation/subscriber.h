#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/chance.h"
#include "tests/simulation/findings.h"
#include "tests/simulation/ledger.h"
#include "tests/simulation/sim_devd.h"

namespace tillhost::simulation {

/// A program that follows the operations of every device, breaks off and goes on, and holds devd to
/// its word: an event is on disk when it arrives, comes once and in order, needs a credit, and no
/// outcome is missed unless a gap says so. Runs as a process.
class Subscriber final {
public:
    Subscriber(Scheduler& scheduler, const os::Clock& clock, SimDevd& devd, const SimStore& book,
               Findings& findings, Ledger& ledger, std::vector<std::string> devices, Chance chance);

    void run();
    /// The connection ends.
    void drop();
    /// At the end of a day that came to rest: every outcome in the book was told, or lies in a gap.
    /// `may_forget`: rows may have left the book meanwhile.
    void check(bool may_forget) const;

private:
    struct Topic {
        std::string device;
        std::int64_t epoch = 0;
        std::int64_t next_seq = 0;
        std::int64_t subscription = 0;
        std::int64_t credit = 0;
        std::int64_t request = 0;        ///< the subscribe whose answer is awaited
        std::int64_t told_up_to_ms = 0;  ///< what was settled before may have been missed
        std::map<base::OperationId, contract::Operation> told;
    };

    bool connect();
    void serve();
    std::int64_t put(contract::RequestKind kind, contract::Value body);
    void take(const contract::Reply& reply);
    void take(Topic& topic, const contract::Event& event);
    void take(Topic& topic, const contract::Operation& operation);
    void give_credit(Topic& topic);

    Scheduler& scheduler_;
    const os::Clock& clock_;
    SimDevd& devd_;
    const SimStore& book_;
    Findings& findings_;
    Ledger& ledger_;
    Chance chance_;
    ConnectionPtr connection_;
    std::int64_t hello_ = 0;
    std::vector<Topic> topics_;
};

}  // namespace tillhost::simulation
