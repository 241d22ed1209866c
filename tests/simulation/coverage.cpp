#include "tests/simulation/coverage.h"

#include <fmt/format.h>

#include <algorithm>

namespace tillhost::simulation {
namespace {

constexpr std::array<std::string_view, kCommands> kCommandNames{
    "receipt",  "open_shift", "close_shift", "cash_in",     "cash_out", "correction",
    "x_report", "print_text", "cut_paper",   "open_drawer", "none"};
constexpr std::size_t kOpenShift = 1;
constexpr std::size_t kCloseShift = 2;
constexpr std::size_t kMoneyCommands = 6;

bool has_step(std::size_t command, Step step) {
    const bool quiet = step == Step::down || step == Step::opening || step == Step::idle;
    if (command == kNoCommand) {
        return quiet && step != Step::down;
    }
    return command < kMoneyCommands ? !quiet : step == Step::before_marker;
}

bool is_reachable(const Cell& cell) {
    if (!has_step(cell.command, cell.step)) {
        return false;
    }
    if (cell.step == Step::marker_to_go && waits_on_wire(cell.trouble)) {
        return false;
    }
    const bool no_shift = cell.command == kOpenShift || cell.step == Step::opening ||
                          (cell.command == kCloseShift && cell.step == Step::after_answer);
    return cell.trouble != Trouble::shift_expired || !no_shift;
}

std::vector<Cell> list_cells() {
    std::vector<Cell> cells;
    for (std::size_t trouble = 0; trouble < kTroubles; ++trouble) {
        for (std::size_t step = 0; step < kSteps; ++step) {
            for (std::size_t command = 0; command < kCommands; ++command) {
                const Cell cell{static_cast<Trouble>(trouble), static_cast<Step>(step), command};
                if (is_reachable(cell)) {
                    cells.push_back(cell);
                }
            }
        }
    }
    return cells;
}

}  // namespace

std::size_t command_index(std::string_view name) {
    const auto found = std::find(kCommandNames.begin(), kCommandNames.end(), name);
    return found == kCommandNames.end() ? kNoCommand
                                        : static_cast<std::size_t>(found - kCommandNames.begin());
}

std::string_view command_name(std::size_t index) { return kCommandNames[index]; }

const std::vector<Cell>& reachable_cells() {
    static const std::vector<Cell> cells = list_cells();
    return cells;
}

std::size_t Coverage::index(const Cell& cell) {
    return (static_cast<std::size_t>(cell.trouble) * kSteps + static_cast<std::size_t>(cell.step)) *
               kCommands +
           cell.command;
}

void Coverage::add(const Coverage& other) {
    for (std::size_t i = 0; i < cells_.size(); ++i) {
        cells_[i] += other.cells_[i];
    }
}

std::string Coverage::table() const {
    std::string text = fmt::format("{:<18} {:<16}", "trouble", "step");
    for (const std::string_view name : kCommandNames) {
        text += fmt::format(" {:>11}", name);
    }
    text += '\n';
    for (std::size_t row = 0; row < kTroubles * kSteps; ++row) {
        const auto trouble = static_cast<Trouble>(row / kSteps);
        const auto step = static_cast<Step>(row % kSteps);
        text += fmt::format("{:<18} {:<16}", name_of(trouble), name_of(step));
        for (std::size_t command = 0; command < kCommands; ++command) {
            const Cell cell{trouble, step, command};
            const std::uint64_t hits = cells_[index(cell)];
            text += hits == 0 && !is_reachable(cell) ? fmt::format(" {:>11}", "-")
                                                     : fmt::format(" {:>11}", hits);
        }
        text += '\n';
    }
    return text;
}

std::string Coverage::gaps(std::uint64_t least) const {
    std::string text;
    for (const Cell& cell : reachable_cells()) {
        if (const std::uint64_t hits = cells_[index(cell)]; hits < least) {
            text += fmt::format("{:>6} {} at {} of {}\n", hits, name_of(cell.trouble),
                                name_of(cell.step), command_name(cell.command));
        }
    }
    return text;
}

}  // namespace tillhost::simulation
