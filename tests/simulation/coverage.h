#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulation/trouble.h"
#include "tests/simulation/watch.h"

namespace tillhost::simulation {

/// Which drivers stand in the shop: toy and Shtrih-M registrars, or both; card terminals alone; or
/// registrars and a terminal, at which sales are made.
enum class Drivers : std::uint8_t { toy, shtrih, mixed, zvt, sale };

/// Commands as columns of the matrix: those of registrars, of card terminals, a sale's steps; the
/// last one stands for "none is at work".
inline constexpr std::size_t kCommands = 21;
inline constexpr std::size_t kRegistrarCommands = 10;
inline constexpr std::size_t kNoCommand = kCommands - 1;
std::size_t command_index(std::string_view name);
std::string_view command_name(std::size_t index);
/// What a step of a sale is called here: "sale_payment" for the authorise of a sale.
std::string sale_command(std::string_view command);

/// One cell: a trouble hits a device at a step of a command.
struct Cell {
    Trouble trouble = Trouble::lose_request;
    Step step = Step::idle;
    std::size_t command = kNoCommand;
};

/// The cells that have to be hit. Left out is what cannot be: steps that a command does not have
/// (only money has a marker), frames where none pass (between marker and go), the age of a shift
/// before there is one, a broken host or line where there is none, paper where there is no printer.
/// `of` names the days: those of registrars have no cell of a terminal.
const std::vector<Cell>& reachable_cells(Drivers of);

/// How often each cell was hit, over all runs.
class Coverage final {
public:
    void hit(const Cell& cell) { ++cells_[index(cell)]; }
    void add(const Coverage& other);
    /// One row a trouble and step, one column a command; "-" where nothing can be.
    std::string table(Drivers of) const;
    /// The cells that can be reached and were hit fewer times than `least`; empty: none.
    std::string gaps(Drivers of, std::uint64_t least) const;

private:
    static std::size_t index(const Cell& cell);
    std::array<std::uint64_t, kTroubles * kSteps * kCommands> cells_{};
};

}  // namespace tillhost::simulation
