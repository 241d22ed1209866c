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
#include "tests/simulation/watch.h"

namespace tillhost::simulation {

/// Everything that goes wrong in a run; a row of the coverage matrix each.
enum class Trouble : std::uint8_t {
    lose_request,
    lose_answer,
    late_request,
    late_answer,
    double_request,
    double_answer,
    cut_request,
    cut_answer,
    garble_request,
    garble_answer,
    power_cut_request,  ///< the power fails at a byte of a request
    power_cut_answer,   ///< the power fails at a byte of an answer
    power_off,
    silence,
    wrong_code,  ///< the next answer names another command (shtrih)
    line_cut,
    late_bytes,
    host_killed,
    core_killed,
    client_killed,
    store_slow,
    disk_full,
    swap_device,
    other_master,
    paper_out,
    shift_expired,
};
inline constexpr std::size_t kTroubles = 26;
std::string_view name_of(Trouble trouble);
/// One that waits at the wire for a unit to hit.
bool waits_on_wire(Trouble trouble);

/// A trouble that begins when a device comes to a step for the n-th time. A second one may follow
/// at once.
struct PlannedTrouble {
    Trouble trouble = Trouble::lose_request;
    std::size_t device = 0;
    Step step = Step::idle;
    int nth = 1;
    std::optional<Trouble> second;
};

struct PlannedDevice {
    std::string id;
    std::string driver;
    os::Duration late_bytes_max{};
    bool serial_configured = false;
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
    bool quits = false;  ///< devd is stopped in good order at the end
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
