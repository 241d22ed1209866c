#include "simulators/printer/escpos/command.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tillhost::simulators::escpos {
namespace {

constexpr unsigned kDle = 0x10, kEsc = 0x1B, kFs = 0x1C, kGs = 0x1D, kBlank = 0x20;
/// Longest list that ends with a NUL; a longer one ends there.
constexpr std::uint64_t kListBytesMax = 255;

/// How long a command's parameters are.
enum class Shape : std::uint8_t {
    fixed,     ///< so many
    length16,  ///< so many, the last two of them a length, and so many more
    length32,  ///< the same with four bytes
    raster,    ///< GS v 0: bytes a row times rows
    column,    ///< ESC *: one or three bytes a column
    download,  ///< GS *: eight times the product of two
    barcode,   ///< GS k: up to a NUL, or with a length
    list,      ///< up to a NUL
    cut,       ///< GS V: one, or two
    status,    ///< DLE EOT: one, or two
    real_time  ///< DLE DC4: by function
};

struct Row {
    Lead lead;
    std::uint8_t code;
    Shape shape;
    std::uint8_t count;
};

constexpr Row row(Lead lead, char code, std::uint8_t count) {
    return {lead, static_cast<std::uint8_t>(code), Shape::fixed, count};
}

constexpr std::array kRows{
    Row{Lead::dle, kEot, Shape::status, 1},
    Row{Lead::dle, kEnq, Shape::fixed, 1},
    Row{Lead::dle, kDc4, Shape::real_time, 1},
    row(Lead::esc, '@', 0),
    row(Lead::esc, '=', 1),
    row(Lead::esc, '!', 1),
    row(Lead::esc, '$', 2),
    row(Lead::esc, '%', 1),
    Row{Lead::esc, '(', Shape::length16, 3},
    Row{Lead::esc, '*', Shape::column, 3},
    row(Lead::esc, '-', 1),
    row(Lead::esc, '2', 0),
    row(Lead::esc, '3', 1),
    row(Lead::esc, ' ', 1),
    row(Lead::esc, '<', 0),
    row(Lead::esc, '?', 1),
    row(Lead::esc, 'B', 2),
    Row{Lead::esc, 'D', Shape::list, 1},
    row(Lead::esc, 'E', 1),
    row(Lead::esc, 'G', 1),
    row(Lead::esc, 'J', 1),
    row(Lead::esc, 'K', 1),
    row(Lead::esc, 'L', 0),
    row(Lead::esc, 'M', 1),
    row(Lead::esc, 'R', 1),
    row(Lead::esc, 'S', 0),
    row(Lead::esc, 'T', 1),
    row(Lead::esc, 'U', 1),
    row(Lead::esc, 'V', 1),
    row(Lead::esc, 'W', 8),
    row(Lead::esc, '\\', 2),
    row(Lead::esc, 'a', 1),
    row(Lead::esc, 'c', 2),
    row(Lead::esc, 'd', 1),
    row(Lead::esc, 'e', 1),
    row(Lead::esc, 'i', 0),
    row(Lead::esc, 'm', 0),
    row(Lead::esc, 'p', 3),
    row(Lead::esc, 'r', 1),
    row(Lead::esc, 't', 1),
    row(Lead::esc, '{', 1),
    row(Lead::fs, '!', 1),
    row(Lead::fs, '&', 0),
    Row{Lead::fs, '(', Shape::length16, 3},
    row(Lead::fs, '-', 1),
    row(Lead::fs, '.', 0),
    row(Lead::fs, 'C', 1),
    row(Lead::fs, 'S', 2),
    row(Lead::fs, 'W', 1),
    row(Lead::fs, 'p', 2),
    row(Lead::gs, '!', 1),
    row(Lead::gs, '$', 2),
    Row{Lead::gs, '(', Shape::length16, 3},
    Row{Lead::gs, '*', Shape::download, 2},
    row(Lead::gs, '/', 1),
    row(Lead::gs, ':', 0),
    Row{Lead::gs, '8', Shape::length32, 5},
    row(Lead::gs, 'B', 1),
    row(Lead::gs, 'H', 1),
    row(Lead::gs, 'I', 1),
    row(Lead::gs, 'L', 2),
    row(Lead::gs, 'P', 2),
    row(Lead::gs, 'T', 1),
    Row{Lead::gs, 'V', Shape::cut, 1},
    row(Lead::gs, 'W', 2),
    row(Lead::gs, '\\', 2),
    row(Lead::gs, '^', 3),
    row(Lead::gs, 'a', 1),
    row(Lead::gs, 'b', 1),
    row(Lead::gs, 'f', 1),
    row(Lead::gs, 'g', 4),
    row(Lead::gs, 'h', 1),
    Row{Lead::gs, 'k', Shape::barcode, 1},
    row(Lead::gs, 'r', 1),
    Row{Lead::gs, 'v', Shape::raster, 6},
    row(Lead::gs, 'w', 1),
};

const Row* row_of(Lead lead, std::uint8_t code) {
    const auto found = std::find_if(kRows.begin(), kRows.end(), [lead, code](const Row& each) {
        return each.lead == lead && each.code == code;
    });
    return found == kRows.end() ? nullptr : &*found;
}

std::uint64_t list_end(const Command& command) {
    const bool ended = command.size > 1 && command.at(command.data.size() - 1) == 0;
    return ended || command.size >= kListBytesMax ? command.size : command.size + 1;
}

std::uint64_t barcode_end(const Command& command) {
    constexpr unsigned kLengthFormsFrom = 65;
    if (command.at(0) < kLengthFormsFrom) {
        return list_end(command);
    }
    return command.size < 2 ? 2 : 2 + command.at(1);
}

std::uint64_t real_time_end(const Command& command) {
    switch (command.at(0)) {
        case 1:
        case 2: return 3;
        case 7: return 2;
        case 8: return 8;
        default: return 1;
    }
}

/// How many parameters there are in all, as far as those that are here tell.
std::uint64_t end_of(const Row& row, const Command& command) {
    if (command.size < row.count) {
        return row.count;
    }
    const std::uint64_t head = row.count;
    switch (row.shape) {
        case Shape::fixed: return head;
        case Shape::length16: return head + command.word_at(1);
        case Shape::length32: return head + command.word_at(1) + 65536ULL * command.word_at(3);
        case Shape::raster: return head + 1ULL * command.word_at(2) * command.word_at(4);
        case Shape::column: return head + command.word_at(1) * (command.at(0) >= 32 ? 3ULL : 1ULL);
        case Shape::download: return head + 8ULL * command.at(0) * command.at(1);
        case Shape::barcode: return barcode_end(command);
        case Shape::list: return command.at(0) == 0 ? 1 : list_end(command);
        case Shape::cut: {
            constexpr std::array kWithFeed{65U, 66U, 97U, 98U, 103U, 104U};
            const auto* found = std::find(kWithFeed.begin(), kWithFeed.end(), command.at(0));
            return found == kWithFeed.end() ? 1 : 2;
        }
        case Shape::status:
            return command.at(0) == 7 || command.at(0) == 8 || command.at(0) == 18 ? 2 : 1;
        case Shape::real_time: return real_time_end(command);
    }
    return head;
}

std::optional<Lead> lead_of(std::byte byte) {
    switch (base::to_unsigned(byte)) {
        case kDle: return Lead::dle;
        case kEsc: return Lead::esc;
        case kFs: return Lead::fs;
        case kGs: return Lead::gs;
        default: return std::nullopt;
    }
}

}  // namespace

