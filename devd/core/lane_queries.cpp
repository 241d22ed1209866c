// How a lane hands questions on; they change nothing and are not kept in the book.
#include <fmt/format.h>

#include "devd/core/device_lane.h"
#include "ipc/contract/decoder.h"
#include "ipc/contract/envelope.h"

namespace tillhost::devd::core {

using base::ErrorCode;

namespace {

/// Whether an answer is the status of its class, and not some detail.
bool is_status(const contract::ClassStatus& answer) {
    return std::holds_alternative<contract::FiscalStatus>(answer) ||
           std::holds_alternative<contract::TerminalStatus>(answer) ||
           std::holds_alternative<contract::ScannerStatus>(answer) ||
           std::holds_alternative<contract::PrinterStatus>(answer) ||
           std::holds_alternative<contract::DongleStatus>(answer);
}

}  // namespace

base::Done DeviceLane::ask(const contract::Query& query, ipc::PeerId peer, std::int64_t request_id,
                           os::Instant deadline) {
    return enqueue(WaitingQuery{peer, request_id, query, {}}, deadline);
}

base::Done DeviceLane::ask(const contract::Query& query, os::Instant deadline, Inform inform) {
    return enqueue(WaitingQuery{{}, 0, query, {}, std::move(inform)}, deadline);
}

base::Done DeviceLane::enqueue(WaitingQuery query, os::Instant deadline) {
    if (context_.stopping) {
        return base::make_error(ErrorCode::shutting_down, "");
    }
    if (phase_ == Phase::closed || phase_ == Phase::offline || quarantined_) {
        return base::make_error(ErrorCode::device_not_ready, reason_);
    }
    if (query_order_.size() >= kQueriesWaitingMax) {
        return base::make_error(ErrorCode::retry_later,
                                fmt::format("{} questions wait already", kQueriesWaitingMax));
    }
    const Ticket ticket = ++last_ticket_;
    query.timer = context_.timers.call_at(deadline, [this, ticket] { time_out(ticket); });
    queries_.emplace(ticket, std::move(query));
    query_order_.push_back(ticket);
    next();
    return {};
}

void DeviceLane::send_queries() {
    while (queries_at_host_ < kQueriesAtHostMax && !query_order_.empty()) {
        const Ticket ticket = query_order_.front();
        query_order_.pop_front();
        const auto found = queries_.find(ticket);
        if (found == queries_.end()) {
            continue;  // its time is over
        }
        contract::QueryCommand command;
        command.ticket = ticket;
        command.query = std::move(found->second.query);  // it is put once
        command.budget_ms = ms(config_.budgets.query);
        watch_for(config_.budgets.query);
        ++queries_at_host_;
        send(0, std::move(command));
    }
}

/// The device has answered before.
void DeviceLane::ask_when_idle() {
    reset_timer(idle_timer_);
    const os::Instant due = *last_ok_ + kIdleAskAfter;
    idle_timer_ =
        context_.timers.call_at(due > now() ? due : now() + kIdleAskAfter, [this] { on_idle(); });
}

/// Nobody waits for the answer; it is taken like that to any other question.
void DeviceLane::on_idle() {
    idle_timer_.reset();
    const bool idle = phase_ == Phase::ready && queries_at_host_ == 0 && !ending_;
    if (idle && !context_.stopping && now() - *last_ok_ >= kIdleAskAfter) {
        contract::QueryCommand command;
        command.ticket = ++last_ticket_;
        command.query = contract::StatusQuery{};
        command.budget_ms = ms(config_.budgets.query);
        watch_for(config_.budgets.query);
        ++queries_at_host_;
        send(0, std::move(command));
    }
    ask_when_idle();
}

void DeviceLane::take(const contract::Queried& queried) {
    if (!expects(queries_at_host_ > 0 && queried.status.has_value() != queried.error.has_value(),
                 "queried")) {
        return;
    }
    --queries_at_host_;
    watch_for(queries_at_host_ > 0 ? config_.budgets.query : kSilenceMax);
    if (queried.status) {
        last_ok_ = now();
        if (is_status(*queried.status)) {
            set_status(*queried.status);
        }
    }
    if (const auto found = queries_.find(queried.ticket); found != queries_.end()) {
        contract::Reply reply{found->second.request_id, {}};
        if (queried.status) {
            reply.outcome = contract::to_value(*queried.status);
        } else {
            reply.outcome = *queried.error;
        }
        answer(found->second, reply);
        queries_.erase(found);
    }
    if (queried.link_lost) {
        reason_ = queried.error ? queried.error->text : "";
        phase_ = Phase::closed;  // what the host still has in its socket it answers first
    }
    if (phase_ == Phase::closed && queries_at_host_ == 0) {
        send_open();
        return;
    }
    next();
}

// --- what a device says unasked

void DeviceLane::take(const contract::PromptShown& shown) {
    if (!ending_ && current_ == shown.operation_id) {
        context_.events.prompted(config_.id, shown, position_);
    }
}

void DeviceLane::take(const contract::Scanned& scanned) {
    if (ending_) {
        return;
    }
    last_ok_ = now();
    contract::Scan scan = scanned.scan;
    scan.device = config_.id;
    context_.events.scanned(std::move(scan), context_.leases.holder(config_.id));
}

/// With anything under way, its own answer says so too.
void DeviceLane::take(const contract::LineLost& lost) {
    if (phase_ != Phase::ready || ending_) {
        return;
    }
    reason_ = lost.error.text;
    if (queries_at_host_ > 0) {
        phase_ = Phase::closed;
        return;
    }
    send_open();
}

void DeviceLane::answer(const WaitingQuery& query, const contract::Reply& reply) {
    context_.timers.cancel(query.timer);
    if (!query.inform) {
        context_.replies.send(query.peer, reply);
    } else if (const auto* error = std::get_if<contract::Error>(&reply.outcome)) {
        query.inform(contract::to_base(*error));
    } else {
        query.inform(contract::from_value<contract::ClassStatus>(
            std::get<contract::Value>(reply.outcome), "answer"));
    }
}

void DeviceLane::fail_queries(const base::Error& error, bool waiting_too) {
    queries_at_host_ = 0;
    for (auto found = queries_.begin(); found != queries_.end();) {
        const bool waits = !query_order_.empty() && found->first >= query_order_.front();
        if (waits && !waiting_too) {
            ++found;
            continue;
        }
        answer(found->second, {found->second.request_id, contract::to_contract(error)});
        found = queries_.erase(found);
    }
    if (waiting_too) {
        query_order_.clear();
    }
}

void DeviceLane::time_out(Ticket ticket) {
    if (const auto found = queries_.find(ticket); found != queries_.end()) {
        const base::Error error = base::make_error(
            ErrorCode::deadline_passed, reason_.empty() ? "the device did not answer" : reason_);
        answer(found->second, {found->second.request_id, contract::to_contract(error)});
        queries_.erase(found);
    }
}

void DeviceLane::forget(ipc::PeerId peer) {
    for (auto found = queries_.begin(); found != queries_.end();) {
        if (found->second.inform || found->second.peer != peer) {
            ++found;
            continue;
        }
        context_.timers.cancel(found->second.timer);
        found = queries_.erase(found);
    }
}

}  // namespace tillhost::devd::core
