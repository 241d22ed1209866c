#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "hal/base/result.h"

namespace tillhost::simulators {

/// Something that goes wrong, or that somebody else does, at a simulated device. The names below
/// are those of fault_rows(), which also say what each does.
enum class FaultKind : std::uint8_t {
    // on the line
    lose,
    late,
    twice,
    cut,
    garble,
    bad_checksum,
    power_cut,
    silence,
    slow,
    noise,
    clear,
    // at the device
    paper_out,
    paper_in,
    cover_open,
    cover_closed,
    shift_expired,
    clock_shift,
    other_master,
    swap_device,
    refuse_frames,
    slow_command,
    wrong_code,
    memory_error,
    foreign_receipt,
    number_reset,
    ofd_link,
    ofd_backlog,
    storage_life,
    storage_full,
    storage_clock,
    marking,
    // at a card terminal
    card,
    quirk,
    terminal,
    // at a receipt printer
    paper_low,
    cutter_jam,
    head_hot,
    printer_dead,
    feed_button,
    drawer_opened,
    drawer_closed,
    drawer_stuck,
    // at a security token
    channel_busy,
    touch_needed,
    foreign_traffic,
    cut_answer,
    counter,
    touch,
    token,
    forget,
    // at the socket, by the program that holds it
    second_client,
};

/// Whose bytes a fault is about.
enum class Side : std::uint8_t { host, device };

/// What is counted: whole frames, single control bytes, either, or every byte.
enum class Unit : std::uint8_t { frame, control, any, byte };

/// One fault with its parameters; which of them a kind reads is told by its row.
struct Fault {
    FaultKind kind = FaultKind::clear;
    Side side = Side::device;
    Unit unit = Unit::frame;
    std::int64_t nth = 1;        ///< the n-th unit from now on (and `count - 1` more)
    std::int64_t per_mille = 0;  ///< if not 0: each unit with this probability, nth is not read
    std::int64_t count = 1;      ///< how often; 0 without end
    std::int64_t at = 0;         ///< byte within the unit, from 0
    std::int64_t mask = 1;       ///< bits that garble turns over
    std::int64_t ms = 0;
    std::int64_t off_ms = 0;  ///< power comes back after this time; 0: it stays off
    std::int64_t baud = 0;
    std::int64_t byte = 0xFF;
    std::int64_t after = 0;  ///< printed lines
    std::int64_t total = 10000;
    std::int64_t command = 0;
    std::int64_t code = 0;
    std::int64_t number = 1;
    std::int64_t operator_index = 1;
    std::int64_t up = 1;
    std::int64_t days = 0;
    std::int64_t percent = 100;
    std::string answer = "checked";  ///< checked, not_checked, refused, silence
    std::string mode = "refuse";     ///< refuse, wait, steal
    std::string serial{};
    std::string memory{};
    std::string outcome = "approved";  ///< one of card_outcomes()
    std::string quirk = "no_answer";   ///< key "kind": one of terminal_quirks()
    std::string policy{};              ///< reverse, keep, decline; empty: as it is
    std::string busy{};                ///< ignore, wait, refuse; empty: as it is
    std::int64_t idle_ms = -1;         ///< below 0: as it is
    std::int64_t lock = -1;            ///< below 0: as it is
    std::int64_t pin = -1;             ///< 0 or 1; below 0: as it is
    std::int64_t always_uv = -1;       ///< 0 or 1; below 0: as it is
};

/// One kind: its name on the command line, its keys separated by a blank, and what it does.
struct FaultRow {
    FaultKind kind;
    std::string_view name;
    std::string_view keys;
    std::string_view about;
};

std::span<const FaultRow> fault_rows();
/// What the next card brings, and what a card terminal can do wrong (payment/zvt/README.md).
std::span<const std::string_view> card_outcomes();
std::span<const std::string_view> terminal_quirks();
std::string_view name_of(FaultKind kind);

/// A fault in words, as `devsim ctl ENDPOINT fault NAME [k=v…]` takes it. Numbers are decimal or
/// 0x…. Errors: bad_field(name), bad_field(<key>): what exists, or the bounds of the value.
base::Result<Fault> parse_fault(std::string_view name,
                                std::span<const std::pair<std::string, std::string>> keys);

/// All kinds with their keys, for --help.
std::string fault_help();

}  // namespace tillhost::simulators
