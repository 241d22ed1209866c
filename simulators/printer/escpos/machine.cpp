#include "simulators/printer/escpos/machine.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tillhost::simulators::escpos {
namespace {

constexpr std::byte kXon{0x11}, kXoff{0x13};
constexpr std::array<std::string_view, 4> kNames{"full", "no_mark", "clone", "mute"};

std::uint16_t number_of(const Command& command) {
    constexpr std::array<std::uint16_t, 6> kLeads{0, 0, 0x1000, 0x1B00, 0x1C00, 0x1D00};
    return static_cast<std::uint16_t>(kLeads[static_cast<std::size_t>(command.lead)] |
                                      command.code);
}

std::string_view error_of(const Condition& condition) {
    return condition.dead           ? "dead"
           : condition.cutter_error ? "cutter"
           : condition.head_hot     ? "head_hot"
                                    : "none";
}

}  // namespace

Machine::Machine(const EscposOptions& options, Memory memory)
    : options_(options), mechanism_(options_, std::move(memory)), composer_(options_) {}

base::Bytes Machine::take_output() { return std::exchange(output_, {}); }

void Machine::say(base::ByteView bytes) {
    if (options_.model != Model::mute) {
        output_.insert(output_.end(), bytes.begin(), bytes.end());
    }
}

std::size_t Machine::room() const {
    if (options_.flow != Flow::line || !powered_) {
        return LineDevice::room();
    }
    return options_.buffer_bytes - std::min(buffer_.size(), options_.buffer_bytes);
}

void Machine::receive(base::ByteView bytes, os::Instant now) {
    advance(now);
    if (!powered_) {
        return;
    }
    for (const std::byte byte : bytes) {
        arrive(byte, now);
    }
    run(now);
    watch();
}

void Machine::arrive(std::byte byte, os::Instant now) {
    if (options_.old_interface) {
        keep(byte, now);
        if (const auto command = scanner_.feed(byte)) {
            do_at_once(*command, now);
        }
        return;
    }
    // What is heard at once takes no room in the buffer.
    constexpr std::byte kDle{0x10};
    const bool begins = arriving_.idle() && byte == kDle;
    const auto command = arriving_.feed(byte);
    if (begins || !real_time_.empty()) {
        real_time_.push_back(byte);
    } else {
        keep(byte, now);
    }
    if (!command || real_time_.empty()) {
        return;
    }
    const base::Bytes said = std::exchange(real_time_, {});
    if (command->known) {
        do_at_once(*command, now);
        return;
    }
    for (const std::byte each : said) {
        keep(each, now);
    }
}

void Machine::keep(std::byte byte, os::Instant now) {
    if (buffer_.size() >= options_.buffer_bytes) {
        run(now);
    }
    if (buffer_.size() >= options_.buffer_bytes) {
        ++lost_;
    } else {
        buffer_.push_back(byte);
    }
    hold_back();
}

void Machine::hold_back() {
    if (options_.flow != Flow::xon_xoff) {
        return;
    }
    const std::size_t free = options_.buffer_bytes - buffer_.size();
    if (!held_ && free <= kStopBytes) {
        held_ = true;
        say(kXoff);
    } else if (held_ && free >= kGoOnBytes) {
        held_ = false;
        say(kXon);
    }
}

void Machine::do_at_once(const Command& command, os::Instant now) {
    if (command.code == kEot) {
        if (const auto status = real_time_status(mechanism_.condition(), command.at(0))) {
            // A clone leaves out the bits by which status bytes are known.
            constexpr std::byte kFixed{0x12};
            say(options_.model == Model::clone ? *status & ~kFixed : *status);
        }
    } else if (command.code == kEnq) {
        constexpr unsigned kGoOn = 1, kForget = 2;
        if (command.at(0) == kForget && mechanism_.condition().cutter_error) {
            clear_buffers();
        }
        if (command.at(0) == kGoOn || command.at(0) == kForget) {
            mechanism_.recover(now);
        }
    } else if (command.at(0) == 1) {
        pulse_at_once(command, now);
    } else if (command.at(0) == 8) {
        const auto given = base::ByteView(command.data);
        const auto right = *base::from_hex("08 01 03 14 01 06 02 08");
        if (std::equal(given.begin(), given.end(), right.begin(), right.end())) {
            clear_buffers();
        }
    }
}

