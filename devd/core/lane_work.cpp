// What a lane does with operations and questions; the host's life stands in device_lane.cpp.
#include <fmt/format.h>

#include <array>

#include "devd/core/device_lane.h"
#include "ipc/contract/envelope.h"

namespace tillhost::devd::core {
namespace {

using base::ErrorCode;
using contract::OperationState;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::array<os::Duration, 4> kResolveDelays{milliseconds(500), seconds(2), seconds(10),
                                                     seconds(60)};

contract::Error contract_error(ErrorCode code, std::string detail,
                               base::Effect effect = base::Effect::none) {
    return contract::to_contract(base::make_error(code, std::move(detail), effect));
}

bool is_same_device(const contract::Identity& one, const contract::Identity& other) {
    return one.serial == other.serial && one.fiscal_memory == other.fiscal_memory;
}

/// False if the result names another device than the marker. A driver need not name it.
bool is_from(const contract::OperationResult& result, const std::optional<contract::Marker>& from) {
    // The host that owns a remote device has compared already.
    if (!from || std::holds_alternative<contract::RemoteMarker>(*from)) {
        return true;
    }
    const contract::Identity& identity = identity_of(*from);
    if (const auto* fiscal = std::get_if<contract::FiscalResult>(&result)) {
        return fiscal->serial.empty() || (fiscal->serial == identity.serial &&
                                          fiscal->fiscal_memory == identity.fiscal_memory);
    }
    if (const auto* payment = std::get_if<contract::PaymentResult>(&result)) {
        return payment->terminal_id.empty() || payment->terminal_id == identity.serial;
    }
    return true;
}

/// The same document, whose paper or time may have become known since.
bool completes(const contract::OperationResult& now, const contract::OperationResult& before) {
    if (!std::holds_alternative<contract::FiscalResult>(before) ||
        !std::holds_alternative<contract::FiscalResult>(now)) {
        return now == before;
    }
    contract::FiscalResult known = std::get<contract::FiscalResult>(before);
    const auto& said = std::get<contract::FiscalResult>(now);
    known.printed = said.printed;
    if (known.registered_at.empty()) {
        known.registered_at = said.registered_at;
    }
    return known == said;
}

/// What a terminal's driver is told of the operation before: all but the paper.
std::optional<contract::OperationResult> without_receipts(const OperationBook::Entry* last) {
    if (last == nullptr || !last->row.result) {
        return std::nullopt;
    }
    contract::OperationResult result = *last->row.result;
    if (auto* payment = std::get_if<contract::PaymentResult>(&result)) {
        payment->receipts.clear();
    } else if (auto* day = std::get_if<contract::EndOfDayResult>(&result)) {
        day->receipts.clear();
    }
    return result;
}

/// A card payment that was begun: whoever stood at the terminal may have gone, so that it is not
/// begun again unasked.
bool was_shown_to_customer(const OperationRow& row) {
    return row.state != OperationState::accepted &&
           (std::holds_alternative<contract::Authorise>(*row.command) ||
            std::holds_alternative<contract::Refund>(*row.command));
}

bool is_past(const OperationRow& row, const os::Clock& clock) {
    return row.start_before_ms != 0 && clock.unix_ms() > row.start_before_ms;
}

}  // namespace

// --- starting work

const OperationBook::Entry* DeviceLane::startable() const {
    if (context_.stopping) {
        return nullptr;
    }
    const bool in_doubt = context_.book.in_doubt(config_.id) != nullptr;
    for (const auto& [sequence, entry] : context_.book.waiting(config_.id)) {
        if ((!in_doubt || !is_money(*entry->row.command)) && owner_takes(entry->row)) {
            return entry;
        }
    }
    return nullptr;
}

/// What its owner could not begin now waits here, where it can still be taken back; what a customer
/// stands by is not put behind others' either.
bool DeviceLane::owner_takes(const OperationRow& row) const {
    if (config_.host.empty()) {
        return true;
    }
    const contract::Device* const there = seen_by_owner();
    return there != nullptr &&
           (there->state == contract::DeviceState::ready ||
            (there->state == contract::DeviceState::busy && !is_payment(*row.command)));
}

const OperationBook::Entry* DeviceLane::next_operation() {
    if (keeper_ && !context_.stopping) {
        keeper_->tidy();
    }
    const OperationBook::Entry* operation = startable();
    while (operation != nullptr && is_past(operation->row, context_.clock)) {
        touched(context_.book.expire(operation->row.id));
        operation = startable();
    }
    if (!keeper_ || context_.stopping) {
        return operation;
    }
    if (operation != nullptr) {
        const OperationBook::Entry* first = keeper_->before(*operation);
        return first == nullptr ? operation : first;
    }
    const bool idle =
        context_.book.waiting(config_.id).empty() && context_.book.in_doubt(config_.id) == nullptr;
    return idle ? keeper_->at_leisure() : nullptr;
}

void DeviceLane::next() {
    if (phase_ != Phase::ready || ending_) {
        return;
    }
    const OperationBook::Entry* doubt = context_.book.doubt_to_ask(config_.id);
    if (doubt != nullptr && resolve_wanted_) {
        if (queries_at_host_ == 0) {
            send_resolve(*doubt);
        }
        return;
    }
    const OperationBook::Entry* operation = next_operation();
    if (operation == nullptr || (queries_turn_ && !query_order_.empty())) {
        send_queries();  // perhaps none: their time may be over
        queries_turn_ = operation == nullptr;
    }
    if (operation != nullptr && queries_at_host_ == 0) {
        execute(*operation);
    }
}

void DeviceLane::execute(const OperationBook::Entry& entry) {
    phase_ = Phase::executing;
    changed();
    queries_turn_ = true;
    current_ = entry.row.id;
    tries_[entry.row.id] += 1;
    // A money command stops at its marker, which is written behind the acceptance; any other acts
    // at once, and so it waits until the book has that it was begun.
    const bool at_once = !is_money(*entry.row.command);
    if (at_once) {
        touched(context_.book.begin(entry.row.id));
    }
    contract::Execute command;
    command.operation_id = entry.row.id;
    command.attempt = entry.row.attempt + (at_once ? 0 : 1);
    command.command = *entry.row.command;
    if (is_payment(*entry.row.command)) {
        command.last_result = without_receipts(context_.book.last_payment(config_.id));
    }
    command.budget_ms = ms(config_.budgets.execute);
    watch_for(config_.budgets.execute);
    pause_watch();
    send(at_once ? entry.position : 0, std::move(command));
}

void DeviceLane::send_resolve(const OperationBook::Entry& entry) {
    phase_ = Phase::resolving;
    changed();
    resolve_wanted_ = false;
    asked_ = entry.row.id;
    contract::ResolveCommand command;
    command.pending = pending_of(entry.row);
    command.budget_ms = ms(config_.budgets.resolve);
    watch_for(config_.budgets.resolve);
    pause_watch();
    send(entry.position, std::move(command));
}

void DeviceLane::resolve_now() {
    resolve_wanted_ = true;
    if (phase_ == Phase::closed && later_) {
        send_open();
        return;
    }
    next();
}

void DeviceLane::abort(const base::OperationId& id) {
    if (phase_ == Phase::executing && current_ == id && !ending_) {
        context_.hosts.abort(config_.id);
    }
}

// --- the gate

void DeviceLane::take(const contract::Persist& persist) {
    const OperationBook::Entry* entry = context_.book.find(persist.operation_id);
    const bool executing = phase_ == Phase::executing && current_ == persist.operation_id;
    const bool asked =
        (phase_ == Phase::opening || phase_ == Phase::resolving) && asked_ == persist.operation_id;
    if (entry == nullptr || (!executing && !asked)) {
        expects(false, "persist");
        return;
    }
    const bool prepares = std::holds_alternative<contract::Marker>(persist.record);
    const std::int64_t attempt = entry->row.attempt + (prepares ? 1 : 0);
    if (persist.attempt != attempt) {
        refuse(*entry, persist.attempt, ErrorCode::wrong_state,
               fmt::format("attempt {} is at hand", attempt));
        return;
    }
    pause_watch();
    std::visit([&](const auto& record) { this->persist(record, *entry); }, persist.record);
}

void DeviceLane::refuse(const OperationBook::Entry& entry, std::int64_t attempt, ErrorCode code,
                        const std::string& why) {
    contract::Refused refused;
    refused.operation_id = entry.row.id;
    refused.attempt = attempt;
    refused.error = contract_error(code, why);
    send(0, std::move(refused));
}

void DeviceLane::persist(const contract::Marker& marker, const OperationBook::Entry& entry) {
    const std::int64_t attempt = entry.row.attempt + 1;
    if (phase_ != Phase::executing || entry.row.state != OperationState::accepted) {
        refuse(entry, attempt, ErrorCode::wrong_state,
               fmt::format("the operation is {}", contract::name_of(entry.row.state)));
        return;
    }
    if (context_.stopping || ending_) {
        refuse(entry, attempt, ErrorCode::shutting_down, "nothing new is begun");
        return;
    }
    if (is_past(entry.row, context_.clock)) {
        touched(context_.book.expire(entry.row.id));
        refuse(entry, attempt, ErrorCode::expired, "");
        return;
    }
    last_ok_ = now();  // the marker was read from the device
    contract::Go go;
    go.operation_id = entry.row.id;
    go.attempt = attempt;
    go.epoch = static_cast<std::int64_t>(epoch_.value);
    if (context_.bugs.skip_marker) {
        send(0, std::move(go));
        return;
    }
    const OperationBook::Entry& prepared = context_.book.prepare(entry.row.id, marker);
    touched(prepared);
    send(prepared.position, std::move(go));
}

void DeviceLane::persist(const contract::Evidence& evidence, const OperationBook::Entry& entry) {
    if (entry.row.state != OperationState::prepared &&
        entry.row.state != OperationState::in_doubt) {
        refuse(entry, entry.row.attempt, ErrorCode::wrong_state,
               fmt::format("the operation is {}", contract::name_of(entry.row.state)));
        return;
    }
    if (entry.row.evidence.size() >= kEvidenceMax) {
        refuse(entry, entry.row.attempt, ErrorCode::too_large,
               "the operation has all the evidence it may have");
        return;
    }
    const OperationBook::Entry& kept = context_.book.add_evidence(entry.row.id, evidence);
    contract::Persisted persisted;
    persisted.operation_id = kept.row.id;
    persisted.attempt = kept.row.attempt;
    send(kept.position, std::move(persisted));
}

void DeviceLane::persist(const contract::OperationResult& result,
                         const OperationBook::Entry& entry) {
    const OperationState state = entry.row.state;
    const bool open = state == OperationState::prepared || state == OperationState::in_doubt;
    if (!open || (!is_from(result, entry.row.marker) && !context_.bugs.verdict_on_swapped)) {
        refuse(entry, entry.row.attempt, open ? ErrorCode::wrong_device : ErrorCode::wrong_state,
               open ? "the result is of another device than the marker"
                    : fmt::format("the operation is {}", contract::name_of(state)));
        return;
    }
    const OperationBook::Entry& done = context_.book.finish(entry.row.id, result);
    touched(done);
    contract::Persisted persisted;
    persisted.operation_id = done.row.id;
    persisted.attempt = done.row.attempt;
    send(done.position, std::move(persisted));
}

// --- how an operation ends

void DeviceLane::take(const contract::Finished& finished) {
    const bool right = phase_ == Phase::executing && current_ == finished.operation_id &&
                       finished.result.has_value() != finished.error.has_value();
    if (!right) {
        expects(false, "finished");
        return;
    }
    const base::OperationId id = *current_;
    current_.reset();
    phase_ = Phase::ready;
    watch_for(kSilenceMax);
    // One that was cancelled meanwhile may have been acknowledged and forgotten too.
    if (const OperationBook::Entry* entry = context_.book.find(id)) {
        settle(finished, *entry);
    }
    if (finished.status) {
        set_status(*finished.status);
    }
    if (ending_) {
        return;
    }
    if (finished.link_lost) {
        reason_ = finished.error ? finished.error->text : "";
        send_open();
        return;
    }
    tell(DeviceEvent::changed);
    next();
}

void DeviceLane::settle(const contract::Finished& finished, const OperationBook::Entry& entry) {
    const base::OperationId id = entry.row.id;
    if (finished.error) {
        if (!is_final(entry.row.state)) {
            take_error(entry, *finished.error);
        }
    } else if (!is_final(entry.row.state)) {
        touched(context_.book.finish(id, *finished.result));
    } else if (entry.row.state == OperationState::done && entry.row.result != finished.result) {
        if (completes(*finished.result, *entry.row.result)) {
            touched(context_.book.update_result(id, *finished.result));
        } else {
            end_host("its driver changed the result of an operation that was done");
        }
    }
    if (finished.result) {
        last_ok_ = now();
    }
    if (is_final(entry.row.state)) {
        tries_.erase(id);
    }
}

void DeviceLane::take_error(const OperationBook::Entry& entry, const contract::Error& error) {
    const bool prepared = entry.row.state == OperationState::prepared;
    if (prepared && error.effect != base::Effect::none) {
        touched(context_.book.doubt(entry.row.id, error));
        resolve_wanted_ = true;
        return;
    }
    if (is_money(*entry.row.command)) {
        // Without a go nothing irreversible can have left, whatever the driver believes.
        contract::Error harmless = error;
        harmless.effect = base::Effect::none;
        if (error.reaction == base::Reaction::reconnect || context_.stopping) {
            not_executed(entry, harmless);
        } else {
            touched(context_.book.fail(entry.row.id, harmless));
        }
        return;
    }
    touched(context_.book.fail(entry.row.id, error));
}

/// It certainly did not happen: it is handed out again, a bounded number of times.
void DeviceLane::not_executed(const OperationBook::Entry& entry, const contract::Error& why) {
    if (is_past(entry.row, context_.clock)) {
        touched(context_.book.fail(entry.row.id, contract_error(ErrorCode::expired, "")));
    } else if (was_shown_to_customer(entry.row)) {
        contract::Error over = contract_error(ErrorCode::payment_cancelled, why.text);
        touched(context_.book.fail(entry.row.id, over));
    } else if (tries_[entry.row.id] >= kTriesMax || entry.row.attempt >= kTriesMax) {
        touched(context_.book.fail(entry.row.id, why));
    } else if (entry.row.state != OperationState::accepted) {
        touched(context_.book.give_back(entry.row.id));
    }
    if (is_final(entry.row.state)) {
        tries_.erase(entry.row.id);
    }
}

/// The host is gone in the middle of an operation.
void DeviceLane::abandon_current(const std::string& reason) {
    if (!current_) {
        return;
    }
    const OperationBook::Entry* entry = context_.book.find(*current_);
    current_.reset();
    if (entry == nullptr || is_final(entry->row.state)) {
        return;
    }
    const contract::Error lost =
        contract_error(ErrorCode::host_lost, fmt::format("{}; the device is asked", reason),
                       base::Effect::unknown);
    if (entry->row.state == OperationState::prepared) {
        if (context_.bugs.timeout_is_failed) {
            touched(
                context_.book.fail(entry->row.id, contract_error(ErrorCode::host_lost, reason)));
        } else {
            touched(context_.book.doubt(entry->row.id, lost));
        }
    } else if (is_money(*entry->row.command)) {
        not_executed(*entry, contract_error(ErrorCode::host_lost, reason));
    } else {
        touched(context_.book.fail(entry->row.id, lost));  // nothing is repeated blindly
    }
}

// --- what the device says of an operation in doubt

void DeviceLane::take(const contract::Resolved& resolved) {
    const bool right = phase_ == Phase::resolving && asked_ == resolved.operation_id &&
                       resolved.resolution.has_value() != resolved.error.has_value();
    if (!expects(right, "resolved")) {
        return;
    }
    const OperationBook::Entry* entry = context_.book.find(*asked_);
    asked_.reset();
    phase_ = Phase::ready;
    watch_for(kSilenceMax);
    const bool in_doubt = entry != nullptr && entry->row.state == OperationState::in_doubt;
    if (in_doubt && resolved.resolution) {
        last_ok_ = now();
        apply(*resolved.resolution, *entry);
    } else if (in_doubt) {
        context_.waiters.asked(*entry);
    }
    if (ending_) {
        return;
    }
    if (resolved.link_lost) {
        send_open();
        return;
    }
    tell(DeviceEvent::changed);
    if (in_doubt && resolved.error) {
        reset_timer(later_);
        const std::size_t step = std::min(resolve_failures_++, kResolveDelays.size() - 1);
        later_ = context_.timers.call_at(now() + kResolveDelays[step], [this] {
            later_.reset();
            resolve_now();
        });
    }
    next();
}

/// Says why it is still in doubt, once.
void DeviceLane::mark_doubt(const OperationBook::Entry& entry, contract::Error error) {
    error.effect = base::Effect::unknown;
    if (entry.row.error != error) {
        touched(context_.book.doubt(entry.row.id, error));
    }
}

void DeviceLane::apply(const contract::Resolution& resolution, const OperationBook::Entry& entry) {
    const bool same = is_same_device(resolution.identity, identity_of(*entry.row.marker));
    if (!same && !context_.bugs.verdict_on_swapped) {
        mark_doubt(entry, contract_error(ErrorCode::wrong_device,
                                         fmt::format("serial {} was expected, {} answered; "
                                                     "connect the device that was used",
                                                     identity_of(*entry.row.marker).serial,
                                                     resolution.identity.serial)));
    } else if (resolution.verdict == contract::Verdict::executed) {
        if (!resolution.result) {
            end_host("its driver said executed without a result");
            return;
        }
        touched(context_.book.finish(entry.row.id, *resolution.result));
        tries_.erase(entry.row.id);
    } else if (resolution.verdict == contract::Verdict::not_executed) {
        not_executed(entry, contract_error(ErrorCode::no_answer, resolution.reason));
    } else {
        mark_doubt(entry, contract_error(ErrorCode::device_in_doubt, resolution.reason));
    }
    context_.waiters.asked(entry);
}

}  // namespace tillhost::devd::core
