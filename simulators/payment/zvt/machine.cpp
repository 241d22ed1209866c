#include "simulators/payment/zvt/machine.h"

#include <algorithm>
#include <utility>

namespace tillhost::simulators::zvt {
namespace {

constexpr int kStatusSendsMax = 3;  // 04 0F and its repeats
constexpr os::Duration kGoodsRepeat = std::chrono::seconds(2);
constexpr unsigned kGoodsSeconds = 30;
constexpr std::size_t kQuirksMax = 64;

void earliest(std::optional<os::Instant>& best, std::optional<os::Instant> candidate) {
    if (candidate && (!best || *candidate < *best)) {
        best = candidate;
    }
}

}  // namespace

Machine::Machine(ZvtOptions options, Memory memory)
    : options_(std::move(options)), memory_(std::move(memory)) {
    // The last life of the terminal ended in the middle of something.
    if (memory_.counters().pending) {
        not_confirmed(os::Instant{});
        hang_up_ = false;
    }
}

std::int64_t Machine::clock_ms(os::Instant now) const {
    using std::chrono::milliseconds;
    return options_.clock_ms_at_zero + clock_shift_ms_ +
           std::chrono::duration_cast<milliseconds>(now.time_since_epoch()).count();
}

void Machine::fail(const base::Error& error) {
    failure_ = base::to_text(error);
    powered_ = false;
    steps_.clear();
    awaited_.reset();
    active_ = false;
}

bool Machine::keep(const base::Done& done) {
    if (!done) {
        fail(done.error());
    }
    return done.has_value();
}

void Machine::begin(const Request& request, std::deque<Step> steps, os::Instant now,
                    bool abortable) {
    request_ = request;
    steps_ = std::move(steps);
    active_ = true;
    dialog_ = true;
    abortable_ = abortable;
    repeats_ = 0;
    run(now);
}

void Machine::run(os::Instant now) {
    while (powered_ && active_ && !awaited_ && !pause_until_ && !repeat_at_) {
        if (steps_.empty()) {
            end_procedure();
        } else {
            take_step(now);
        }
    }
}

void Machine::take_step(os::Instant now) {
    const Step step = steps_.front();
    if (step.kind == Step::Kind::answer) {
        if (const auto late = take_quirk("late_answer", request_.command)) {
            pause_until_ = now + (late->ms > 0 ? std::chrono::milliseconds(late->ms)
                                               : options_.confirm_time + std::chrono::seconds(1));
            return;
        }
    }
    steps_.pop_front();
    switch (step.kind) {
        case Step::Kind::answer: send_answer(); break;
        case Step::Kind::message:
        case Step::Kind::status:
        case Step::Kind::print:
        case Step::Kind::completion: send_awaited(step, now); break;
        case Step::Kind::pause: pause_until_ = now + step.time; break;
        case Step::Kind::card_in: card_in(); break;
        case Step::Kind::decide: decide(now); break;
        case Step::Kind::hang_up: close_line(); break;
        case Step::Kind::commit: commit(); break;
    }
}

void Machine::send_answer() {
    if (take_quirk("no_answer", request_.command)) {
        return;
    }
    if (take_quirk("coalesce", request_.command)) {
        held_.push_back(answer_apdu());
    } else {
        emit(answer_apdu());
    }
    if (take_quirk("hang_up_on_answer", request_.command)) {
        flush_held();
        close_line();
    }
}

void Machine::emit(const Apdu& apdu) {
    if (!dialog_ || !powered_) {
        return;
    }
    std::vector<Apdu> piece = std::exchange(held_, {});
    piece.push_back(apdu);
    output_.push_back(std::move(piece));
}

void Machine::flush_held() {
    if (!held_.empty()) {
        output_.push_back(std::exchange(held_, {}));
    }
}

void Machine::send_awaited(const Step& step, os::Instant now) {
    Step sent = step;
    if (step.kind == Step::Kind::completion) {
        if (take_quirk("no_completion", request_.command)) {
            return;
        }
        if (step.apdu.command == 0x060F) {
            if (const auto code = take_quirk("completion_code", request_.command)) {
                sent.apdu.data = {base::byte(0x27), base::byte(static_cast<unsigned>(code->code))};
            }
        }
    }
    if (step.kind == Step::Kind::status) {
        if (take_quirk("no_status", request_.command)) {
            return;
        }
        if (take_quirk("hang_up_before_status", request_.command)) {
            close_line();
        }
    }
    awaited_ = Awaited{.step = sent, .by = now + options_.confirm_time};
    emit(sent.apdu);
    if (step.kind == Step::Kind::status && take_quirk("hang_up_on_status", request_.command)) {
        close_line();
    }
    if (!dialog_) {
        unheard(now);
    }
}

void Machine::confirmed(const Apdu& response, os::Instant now) {
    const Step step = awaited_->step;
    const bool pending = memory_.counters().pending.has_value();
    if (step.kind == Step::Kind::status && pending && !is_positive(response)) {
        status_refused(response, now);
        return;
    }
    awaited_.reset();
    if (step.kind == Step::Kind::print && pending && !is_positive(response)) {
        not_confirmed(now);
    } else if (step.kind == Step::Kind::completion) {
        end_procedure();
    }
    run(now);
}

/// 84 9C: ask again; 84 9D with an amount: part of the goods; any other 84: no goods.
void Machine::status_refused(const Apdu& response, os::Instant now) {
    constexpr std::uint16_t kLater = 0x849C, kPart = 0x849D;
    const Step step = awaited_->step;
    awaited_.reset();
    const auto most = request_.byte_of(0x02);
    const bool again = repeats_ == 0 || now + kGoodsRepeat <= goods_by_;
    if (response.command == kLater && again && (!most || repeats_ < static_cast<int>(*most) + 1)) {
        if (repeats_++ == 0) {
            goods_by_ = now + std::chrono::seconds(request_.byte_of(0x01).value_or(kGoodsSeconds));
        }
        repeat_at_ = now + kGoodsRepeat;
        steps_.push_front(step);
        return;
    }
    const Bitmaps bitmaps = decode_bitmaps(response.data);
    const base::Bytes* part = find(bitmaps.fields, 0x04);
    const auto amount = part == nullptr ? std::nullopt : from_bcd(*part);
    Counters counters = memory_.counters();
    if (response.command == kPart && amount && *amount > 0 &&
        static_cast<std::int64_t>(*amount) <= counters.pending->amount_minor) {
        counters.pending->amount_minor = static_cast<std::int64_t>(*amount);
        if (keep(memory_.set(counters))) {
            run(now);
        }
        return;
    }
    take_back(CardTransactionState::auto_reversed);
    steps_.clear();
    decline(static_cast<std::uint8_t>(Code::cancelled));
    run(now);
}

/// The confirmation did not come in time, or cannot come any more.
void Machine::unheard(os::Instant now) {
    const Step::Kind kind = awaited_->step.kind;
    if (kind == Step::Kind::status && dialog_ && awaited_->sends < kStatusSendsMax) {
        ++awaited_->sends;
        awaited_->by = now + options_.confirm_time;
        emit(awaited_->step.apdu);
        return;
    }
    awaited_.reset();
    const bool decides = kind == Step::Kind::status || kind == Step::Kind::print;
    if (decides && memory_.counters().pending) {
        not_confirmed(now);
    } else if (kind == Step::Kind::completion) {
        end_procedure();
    }
    run(now);
}

void Machine::not_confirmed(os::Instant now) {
    const Policy policy = options_.policy;
    switch (policy) {
        case Policy::reverse: reversing_until_ = now + options_.reversal_time; break;
        case Policy::keep: commit(); break;
        case Policy::decline: take_back(CardTransactionState::declined); break;
    }
    close_line();
    end_procedure();
}

void Machine::take_back(CardTransactionState state) {
    Counters counters = memory_.counters();
    if (!counters.pending) {
        return;
    }
    CardTransaction transaction = *counters.pending;
    transaction.state = state;
    transaction.number = memory_.next_number();
    counters.pending.reset();
    static_cast<void>(keep(memory_.write({transaction}, counters)));
}

void Machine::end_procedure() {
    flush_held();
    steps_.clear();
    awaited_.reset();
    pause_until_.reset();
    repeat_at_.reset();
    active_ = false;
    abortable_ = false;
}

void Machine::close_line() {
    dialog_ = false;
    if (options_.tcp && connected_) {
        connected_ = false;
        hang_up_ = true;
    }
}

void Machine::line_opened(os::Instant now) {
    advance(now);
    connected_ = true;
    hang_up_ = false;
    last_byte_ = now;
}

void Machine::line_closed(os::Instant now) {
    advance(now);
    connected_ = false;
    hang_up_ = false;
    link_busy_ = false;
    output_.clear();
    held_.clear();
    link_failed(now);
}

void Machine::link_failed(os::Instant now) {
    if (!active_) {
        return;
    }
    dialog_ = false;
    if (abortable_) {
        end_procedure();
    } else if (awaited_) {
        unheard(now);
    } else if (repeat_at_) {
        repeat_at_.reset();
        run(now);
    }
}

void Machine::receive(const Apdu& apdu, os::Instant now) {
    advance(now);
    if (!powered_) {
        return;
    }
    connected_ = true;
    last_byte_ = now;
    if (is_response(apdu)) {
        if (active_ && dialog_ && awaited_) {
            confirmed(apdu, now);
        }
        return;
    }
    command(apdu, now);
}

void Machine::advance(os::Instant now) {
    for (auto next = next_event(); powered_ && next && *next <= now; next = next_event()) {
        const os::Instant at = *next;
        if (reversing_until_ && *reversing_until_ <= at) {
            reversing_until_.reset();
            take_back(CardTransactionState::auto_reversed);
        } else if (pause_until_ && *pause_until_ <= at) {
            pause_until_.reset();
            run(at);
        } else if (repeat_at_ && *repeat_at_ <= at) {
            repeat_at_.reset();
            run(at);
        } else if (awaited_ && awaited_->by <= at) {
            if (link_busy_) {
                awaited_->by = now + options_.confirm_time;
            } else {
                unheard(at);
            }
        } else {
            close_line();  // nobody has said anything for too long
        }
    }
}

std::optional<os::Instant> Machine::next_event() const {
    std::optional<os::Instant> next;
    if (!powered_) {
        return next;
    }
    earliest(next, reversing_until_);
    earliest(next, pause_until_);
    earliest(next, repeat_at_);
    if (awaited_) {
        earliest(next, awaited_->by);
    }
    if (connected_ && !active_ && options_.tcp && options_.idle_time > os::Duration::zero()) {
        earliest(next, last_byte_ + options_.idle_time);
    }
    return next;
}

void Machine::power(bool on, os::Instant now) {
    advance(now);
    if (on == powered_ || !failure_.empty()) {
        return;
    }
    powered_ = on;
    end_procedure();
    reversing_until_.reset();
    registration_ = {};
    output_.clear();
    held_.clear();
    connected_ = false;
    hang_up_ = !on && options_.tcp;
    if (on && memory_.counters().pending) {
        not_confirmed(now);
    }
}

bool Machine::has_quirk(std::string_view kind, std::uint16_t command) const {
    return std::any_of(quirks_.begin(), quirks_.end(), [&](const Fault& fault) {
        return fault.quirk == kind && (fault.command == 0 || fault.command == command);
    });
}

std::optional<Fault> Machine::take_quirk(std::string_view kind, std::uint16_t command) {
    for (auto it = quirks_.begin(); it != quirks_.end(); ++it) {
        if (it->quirk != kind || (it->command != 0 && it->command != command)) {
            continue;
        }
        const Fault taken = *it;
        ++fired_;
        if (it->count != 0 && --it->count == 0) {
            quirks_.erase(it);
        }
        return taken;
    }
    return std::nullopt;
}

TerminalState Machine::state(os::Instant now) const {
    const Counters& counters = memory_.counters();
    return {.terminal_id = options_.terminal_id,
            .phase = !powered_          ? "off"
                     : reversing_until_ ? "reversing"
                     : !active_         ? "idle"
                     : abortable_       ? "waiting for the card"
                     : awaited_         ? "waiting for the till"
                                        : "working",
            .powered = powered_,
            .registered = registration_.done,
            .connected = connected_,
            .pending = counters.pending.has_value(),
            .lock = counters.lock,
            .receipt_number = counters.receipt,
            .trace_number = counters.trace,
            .turnover_number = counters.turnover,
            .clock_ms = clock_ms(now),
            .faults_fired = fired_,
            .failure = failure_};
}

CommandCount Machine::commands(std::uint16_t code) const {
    const auto found = counts_.find(code);
    return found == counts_.end() ? CommandCount{} : found->second;
}

base::Done Machine::inject(const Fault& fault, os::Instant now) {
    advance(now);
    if (fault.kind == FaultKind::clear) {
        quirks_.clear();
        cards_.clear();
    } else if (fault.kind == FaultKind::card) {
        for (std::int64_t i = 0; i < std::clamp<std::int64_t>(fault.count, 1, kQuirksMax); ++i) {
            cards_.push_back(
                {.outcome = fault.outcome,
                 .code = static_cast<std::uint8_t>(fault.code),
                 .total = fault.total,
                 .host_time = std::chrono::milliseconds(std::max<std::int64_t>(fault.ms, 0))});
        }
    } else if (fault.kind == FaultKind::quirk) {
        if (quirks_.size() >= kQuirksMax) {
            return base::make_error(base::ErrorCode::retry_later, "too many quirks wait");
        }
        quirks_.push_back(fault);
    } else if (fault.kind == FaultKind::terminal) {
        options_.policy = fault.policy == "keep"      ? Policy::keep
                          : fault.policy == "decline" ? Policy::decline
                          : fault.policy.empty()      ? options_.policy
                                                      : Policy::reverse;
        options_.busy = fault.busy == "wait"     ? Busy::wait
                        : fault.busy == "refuse" ? Busy::refuse
                        : fault.busy.empty()     ? options_.busy
                                                 : Busy::ignore;
        options_.idle_time =
            fault.idle_ms < 0 ? options_.idle_time : std::chrono::milliseconds(fault.idle_ms);
        Counters counters = memory_.counters();
        counters.lock = fault.lock < 0 ? counters.lock : static_cast<std::uint8_t>(fault.lock);
        static_cast<void>(keep(memory_.set(counters)));
    } else if (fault.kind == FaultKind::swap_device) {
        TRY(swap_device(fault));
    } else if (fault.kind == FaultKind::clock_shift) {
        clock_shift_ms_ += fault.ms;
    } else if (fault.kind == FaultKind::other_master) {
        for (std::int64_t i = 0; i < fault.count; ++i) {
            TRY(local_sale(fault.total, now));
        }
    } else {
        return base::make_error(base::ErrorCode::not_supported,
                                "a card terminal has no " + std::string(name_of(fault.kind)));
    }
    return {};
}

/// Another terminal on the same line; what this one remembers is not looked at for its id.
base::Done Machine::swap_device(const Fault& fault) {
    constexpr std::size_t kTerminalIdDigits = 8;
    if (fault.serial.size() != kTerminalIdDigits) {
        return base::bad_field("serial", "8 digits of a terminal id");
    }
    options_.terminal_id = fault.serial;
    registration_ = {};
    return {};
}

}  // namespace tillhost::simulators::zvt
