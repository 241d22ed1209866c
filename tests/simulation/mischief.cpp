#include "tests/simulation/mischief.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tillhost::simulation {
namespace {

using simulators::Fault;
using simulators::FaultKind;

struct OnWire {
    FaultKind kind;
    simulators::Side side;
};

/// In the order of Trouble, as far as waits_on_wire() goes.
constexpr std::array kOnWire{
    OnWire{FaultKind::lose, simulators::Side::host},
    OnWire{FaultKind::lose, simulators::Side::device},
    OnWire{FaultKind::late, simulators::Side::host},
    OnWire{FaultKind::late, simulators::Side::device},
    OnWire{FaultKind::twice, simulators::Side::host},
    OnWire{FaultKind::twice, simulators::Side::device},
    OnWire{FaultKind::cut, simulators::Side::host},
    OnWire{FaultKind::cut, simulators::Side::device},
    OnWire{FaultKind::garble, simulators::Side::host},
    OnWire{FaultKind::garble, simulators::Side::device},
    OnWire{FaultKind::power_cut, simulators::Side::host},
    OnWire{FaultKind::power_cut, simulators::Side::device},
};

Fault fault_of(FaultKind kind) {
    Fault fault;
    fault.kind = kind;
    return fault;
}

/// A device that has nothing of the kind is left as it is.
bool inject(Counter& at, const Fault& fault) { return at.line().inject(fault).has_value(); }

/// The head of a frame, twice, passes for a frame whose bytes sum up to nothing: no checksum of
/// this kind can tell, and no driver is blamed for it.
bool makes_a_good_frame(Trouble trouble, const std::deque<Trouble>& armed) {
    const auto waits = [&armed](Trouble other) {
        return std::find(armed.begin(), armed.end(), other) != armed.end();
    };
    return (trouble == Trouble::cut_request && waits(Trouble::double_request)) ||
           (trouble == Trouble::double_request && waits(Trouble::cut_request)) ||
           (trouble == Trouble::cut_answer && waits(Trouble::double_answer)) ||
           (trouble == Trouble::double_answer && waits(Trouble::cut_answer));
}

/// A terminal's command by the name of ours; 0: any.
std::int64_t code_of(std::string_view command) {
    return command == "authorise"    ? 0x0601
           : command == "reverse"    ? 0x0630
           : command == "refund"     ? 0x0631
           : command == "end_of_day" ? 0x0650
                                     : 0;
}

/// What a spare registrar is told before it stands at the line has been done by then.
constexpr os::Duration kSettleTime = ms(30);

}  // namespace

Mischief::Mischief(Parts parts, std::vector<PlannedTrouble> planned, std::int64_t network_percent,
                   Chance chance)
    : parts_(std::move(parts)),
      chance_(chance),
      armed_(parts_.counters.size()),
      network_percent_(network_percent) {
    for (PlannedTrouble& one : planned) {
        waiting_.push_back({one, one.nth});
    }
}

void Mischief::begin() {
    parts_.devd.set_network_trouble(network_percent_);
    for (std::size_t device = 0; device < parts_.counters.size(); ++device) {
        Counter& at = *parts_.counters[device];
        at.watch().on_step([this, device] { on_step(device); });
        at.line().on_fired([this, device] { on_fired(device); });
    }
}

void Mischief::calm() {
    if (std::exchange(calm_, true)) {
        return;
    }
    parts_.scheduler.trace().say(parts_.scheduler.now(), "shop", "calm: nothing goes wrong now");
    for (const auto& undo : std::exchange(undo_, {})) {
        undo();
    }
    parts_.devd.set_network_trouble(0);
    for (auto& at : parts_.counters) {
        at->line().be_lazy_until({});
        at->line().break_no_more();
        inject(*at, fault_of(FaultKind::clear));
    }
}

