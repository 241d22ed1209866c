// What became of a step that was handed to another host, and questions to its devices; the steps
// themselves: remote_driver.cpp.
#include <fmt/format.h>

#include <utility>

#include "devd/runtime/remote_driver.h"
#include "devd/runtime/remote_fit.h"
#include "ipc/contract/decoder.h"

namespace tillhost::devd::runtime {
namespace {

using base::ErrorCode;
using base::make_error;
using base::Result;
using contract::OperationState;
using contract::RequestKind;

constexpr os::Duration kWordMax = std::chrono::seconds(10);

}  // namespace

void RemoteDriver::take(const contract::ResolveCommand& command) {
    const contract::Pending& pending = command.pending;
    resolve(pending, [this, id = pending.operation_id,
                      attempt = pending.attempt](const Result<contract::Resolution>& resolution) {
        contract::Resolved resolved;
        resolved.operation_id = id;
        resolved.attempt = attempt;
        if (resolution) {
            resolved.resolution = *resolution;
        } else {
            resolved.error = contract::to_contract(resolution.error());
        }
        resolved.link_lost = !trunk_.link().is_up();
        say(std::move(resolved));
    });
}

void RemoteDriver::resolve(const contract::Pending& pending, Verdict verdict) {
    doubt_.emplace(Doubt{pending, trunk_.clock().now(), std::move(verdict)});
    look(RequestKind::operation, pending.operation_id, kWordMax,
         [this](const Result<contract::Operation>& seen) {
             if (doubt_ && !seen && seen.error().code == ErrorCode::unknown_operation) {
                 not_known_there();
             } else {
                 judge(seen);
             }
         });
}

/// A message of ours may still be on its way. What nobody has to stand by is handed over again, so
/// that there is one whichever comes first; of the rest the owner never takes any after this.
void RemoteDriver::not_known_there() {
    const contract::Pending& pending = doubt_->pending;
    const auto judged = [this](const Result<contract::Operation>& said) { judge(said); };
    if (wants_customer(pending.command)) {
        change(RequestKind::settle, pending.operation_id, judged);
    } else {
        hand_over(pending.operation_id, pending.command, judged);
    }
}

void RemoteDriver::judge(const Result<contract::Operation>& seen) {
    if (!doubt_) {
        return;
    }
    if (!seen && seen.error().code == ErrorCode::book_restored) {
        give(word(contract::Verdict::cannot_tell,
                  fmt::format("the book of host '{}' was restored: decide operation {} there",
                              trunk_.host().name, doubt_->pending.operation_id.to_text())));
    } else if (!seen && base::reaction_of(seen.error().code) == base::Reaction::reject) {
        // It would be refused again and again; whoever mends it has it asked once more.
        give(word(contract::Verdict::cannot_tell,
                  fmt::format("host '{}': {}", trunk_.host().name, base::to_text(seen.error()))));
    } else if (!seen) {
        give(seen.error());
    } else if (!core::is_final(seen->state)) {
        judge_open(*seen);
    } else if (seen->state == OperationState::done) {
        judge_done(*seen);
    } else {
        give(word(contract::Verdict::not_executed,
                  fmt::format("host '{}' has it as {}", trunk_.host().name,
                              contract::name_of(seen->state))));
    }
}

/// It is waited for as long as for a step; then it is taken out of the owner's queue.
void RemoteDriver::judge_open(const contract::Operation& operation) {
    const base::OperationId& id = operation.operation_id;
    const bool person =
        operation.error && operation.error->reaction == base::Reaction::ask_operator;
    const auto judged = [this](const Result<contract::Operation>& said) { judge(said); };
    if (operation.state == OperationState::in_doubt && person) {
        give(word(contract::Verdict::cannot_tell,
                  fmt::format("host '{}' cannot tell itself: decide operation {} there",
                              trunk_.host().name, id.to_text())));
    } else if (operation.state == OperationState::in_doubt ||
               (operation.state == OperationState::prepared && is_late(doubt_->since))) {
        give(make_error(ErrorCode::retry_later,
                        fmt::format("at host '{}' operation {} is {}", trunk_.host().name,
                                    id.to_text(), contract::name_of(operation.state))));
    } else if (operation.state == OperationState::accepted && is_late(doubt_->since)) {
        change(RequestKind::cancel, id,
               [this, id, judged](const Result<contract::Operation>& said) {
                   if (said || said.error().code != ErrorCode::wrong_state) {
                       judged(said);
                       return;
                   }
                   // It began, or ended, meanwhile: that it could not be cancelled says nothing
                   // more.
                   look(RequestKind::operation, id, kWordMax, judged);
               });
    } else {
        look(RequestKind::await, id, kLookThere, judged);
    }
}

void RemoteDriver::judge_done(const contract::Operation& operation) {
    if (!operation.result || !fits(doubt_->pending.command, *operation.result)) {
        give(word(contract::Verdict::cannot_tell,
                  fmt::format("host '{}' says that something else was done than was asked; look "
                              "at its paper",
                              trunk_.host().name)));
        return;
    }
    contract::Resolution executed = word(contract::Verdict::executed, "");
    executed.result = operation.result;
    doubt_->said = std::move(executed);
    // Before the owner may forget it.
    persist(operation.operation_id, doubt_->pending.attempt, *operation.result);
}

contract::Resolution RemoteDriver::word(contract::Verdict verdict, std::string reason) const {
    contract::Resolution said;
    said.identity = identity();
    said.verdict = verdict;
    said.reason = std::move(reason);
    return said;
}

void RemoteDriver::give(const Result<contract::Resolution>& word) {
    const Result<contract::Resolution> said = word;  // it may stand in what is taken away
    const Verdict verdict = std::move(doubt_->verdict);
    doubt_.reset();
    verdict(said);
}

// --- questions

void RemoteDriver::take(const contract::QueryCommand& command) {
    const auto answer = [this, ticket = command.ticket](const Result<contract::ClassStatus>& said) {
        contract::Queried queried;
        queried.ticket = ticket;
        if (said) {
            queried.status = *said;
        } else {
            queried.error = contract::to_contract(said.error());
        }
        say(std::move(queried));
    };
    const contract::Device* const seen = trunk_.seen(here_);
    if (std::holds_alternative<contract::StatusQuery>(command.query)) {
        // Its owner asks it, and says what has changed.
        if (seen != nullptr && seen->status) {
            answer(*seen->status);
        } else {
            answer(make_error(ErrorCode::device_not_ready, trunk_.link().why_down()));
        }
        return;
    }
    trunk_.link().ask(RequestKind::query,
                      contract::to_value(contract::QueryRequest{there_, command.query}),
                      trunk_.clock().now() + std::chrono::milliseconds(command.budget_ms),
                      [this, epoch = epoch_, answer](const contract::Reply& reply) {
                          if (!epoch_ || epoch_ != epoch) {
                              return;
                          }
                          if (const auto* error = std::get_if<contract::Error>(&reply.outcome)) {
                              answer(contract::to_base(*error));
                          } else {
                              answer(contract::from_value<contract::ClassStatus>(
                                  std::get<contract::Value>(reply.outcome)));
                          }
                      });
}

}  // namespace tillhost::devd::runtime
