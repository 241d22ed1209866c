// What a till does about a failure, and what it asks without need.
#include <algorithm>
#include <array>
#include <variant>

#include "ipc/contract/decoder.h"
#include "tests/simulation/client.h"

namespace tillhost::simulation {

using contract::RequestKind;

namespace {

/// Failures after which the same thing is not tried again: the customer pays otherwise or goes.
bool is_hopeless(std::string_view code) {
    static constexpr std::array<std::string_view, 8> kHopeless{
        "shift_already_open", "not_enough_cash",   "not_supported",    "text_not_printable",
        "payment_declined",   "payment_cancelled", "payment_reversed", "reversal_impossible"};
    return std::find(kHopeless.begin(), kHopeless.end(), code) != kHopeless.end();
}

}  // namespace

/// What a cashier does about a failure; false: this task is given up.
bool Client::mend(Task& task, const contract::Error& error) {
    const bool no_shift = error.code == "shift_not_open";
    const bool too_old = error.code == "shift_expired";
    if (error.effect != base::Effect::none || is_hopeless(error.code)) {
        return false;
    }
    if ((no_shift && !std::holds_alternative<contract::CloseShift>(task.command)) || too_old) {
        for (const bool closes : {true, false}) {
            if (closes && !too_old) {
                continue;
            }
            Task first;
            first.number = static_cast<int>(ledger_.tasks.size());
            first.client = number_;
            first.device = task.registrar.empty() ? task.device : task.registrar;
            if (closes) {
                first.command = contract::CloseShift{};
            } else {
                first.command = contract::OpenShift{};
            }
            ledger_.tasks.push_back(first);  // a deque: `task` stays where it is
            carry_out(ledger_.tasks.back());
        }
        return true;
    }
    if (no_shift) {
        return false;
    }
    pause(500, 6000);
    return true;
}

/// What came of it, the operation itself says.
void Client::break_off(const Attempt& attempt) {
    static constexpr std::int64_t kAnswerMs = 3000;
    pause(0, 2500);
    const auto reply = conversation_.ask(RequestKind::abort, session_body(attempt), kAnswerMs);
    const auto* error = reply ? std::get_if<contract::Error>(&reply->outcome) : nullptr;
    if (error != nullptr && error->code != "wrong_state") {
        on_error(attempt, "abort", *error);
    }
}

void Client::ask_status(const Task& task) {
    if (!conversation_.open() && !conversation_.connect()) {
        return;
    }
    contract::QueryRequest request;
    request.device = task.registrar.empty() ? task.device : task.registrar;
    request.query = contract::StatusQuery{};
    conversation_.ask(RequestKind::query, contract::to_value(request), 5000);
}

}  // namespace tillhost::simulation