void Mischief::undo_after(os::Duration delay, std::function<void()> undo) {
    undo_.push_back(undo);
    parts_.scheduler.after(delay, [this, undo = std::move(undo)] {
        if (!calm_) {
            undo();
        }
    });
}

void Mischief::on_step(std::size_t device) {
    if (calm_) {
        return;
    }
    const Step step = parts_.counters[device]->watch().step();
    const std::string command = command_at(device);
    for (Waiting& waiting : waiting_) {
        if (waiting.to_come > 0 && waiting.planned.device == device &&
            waiting.planned.step == step &&
            (waiting.planned.command.empty() || waiting.planned.command == command) &&
            --waiting.to_come == 0) {
            at_once_ = waiting.planned.at_once;
            make(waiting.planned.trouble, device);
            at_once_ = false;
            if (waiting.planned.second) {
                const Trouble second = *waiting.planned.second;
                parts_.scheduler.after(chance_.us_between(100, 60'000), [this, second, device] {
                    if (!calm_) {
                        make(second, device);
                    }
                });
            }
        }
    }
}

void Mischief::on_fired(std::size_t device) {
    if (!armed_[device].empty()) {
        const Trouble trouble = armed_[device].front();
        armed_[device].pop_front();
        parts_.coverage.hit(cell_of(trouble, device));
    }
}

Cell Mischief::cell_of(Trouble trouble, std::size_t device) const {
    const Step step = parts_.counters[device]->watch().step();
    return {trouble, step, command_index(command_at(device))};
}

std::string Mischief::command_at(std::size_t device) const {
    const Watch& watch = parts_.counters[device]->watch();
    const auto* row = parts_.store.newest(watch.operation());
    const bool of_sale = !watch.command().empty() && row != nullptr && row->parent;
    return of_sale ? sale_command(watch.command()) : watch.command();
}

void Mischief::make(Trouble trouble, std::size_t device) {
    Counter& at = *parts_.counters[device];
    parts_.scheduler.trace().say(parts_.scheduler.now(), "shop", "trouble: {} at {}, {} {}",
                                 name_of(trouble), at.id(), name_of(at.watch().step()),
                                 command_at(device));
    const bool odd = trouble == Trouble::wrong_code && at.terminal() != nullptr;
    if (waits_on_wire(trouble) || odd) {
        if (makes_a_good_frame(trouble, armed_[device])) {
            return;
        }
        const std::int64_t units = odd               ? arm_quirk(at)
                                   : at.line().tcp() ? arm_on_tcp(trouble, at)
                                                     : arm_on_wire(trouble, at);
        armed_[device].insert(armed_[device].end(), static_cast<std::size_t>(units), trouble);
        return;
    }
    // In the order of Trouble, behind those that wait on the wire.
    using Act = bool (Mischief::*)(Counter&);
    static constexpr std::array kActs{
        &Mischief::power_off,  &Mischief::be_silent,      &Mischief::answer_wrongly,
        &Mischief::cut_line,   &Mischief::be_lazy,        &Mischief::kill_host,
        &Mischief::stick_host, &Mischief::kill_core,      &Mischief::stop_core,
        &Mischief::kill_owner, &Mischief::slow_the_store, &Mischief::fill_disk,
        &Mischief::swap,       &Mischief::use_elsewhere,  &Mischief::end_of_paper,
        &Mischief::age_shift};
    static_assert(kActs.size() + kOnWire.size() == kTroubles);
    const Act act = kActs[static_cast<std::size_t>(trouble) - kOnWire.size()];
    const Cell cell = cell_of(trouble, device);
    if ((this->*act)(at)) {
        parts_.coverage.hit(cell);
    }
}

