#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/bugs.h"
#include "tests/simulation/coverage.h"
#include "tests/simulation/fibre.h"
#include "tests/simulation/plan.h"

namespace tillhost::simulation {

/// What a run came to.
struct Outcome {
    std::vector<std::string> findings;  ///< empty: all is well
    std::string trace;
    std::int64_t virtual_ms = 0;
    std::size_t tasks = 0;
};

/// One day in a shop, everything decided by the seed. `coverage` grows by what went wrong.
Outcome run_shop(std::uint64_t seed, Drivers drivers, const Bugs& bugs, bool trace,
                 StackPool& stacks, Coverage& coverage);

}  // namespace tillhost::simulation
