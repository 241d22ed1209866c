#include "tests/simulation/coverage.h"

#include <fmt/format.h>

#include <algorithm>

namespace tillhost::simulation {
namespace {

constexpr std::array<std::string_view, kCommands> kCommandNames{
    "receipt",  "open_shift", "close_shift", "cash_in",     "cash_out",
    "x_report", "print_text", "cut_paper",   "open_drawer", "none"};
constexpr std::size_t kNone = kCommands - 1;

}  // namespace

std::size_t command_index(std::string_view name) {
    const auto found = std::find(kCommandNames.begin(), kCommandNames.end(), name);
    return found == kCommandNames.end() ? kNone
                                        : static_cast<std::size_t>(found - kCommandNames.begin());
}

std::string_view command_name(std::size_t index) { return kCommandNames[index]; }

std::size_t Coverage::index(Trouble trouble, Step step, std::size_t command, bool shtrih) {
    return ((static_cast<std::size_t>(trouble) * kSteps + static_cast<std::size_t>(step)) *
                kCommands +
            command) *
               2 +
           (shtrih ? 1 : 0);
}

void Coverage::hit(Trouble trouble, Step step, std::string_view command, std::string_view driver) {
    ++cells_[index(trouble, step, command_index(command), driver == "fiscal/shtrih")];
}

void Coverage::add(const Coverage& other) {
    for (std::size_t i = 0; i < cells_.size(); ++i) {
        cells_[i] += other.cells_[i];
    }
}

std::string Coverage::table() const {
    std::string text = fmt::format("{:<18} {:<16} {:<7}", "trouble", "step", "driver");
    for (const std::string_view name : kCommandNames) {
        text += fmt::format(" {:>11}", name);
    }
    text += '\n';
    for (std::size_t row = 0; row < kTroubles * kSteps * 2; ++row) {
        const auto trouble = static_cast<Trouble>(row / 2 / kSteps);
        const auto step = static_cast<Step>(row / 2 % kSteps);
        std::string cells;
        std::uint64_t sum = 0;
        for (std::size_t command = 0; command < kCommands; ++command) {
            const std::uint64_t hits = cells_[index(trouble, step, command, row % 2 == 1)];
            sum += hits;
            cells += fmt::format(" {:>11}", hits);
        }
        if (sum != 0) {
            text += fmt::format("{:<18} {:<16} {:<7}{}\n", name_of(trouble), name_of(step),
                                row % 2 == 1 ? "shtrih" : "toy", cells);
        }
    }
    return text;
}

std::string Coverage::gaps(std::uint64_t, Drivers) const { return {}; }

}  // namespace tillhost::simulation
