#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "devd/core/book_store.h"
#include "tests/simulation/counter.h"
#include "tests/simulation/findings.h"

namespace tillhost::simulation {

/// Reads the book as it is written and holds sales to what cannot be told from their end: that no
/// card is charged before a registrar was asked, and that nothing is taken back twice at a time.
class SaleWatch final {
public:
    SaleWatch(const std::vector<std::unique_ptr<Counter>>& counters, Findings& findings)
        : counters_(counters), findings_(findings) {}

    /// A row is written: as it was, null if it is new, and as it is now.
    void read(const devd::core::OperationRow* before, const devd::core::OperationRow& now);

private:
    using Questions = std::map<std::string, std::uint64_t>;
    Questions count_questions() const;
    void read_step(const devd::core::OperationRow& step);

    const std::vector<std::unique_ptr<Counter>>& counters_;
    Findings& findings_;
    /// How often each device had been asked when a sale was accepted.
    std::map<base::OperationId, Questions> asked_before_;
};

}  // namespace tillhost::simulation
