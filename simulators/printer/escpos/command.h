#pragma once

#include <cstdint>
#include <optional>

#include "hal/base/bytes.h"

namespace tillhost::simulators::escpos {

/// Parameters of one command that are kept; what is beyond is counted and dropped.
inline constexpr std::size_t kPayloadBytesMax = 512UL * 1024;

/// With what a command begins.
enum class Lead : std::uint8_t { text, control, dle, esc, fs, gs };

/// One command, or one byte of text.
struct Command {
    Lead lead = Lead::text;
    std::uint8_t code = 0;   ///< behind the lead; of text and of a control the byte itself
    bool known = true;       ///< else only lead and code were taken, as printers do it
    base::Bytes data{};      ///< parameters, at most kPayloadBytesMax
    std::uint64_t size = 0;  ///< of them, with what was dropped

    bool whole() const { return size == data.size(); }
    /// A parameter, 0 where there is none.
    unsigned at(std::size_t index) const {
        return index < data.size() ? base::to_unsigned(data[index]) : 0;
    }
    /// Two of them, low byte first.
    unsigned word_at(std::size_t index) const { return at(index) + 256 * at(index + 1); }
    bool is(Lead a_lead, char a_code) const {
        return lead == a_lead && code == static_cast<std::uint8_t>(a_code);
    }
};

/// Cuts a stream of bytes into commands. Lengths are those of the sheet in README.md. Total: any
/// bytes are text, commands or unknown commands, and no command is longer than its length says.
class CommandReader final {
public:
    /// The command that this byte completes.
    std::optional<Command> feed(std::byte byte);
    /// True between two commands.
    bool idle() const { return stage_ == Stage::begin; }
    void reset();

private:
    enum class Stage : std::uint8_t { begin, code, parameters };
    std::optional<Command> begin(std::byte byte);
    std::optional<Command> ask_further();

    Stage stage_ = Stage::begin;
    Command command_;
    std::uint64_t wanted_ = 0;  ///< parameters until it is looked whether there are more
};

/// Finds real-time commands whatever stands around them, as old interfaces do.
class RealTimeScanner final {
public:
    std::optional<Command> feed(std::byte byte);
    void reset() { last_.clear(); }

private:
    base::Bytes last_;
};

/// Function codes of real-time commands, behind DLE.
inline constexpr std::uint8_t kEot = 0x04, kEnq = 0x05, kDc4 = 0x14;

}  // namespace tillhost::simulators::escpos