/// Returns how many units it will hit.
std::int64_t Mischief::arm_on_wire(Trouble trouble, Counter& at) {
    const OnWire& row = kOnWire[static_cast<std::size_t>(trouble)];
    const bool requests = row.side == simulators::Side::host;
    const bool controls = at.planned().driver != "fiscal/toy";  // ENQ, ACK, NAK
    // Most commands have but one frame behind the go; before it pass only control bytes.
    const bool early = at.watch().step() == Step::go_to_close;
    Fault fault = fault_of(row.kind);
    fault.side = row.side;
    fault.unit = controls && chance_.percent(early ? 85 : 40) ? simulators::Unit::any
                                                              : simulators::Unit::frame;
    fault.nth = early || chance_.percent(75) ? 1 : chance_.between(1, 3);
    fault.count = chance_.percent(80) ? 1 : chance_.between(1, 4);
    fault.at = fault.unit == simulators::Unit::any ? 0 : chance_.below(24);
    fault.mask = chance_.between(1, 255);
    // Together with what the line's buffers add it keeps below late_bytes_max.
    fault.ms = fault.kind == FaultKind::late
                   ? chance_.between(1, at.planned().late_bytes_max / ms(2))
                   : chance_.below(40);
    fault.off_ms = chance_.between(30, 4000);
    const bool may_confirm = requests && fault.kind != FaultKind::lose;
    if (may_confirm || fault.kind == FaultKind::power_cut) {
        at.note_unsafe_answer();
    }
    return inject(at, fault) ? fault.count : 0;
}

/// TCP neither loses nor doubles nor damages bytes: it is late, or the connection breaks.
std::int64_t Mischief::arm_on_tcp(Trouble trouble, Counter& at) {
    const OnWire& row = kOnWire[static_cast<std::size_t>(trouble)];
    if (row.kind == FaultKind::late || row.kind == FaultKind::power_cut) {
        return arm_on_wire(trouble, at);
    }
    if (row.kind != FaultKind::lose && row.kind != FaultKind::cut) {
        return 0;
    }
    const bool nothing = row.kind == FaultKind::lose;
    at.line().break_at(row.side, chance_.percent(75) ? 1 : chance_.between(1, 3),
                       nothing ? 0 : static_cast<std::size_t>(chance_.between(1, 12)));
    return 1;
}