void CommandReader::reset() {
    stage_ = Stage::begin;
    command_ = {};
}

std::optional<Command> CommandReader::begin(std::byte byte) {
    if (const auto lead = lead_of(byte)) {
        command_ = {.lead = *lead};
        stage_ = Stage::code;
        return std::nullopt;
    }
    const unsigned value = base::to_unsigned(byte);
    return Command{.lead = value < kBlank ? Lead::control : Lead::text,
                   .code = static_cast<std::uint8_t>(value)};
}

std::optional<Command> CommandReader::ask_further() {
    const Row* row = row_of(command_.lead, command_.code);
    command_.known = row != nullptr;
    wanted_ = row == nullptr ? 0 : end_of(*row, command_) - command_.size;
    if (wanted_ != 0) {
        stage_ = Stage::parameters;
        return std::nullopt;
    }
    stage_ = Stage::begin;
    return std::exchange(command_, {});
}

std::optional<Command> CommandReader::feed(std::byte byte) {
    if (stage_ == Stage::begin) {
        return begin(byte);
    }
    if (stage_ == Stage::code) {
        command_.code = static_cast<std::uint8_t>(byte);
        return ask_further();
    }
    if (command_.data.size() < kPayloadBytesMax) {
        command_.data.push_back(byte);
    }
    ++command_.size;
    return --wanted_ == 0 ? ask_further() : std::nullopt;
}

std::optional<Command> RealTimeScanner::feed(std::byte byte) {
    constexpr std::size_t kLongest = 10;  // DLE DC4 8 and its seven bytes
    last_.push_back(byte);
    if (last_.size() > kLongest) {
        last_.erase(last_.begin());
    }
    for (std::size_t from = 0; from + 2 < last_.size(); ++from) {
        if (last_[from] != base::byte(kDle) ||
            row_of(Lead::dle, static_cast<std::uint8_t>(last_[from + 1])) == nullptr) {
            continue;
        }
        CommandReader reader;
        std::optional<Command> command;
        for (std::size_t i = from; i < last_.size() && !command; ++i) {
            command = reader.feed(last_[i]);
            if (command && i + 1 == last_.size()) {
                return command;
            }
        }
    }
    return std::nullopt;
}

}  // namespace tillhost::simulators::escpos