void Machine::pulse_at_once(const Command& command, os::Instant now) {
    constexpr unsigned kTimesMax = 8;
    constexpr std::int64_t kUnitMs = 100;
    const unsigned pin = command.at(1);
    const unsigned time = command.at(2);
    if (pin <= 1 && time >= 1 && time <= kTimesMax) {
        mechanism_.pulse_now({.pin = pin == 0 ? 2 : 5, .on_ms = time * kUnitMs, .real_time = true},
                             now);
    }
}

void Machine::clear_buffers() {
    buffer_.clear();
    reader_.reset();
    composer_.initialise();
    mechanism_.forget_work();
    hold_back();
}

void Machine::run(os::Instant now) {
    while (powered_ && !buffer_.empty() && mechanism_.has_room() &&
           mechanism_.condition().online()) {
        const std::byte byte = buffer_.front();
        buffer_.pop_front();
        if (const auto command = reader_.feed(byte)) {
            carry_out(*command, now);
        }
        hold_back();
    }
}

bool Machine::knows(const Command& command) const {
    const bool lesser = options_.model == Model::no_mark || options_.model == Model::clone;
    if (lesser && command.is(Lead::gs, '(') && command.at(0) == 'H') {
        return false;
    }
    return options_.model != Model::clone || !command.is(Lead::gs, 'a');
}

void Machine::carry_out(const Command& command, os::Instant now) {
    const std::array counted{&count_all_, &counts_[number_of(command)]};
    const bool is_command = command.lead != Lead::text && command.lead != Lead::control;
    for (CommandCount* count : counted) {
        count->taken += is_command ? 1 : 0;
        count->done += is_command ? 1 : 0;
    }
    if (!command.known || !knows(command)) {
        ++unknown_;
        return;
    }
    const bool chooses = command.is(Lead::esc, '=');
    if (display_ && !chooses) {
        display_bytes_ += command.lead == Lead::text ? 1 : 2 + command.size;
        return;
    }
    if (chooses) {
        display_ = (command.at(0) & 3U) == 2;
    } else if (command.is(Lead::esc, '@')) {
        automatic_ = 0;
    }
    if (composer_.take(command)) {
        hand_over(now);
    } else if (command.lead == Lead::esc) {
        carry_out_esc(command, now);
    } else if (command.lead == Lead::gs) {
        carry_out_gs(command, now);
    }
}

void Machine::hand_over(os::Instant now) {
    for (std::string& line : composer_.take_lines()) {
        mechanism_.add({.kind = Work::Kind::line, .line = std::move(line)}, now);
    }
}

void Machine::carry_out_esc(const Command& command, os::Instant now) {
    constexpr std::int64_t kUnitMs = 2;
    if (command.code == 'p') {
        const unsigned pin = command.at(0);
        if (pin == 0 || pin == 1 || pin == '0' || pin == '1') {
            mechanism_.add({.kind = Work::Kind::pulse,
                            .pulse = {.pin = (pin & 1U) == 0 ? 2 : 5,
                                      .on_ms = command.at(1) * kUnitMs,
                                      .off_ms = command.at(2) * kUnitMs}},
                           now);
        }
    } else if (command.code == 'i' || command.code == 'm') {
        cut(command, now);
    }
}

void Machine::cut(const Command& command, os::Instant now) {
    // GS V: 0, 41h and 61h cut fully. ESC i and ESC m leave a bridge.
    constexpr std::array kFull{0U, 48U, 65U, 97U, 103U};
    const bool full = command.lead == Lead::gs &&
                      std::find(kFull.begin(), kFull.end(), command.at(0)) != kFull.end();
    composer_.end_line_if_begun();
    hand_over(now);
    mechanism_.add({.kind = Work::Kind::cut, .line = std::string(full ? kFullCut : kPartialCut)},
                   now);
}

void Machine::carry_out_gs(const Command& command, os::Instant now) {
    switch (command.code) {
        case 'V': cut(command, now); return;
        case 'I': identify(command.at(0)); return;
        case 'a': set_automatic(command.at(0)); return;
        case 'r':
            if (const auto status = in_order_status(mechanism_.condition(), command.at(0))) {
                say(*status);
            }
            return;
        case '(':
            if (command.at(0) == 'H') {
                mark(command, now);
            }
            return;
        default: return;  // known by its length only
    }
}

