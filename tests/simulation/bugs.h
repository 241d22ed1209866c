#pragma once

#include <string>
#include <vector>

#include "devd/core/core.h"
#include "hal/drivers/fiscal/shtrih/known_bugs.h"
#include "hal/drivers/fiscal/toy/driver.h"
#include "hal/drivers/payment/zvt/known_bugs.h"
#include "tests/simulation/coverage.h"

namespace tillhost::simulation {

/// Bugs of the product, one of them switched on.
struct Bugs {
    std::string name;  ///< empty: none
    devd::core::KnownBugs core{};
    drivers::toy::KnownBugs toy{};
    drivers::shtrih::KnownBugs shtrih{};
    drivers::zvt::KnownBugs zvt{};
    Drivers drivers = Drivers::mixed;  ///< where it can show
};
/// All known bugs, in the order of the README.
const std::vector<Bugs>& known_bugs();

}  // namespace tillhost::simulation
