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

/// Modes stand in modes.cpp.
struct CommandRow {
    std::uint16_t code;      ///< 0x10, or 0xFF46 for an extended one
    std::uint8_t bytes_min;  ///< of the parameters, password included
    bool password;
    bool says_operator;  ///< the answer begins with the operator's index
    bool prints;         ///< refused while printing and without paper
    bool signs;          ///< the fiscal storage takes its time
    Answer (*handler)(Machine&, Call&);
};

/// The rows of the files of commands.
std::span<const CommandRow> service_commands();
std::span<const CommandRow> print_commands();
std::span<const CommandRow> fiscal_commands();
std::span<const CommandRow> storage_commands();
/// All of them.
std::span<const CommandRow* const> all_commands();

inline base::Bytes nothing() { return {}; }
/// An empty answer, or the refusal.
Answer as_answer(Refusal refusal);

/// Restart of the device, the only one of the FEh commands that is served.
inline constexpr std::uint16_t kReboot = 0xFEF3;
/// Setting of the line: the next byte chooses the link layer anew.
inline constexpr std::uint16_t kSetPort = 0x14;
inline constexpr std::uint16_t kCheckMark = 0xFF61;
inline constexpr std::uint16_t kPosition = 0xFF46;

/// The code at the front of a message: one byte, or FFh (and FEh F3h) with the one behind. 0 if
/// empty.
std::uint16_t code_of(base::ByteView message);

/// How long the command will take before its answer is ready.
os::Duration time_of(const Machine& machine, base::ByteView message);

/// Carries out one message and gives the whole answer message, never empty. Any bytes are taken:
/// what is not a command is answered as the device answers it. `machine.at()` says when.
base::Bytes carry_out(Machine& machine, base::ByteView message);

}  // namespace tillhost::simulators::shtrih
