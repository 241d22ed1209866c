#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "tests/simulation/plan.h"
#include "tests/simulation/watch.h"

namespace tillhost::simulation {

/// Commands as columns of the matrix; the last one stands for "none is at work".
inline constexpr std::size_t kCommands = 10;
std::size_t command_index(std::string_view name);
std::string_view command_name(std::size_t index);

/// How often each trouble hit each step of each command, over all runs.
class Coverage final {
public:
    void hit(Trouble trouble, Step step, std::string_view command, std::string_view driver);
    void add(const Coverage& other);
    /// One row a trouble and step, one column a command.
    std::string table() const;
    /// The cells that can be reached and were hit fewer times than `least`; empty: none.
    std::string gaps(std::uint64_t least, Drivers drivers) const;

    using Cells = std::array<std::uint64_t, kTroubles * kSteps * kCommands * 2>;
    Cells& cells() { return cells_; }

private:
    static std::size_t index(Trouble trouble, Step step, std::size_t command, bool shtrih);
    Cells cells_{};
};

}  // namespace tillhost::simulation
