// Troubles by name, and those that are drawn rather than aimed.
#include <array>

#include "tests/simulation/plan_parts.h"

namespace tillhost::simulation {
namespace {

constexpr std::array<std::string_view, kTroubles> kTroubleNames{
    "lose_request",      "lose_answer",      "late_request", "late_answer",    "double_request",
    "double_answer",     "cut_request",      "cut_answer",   "garble_request", "garble_answer",
    "power_cut_request", "power_cut_answer", "power_off",    "silence",        "wrong_code",
    "line_cut",          "late_bytes",       "host_killed",  "host_stuck",     "core_killed",
    "core_stopped",      "client_killed",    "store_slow",   "disk_full",      "swap_device",
    "other_master",      "paper_out",        "shift_expired"};

Step draw_step(Chance& chance) {
    static constexpr std::array kWeighted{Step::opening,         Step::resolving,
                                          Step::resolving,       Step::idle,
                                          Step::before_marker,   Step::before_marker,
                                          Step::marker_to_go,    Step::marker_to_go,
                                          Step::go_to_close,     Step::go_to_close,
                                          Step::go_to_close,     Step::close_to_answer,
                                          Step::close_to_answer, Step::close_to_answer,
                                          Step::close_to_answer, Step::after_answer,
                                          Step::after_answer,    Step::down};
    return kWeighted[static_cast<std::size_t>(chance.below(kWeighted.size()))];
}

}  // namespace

/// What makes a verdict hard: something happens to the device while its host is dead.
Trouble draw_second(Chance& chance) {
    static constexpr std::array kWeighted{
        Trouble::other_master, Trouble::other_master, Trouble::swap_device, Trouble::swap_device,
        Trouble::power_off,    Trouble::core_killed,  Trouble::line_cut,    Trouble::host_killed};
    return kWeighted[static_cast<std::size_t>(chance.below(kWeighted.size()))];
}

namespace {

Trouble draw_trouble(Chance& chance) {
    // Deaths and lost answers are what the promise is about: they come more often.
    static constexpr std::array kOften{Trouble::host_killed, Trouble::host_killed,
                                       Trouble::core_killed, Trouble::lose_answer};
    if (chance.percent(35)) {
        return kOften[static_cast<std::size_t>(chance.below(kOften.size()))];
    }
    return static_cast<Trouble>(chance.below(kTroubles));
}

}  // namespace

bool is_deadly(Trouble trouble) {
    return trouble == Trouble::host_killed || trouble == Trouble::core_killed ||
           trouble == Trouble::lose_answer || trouble == Trouble::line_cut;
}

std::string_view name_of(Trouble trouble) {
    return kTroubleNames[static_cast<std::size_t>(trouble)];
}

bool waits_on_wire(Trouble trouble) { return trouble <= Trouble::power_cut_answer; }

std::size_t draw_device(const Plan& plan, Chance& chance) {
    return static_cast<std::size_t>(chance.below(static_cast<std::int64_t>(plan.devices.size())));
}

void add_random_trouble(Plan& plan, Chance& chance) {
    PlannedTrouble planned;
    planned.trouble = draw_trouble(chance);
    planned.device = draw_device(plan, chance);
    planned.step = draw_step(chance);
    // A verdict is a rare step: the first one counts.
    const bool rare = planned.step == Step::resolving || planned.step == Step::down;
    planned.nth = static_cast<int>(chance.between(1, rare ? 2 : 5));
    if (is_deadly(planned.trouble) && chance.percent(40)) {
        planned.second = draw_second(chance);
    }
    plan.troubles.push_back(std::move(planned));
}

}  // namespace tillhost::simulation
