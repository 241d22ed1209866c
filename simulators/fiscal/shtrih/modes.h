#pragma once

#include <cstdint>
#include <span>

#include "simulators/fiscal/shtrih/refusal.h"

namespace tillhost::simulators::shtrih {

/// Bits of the modes that a command is allowed in.
constexpr unsigned mode_bit(std::uint8_t mode) { return 1U << mode; }
inline constexpr unsigned kAnyMode = 0xFFFF;

/// One row of the matrix of commands and modes (vendor's setup manual, 22.06.2018).
struct ModeRow {
    std::uint16_t code;
    unsigned modes;
    /// What is answered in any other mode: 73h, or what the command itself says about it.
    Refusal otherwise = Refusal::wrong_mode;
};

/// The whole matrix, one row a command that has modes; a command without a row is allowed in any.
std::span<const ModeRow> mode_rows();
/// Ok, or why the command is refused in that mode. A shift that is too old (mode 3) answers 4Eh to
/// what a younger one would have done.
Refusal check_mode(std::uint16_t code, std::uint8_t mode);

}  // namespace tillhost::simulators::shtrih
