#pragma once

#include <optional>
#include <span>

#include "hal/base/bytes.h"
#include "simulators/fiscal/shtrih/machine.h"

namespace tillhost::simulators::shtrih {

/// One command as it is carried out: what is left of its parameters, and who asks.
struct Call {
    base::ByteReader reader;
    std::uint8_t operator_index = 0;
};

/// The data of an answer behind its error byte (and its operator), or the refusal.
using Answer = OrRefusal<base::Bytes>;

/// Bits of the modes that a command is allowed in.
constexpr unsigned mode_bit(std::uint8_t mode) { return 1U << mode; }
inline constexpr unsigned kAnyMode = 0xFFFF;

struct CommandRow {
    std::uint16_t code;      ///< 0x10, or 0xFF46 for an extended one
    std::uint8_t bytes_min;  ///< of the parameters, password included
    bool password;
    bool says_operator;  ///< the answer begins with the operator's index
    bool prints;         ///< refused while printing and without paper
    bool signs;          ///< the fiscal storage takes its time
    unsigned modes;
    Answer (*handler)(Machine&, Call&);
};

/// The rows of the two files of commands.
std::span<const CommandRow> service_commands();
std::span<const CommandRow> fiscal_commands();

/// The code at the front of a message: one byte, or FFh and FEh with the one behind. 0 if empty.
std::uint16_t code_of(base::ByteView message);

/// How long the command will take before its answer is ready.
os::Duration time_of(const Machine& machine, base::ByteView message);

/// Carries out one message and gives the whole answer message, never empty. Any bytes are taken:
/// what is not a command is answered as the device answers it. `machine.at()` says when.
base::Bytes carry_out(Machine& machine, base::ByteView message);

}  // namespace tillhost::simulators::shtrih
