#pragma once

#include <memory>
#include <vector>

#include "tests/simulation/findings.h"
#include "tests/simulation/ledger.h"
#include "tests/simulation/registrar.h"
#include "tests/simulation/sim_store.h"

namespace tillhost::simulation {

/// Compares the three ledgers at the end of a run, everything settled and on disk: what clients
/// were told, what the book holds, what the registrars' memories hold.
void check_ledgers(const Ledger& ledger, const SimStore& book,
                   const std::vector<std::unique_ptr<Registrar>>& registrars, bool may_forget,
                   Findings& findings);

}  // namespace tillhost::simulation
