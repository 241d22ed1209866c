#include "devd/runtime/remote_driver.h"

#include <fmt/format.h>

#include <utility>

#include "devd/core/operation_book.h"
#include "devd/runtime/remote_fit.h"
#include "ipc/contract/decoder.h"

namespace tillhost::devd::runtime {
namespace {

using base::Effect;
using base::ErrorCode;
using base::make_error;
using base::Result;
using contract::OperationState;
using contract::RequestKind;
using contract::Value;

constexpr std::int64_t kHostLinkVersion = 1;
/// An owner accepts, or says what it has, at once.
constexpr os::Duration kWordMax = std::chrono::seconds(10);
/// Stands in a body where the link puts the number of its session.
constexpr std::int64_t kAnySession = 1;

contract::Error told(ErrorCode code, std::string text, Effect effect = Effect::none) {
    return contract::to_contract(make_error(code, std::move(text), effect));
}

}  // namespace

void RemoteDriver::say(contract::FromHost message) {
    if (epoch_) {
        trunk_.say(here_, *epoch_, std::move(message));
    }
}

void RemoteDriver::spawn(base::HostEpoch epoch) {
    epoch_ = epoch;
    step_.reset();
    doubt_.reset();
    contract::HostHello hello;
    hello.version = kHostLinkVersion;
    hello.driver = core::kRemoteDriver;
    say(std::move(hello));
}

void RemoteDriver::take(const contract::ToHost& message) {
    std::visit([this](const auto& one) { take(one); }, message);
}

void RemoteDriver::beat() {
    if (!step_ && !doubt_) {
        say(contract::Beat{});
    }
}

/// Which host it is: a verdict of another one counts nothing.
contract::Identity RemoteDriver::identity() const { return {.serial = trunk_.link().host_key()}; }

/// Nothing is heard once the core has given this life up.
void RemoteDriver::ask(RequestKind kind, Value body, os::Duration time, Told told) {
    trunk_.link().ask(
        kind, std::move(body), trunk_.clock().now() + time,
        [this, epoch = epoch_, told = std::move(told)](const contract::Reply& reply) {
            if (!epoch_ || epoch_ != epoch) {
                return;
            }
            if (const auto* error = std::get_if<contract::Error>(&reply.outcome)) {
                told(contract::to_base(*error));
                return;
            }
            auto operation =
                contract::from_value<contract::Operation>(std::get<Value>(reply.outcome));
            if (!operation) {
                told(make_error(ErrorCode::malformed, operation.error().detail, Effect::unknown));
                return;
            }
            told(std::move(*operation));
        });
}

void RemoteDriver::hand_over(const base::OperationId& id, const contract::Command& command,
                             Told told) {
    contract::SubmitRequest request;
    request.session = kAnySession;
    request.operation_id = id;
    request.device = there_;
    request.command = command;
    // Two sales of one amount are no repetition; that they are two, this host has made sure of.
    request.force = true;
    ask(RequestKind::submit, contract::to_value(request), kWordMax, std::move(told));
}

void RemoteDriver::change(RequestKind kind, const base::OperationId& id, Told told) {
    ask(kind, contract::to_value(contract::SessionOperationRequest{kAnySession, id, there_}),
        kWordMax, std::move(told));
}

void RemoteDriver::look(RequestKind kind, const base::OperationId& id, os::Duration time,
                        Told told) {
    ask(kind, contract::to_value(contract::OperationRequest{id, there_}), time, std::move(told));
}

void RemoteDriver::later(std::function<void()> action) {
    trunk_.after(kTryAgainThere, [this, epoch = epoch_, action = std::move(action)] {
        if (epoch_ && epoch_ == epoch) {
            action();
        }
    });
}

bool RemoteDriver::is_late(os::Instant since) const {
    return trunk_.clock().now() - since >= kQueuedThereMax;
}

void RemoteDriver::persist(const base::OperationId& id, std::int64_t attempt,
                           contract::Record record) {
    contract::Persist persist;
    persist.operation_id = id;
    persist.attempt = attempt;
    persist.record = std::move(record);
    say(std::move(persist));
}

// --- opening: the way to the host is there. How the device is, the host tells (DeviceMirror).

void RemoteDriver::take(const contract::Open& open) {
    if (!open.pending) {
        opened({});
        return;
    }
    resolve(*open.pending, [this](const Result<contract::Resolution>& resolution) {
        if (resolution) {
            opened(*resolution);
        } else {
            say(contract::OpenFailed{contract::to_contract(resolution.error())});
        }
    });
}

void RemoteDriver::opened(std::optional<contract::Resolution> resolution) {
    if (!trunk_.link().is_up()) {
        const std::string& why = trunk_.link().why_down();
        say(contract::OpenFailed{
            told(ErrorCode::host_unreachable,
                 fmt::format("host '{}'{}{}", trunk_.host().name, why.empty() ? "" : ": ", why))});
        return;
    }
    const contract::Device* const seen = trunk_.seen(here_);
    contract::Opened said;
    said.identity = identity();
    // Without one the device does not work, and nothing reads this.
    said.status = seen != nullptr && seen->status ? *seen->status
                                                  : contract::ClassStatus(contract::EchoStatus{});
    said.resolution = std::move(resolution);
    say(std::move(said));
}

// --- a step

void RemoteDriver::take(const contract::Execute& execute) {
    step_.emplace(Step{execute, trunk_.clock().now()});
    if (!core::is_money(execute.command)) {
        step_->gone = true;
        submit();
        return;
    }
    contract::RemoteMarker marker;
    marker.identity = identity();
    marker.host = trunk_.host().name;
    marker.device = there_;
    persist(execute.operation_id, execute.attempt, contract::Marker(std::move(marker)));
}

void RemoteDriver::take(const contract::Go& go) {
    if (!step_ || step_->execute.operation_id != go.operation_id ||
        step_->execute.attempt != go.attempt) {
        return;
    }
    step_->gone = true;
    if (step_->aborted) {
        finish({}, told(ErrorCode::payment_cancelled, "it was broken off before it began"), false);
        return;
    }
    submit();
}

void RemoteDriver::submit() {
    hand_over(step_->execute.operation_id, step_->execute.command,
              [this](const Result<contract::Operation>& taken) {
                  if (!step_) {
                      return;
                  }
                  taken ? conclude(*taken) : not_taken(taken.error());
              });
}

void RemoteDriver::not_taken(const base::Error& error) {
    contract::Error why = contract::to_contract(error);
    if (error.code == ErrorCode::book_restored) {
        // It knows no earlier attempt: each was concluded before the next.
        finish({},
               told(ErrorCode::device_not_ready,
                    fmt::format("host '{}': {}", trunk_.host().name, error.detail)),
               false);
    } else if (error.effect != Effect::none) {
        finish({}, std::move(why), true);
    } else if (error.code == ErrorCode::host_unreachable) {
        why.reaction = base::Reaction::reconnect;  // it is handed over when the way is there
        finish({}, std::move(why), true);
    } else if (why.reaction == base::Reaction::retry_later && !is_late(step_->since)) {
        later([this] {
            if (step_ && step_->gone) {
                submit();
            }
        });
    } else {
        finish({}, std::move(why), false);
    }
}

void RemoteDriver::await_end() {
    look(RequestKind::await, step_->execute.operation_id, kLookThere,
         [this](const Result<contract::Operation>& seen) {
             if (!step_) {
                 return;
             }
             if (seen) {
                 conclude(*seen);
                 return;
             }
             base::Error error = seen.error();
             error.effect = Effect::unknown;  // it was accepted there
             finish({}, contract::to_contract(error), true);
         });
}

void RemoteDriver::conclude(const contract::Operation& operation) {
    if (operation.state == OperationState::in_doubt) {
        finish({},
               told(ErrorCode::device_in_doubt,
                    fmt::format("host '{}' does not know yet what came of it", trunk_.host().name),
                    Effect::unknown),
               false);
    } else if (operation.state == OperationState::accepted && is_late(step_->since)) {
        change(RequestKind::cancel, operation.operation_id,
               [this](const Result<contract::Operation>& cancelled) {
                   if (step_) {
                       cancelled ? conclude(*cancelled) : await_end();  // it began meanwhile
                   }
               });
    } else if (!core::is_final(operation.state)) {
        await_end();
    } else if (operation.state == OperationState::done && operation.result) {
        ended_with(*operation.result);
    } else {
        ended_without(operation);
    }
}

void RemoteDriver::ended_without(const contract::Operation& operation) {
    if (operation.state == OperationState::done) {
        finish({}, told(ErrorCode::malformed, "done without a result", Effect::unknown), false);
        return;
    }
    contract::Error why =
        operation.error
            ? *operation.error
            : told(ErrorCode::cancelled, fmt::format("at host '{}' it is {}", trunk_.host().name,
                                                     contract::name_of(operation.state)));
    if (core::is_money(step_->execute.command)) {
        why.effect = Effect::none;
    }
    why.reaction = base::Reaction::report;  // the same id gets the same answer there
    acknowledge(operation.operation_id);
    finish({}, std::move(why), false);
}

void RemoteDriver::ended_with(const contract::OperationResult& result) {
    const contract::Execute& execute = step_->execute;
    if (!core::is_money(execute.command)) {
        acknowledge(execute.operation_id);
        finish(result, {}, false);
    } else if (!fits(execute.command, result)) {
        finish({},
               told(ErrorCode::device_in_doubt,
                    fmt::format("host '{}' says that something else was done", trunk_.host().name),
                    Effect::unknown),
               false);
    } else {
        step_->result = result;
        persist(execute.operation_id, execute.attempt, result);
    }
}

/// The result is on disk here: the owner may forget it.
void RemoteDriver::take(const contract::Persisted& persisted) {
    if (step_ && step_->result && step_->execute.operation_id == persisted.operation_id) {
        acknowledge(persisted.operation_id);
        finish(std::exchange(step_->result, {}), {}, false);
    } else if (doubt_ && doubt_->said && doubt_->pending.operation_id == persisted.operation_id) {
        acknowledge(persisted.operation_id);
        give(*doubt_->said);
    }
}

void RemoteDriver::take(const contract::Refused& refused) {
    if (step_ && step_->execute.operation_id == refused.operation_id) {
        contract::Error why = refused.error;
        if (step_->result) {
            why.effect = Effect::unknown;  // it is done there, and only here could not be kept
        }
        finish({}, std::move(why), false);
    } else if (doubt_ && doubt_->said && doubt_->pending.operation_id == refused.operation_id) {
        give(*doubt_->said);
    }
}

void RemoteDriver::finish(std::optional<contract::OperationResult> result,
                          std::optional<contract::Error> error, bool link_lost) {
    contract::Finished finished;
    finished.operation_id = step_->execute.operation_id;
    finished.attempt = step_->execute.attempt;
    finished.result = std::move(result);
    finished.error = std::move(error);
    finished.link_lost = link_lost || !trunk_.link().is_up();
    step_.reset();
    say(std::move(finished));
}

void RemoteDriver::acknowledge(const base::OperationId& id) {
    // If it is lost the owner keeps the result longer.
    change(RequestKind::acknowledge, id, [](const Result<contract::Operation>&) {});
}

/// What takes a payment back is not broken off.
void RemoteDriver::abort() {
    if (!step_ || std::holds_alternative<contract::Reverse>(step_->execute.command)) {
        return;
    }
    if (!step_->gone) {
        step_->aborted = true;
        return;
    }
    change(RequestKind::abort, step_->execute.operation_id,
           [](const Result<contract::Operation>&) {});
}

/// What is under way has been answered by the link; what is idle says so.
void RemoteDriver::link_lost(const base::Error& why) {
    if (!step_ && !doubt_) {
        say(contract::LineLost{contract::to_contract(why)});
    }
}

}  // namespace tillhost::devd::runtime
