#include "simulators/core/fault.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>
#include <optional>

namespace tillhost::simulators {
namespace {

constexpr std::string_view kWhich = "side unit nth per_mille count";

constexpr std::array kRows{
    FaultRow{FaultKind::lose, "lose", "side unit nth per_mille count", "the unit never arrives"},
    FaultRow{FaultKind::late, "late", "side unit nth per_mille count ms",
             "the unit, and all behind it, arrives ms later"},
    FaultRow{FaultKind::twice, "double", "side unit nth per_mille count", "the unit arrives twice"},
    FaultRow{FaultKind::cut, "cut", "side unit nth per_mille count at",
             "only the first `at` bytes of the unit arrive"},
    FaultRow{FaultKind::garble, "garble", "side unit nth per_mille count at mask",
             "byte `at` of the unit arrives with the bits of mask turned over"},
    FaultRow{FaultKind::bad_checksum, "bad_checksum", "side unit nth per_mille count",
             "the last byte of the unit, where its checksum stands, arrives wrong"},
    FaultRow{
        FaultKind::power_cut, "power_cut", "side unit nth per_mille count at ms off_ms",
        "power fails ms after byte `at` of the unit passed, and returns after off_ms if not 0"},
    FaultRow{FaultKind::silence, "silence", "ms",
             "the device neither hears nor speaks for ms; 0: until clear"},
    FaultRow{FaultKind::slow, "slow", "baud",
             "bytes pass no faster than at this speed; 0: at once"},
    FaultRow{FaultKind::noise, "noise", "byte count", "the line brings `count` foreign bytes"},
    FaultRow{FaultKind::clear, "clear", "", "takes back every fault that waits or lasts"},
    FaultRow{FaultKind::paper_out, "paper_out", "after",
             "the paper ends after that many more printed lines; 0: now"},
    FaultRow{FaultKind::paper_in, "paper_in", "", "a new roll is put in"},
    FaultRow{FaultKind::cover_open, "cover_open", "", "the cover is opened"},
    FaultRow{FaultKind::cover_closed, "cover_closed", "", "the cover is closed"},
    FaultRow{FaultKind::shift_expired, "shift_expired", "",
             "the open shift becomes older than 24 hours"},
    FaultRow{FaultKind::clock_shift, "clock_shift", "ms", "the device's clock jumps by ms"},
    FaultRow{FaultKind::other_master, "other_master", "total count",
             "another host registers `count` documents of that total; it cancels an open one"},
    FaultRow{FaultKind::swap_device, "swap_device", "serial memory",
             "another device stands here: other serial and fiscal memory number, same line"},
    FaultRow{FaultKind::refuse_frames, "refuse_frames", "count",
             "the link layer refuses the next frames although they are good"},
    FaultRow{FaultKind::slow_command, "slow_command", "command ms count",
             "the command takes ms; 0xFF46 names an extended one"},
    FaultRow{FaultKind::wrong_code, "wrong_code", "code count",
             "the next answers repeat another command code, checksum right"},
    FaultRow{FaultKind::memory_error, "memory_error", "code count",
             "the fiscal memory fails with that code where a document would be registered"},
    FaultRow{FaultKind::foreign_receipt, "foreign_receipt", "operator total",
             "another host begins a receipt with one position and leaves it open"},
    FaultRow{FaultKind::number_reset, "number_reset", "number",
             "the link layer forgets its kept answer and counts on from that number"},
    FaultRow{FaultKind::ofd_link, "ofd_link", "up ms",
             "the way to the data operator: up=1 sends each document ms after it, up=0 is down"},
    FaultRow{FaultKind::ofd_backlog, "ofd_backlog", "count ms",
             "the newest `count` documents are unsent, the first of them for ms; the way is down"},
    FaultRow{FaultKind::storage_life, "storage_life", "days",
             "the fiscal storage ends its life in that many days; 0: it has ended"},
    FaultRow{FaultKind::storage_full, "storage_full", "percent",
             "so much of the archive is used; 100: full"},
    FaultRow{FaultKind::storage_clock, "storage_clock", "ms",
             "the clock of the fiscal storage differs by ms; above five minutes it refuses"},
    FaultRow{FaultKind::marking, "marking", "answer count",
             "the next checks of marking codes: checked, not_checked, refused or silence"},
    FaultRow{FaultKind::card, "card", "outcome count code total ms",
             "the next cards: approved, declined (code), wrong_pin, pin_retry, cancelled, "
             "unreadable, partial (total); the host takes ms"},
    FaultRow{FaultKind::quirk, "quirk", "kind count command code ms",
             "the terminal does the next things otherwise than the protocol says; command narrows"},
    FaultRow{FaultKind::terminal, "terminal", "policy busy idle_ms lock",
             "how it is set: without a confirmation policy=reverse|keep|decline, to a command "
             "out of turn busy=ignore|wait|refuse, idle_ms until it hangs up, lock=status code"},
    FaultRow{FaultKind::paper_low, "paper_low", "after",
             "the paper is near its end after that many more printed lines; 0: now"},
    FaultRow{FaultKind::cutter_jam, "cutter_jam", "count",
             "the next cuts jam; each waits for the host's word to go on"},
    FaultRow{FaultKind::head_hot, "head_hot", "ms", "the print head rests for ms; 0: until clear"},
    FaultRow{FaultKind::printer_dead, "printer_dead", "",
             "an error that only switching off and on ends"},
    FaultRow{FaultKind::feed_button, "feed_button", "ms", "somebody holds the feed button for ms"},
    FaultRow{FaultKind::drawer_opened, "drawer_opened", "", "somebody opens the drawer by key"},
    FaultRow{FaultKind::drawer_closed, "drawer_closed", "", "somebody shuts the drawer"},
    FaultRow{FaultKind::drawer_stuck, "drawer_stuck", "count",
             "the next pulses come and the drawer stays shut"},
    FaultRow{FaultKind::channel_busy, "channel_busy", "count",
             "the next requests are told that another program uses the token (error 06)"},
    FaultRow{FaultKind::touch_needed, "touch_needed", "code count",
             "the next signatures without a touch are refused with that status; 0: 3B"},
    FaultRow{FaultKind::foreign_traffic, "foreign_traffic", "count",
             "packets of other programs stand between those of the next answers"},
    FaultRow{FaultKind::cut_answer, "cut_answer", "after count",
             "the next answers end after that many of their packets"},
    FaultRow{FaultKind::counter, "counter", "number",
             "the counter of signatures goes on from there; 0: it stays zero"},
    FaultRow{FaultKind::touch, "touch", "ms",
             "from now on somebody touches a token that waits for it, after ms; below 0: nobody"},
    FaultRow{FaultKind::token, "token", "pin always_uv",
             "how it is set: pin=1 it has a PIN, always_uv=1 it wants it for every signature"},
    FaultRow{FaultKind::forget, "forget", "", "somebody resets the token: it forgets everything"},
    FaultRow{FaultKind::second_client, "second_client", "mode",
             "a second TCP client from now on: refuse it, let it wait, or let it steal the line"},
};

constexpr std::array<std::string_view, 7> kOutcomes{
    "approved", "declined", "wrong_pin", "pin_retry", "cancelled", "unreadable", "partial"};

constexpr std::array<std::string_view, 23> kQuirks{"no_answer",
                                                   "late_answer",
                                                   "hang_up_on_answer",
                                                   "hang_up_before_status",
                                                   "hang_up_on_status",
                                                   "hang_up_between_prints",
                                                   "no_completion",
                                                   "status_twice",
                                                   "silent_reversal",
                                                   "coalesce",
                                                   "no_status",
                                                   "completion_code",
                                                   "decline_by_completion",
                                                   "wrong_charset",
                                                   "trailing_tlv",
                                                   "receipt_without_amount",
                                                   "other_amount",
                                                   "long_trace",
                                                   "repeat_empty",
                                                   "repeat_stale",
                                                   "wrong_password",
                                                   "foreign_protocol",
                                                   "unstuffed"};

struct NumberKey {
    std::string_view name;
    std::int64_t Fault::*field;
    std::int64_t min;
    std::int64_t max;
};

constexpr std::int64_t kDayMs = 86'400'000;

constexpr std::array kNumberKeys{
    NumberKey{"nth", &Fault::nth, 1, 1'000'000},
    NumberKey{"per_mille", &Fault::per_mille, 0, 1000},
    NumberKey{"count", &Fault::count, 0, 1'000'000},
    NumberKey{"at", &Fault::at, 0, 65'535},
    NumberKey{"mask", &Fault::mask, 1, 255},
    NumberKey{"ms", &Fault::ms, -400 * kDayMs, 400 * kDayMs},
    NumberKey{"off_ms", &Fault::off_ms, 0, kDayMs},
    NumberKey{"baud", &Fault::baud, 0, 10'000'000},
    NumberKey{"byte", &Fault::byte, 0, 255},
    NumberKey{"after", &Fault::after, 0, 1'000'000},
    NumberKey{"total", &Fault::total, 1, 99'999'999'999},
    NumberKey{"command", &Fault::command, 0, 0xFFFF},
    NumberKey{"code", &Fault::code, 0, 255},
    NumberKey{"number", &Fault::number, 0, 0xFFFF},
    NumberKey{"operator", &Fault::operator_index, 1, 30},
    NumberKey{"up", &Fault::up, 0, 1},
    NumberKey{"days", &Fault::days, -1000, 1000},
    NumberKey{"percent", &Fault::percent, 0, 100},
    NumberKey{"idle_ms", &Fault::idle_ms, 0, kDayMs},
    NumberKey{"lock", &Fault::lock, 0, 255},
    NumberKey{"pin", &Fault::pin, 0, 1},
    NumberKey{"always_uv", &Fault::always_uv, 0, 1},
};

bool row_has(std::string_view keys, std::string_view key) {
    while (!keys.empty()) {
        const auto blank = keys.find(' ');
        if (keys.substr(0, blank) == key) {
            return true;
        }
        keys = blank == std::string_view::npos ? "" : keys.substr(blank + 1);
    }
    return false;
}

std::optional<std::int64_t> parse_number(std::string_view text) {
    const bool hex = text.starts_with("0x") || text.starts_with("0X");
    text.remove_prefix(hex ? 2 : 0);
    std::int64_t value = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
    if (error != std::errc{} || end != text.data() + text.size() || text.empty()) {
        return std::nullopt;
    }
    return value;
}

base::Done set_side(Fault& fault, std::string_view value) {
    if (value == "host" || value == "device") {
        fault.side = value == "host" ? Side::host : Side::device;
        return {};
    }
    return base::bad_field("side", "host or device: whose bytes");
}

base::Done set_unit(Fault& fault, std::string_view value) {
    constexpr std::array<std::pair<std::string_view, Unit>, 4> kUnits{{{"frame", Unit::frame},
                                                                       {"control", Unit::control},
                                                                       {"any", Unit::any},
                                                                       {"byte", Unit::byte}}};
    for (const auto& [name, unit] : kUnits) {
        if (name == value) {
            fault.unit = unit;
            return {};
        }
    }
    return base::bad_field("unit", "frame, control, any or byte");
}

base::Done set_text(std::string& field, std::string_view key, std::string_view value) {
    constexpr std::size_t kTextBytesMax = 16;
    const bool digits = value.find_first_not_of("0123456789") == std::string_view::npos;
    if (value.empty() || value.size() > kTextBytesMax || !digits) {
        return base::bad_field(key, "1 to 16 digits");
    }
    field = value;
    return {};
}

base::Done set_word(std::string& field, std::string_view key, std::string_view value,
                    std::span<const std::string_view> words) {
    std::string all;
    for (const std::string_view word : words) {
        if (word == value) {
            field = value;
            return {};
        }
        all += (all.empty() ? "" : ", ") + std::string(word);
    }
    return base::bad_field(key, "one of " + all);
}

base::Done set_key(Fault& fault, std::string_view key, std::string_view value) {
    if (key == "side") {
        return set_side(fault, value);
    }
    if (key == "unit") {
        return set_unit(fault, value);
    }
    if (key == "serial" || key == "memory") {
        return set_text(key == "serial" ? fault.serial : fault.memory, key, value);
    }
    if (key == "answer") {
        constexpr std::array<std::string_view, 4> kAnswers{"checked", "not_checked", "refused",
                                                           "silence"};
        return set_word(fault.answer, key, value, kAnswers);
    }
    if (key == "outcome") {
        return set_word(fault.outcome, key, value, kOutcomes);
    }
    if (key == "kind") {
        return set_word(fault.quirk, key, value, kQuirks);
    }
    if (key == "policy") {
        constexpr std::array<std::string_view, 3> kPolicies{"reverse", "keep", "decline"};
        return set_word(fault.policy, key, value, kPolicies);
    }
    if (key == "busy") {
        constexpr std::array<std::string_view, 3> kBusy{"ignore", "wait", "refuse"};
        return set_word(fault.busy, key, value, kBusy);
    }
    if (key == "mode") {
        constexpr std::array<std::string_view, 3> kModes{"refuse", "wait", "steal"};
        return set_word(fault.mode, key, value, kModes);
    }
    for (const NumberKey& row : kNumberKeys) {
        if (row.name == key) {
            const auto number = parse_number(value);
            if (!number || *number < row.min || *number > row.max) {
                return base::bad_field(key,
                                       fmt::format("a number from {} to {}", row.min, row.max));
            }
            fault.*row.field = *number;
        }
    }
    return {};
}

std::string all_names() {
    std::string names;
    for (const FaultRow& row : kRows) {
        names += names.empty() ? "" : ", ";
        names += row.name;
    }
    return names;
}

}  // namespace

std::span<const FaultRow> fault_rows() { return kRows; }
std::span<const std::string_view> card_outcomes() { return kOutcomes; }
std::span<const std::string_view> terminal_quirks() { return kQuirks; }

std::string_view name_of(FaultKind kind) {
    for (const FaultRow& row : kRows) {
        if (row.kind == kind) {
            return row.name;
        }
    }
    return "";
}

base::Result<Fault> parse_fault(std::string_view name,
                                std::span<const std::pair<std::string, std::string>> keys) {
    for (const FaultRow& row : kRows) {
        if (row.name != name) {
            continue;
        }
        Fault fault{.kind = row.kind};
        for (const auto& [key, value] : keys) {
            if (!row_has(row.keys, key)) {
                return base::bad_field(
                    key, row.keys.empty()
                             ? fmt::format("no key: {} takes none", name)
                             : fmt::format("one of the keys of {}: {}", name, row.keys));
            }
            TRY(set_key(fault, key, value));
        }
        return fault;
    }
    return base::bad_field("name", "a fault that exists: " + all_names());
}

std::string fault_help() {
    std::string help;
    for (const FaultRow& row : kRows) {
        std::string keys(row.keys);
        if (keys.starts_with(kWhich)) {
            keys.replace(0, kWhich.size(), "WHICH");
        }
        help += fmt::format("  {:<14} {}\n  {:<14} {}\n", row.name, row.about, "",
                            keys.empty() ? "no keys" : "keys: " + keys);
    }
    help += "\nkind of quirk:";
    for (const std::string_view quirk : kQuirks) {
        help += " ";
        help += quirk;
    }
    return help +
           "\n\nWHICH: side=device|host (whose bytes; default device), "
           "unit=frame|control|any|byte\n"
           "(default frame), nth=N (from now; default 1) or per_mille=P (each with probability),\n"
           "count=N (how often; default 1; 0 without end).\n";
}

}  // namespace tillhost::simulators
