#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hal/drivers/payment/zvt/errors.h"
#include "hal/drivers/payment/zvt/terminal.h"
#include "hal/drivers/payment/zvt/visit.h"

namespace tillhost::drivers::zvt {
namespace {

using base::Bytes;
using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;
using contract::Verdict;

/// How often a terminal is asked whether it is idle, and how long between; then it is left to a
/// later call. An automatic reversal may take minutes.
constexpr int kIdlePollsMax = 10;
constexpr os::Duration kPollTime = std::chrono::seconds(2);
/// Two equal answers must be so far apart before "not executed" is believed.
constexpr os::Duration kBetweenAnswers = std::chrono::seconds(2);

/// Connections that a terminal may end while nothing is asked of it.
constexpr int kPauseConnectionsMax = 5;

bool is_busy(const Enquired& enquired) {
    const std::uint8_t code = enquired.status.value_or(0);
    return code == kCodeNotPossible || state_of(code) == contract::TerminalState::busy;
}

bool is_busy_answer(const base::Error& error) {
    return error.code == ErrorCode::no_answer || error.device_code == kCodeBusy ||
           error.device_code == kCodeNotPossible;
}

/// What was kept and what came since. A last piece whose acknowledgement was lost comes once more.
std::vector<Printed> without_repeats(const std::vector<Printed>& kept,
                                     const std::vector<Printed>& since) {
    std::vector<Printed> all;
    for (const auto* pieces : {&kept, &since}) {
        for (const Printed& piece : *pieces) {
            if (!piece.ends || all.empty() || piece != all.back()) {
                all.push_back(piece);
            }
        }
    }
    return all;
}

std::size_t prints_kept(const contract::Pending& pending) {
    return static_cast<std::size_t>(
        std::count_if(pending.evidence.begin(), pending.evidence.end(),
                      [](const auto& one) { return one.source == kEvidencePrints; }));
}

contract::Resolution resolution_of(Verdict verdict, const contract::Identity& identity,
                                   std::string reason) {
    contract::Resolution resolution;
    resolution.verdict = verdict;
    resolution.identity = identity;
    resolution.reason = std::move(reason);
    return resolution;
}

}  // namespace

Result<device::Opened> Terminal::open(const std::optional<contract::Pending>& pending,
                                      device::Gate& gate, os::Deadline deadline) {
    const Visit visit(*this, &gate);
    drop();
    identity_ = {};
    registered_ = {};
    device::Opened opened;
    if (pending) {
        opened.resolution = TRY(reconcile(*pending, deadline));
    } else {
        TRY(ensure_connected(deadline));
    }
    const contract::TerminalStatus status = TRY(ask_status(deadline));
    if (identity_.serial.empty()) {
        TRY(ask_last(Repeat::last, deadline));  // its result names the terminal
    }
    opened.identity = identity_;
    opened.status = status;
    std::get<contract::TerminalStatus>(opened.status).identity = identity_;
    return opened;
}

Result<contract::Resolution> Terminal::resolve(const contract::Pending& pending, device::Gate& gate,
                                               os::Deadline deadline) {
    const Visit visit(*this, &gate);
    return reconcile(pending, deadline);
}

/// Takes what the terminal says outside of any procedure of ours; a result is made durable before
/// it is acknowledged. Until an answer comes if `answer`, else until the time is over.
Done Terminal::listen_until(os::Instant until, bool answer) {
    while (true) {
        const auto raw = link_->receive(until);
        if (!raw && raw.error().code == ErrorCode::cancelled) {
            continue;
        }
        if (!raw) {
            return raw.error().code == ErrorCode::deadline_passed ? Done() : raw.error();
        }
        const Apdu message = TRY(decode_apdu(*raw));
        if (message.is_response()) {
            if (answer) {
                return {};
            }
            continue;
        }
        TRY(take_stray(*raw, message, gate_, prints_ ? &*prints_ : nullptr));
        if (!link_->is_superseded()) {
            TRY(link_->send(write_accepted(), until));
        }
    }
}

/// 06 B0, whatever it is answered; only where the operation may still wait for a card.
Done Terminal::break_off_old(os::Deadline deadline) {
    if (!std::exchange(may_break_off_, false) || !link_) {
        return {};
    }
    const os::Deadline until = std::min(deadline, clock_.now() + settings_.timeouts.answer);
    TRY(link_->send(write_abort(), until));
    return listen_until(until, true);
}

/// Connects and registers. A terminal that is at work on the operation may not let itself be
/// registered; it is then told once to break off.
Done Terminal::reach(os::Deadline deadline) {
    Done reached = ensure_connected(deadline);
    if (reached || !is_busy_answer(reached.error()) || !may_break_off_) {
        return reached;
    }
    TRY(connect(deadline));
    TRY(break_off_old(deadline));
    TRY(pause(kPollTime, deadline));
    drop();
    return ensure_connected(deadline);
}

/// Lets time pass, listening. Some terminals hang up meanwhile; that is no trouble.
Done Terminal::pause(os::Duration time, os::Deadline deadline) {
    const os::Instant until = std::min(deadline, clock_.now() + time);
    bool registered = true;
    for (int i = 0; clock_.now() < until && i < kPauseConnectionsMax; ++i) {
        if (!link_) {
            TRY(connect(deadline));
            registered = false;
        }
        const Done listened = listen_until(until, false);
        if (listened) {
            continue;
        }
        if (listened.error().code != ErrorCode::link_lost) {
            return listened;
        }
        drop();
    }
    fresh_ = false;
    if (!registered) {
        drop();
    }
    return clock_.now() < until
               ? Done(make_error(ErrorCode::link_lost, "the terminal hangs up again and again"))
               : Done();
}

/// Until the terminal is idle: before that an automatic reversal may still be running.
Done Terminal::wait_idle(os::Deadline deadline) {
    for (int i = 0; i < kIdlePollsMax; ++i) {
        const Enquired enquired = TRY(enquire(false, deadline));
        if (!is_busy(enquired)) {
            return {};
        }
        TRY(break_off_old(deadline));
        if (clock_.now() + kPollTime >= deadline) {
            break;
        }
        TRY(pause(kPollTime, deadline));
    }
    return make_error(ErrorCode::terminal_busy,
                      "the terminal is still busy; it is asked again later");
}

/// The finding, and where it means "not executed" a second one that says the same.
Result<Judgement> Terminal::judge_twice(const Doubt& doubt, std::optional<StatusInfo>& now,
                                        os::Deadline deadline) {
    now = TRY(ask_last(Repeat::last, deadline));
    Judgement first = judge(doubt, now);
    if (first.finding == Finding::end_of_day) {
        now = TRY(ask_last(Repeat::merchant, deadline));
        Judgement payment = judge(doubt, now);
        return payment.finding == Finding::stored ? payment : first;
    }
    if (first.finding != Finding::unchanged && first.finding != Finding::declined) {
        return first;
    }
    TRY(pause(kBetweenAnswers, deadline));
    TRY(wait_idle(deadline));
    const auto before = now;
    now = TRY(ask_last(Repeat::last, deadline));
    Judgement second = judge(doubt, now);
    const bool same = now && is_same_transaction(*before, *now);
    if (same || second.finding == Finding::stored) {
        return second;
    }
    return Judgement{Finding::foreign, fmt::format("the terminal changed its word: {}; then {}",
                                                   first.reason, second.reason)};
}

Result<contract::Resolution> Terminal::reconcile(const contract::Pending& pending,
                                                 os::Deadline deadline) {
    const Doubt doubt = TRY(doubt_of(pending));
    recovering_ = true;
    prints_.emplace(*gate_, prints_kept(pending));
    may_break_off_ = !doubt.approved();
    TRY(reach(deadline));
    const std::string& asked = doubt.marker.identity.serial;
    if (!identity_.serial.empty() && identity_.serial != asked) {
        return make_error(ErrorCode::wrong_device,
                          fmt::format("the operation was begun on terminal {}, this is {}", asked,
                                      identity_.serial));
    }
    TRY(wait_idle(deadline));
    std::optional<StatusInfo> now;
    Judgement judgement = TRY(judge_twice(doubt, now, deadline));
    const bool is_none =
        judgement.finding == Finding::unchanged || judgement.finding == Finding::declined;
    if (is_none) {
        return resolution_of(Verdict::not_executed, identity_, std::move(judgement.reason));
    }
    if (judgement.finding != Finding::stored) {
        return resolution_of(Verdict::cannot_tell, identity_, std::move(judgement.reason));
    }
    ReceiptCollector collector(charset(), doubt.kind != contract::TransactionKind::end_of_day);
    for (const Printed& piece : without_repeats(doubt.printed, prints_->printed())) {
        collector.add(piece);
    }
    contract::Resolution resolution =
        resolution_of(Verdict::executed, identity_, std::move(judgement.reason));
    if (doubt.kind == contract::TransactionKind::end_of_day) {
        auto result = end_of_day_result(*now, identity_, doubt.marker.currency);
        result.receipts = collector.receipts();
        resolution.result = std::move(result);
    } else {
        MoneyCall call;
        call.amount = doubt.marker.amount_minor;
        auto result = payment_result(call, *now, identity_, doubt.marker.currency, charset());
        if (bugs_.forget_trusted_id) {
            result.trusted_id = doubt.marker.trusted_id;
        }
        result.receipts = collector.receipts();
        resolution.result = std::move(result);
    }
    return resolution;
}

}  // namespace tillhost::drivers::zvt
