#pragma once

#include <memory>
#include <vector>

#include "tests/simulation/counter.h"
#include "tests/simulation/findings.h"
#include "tests/simulation/ledger.h"
#include "tests/simulation/sim_store.h"

namespace tillhost::simulation {

/// The ledgers of a day: what the clients were told, what the book holds, what stands in the
/// memories of the devices.
struct Books {
    const Ledger& ledger;
    const SimStore& book;
    const std::vector<std::unique_ptr<Counter>>& counters;
    bool may_forget;  ///< the book does within the day what was acknowledged
    Findings& findings;
};

/// At the end of a day that came to rest: the three ledgers must tell one story.
void check_ledgers(const Books& books);
/// Of them what card terminals keep, and sales. Part of check_ledgers().
void check_cards(const Books& books);

}  // namespace tillhost::simulation
