#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulation/coverage.h"
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
    bool at_once = false;  ///< the paper is out, rather than coming to its end
};

/// What becomes of an approved card payment that the till has not confirmed.
enum class CardPolicy : std::uint8_t { reverse, keep, decline };

/// How a card terminal and its host are set.
struct PlannedCard {
    CardPolicy policy = CardPolicy::reverse;
    int busy = 0;  ///< to a command out of turn: 0 nothing, 1 "later", 2 "no"
    bool tells_ids = false;
    bool till_prints = true;
    bool keep_open = false;  ///< the connection, between operations
    os::Duration idle_time{};
    os::Duration reversal_time = std::chrono::seconds(2);
    std::int64_t completion_timeout_s = 180;
};

struct PlannedDevice {
    std::string id;
    std::string driver;
    os::Duration late_bytes_max{};
    bool serial_configured = false;
    bool opens_shifts = false;       ///< devd does, before a receipt
    int closes_shift_after_min = 0;  ///< devd does, so long after the shop opened; 0: never
    bool old_format = false;         ///< of the fiscal data: 1.05
    std::string link{};              ///< setting of a fiscal/shtrih or a payment/zvt
    PlannedCard card{};              ///< of a payment/zvt
};

/// All that the seed decides before the shop opens. What it decides later is drawn on the way.
struct Plan {
    std::vector<PlannedDevice> devices;
    int clients = 1;
    std::vector<Task> tasks;
    std::vector<PlannedTrouble> troubles;
    std::int64_t network_trouble_percent = 0;
    os::Duration retention{};
    bool link_through_bytes = false;
    bool names_devices = true;  ///< sales do; else the shop's defaults stand in
};
Plan make_plan(std::uint64_t seed, Drivers drivers);

}  // namespace tillhost::simulation
