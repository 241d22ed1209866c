#include "tests/simulation/mischief.h"

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
void inject(Registrar& at, const Fault& fault) { static_cast<void>(at.line().inject(fault)); }

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
    for (Waiting& waiting : waiting_) {
        if (waiting.to_come > 0 && waiting.planned.device == device &&
            waiting.planned.step == step && --waiting.to_come == 0) {
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
        hit(trouble, device);
    }
}

void Mischief::hit(Trouble trouble, std::size_t device) {
    Registrar& at = *parts_.registrars[device];
    parts_.coverage.hit(trouble, at.watch().step(), at.watch().command(), at.planned().driver);
}

void Mischief::make(Trouble trouble, std::size_t device) {
    Registrar& at = *parts_.registrars[device];
    parts_.scheduler.trace().say(parts_.scheduler.now(), "shop", "trouble: {} at {}, {} {}",
                                 name_of(trouble), at.id(), name_of(at.watch().step()),
                                 at.watch().command());
    if (waits_on_wire(trouble)) {
        armed_[device].push_back(trouble);
        arm_on_wire(trouble, at);
        return;
    }
    hit(trouble, device);
    // In the order of Trouble, behind those that wait on the wire.
    using Act = void (Mischief::*)(Registrar&);
    static constexpr std::array kActs{
        &Mischief::power_off,    &Mischief::be_silent,  &Mischief::answer_wrongly,
        &Mischief::cut_line,     &Mischief::be_lazy,    &Mischief::kill_host,
        &Mischief::kill_core,    &Mischief::kill_owner, &Mischief::slow_the_store,
        &Mischief::fill_disk,    &Mischief::swap,       &Mischief::use_elsewhere,
        &Mischief::end_of_paper, &Mischief::age_shift};
    static_assert(kActs.size() + kOnWire.size() == kTroubles);
    const Act act = kActs[static_cast<std::size_t>(trouble) - kOnWire.size()];
    (this->*act)(at);
}

void Mischief::arm_on_wire(Trouble trouble, Registrar& at) {
    const OnWire& row = kOnWire[static_cast<std::size_t>(trouble)];
    const bool requests = row.side == simulators::Side::host;
    const bool shtrih = at.planned().driver == "fiscal/shtrih";
    Fault fault = fault_of(row.kind);
    fault.side = row.side;
    fault.unit = shtrih && chance_.percent(40) ? simulators::Unit::any : simulators::Unit::frame;
    fault.nth = chance_.percent(70) ? 1 : chance_.between(1, 3);
    fault.count = chance_.percent(80) ? 1 : chance_.between(1, 4);
    fault.at = fault.unit == simulators::Unit::any ? 0 : chance_.below(24);
    fault.mask = chance_.between(1, 255);
    // Together with what the line's buffers add it keeps below late_bytes_max.
    fault.ms = fault.kind == FaultKind::late
                   ? chance_.between(1, at.planned().late_bytes_max / ms(2))
                   : chance_.below(40);
    fault.off_ms = chance_.between(30, 4000);
    inject(at, fault);
    const bool may_confirm = requests && fault.kind != FaultKind::lose;
    if (may_confirm || fault.kind == FaultKind::power_cut) {
        at.note_unsafe_answer();
    }
}

void Mischief::power_off(Registrar& at) {
    at.note_unsafe_answer();
    at.line().power(false);
    undo_after(chance_.ms_between(30, 6000), [&at] { at.line().power(true); });
}

void Mischief::be_silent(Registrar& at) {
    at.note_unsafe_answer();
    Fault fault = fault_of(FaultKind::silence);
    fault.ms = chance_.between(20, 8000);
    inject(at, fault);
}

void Mischief::answer_wrongly(Registrar& at) {
    Fault fault = fault_of(FaultKind::wrong_code);
    fault.code = 0x13;
    at.note_unsafe_answer();  // it cannot be told from an old one of another command
    inject(at, fault);
}

void Mischief::cut_line(Registrar& at) {
    at.line().cut();
    undo_after(chance_.ms_between(20, 9000), [&at] { at.line().mend(); });
}

void Mischief::be_lazy(Registrar& at) {
    at.note_unsafe_answer();
    at.line().be_lazy_until(parts_.scheduler.now() + chance_.ms_between(1, 800));
}

void Mischief::kill_host(Registrar& at) {
    if (chance_.one_in(3)) {
        at.note_unsafe_answer();
        at.line().be_lazy_until(parts_.scheduler.now() + ms(20));
    }
    parts_.hosts.kill_at_point(at.id(), points());
}

void Mischief::kill_core(Registrar&) { parts_.devd.kill_at_point(points()); }

void Mischief::kill_owner(Registrar& at) { parts_.kill_client(at.watch().operation()); }

std::uint32_t Mischief::points() {
    return static_cast<std::uint32_t>(chance_.between(1, chance_.one_in(3) ? 20 : 5));
}

void Mischief::slow_the_store(Registrar&) {
    parts_.store.set_slowness(chance_.ms_between(20, 1500));
    undo_after(chance_.ms_between(500, 6000), [this] { parts_.store.set_slowness({}); });
}

void Mischief::fill_disk(Registrar&) {
    parts_.store.set_room(false);
    undo_after(chance_.ms_between(500, 8000), [this] { parts_.store.set_room(true); });
}

void Mischief::swap(Registrar& at) {
    at.note_unsafe_answer();
    at.swap_in_spare(chance_.below(2));
    undo_after(chance_.ms_between(300, 30'000), [&at] { at.swap_back(); });
}

void Mischief::use_elsewhere(Registrar& at) {
    at.use_elsewhere(++elsewhere_, chance_.percent(80) ? 1 : 2);
}

void Mischief::end_of_paper(Registrar& at) {
    Fault fault = fault_of(FaultKind::paper_out);
    fault.after = chance_.below(12);
    inject(at, fault);
    undo_after(chance_.ms_between(500, 9000), [&at] { inject(at, fault_of(FaultKind::paper_in)); });
}

void Mischief::age_shift(Registrar& at) { inject(at, fault_of(FaultKind::shift_expired)); }

}  // namespace tillhost::simulation