/// The terminal does its next thing otherwise than the protocol says.
std::int64_t Mischief::arm_quirk(Counter& at) {
    using Names = std::vector<std::string_view>;
    static const Names kOfQuestions{"no_answer", "late_answer", "coalesce"};
    static const Names kOfMoney{
        "no_answer",     "late_answer",  "coalesce",        "no_status",       "no_status",
        "no_completion", "status_twice", "silent_reversal", "completion_code", "long_trace"};
    static const Names kOnTcp{"hang_up_on_answer", "hang_up_before_status", "hang_up_on_status",
                              "hang_up_between_prints"};
    static const Names kOfEnd{"no_completion", "completion_code"};
    const Step step = at.watch().step();
    const Names& of = step == Step::after_answer      ? kOfEnd
                      : step != Step::close_to_answer ? kOfQuestions
                      : !at.line().tcp()              ? kOfMoney
                      : chance_.one_in(2)             ? kOnTcp
                                                      : kOfMoney;
    Fault fault = fault_of(FaultKind::quirk);
    // Not of the question that asks for the last transaction afterwards.
    fault.command = &of == &kOfQuestions ? 0 : code_of(at.watch().command());
    fault.quirk = of[static_cast<std::size_t>(chance_.below(static_cast<std::int64_t>(of.size())))];
    fault.code = 0x6C;
    fault.ms = chance_.between(500, 20'000);
    std::int64_t units = inject(at, fault) ? 1 : 0;
    if (fault.quirk == "no_status" && chance_.one_in(2)) {
        fault.quirk = "decline_by_completion";
        units += inject(at, fault) ? 1 : 0;
    }
    return units;
}

bool Mischief::power_off(Counter& at) {
    at.note_unsafe_answer();
    at.line().power(false);
    undo_after(chance_.ms_between(30, 6000), [&at] { at.power_on(); });
    return true;
}

bool Mischief::be_silent(Counter& at) {
    at.note_unsafe_answer();
    // On TCP nothing is lost: what the device says comes late.
    Fault fault = fault_of(at.line().tcp() ? FaultKind::late : FaultKind::silence);
    fault.ms = chance_.between(20, 8000);
    return inject(at, fault);
}

bool Mischief::answer_wrongly(Counter& at) {
    Fault fault = fault_of(FaultKind::wrong_code);
    fault.code = 0x13;
    at.note_unsafe_answer();  // it cannot be told from an old one of another command
    return inject(at, fault);
}

bool Mischief::cut_line(Counter& at) {
    at.line().cut();
    undo_after(chance_.ms_between(20, 9000), [&at] { at.line().mend(); });
    return true;
}

bool Mischief::be_lazy(Counter& at) {
    at.note_unsafe_answer();
    at.line().be_lazy_until(parts_.scheduler.now() + chance_.ms_between(1, 800));
    return true;
}

bool Mischief::kill_host(Counter& at) {
    if (chance_.one_in(3)) {
        at.note_unsafe_answer();
        at.line().be_lazy_until(parts_.scheduler.now() + ms(20));
    }
    return parts_.hosts.kill_at_point(at.id(), points());
}

bool Mischief::stick_host(Counter& at) {
    return parts_.hosts.kill_at_point(at.id(), points(), chance_.ms_between(4000, 15'000));
}

bool Mischief::stop_core(Counter&) {
    parts_.devd.stop();
    return parts_.devd.runs();
}

bool Mischief::kill_core(Counter&) {
    parts_.devd.kill_at_point(points());
    return parts_.devd.runs();
}

bool Mischief::kill_owner(Counter& at) { return parts_.kill_client(at.watch().operation()); }

std::uint32_t Mischief::points() {
    return static_cast<std::uint32_t>(chance_.between(1, chance_.one_in(3) ? 20 : 5));
}

bool Mischief::slow_the_store(Counter&) {
    parts_.store.set_slowness(chance_.ms_between(20, 1500));
    undo_after(chance_.ms_between(500, 6000), [this] { parts_.store.set_slowness({}); });
    return true;
}

bool Mischief::fill_disk(Counter&) {
    parts_.store.set_room(false);
    undo_after(chance_.ms_between(500, 8000), [this] { parts_.store.set_room(true); });
    return true;
}

/// The operation in doubt (or about to be) whose marker is the first registrar's.
std::optional<base::OperationId> Mischief::doubt_about(const Counter& at) const {
    for (const auto& [id, row] : parts_.store.rows()) {
        const bool open = row.state == contract::OperationState::in_doubt ||
                          row.state == contract::OperationState::prepared;
        if (open && row.device == at.id() && row.marker &&
            devd::core::identity_of(*row.marker).serial == at.serial()) {
            return id;
        }
    }
    return std::nullopt;
}

bool Mischief::swap(Counter& at) {
    if (at.swapped()) {
        return false;
    }
    at.note_unsafe_answer();
    at.swap_in_spare(chance_.below(2), chance_.one_in(2));
    parts_.scheduler.after(kSettleTime, [this, &at] { at.guard_spare(doubt_about(at)); });
    undo_after(chance_.ms_between(300, 30'000), [this, &at] { at.swap_back(doubt_about(at)); });
    return true;
}

bool Mischief::use_elsewhere(Counter& at) {
    return at.use_elsewhere(++elsewhere_, chance_.percent(80) ? 1 : 2);
}

bool Mischief::end_of_paper(Counter& at) {
    Fault fault = fault_of(FaultKind::paper_out);
    fault.after = at_once_ ? 0 : chance_.below(12);
    undo_after(chance_.ms_between(500, 9000), [&at] { inject(at, fault_of(FaultKind::paper_in)); });
    return inject(at, fault);
}

bool Mischief::age_shift(Counter& at) { return inject(at, fault_of(FaultKind::shift_expired)); }

}  // namespace tillhost::simulation
