#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/bugs.h"
#include "tests/simulation/coverage.h"
#include "tests/simulation/plan.h"
#include "tests/simulation/shop.h"

namespace tillhost::simulation {

/// Many seeds.
struct Job {
    std::uint64_t from = 1;
    std::uint64_t seeds = 0;
    int jobs = 1;
    Drivers drivers = Drivers::mixed;
    Bugs bugs;
    bool until_first = false;  ///< stop at the first finding
};

struct Failure {
    std::uint64_t seed = 0;
    std::string finding;
};

struct Tally {
    std::uint64_t seeds = 0;
    std::vector<Failure> failures;
    double cpu_seconds = 0;
    Coverage coverage;
};

/// Runs a job in processes of its own, so that a seed that ends its process (an invariant, a
/// sanitizer) is a finding like any other. Blocks until all are done.
Tally run_campaign(const Job& job);

}  // namespace tillhost::simulation
