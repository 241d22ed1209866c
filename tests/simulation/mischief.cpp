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
bool inject(Registrar& at, const Fault& fault) { return at.line().inject(fault).has_value(); }

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

/// What a spare registrar is told before it stands at the line has been done by then.
constexpr os::Duration kSettleTime = ms(30);

}  // namespace

Mischief::Mischief(Parts parts, std::vector<PlannedTrouble> planned, std::int64_t network_percent,
                   Chance chance)
    : parts_(std::move(parts)),
      chance_(chance),
      armed_(parts_.registrars.size()),
      network_percent_(network_percent) {
    for (PlannedTrouble& one : planned) {
        waiting_.push_back({one, one.nth});
    }
}

void Mischief::begin() {
    parts_.devd.set_network_trouble(network_percent_);
    for (std::size_t device = 0; device < parts_.registrars.size(); ++device) {
        Registrar& at = *parts_.registrars[device];
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
    for (auto& at : parts_.registrars) {
        at->line().be_lazy_until({});
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
    const Step step = parts_.registrars[device]->watch().step();
    const std::string command = parts_.registrars[device]->watch().command();
    for (Waiting& waiting : waiting_) {
        if (waiting.to_come > 0 && waiting.planned.device == device &&
            waiting.planned.step == step &&
            (waiting.planned.command.empty() || waiting.planned.command == command) &&
            --waiting.to_come == 0) {
            make(waiting.planned.trouble, device);
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
    const Watch& watch = parts_.registrars[device]->watch();
    return {trouble, watch.step(), command_index(watch.command())};
}

void Mischief::make(Trouble trouble, std::size_t device) {
    Registrar& at = *parts_.registrars[device];
    parts_.scheduler.trace().say(parts_.scheduler.now(), "shop", "trouble: {} at {}, {} {}",
                                 name_of(trouble), at.id(), name_of(at.watch().step()),
                                 at.watch().command());
    if (waits_on_wire(trouble)) {
        if (makes_a_good_frame(trouble, armed_[device])) {
            return;
        }
        const std::int64_t units = arm_on_wire(trouble, at);
        armed_[device].insert(armed_[device].end(), static_cast<std::size_t>(units), trouble);
        return;
    }
    // In the order of Trouble, behind those that wait on the wire.
    using Act = bool (Mischief::*)(Registrar&);
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
std::int64_t Mischief::arm_on_wire(Trouble trouble, Registrar& at) {
    const OnWire& row = kOnWire[static_cast<std::size_t>(trouble)];
    const bool requests = row.side == simulators::Side::host;
    const bool shtrih = at.planned().driver == "fiscal/shtrih";
    // Most commands have but one frame behind the go; before it pass only control bytes.
    const bool early = at.watch().step() == Step::go_to_close;
    Fault fault = fault_of(row.kind);
    fault.side = row.side;
    fault.unit = shtrih && chance_.percent(early ? 85 : 40) ? simulators::Unit::any
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

bool Mischief::power_off(Registrar& at) {
    at.note_unsafe_answer();
    at.line().power(false);
    undo_after(chance_.ms_between(30, 6000), [&at] { at.power_on(); });
    return true;
}

bool Mischief::be_silent(Registrar& at) {
    at.note_unsafe_answer();
    Fault fault = fault_of(FaultKind::silence);
    fault.ms = chance_.between(20, 8000);
    return inject(at, fault);
}

bool Mischief::answer_wrongly(Registrar& at) {
    Fault fault = fault_of(FaultKind::wrong_code);
    fault.code = 0x13;
    at.note_unsafe_answer();  // it cannot be told from an old one of another command
    return inject(at, fault);
}

bool Mischief::cut_line(Registrar& at) {
    at.line().cut();
    undo_after(chance_.ms_between(20, 9000), [&at] { at.line().mend(); });
    return true;
}

bool Mischief::be_lazy(Registrar& at) {
    at.note_unsafe_answer();
    at.line().be_lazy_until(parts_.scheduler.now() + chance_.ms_between(1, 800));
    return true;
}

bool Mischief::kill_host(Registrar& at) {
    if (chance_.one_in(3)) {
        at.note_unsafe_answer();
        at.line().be_lazy_until(parts_.scheduler.now() + ms(20));
    }
    return parts_.hosts.kill_at_point(at.id(), points());
}

bool Mischief::stick_host(Registrar& at) {
    return parts_.hosts.kill_at_point(at.id(), points(), chance_.ms_between(4000, 15'000));
}

bool Mischief::stop_core(Registrar&) {
    parts_.devd.stop();
    return parts_.devd.runs();
}

bool Mischief::kill_core(Registrar&) {
    parts_.devd.kill_at_point(points());
    return parts_.devd.runs();
}

bool Mischief::kill_owner(Registrar& at) { return parts_.kill_client(at.watch().operation()); }

std::uint32_t Mischief::points() {
    return static_cast<std::uint32_t>(chance_.between(1, chance_.one_in(3) ? 20 : 5));
}

bool Mischief::slow_the_store(Registrar&) {
    parts_.store.set_slowness(chance_.ms_between(20, 1500));
    undo_after(chance_.ms_between(500, 6000), [this] { parts_.store.set_slowness({}); });
    return true;
}

bool Mischief::fill_disk(Registrar&) {
    parts_.store.set_room(false);
    undo_after(chance_.ms_between(500, 8000), [this] { parts_.store.set_room(true); });
    return true;
}

/// The operation in doubt (or about to be) whose marker is the first registrar's.
std::optional<base::OperationId> Mischief::doubt_about(const Registrar& at) const {
    for (const auto& [id, row] : parts_.store.rows()) {
        const bool open = row.state == contract::OperationState::in_doubt ||
                          row.state == contract::OperationState::prepared;
        if (open && row.device == at.id() && row.marker &&
            std::get<contract::FiscalMarker>(*row.marker).identity.serial == at.serial()) {
            return id;
        }
    }
    return std::nullopt;
}

bool Mischief::swap(Registrar& at) {
    if (at.swapped()) {
        return false;
    }
    at.note_unsafe_answer();
    at.swap_in_spare(chance_.below(2), chance_.one_in(2));
    parts_.scheduler.after(kSettleTime, [this, &at] { at.guard_spare(doubt_about(at)); });
    undo_after(chance_.ms_between(300, 30'000), [this, &at] { at.swap_back(doubt_about(at)); });
    return true;
}

bool Mischief::use_elsewhere(Registrar& at) {
    return at.use_elsewhere(++elsewhere_, chance_.percent(80) ? 1 : 2);
}

bool Mischief::end_of_paper(Registrar& at) {
    Fault fault = fault_of(FaultKind::paper_out);
    fault.after = chance_.below(12);
    undo_after(chance_.ms_between(500, 9000), [&at] { inject(at, fault_of(FaultKind::paper_in)); });
    return inject(at, fault);
}

bool Mischief::age_shift(Registrar& at) { return inject(at, fault_of(FaultKind::shift_expired)); }

}  // namespace tillhost::simulation
