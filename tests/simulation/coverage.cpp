#include "tests/simulation/coverage.h"

#include <fmt/format.h>

#include <algorithm>

namespace tillhost::simulation {
namespace {

/// On whose days a command is looked for.
enum class Where : std::uint8_t { registrar, terminal, sale };

struct Column {
    std::string_view name;
    Where where = Where::registrar;
    bool money = false;
};
constexpr std::array<Column, kCommands> kColumns{{
    {"receipt", Where::registrar, true},
    {"open_shift", Where::registrar, true},
    {"close_shift", Where::registrar, true},
    {"cash_in", Where::registrar, true},
    {"cash_out", Where::registrar, true},
    {"correction", Where::registrar, true},
    {"x_report"},
    {"print_text"},
    {"cut_paper"},
    {"open_drawer"},
    {"authorise", Where::terminal, true},
    {"reverse", Where::terminal, true},
    {"refund", Where::terminal, true},
    {"end_of_day", Where::terminal, true},
    {"diagnose", Where::terminal},
    {"initialise_terminal", Where::terminal},
    {"repeat_receipt", Where::terminal},
    {"sale_payment", Where::sale, true},
    {"sale_receipt", Where::sale, true},
    {"sale_reversal", Where::sale, true},
    {"none"},
}};
constexpr std::size_t kOpenShift = 1;
constexpr std::size_t kCloseShift = 2;
constexpr std::size_t kSaleReceipt = 18;

bool stands_in(std::size_t command, Drivers of) {
    const Where where = kColumns[command].where;
    switch (of) {
        case Drivers::toy:
        case Drivers::shtrih:
        case Drivers::mixed: return where == Where::registrar;
        case Drivers::zvt: return where == Where::terminal || command == kNoCommand;
        case Drivers::sale: return where == Where::sale;
    }
    return false;
}

bool has_step(std::size_t command, Step step) {
    const bool quiet = step == Step::down || step == Step::opening || step == Step::idle;
    if (command == kNoCommand) {
        return quiet && step != Step::down;
    }
    return kColumns[command].money ? !quiet : step == Step::before_marker;
}

/// A card terminal has neither paper nor shift; between the marker and its command nothing passes;
/// and nobody can use its keys while it is at work for the till.
bool is_reachable_at_terminal(const Cell& cell) {
    const bool passes = waits_on_wire(cell.trouble) || cell.trouble == Trouble::wrong_code;
    const bool waits = cell.step == Step::marker_to_go || cell.step == Step::go_to_close;
    const bool at_work = cell.step == Step::after_answer;
    return cell.trouble != Trouble::paper_out && cell.trouble != Trouble::shift_expired &&
           !(passes && waits) && !(cell.trouble == Trouble::other_master && at_work);
}

bool is_reachable(const Cell& cell, Drivers of) {
    if (!stands_in(cell.command, of) || !has_step(cell.command, cell.step)) {
        return false;
    }
    if (of == Drivers::zvt || (of == Drivers::sale && cell.command != kSaleReceipt)) {
        return is_reachable_at_terminal(cell);
    }
    if (cell.step == Step::marker_to_go && waits_on_wire(cell.trouble)) {
        return false;
    }
    const bool no_shift = cell.command == kOpenShift || cell.step == Step::opening ||
                          (cell.command == kCloseShift && cell.step == Step::after_answer);
    return cell.trouble != Trouble::shift_expired || !no_shift;
}

std::vector<Cell> list_cells(Drivers of) {
    std::vector<Cell> cells;
    for (std::size_t trouble = 0; trouble < kTroubles; ++trouble) {
        for (std::size_t step = 0; step < kSteps; ++step) {
            for (std::size_t command = 0; command < kCommands; ++command) {
                const Cell cell{static_cast<Trouble>(trouble), static_cast<Step>(step), command};
                if (is_reachable(cell, of)) {
                    cells.push_back(cell);
                }
            }
        }
    }
    return cells;
}

}  // namespace

std::size_t command_index(std::string_view name) {
    const auto found = std::find_if(kColumns.begin(), kColumns.end(),
                                    [name](const Column& column) { return column.name == name; });
    return found == kColumns.end() ? kNoCommand
                                   : static_cast<std::size_t>(found - kColumns.begin());
}

std::string_view command_name(std::size_t index) { return kColumns[index].name; }

std::string sale_command(std::string_view command) {
    return command == "authorise" ? "sale_payment"
           : command == "receipt" ? "sale_receipt"
           : command == "reverse" ? "sale_reversal"
                                  : std::string(command);
}

const std::vector<Cell>& reachable_cells(Drivers of) {
    static const std::array<std::vector<Cell>, 3> cells{
        list_cells(Drivers::mixed), list_cells(Drivers::zvt), list_cells(Drivers::sale)};
    return of == Drivers::zvt ? cells[1] : of == Drivers::sale ? cells[2] : cells[0];
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

std::string Coverage::table(Drivers of) const {
    std::string text = fmt::format("{:<18} {:<16}", "trouble", "step");
    for (std::size_t command = 0; command < kCommands; ++command) {
        text += stands_in(command, of) ? fmt::format(" {:>13.13}", command_name(command)) : "";
    }
    text += '\n';
    for (std::size_t row = 0; row < kTroubles * kSteps; ++row) {
        const auto trouble = static_cast<Trouble>(row / kSteps);
        const auto step = static_cast<Step>(row % kSteps);
        text += fmt::format("{:<18} {:<16}", name_of(trouble), name_of(step));
        for (std::size_t command = 0; command < kCommands; ++command) {
            if (!stands_in(command, of)) {
                continue;
            }
            const Cell cell{trouble, step, command};
            const std::uint64_t hits = cells_[index(cell)];
            text += hits == 0 && !is_reachable(cell, of) ? fmt::format(" {:>13}", "-")
                                                         : fmt::format(" {:>13}", hits);
        }
        text += '\n';
    }
    return text;
}

std::string Coverage::gaps(Drivers of, std::uint64_t least) const {
    std::string text;
    for (const Cell& cell : reachable_cells(of)) {
        if (const std::uint64_t hits = cells_[index(cell)]; hits < least) {
            text += fmt::format("{:>6} {} at {} of {}\n", hits, name_of(cell.trouble),
                                name_of(cell.step), command_name(cell.command));
        }
    }
    return text;
}

}  // namespace tillhost::simulation
