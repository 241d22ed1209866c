#include "simulators/printer/escpos/mechanism.h"

#include <algorithm>
#include <utility>

namespace tillhost::simulators::escpos {
namespace {

using std::chrono::milliseconds;

/// One line less; true if it was the last.
bool count_down(std::int64_t& lines) {
    if (lines <= 0) {
        return false;
    }
    --lines;
    return lines == 0;
}

}  // namespace

Mechanism::Mechanism(const EscposOptions& options, Memory memory)
    : options_(options), memory_(std::move(memory)) {}

void Mechanism::note(const base::Done& done) {
    if (!done) {
        failure_ = base::to_text(done.error());
        dead_ = true;
    }
}

Condition Mechanism::condition() const {
    const Mechanics& mechanics = memory_.mechanics();
    return {.cover_open = mechanics.cover_open,
            .paper_out = mechanics.paper_out,
            .paper_low = mechanics.paper_low,
            .feeding = feeding_until_.has_value(),
            .cutter_error = cutter_error_,
            .head_hot = hot_,
            .dead = dead_,
            .drawer_pin_high = mechanics.drawer_open == options_.drawer_open_high};
}

os::Duration Mechanism::time_of(const Work& work) const {
    switch (work.kind) {
        case Work::Kind::line: return options_.line_time;
        case Work::Kind::cut: return kCutLines * options_.line_time;
        case Work::Kind::pulse: return milliseconds(work.pulse.on_ms);
        case Work::Kind::mark: return {};
    }
    return {};
}

void Mechanism::add(Work work, os::Instant now) {
    work_.push_back(std::move(work));
    begin_next(now);
}

void Mechanism::begin_next(os::Instant now) {
    if (work_.empty() || done_at_ || !condition().online()) {
        return;
    }
    if (work_.front().kind == Work::Kind::cut && jams_ > 0) {
        --jams_;
        cutter_error_ = true;
        return;
    }
    if (work_.front().kind == Work::Kind::pulse) {
        give(work_.front().pulse, now);
    }
    done_at_ = now + time_of(work_.front());
}

void Mechanism::print(const std::string& line, Mechanics mechanics) {
    note(memory_.print(line, mechanics));
}

void Mechanism::finish() {
    const Work work = std::move(work_.front());
    work_.pop_front();
    done_at_.reset();
    Mechanics mechanics = memory_.mechanics();
    if (work.kind == Work::Kind::line) {
        ++mechanics.printed_lines;
        mechanics.paper_low = count_down(mechanics.lines_to_low) || mechanics.paper_low;
        mechanics.paper_out = count_down(mechanics.lines_to_end) || mechanics.paper_out;
        print(work.line, mechanics);
    } else if (work.kind == Work::Kind::cut) {
        ++mechanics.cuts;
        print(work.line, mechanics);
    } else if (work.kind == Work::Kind::mark) {
        marks_.push_back(work.mark);
    }
}

void Mechanism::end_rests(os::Instant now) {
    if (feeding_until_ && *feeding_until_ <= now) {
        feeding_until_.reset();
    }
    if (hot_until_ && *hot_until_ <= now) {
        hot_until_.reset();
        hot_ = false;
    }
}

void Mechanism::advance(os::Instant now) {
    end_rests(now);
    while (done_at_ && *done_at_ <= now && condition().online()) {
        const os::Instant then = *done_at_;
        finish();
        begin_next(then);
    }
    begin_next(now);
}

std::optional<os::Instant> Mechanism::next_event() const {
    std::optional<os::Instant> next = condition().online() ? done_at_ : std::nullopt;
    for (const auto& candidate : {feeding_until_, hot_until_}) {
        if (candidate && (!next || *candidate < *next)) {
            next = candidate;
        }
    }
    return next;
}

void Mechanism::give(const DrawerPulse& pulse, os::Instant now) {
    pulsing_until_ = now + milliseconds(pulse.on_ms + pulse.off_ms);
    if (pulses_.size() < kPulsesKeptMax) {
        pulses_.push_back(pulse);
    }
    Mechanics mechanics = memory_.mechanics();
    ++(pulse.pin == 2 ? mechanics.pulses_2 : mechanics.pulses_5);
    if (stuck_ > 0) {
        --stuck_;
    } else if (pulse.pin == options_.drawer_pin && pulse.on_ms > 0) {
        mechanics.drawer_open = true;
    }
    set(mechanics);
}

void Mechanism::pulse_now(const DrawerPulse& pulse, os::Instant now) {
    if (now < pulsing_until_) {
        ++pulses_ignored_;
        return;
    }
    give(pulse, now);
}

bool Mechanism::recover(os::Instant now) {
    if (!cutter_error_) {
        return false;
    }
    cutter_error_ = false;
    begin_next(now);
    return true;
}

void Mechanism::forget_work() {
    work_.clear();
    done_at_.reset();
}

void Mechanism::power_off() {
    forget_work();
    marks_.clear();
    pulses_.clear();
    feeding_until_.reset();
    cutter_error_ = false;
    dead_ = !failure_.empty();
    pulsing_until_ = {};
}

void Mechanism::interrupt() {
    // A line begins again when the printer is back; a pulse that was given is not given twice.
    if (done_at_ && work_.front().kind == Work::Kind::pulse) {
        work_.pop_front();
    }
    done_at_.reset();
}

void Mechanism::inject_paper(const Fault& fault, Mechanics& mechanics) const {
    const bool now = fault.after == 0;
    if (fault.kind == FaultKind::paper_in) {
        mechanics.paper_out = mechanics.paper_low = false;
        mechanics.lines_to_end = mechanics.lines_to_low = -1;
    } else if (fault.kind == FaultKind::paper_out) {
        mechanics.paper_out = mechanics.paper_out || now;
        mechanics.lines_to_end = now ? -1 : fault.after;
    } else {
        mechanics.paper_low = mechanics.paper_low || now;
        mechanics.lines_to_low = now ? -1 : fault.after;
    }
}

base::Done Mechanism::inject_error(const Fault& fault, os::Instant now) {
    if (fault.kind == FaultKind::clear) {
        jams_ = stuck_ = 0;
        hot_ = false;
        hot_until_.reset();
        feeding_until_.reset();
    } else if (fault.kind == FaultKind::cutter_jam) {
        jams_ = fault.count;
    } else if (fault.kind == FaultKind::drawer_stuck) {
        stuck_ = fault.count;
    } else if (fault.kind == FaultKind::head_hot) {
        hot_ = true;
        hot_until_ = fault.ms > 0 ? std::optional(now + milliseconds(fault.ms)) : std::nullopt;
    } else if (fault.kind == FaultKind::feed_button) {
        feeding_until_ = now + milliseconds(std::max<std::int64_t>(fault.ms, 0));
    } else if (fault.kind == FaultKind::printer_dead) {
        dead_ = true;
    } else {
        return base::make_error(base::ErrorCode::not_supported,
                                "a receipt printer has nothing of that kind");
    }
    return {};
}

base::Done Mechanism::inject(const Fault& fault, os::Instant now) {
    Mechanics mechanics = memory_.mechanics();
    if (fault.kind == FaultKind::paper_out || fault.kind == FaultKind::paper_in ||
        fault.kind == FaultKind::paper_low) {
        inject_paper(fault, mechanics);
    } else if (fault.kind == FaultKind::cover_open || fault.kind == FaultKind::cover_closed) {
        mechanics.cover_open = fault.kind == FaultKind::cover_open;
    } else if (fault.kind == FaultKind::drawer_opened || fault.kind == FaultKind::drawer_closed) {
        mechanics.drawer_open = fault.kind == FaultKind::drawer_opened;
    } else {
        TRY(inject_error(fault, now));
    }
    set(mechanics);
    if (!condition().online()) {
        interrupt();
    }
    advance(now);
    return {};
}

}  // namespace tillhost::simulators::escpos
