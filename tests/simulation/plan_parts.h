#pragma once

#include "tests/simulation/chance.h"
#include "tests/simulation/plan.h"

namespace tillhost::simulation {

// What plans of all kinds of shops are made of.

Manner draw_manner(Chance& chance);
/// Lines, quantities and one payment; of a kind that the registrar has.
contract::Receipt make_receipt(const PlannedDevice& device, std::int64_t total_minor, int number,
                               Chance& chance);
/// The link layer that a registrar's host is set to.
std::string link_of(const PlannedDevice& device, Chance chance);
std::size_t draw_device(const Plan& plan, Chance& chance);
bool is_deadly(Trouble trouble);
/// What makes a verdict hard: something happens to the device while its host is dead.
Trouble draw_second(Chance& chance);
/// Any trouble at any step of any command.
void add_random_trouble(Plan& plan, Chance& chance);
/// The plan of a shop with card terminals, and with registrars where sales are made.
Plan make_card_plan(std::uint64_t seed, Drivers drivers);

}  // namespace tillhost::simulation
