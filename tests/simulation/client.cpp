#include "tests/simulation/client.h"

#include <fmt/format.h>

#include <array>
#include <utility>
#include <variant>

#include "ipc/contract/decoder.h"
#include "ipc/contract/payment_rules.h"

namespace tillhost::simulation {

using contract::OperationState;
using contract::RequestKind;

namespace {

/// New ids that a client makes for one task before it gives the task up.
constexpr std::size_t kAttemptsMax = 5;
/// The same with those that devd never had.
constexpr std::size_t kIdsMax = 15;
constexpr std::int64_t kAnswerMs = 3000;

std::string short_id(const base::OperationId& id) { return id.to_text().substr(24); }

const contract::Error* error_of(const contract::Reply& reply) {
    return std::get_if<contract::Error>(&reply.outcome);
}

bool same_outcome(contract::Operation before, contract::Operation after) {
    auto* said = before.result ? std::get_if<contract::FiscalResult>(&*before.result) : nullptr;
    auto* now = after.result ? std::get_if<contract::FiscalResult>(&*after.result) : nullptr;
    if (said != nullptr && now != nullptr) {  // paper and time may become known later
        said->printed = now->printed;
        said->registered_at =
            said->registered_at.empty() ? now->registered_at : said->registered_at;
    }
    return before.state == after.state && before.result == after.result &&
           before.error == after.error;
}

}  // namespace

bool is_money(const contract::Command& command) {
    return std::holds_alternative<contract::Receipt>(command) ||
           std::holds_alternative<contract::Correction>(command) ||
           std::holds_alternative<contract::OpenShift>(command) ||
           std::holds_alternative<contract::CloseShift>(command) ||
           std::holds_alternative<contract::CashIn>(command) ||
           std::holds_alternative<contract::CashOut>(command) || is_card_money(command) ||
           std::holds_alternative<contract::Sale>(command);
}

bool is_card_money(const contract::Command& command) {
    return std::holds_alternative<contract::Authorise>(command) ||
           std::holds_alternative<contract::Reverse>(command) ||
           std::holds_alternative<contract::Refund>(command) ||
           std::holds_alternative<contract::EndOfDay>(command);
}

bool is_final(OperationState state) {
    return state == OperationState::done || state == OperationState::failed ||
           state == OperationState::cancelled || state == OperationState::expired ||
           state == OperationState::never_accepted;
}

Client::Client(int number, Scheduler& scheduler, const os::Clock& clock, SimDevd& devd,
               Findings& findings, Ledger& ledger, Chance chance)
    : number_(number),
      name_(fmt::format("till {}", number)),
      scheduler_(scheduler),
      clock_(clock),
      findings_(findings),
      ledger_(ledger),
      chance_(chance),
      conversation_(scheduler, devd, findings, ledger, name_, Chance(chance.next(), 0)) {}

bool Client::finished() const {
    for (const Task& task : ledger_.tasks) {
        if (task.client == number_ && !task.closed) {
            return false;
        }
    }
    return true;
}

void Client::run() {
    // Tasks may be added on the way (a shift that has to be opened first).
    for (std::size_t i = 0; i < ledger_.tasks.size(); ++i) {
        Task& task = ledger_.tasks[i];
        if (task.client == number_ && !task.closed) {
            carry_out(task);
        }
    }
}

void Client::carry_out(Task& task) {
    if (task.attempts.empty()) {
        scheduler_.sleep_until(scheduler_.now() + task.manner.think);
        if (task.manner.asks_status) {
            ask_status(task);
        }
    }
    if (task.takes_back && task.attempts.empty()) {
        name_payment(task);
    }
    while (!task.closed) {
        if (task.attempts.size() >= kIdsMax && task.attempts.back().over) {
            task.closed = true;
            return;
        }
        if (task.attempts.empty() || task.attempts.back().over) {
            begin_attempt(task);
        }
        pursue(task, task.attempts.back());
    }
}

/// A reversal needs the numbers of its payment; without a payment there is nothing to take back.
void Client::name_payment(Task& task) {
    const Task& paid = ledger_.tasks[*task.takes_back];
    const bool done = !paid.attempts.empty() && paid.attempts.back().told &&
                      paid.attempts.back().told->state == OperationState::done;
    if (!done) {
        task.closed = true;
        return;
    }
    const auto& payment = std::get<contract::PaymentResult>(*paid.attempts.back().told->result);
    task.total_minor = payment.amount_minor;
    task.command = contract::reversal_of(payment, paid.attempts.back().id);
}

void Client::begin_attempt(Task& task) {
    // Stored before anything is sent: the deque is the disk of the till.
    Attempt attempt;
    attempt.id = base::OperationId::make(static_cast<std::uint64_t>(clock_.unix_ms()),
                                         {chance_.next(), chance_.next()});
    scheduler_.trace().say(scheduler_.now(), name_, "task {}: {} on {}, total {}: id {}",
                           task.number, contract::case_of(task.command), task.device,
                           task.total_minor, short_id(attempt.id));
    task.attempts.push_back(attempt);
    scheduler_.point();
}

void Client::pursue(Task& task, Attempt& attempt) {
    if (!conversation_.open() && !conversation_.connect()) {
        pause(100, 2000);
        return;
    }
    if (attempt.known) {
        await_outcome(task, attempt);
    } else if (attempt.sent) {
        ask_about(task, attempt);
    } else {
        submit(task, attempt);
    }
}

// --- handing over

contract::Value Client::submit_body(const Task& task, const Attempt& attempt) const {
    contract::SubmitRequest request;
    request.session = conversation_.session();
    request.operation_id = attempt.id;
    request.device = task.device;
    request.command = task.command;
    request.force = force_;
    if (task.manner.start_within_ms != 0) {
        // From the id's own time on: the same whenever it is sent again.
        request.start_before_ms =
            static_cast<std::int64_t>(attempt.id.unix_ms()) + task.manner.start_within_ms;
    }
    return contract::to_value(request);
}

void Client::submit(Task& task, Attempt& attempt) {
    attempt.sent = true;
    const Manner& manner = task.manner;
    if (manner.hangs_up && attempt.told == std::nullopt && chance_.percent(60)) {
        conversation_.tell(RequestKind::submit, submit_body(task, attempt),
                           chance_.ms_between(0, 40));
        scheduler_.sleep_until(scheduler_.now() + chance_.ms_between(0, 20));
        scheduler_.trace().say(scheduler_.now(), name_, "hangs up");
        conversation_.close();
        return;
    }
    if (manner.twice) {
        conversation_.tell(RequestKind::submit, submit_body(task, attempt), {});
    }
    const auto reply =
        conversation_.ask(RequestKind::submit, submit_body(task, attempt), kAnswerMs);
    if (reply) {
        take_submit_reply(task, attempt, *reply);
    }
}

void Client::take_submit_reply(Task& task, Attempt& attempt, const contract::Reply& reply) {
    const contract::Error* error = error_of(reply);
    if (error == nullptr) {
        note(attempt, std::get<contract::Value>(reply.outcome));
        attempt.known = true;
        if (task.manner.probes_conflict) {
            probe_conflict(task, attempt);
        }
        if (task.manner.cancels && chance_.percent(70)) {
            cancel(attempt);
        }
        if (task.manner.breaks_off && is_money(task.command)) {
            break_off(attempt);
        }
        return;
    }
    scheduler_.trace().say(scheduler_.now(), name_, "submit {} refused: {}", short_id(attempt.id),
                           error->code);
    if (error->code == "possible_duplicate") {
        force_ = true;
        const auto again =
            conversation_.ask(RequestKind::submit, submit_body(task, attempt), kAnswerMs);
        force_ = false;
        if (again && error_of(*again) == nullptr) {
            take_submit_reply(task, attempt, *again);
        }
        return;
    }
    if (error->code == "id_too_old") {
        give_up(attempt);  // and so is every earlier message with this id
        return;
    }
    if (error->code == "expired") {
        // It was not taken now; an earlier message of ours may have been.
        settle(attempt);
        return;
    }
    on_error(attempt, "submit", *error);
}

/// Refusals that a client simply waits out; anything else is against the contract.
void Client::on_error(const Attempt& attempt, std::string_view asking,
                      const contract::Error& error) {
    static constexpr std::array<std::string_view, 3> kWait{"retry_later", "storage_full",
                                                           "shutting_down"};
    for (const std::string_view code : kWait) {
        if (error.code == code) {
            pause(300, 3000);
            return;
        }
    }
    if (error.code == "stale_session" || error.code == "no_session") {
        conversation_.close();
        return;
    }
    findings_.add(fmt::format("{}: {} of {} was answered {}: {}", name_, asking,
                              short_id(attempt.id), error.code, error.text));
    pause(1000, 2000);
}

void Client::probe_conflict(const Task& task, const Attempt& attempt) {
    Task other = task;
    if (auto* receipt = std::get_if<contract::Receipt>(&other.command)) {
        receipt->lines.front().name += " and more";
    } else if (auto* correction = std::get_if<contract::Correction>(&other.command)) {
        correction->receipt.lines.front().name += " and more";
    } else {
        other.command = contract::PrintText{{"other"}};
    }
    const auto reply =
        conversation_.ask(RequestKind::submit, submit_body(other, attempt), kAnswerMs);
    const contract::Error* error = reply ? error_of(*reply) : nullptr;
    if (reply && (error == nullptr || error->code != "conflict")) {
        findings_.add(fmt::format("{}: other content under id {} was not a conflict", name_,
                                  short_id(attempt.id)));
    }
}

void Client::cancel(Attempt& attempt) {
    pause(0, 60);
    const auto reply = conversation_.ask(RequestKind::cancel, session_body(attempt), kAnswerMs);
    if (!reply) {
        return;
    }
    if (const contract::Error* error = error_of(*reply)) {
        if (error->code != "wrong_state") {
            on_error(attempt, "cancel", *error);
        }
        return;
    }
    note(attempt, std::get<contract::Value>(reply->outcome));
}

contract::Value Client::session_body(const Attempt& attempt) const {
    contract::SessionOperationRequest request;
    request.session = conversation_.session();
    request.operation_id = attempt.id;
    return contract::to_value(request);
}

// --- finding out

void Client::ask_about(Task& task, Attempt& attempt) {
    contract::OperationRequest request;
    request.operation_id = attempt.id;
    const auto reply =
        conversation_.ask(RequestKind::operation, contract::to_value(request), kAnswerMs);
    if (!reply) {
        return;
    }
    const contract::Error* error = error_of(*reply);
    if (error == nullptr) {
        note(attempt, std::get<contract::Value>(reply->outcome));
        attempt.known = true;
        return;
    }
    if (error->code != "unknown_operation") {
        on_error(attempt, "operation", *error);
        return;
    }
    const std::int64_t choice = chance_.below(100);
    if (choice < 50) {
        submit(task, attempt);  // the same id again, under the new session
    } else if (choice < 75) {
        settle(attempt);
    } else {
        // Nothing of the former connection can be taken any more, so the id is void with it.
        scheduler_.trace().say(scheduler_.now(), name_, "{} is void with its session",
                               short_id(attempt.id));
        give_up(attempt);
    }
}

void Client::give_up(Attempt& attempt) {
    attempt.over = true;
    attempt.given_up = true;
}

void Client::settle(Attempt& attempt) {
    const auto reply = conversation_.ask(RequestKind::settle, session_body(attempt), kAnswerMs);
    if (!reply) {
        return;
    }
    if (const contract::Error* error = error_of(*reply)) {
        if (error->code == "id_too_old") {
            give_up(attempt);
            return;
        }
        on_error(attempt, "settle", *error);
        return;
    }
    note(attempt, std::get<contract::Value>(reply->outcome));
    attempt.known = true;
    if (attempt.told->state == OperationState::never_accepted) {
        give_up(attempt);
    }
}

void Client::await_outcome(Task& task, Attempt& attempt) {
    if (attempt.told && is_final(attempt.told->state)) {
        conclude(task, attempt);
        return;
    }
    contract::OperationRequest request;
    request.operation_id = attempt.id;
    const bool resolves = attempt.in_doubt_since != os::Instant::max() && chance_.one_in(4);
    const auto reply =
        conversation_.ask(resolves ? RequestKind::resolve : RequestKind::await,
                          contract::to_value(request), chance_.between(2000, 20'000));
    if (!reply) {
        return;
    }
    if (const contract::Error* error = error_of(*reply)) {
        on_error(attempt, "await", *error);
        return;
    }
    note(attempt, std::get<contract::Value>(reply->outcome));
    if (is_final(attempt.told->state)) {
        conclude(task, attempt);
    } else if (attempt.told->state == OperationState::in_doubt || attempt.told->error) {
        pause(1000, 4000);  // only the device or a person helps it on
    }
}

void Client::conclude(Task& task, Attempt& attempt) {
    const OperationState state = attempt.told->state;
    const bool failed = state == OperationState::failed;
    if (failed && is_money(task.command) && attempt.told->error->effect != base::Effect::none) {
        findings_.add(fmt::format("{}: {} failed with an effect that is not known", name_,
                                  short_id(attempt.id)));
    }
    acknowledge(attempt);
    attempt.over = true;
    if (state == OperationState::done || state == OperationState::cancelled ||
        (failed && !mend(task, *attempt.told->error)) || task.attempts.size() >= kAttemptsMax) {
        task.closed = true;
    }
    scheduler_.point();
}

void Client::acknowledge(Attempt& attempt) {
    const bool again = std::exchange(attempt.acknowledge_sent, true);
    const auto reply =
        conversation_.ask(RequestKind::acknowledge, session_body(attempt), kAnswerMs);
    if (!reply) {
        return;  // the result is ours; devd only keeps it longer
    }
    if (const contract::Error* error = error_of(*reply)) {
        if (!again || error->code != "unknown_operation") {  // else the first one has arrived
            on_error(attempt, "acknowledge", *error);
        }
        return;
    }
    note(attempt, std::get<contract::Value>(reply->outcome));
}

/// Writes down what devd says and compares it with what it said before.
void Client::note(Attempt& attempt, const contract::Value& body) {
    auto read = contract::from_value<contract::Operation>(body);
    if (!read) {
        findings_.add(fmt::format("{}: {}", name_, base::to_text(read.error())));
        return;
    }
    if (attempt.told && is_final(attempt.told->state) && !same_outcome(*attempt.told, *read)) {
        findings_.add(fmt::format("{}: {} was {} and is now {}", name_, short_id(attempt.id),
                                  contract::name_of(attempt.told->state),
                                  contract::name_of(read->state)));
    }
    if (attempt.told && attempt.told->state != OperationState::never_accepted &&
        read->state == OperationState::never_accepted) {
        findings_.add(fmt::format("{}: {} had been accepted", name_, short_id(attempt.id)));
    }
    if (!attempt.told || attempt.told->state != read->state) {
        scheduler_.trace().say(scheduler_.now(), name_, "{} is {}", short_id(attempt.id),
                               contract::name_of(read->state));
    }
    if (read->state == OperationState::in_doubt && attempt.in_doubt_since == os::Instant::max()) {
        attempt.in_doubt_since = scheduler_.now();
    }
    attempt.told = std::move(*read);
}

void Client::pause(std::int64_t low_ms, std::int64_t high_ms) {
    scheduler_.sleep_until(scheduler_.now() + chance_.ms_between(low_ms, high_ms));
}

}  // namespace tillhost::simulation