void Machine::identify(unsigned what) {
    constexpr std::byte kModelId{0x20}, kTypeId{0x02}, kRomId{0x01};
    const unsigned number = what >= '1' && what <= '3' ? what - '0' : what;
    switch (number) {
        case 1: say(kModelId); return;
        case 2: say(kTypeId); return;
        case 3: say(kRomId); return;
        default: break;
    }
    constexpr unsigned kFirmware = 65, kMaker = 66, kModelName = 67, kSerial = 68;
    const std::string text = number == kFirmware    ? "1.00"
                             : number == kMaker     ? "DEVSIM"
                             : number == kModelName ? "PAPER-80"
                             : number == kSerial    ? options_.serial
                                                    : "";
    if (!text.empty() && options_.model != Model::clone) {
        say(base::bytes_of("_" + text + std::string(1, '\0')));
    }
}

void Machine::set_automatic(unsigned mask) {
    automatic_ = mask;
    told_ = mechanism_.condition();
    if (mask != 0) {
        say(automatic_status(told_));
    }
}

void Machine::mark(const Command& command, os::Instant now) {
    // H 06 00 30 30 d1…d4: the mark. Other functions of the group change nothing here.
    constexpr std::size_t kBytes = 9, kId = 5;
    constexpr unsigned kLengthOfMark = 6;
    if (command.data.size() != kBytes || command.word_at(1) != kLengthOfMark ||
        command.at(3) != 0x30 || command.at(4) != 0x30) {
        return;
    }
    MarkId id{};
    std::copy_n(command.data.begin() + kId, id.size(), id.begin());
    const bool printable = std::all_of(id.begin(), id.end(), [](std::byte byte) {
        return byte >= std::byte{0x20} && byte <= std::byte{0x7E};
    });
    if (printable) {
        mechanism_.add({.kind = Work::Kind::mark, .mark = id}, now);
    }
}

void Machine::watch() {
    for (const MarkId& id : mechanism_.take_marks()) {
        base::ByteWriter reply;
        say(reply.u8(0x37).u8(0x22).raw(id).u8(0).bytes());
        ++marks_answered_;
    }
    const Condition condition = mechanism_.condition();
    if (is_told(automatic_, told_, condition)) {
        say(automatic_status(condition));
    }
    told_ = condition;
}

void Machine::advance(os::Instant now) {
    if (!powered_) {
        return;
    }
    for (auto next = next_event(); next && *next < now; next = next_event()) {
        mechanism_.advance(*next);
        run(*next);
        watch();
    }
    mechanism_.advance(now);
    run(now);
    watch();
}

void Machine::line_closed(os::Instant now) {
    advance(now);
    output_.clear();
}

void Machine::power(bool on, os::Instant /*now*/) {
    if (on == powered_) {
        return;
    }
    powered_ = on;
    buffer_.clear();
    reader_.reset();
    arriving_.reset();
    real_time_.clear();
    scanner_.reset();
    composer_.initialise();
    output_.clear();
    held_ = display_ = false;
    automatic_ = 0;
    mechanism_.power_off();
}

base::Done Machine::inject(const Fault& fault, os::Instant now) {
    advance(now);
    TRY(mechanism_.inject(fault, now));
    advance(now);
    return {};
}

CommandCount Machine::commands(std::uint16_t code) const {
    if (code == 0) {
        return count_all_;
    }
    const auto found = counts_.find(code);
    return found == counts_.end() ? CommandCount{} : found->second;
}

PrinterState Machine::state() const {
    const Condition condition = mechanism_.condition();
    const Mechanics& mechanics = mechanism_.memory().mechanics();
    return {.model = std::string(kNames[static_cast<std::size_t>(options_.model)]),
            .powered = powered_,
            .online = powered_ && condition.online(),
            .cover_open = condition.cover_open,
            .paper = condition.paper_out   ? "out"
                     : condition.paper_low ? "low"
                                           : "ok",
            .error = std::string(error_of(condition)),
            .drawer_open = mechanics.drawer_open,
            .pulses = {mechanics.pulses_2, mechanics.pulses_5},
            .pulses_ignored = mechanism_.pulses_ignored(),
            .printed_lines = mechanics.printed_lines,
            .cuts = mechanics.cuts,
            .marks_answered = marks_answered_,
            .unknown_commands = unknown_,
            .lost_bytes = lost_,
            .buffered_bytes = buffer_.size(),
            .display_bytes = display_bytes_,
            .failure = mechanism_.failure()};
}

}  // namespace tillhost::simulators::escpos
