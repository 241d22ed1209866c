#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "devd/core/core.h"
#include "hal/drivers/fiscal/shtrih/known_bugs.h"
#include "hal/drivers/fiscal/toy/driver.h"
#include "tests/simulation/ledger.h"
#include "tests/simulation/trouble.h"
#include "tests/simulation/watch.h"

namespace tillhost::simulation {

/// A trouble that begins when a device comes to a step (of a command, or of any) for the n-th time.
/// A second one may follow at once.
struct PlannedTrouble {
    Trouble trouble = Trouble::lose_request;
    std::size_t device = 0;
    Step step = Step::idle;
    std::string command{};  ///< empty: any
    int nth = 1;
    std::optional<Trouble> second{};
};

struct PlannedDevice {
    std::string id;
    std::string driver;
    os::Duration late_bytes_max{};
    bool serial_configured = false;
    bool opens_shifts = false;       ///< devd does, before a receipt
    int closes_shift_after_min = 0;  ///< devd does, so long after the shop opened; 0: never
    bool old_format = false;         ///< of the fiscal data: 1.05
    std::string link{};              ///< setting of a fiscal/shtrih
};

/// Which drivers stand in the shop.
enum class Drivers : std::uint8_t { toy, shtrih, mixed };

/// All that the seed decides before the shop opens. What it decides later is drawn on the way.
struct Plan {
    std::vector<PlannedDevice> devices;
    int clients = 1;
    std::vector<Task> tasks;
    std::vector<PlannedTrouble> troubles;
    std::int64_t network_trouble_percent = 0;
    os::Duration retention{};
    bool link_through_bytes = false;
};
Plan make_plan(std::uint64_t seed, Drivers drivers);

/// Bugs of the product, one of them switched on.
struct Bugs {
    std::string name;  ///< empty: none
    devd::core::KnownBugs core{};
    drivers::toy::KnownBugs toy{};
    drivers::shtrih::KnownBugs shtrih{};
    Drivers drivers = Drivers::mixed;  ///< where it can show
};
/// All known bugs, in the order of the README.
const std::vector<Bugs>& known_bugs();

}  // namespace tillhost::simulation
