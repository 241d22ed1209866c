#include "devd/runtime/remote_driver.h"

#include <fmt/format.h>

#include <utility>

#include "devd/core/operation_book.h"
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
/// One wait for the end of a step; it is asked again as long as the core lets it.
constexpr os::Duration kAwaitMax = std::chrono::seconds(60);
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
    result_.reset();
    contract::HostHello hello;
    hello.version = kHostLinkVersion;
    hello.driver = core::kRemoteDriver;
    say(std::move(hello));
}

void RemoteDriver::take(const contract::ToHost& message) {
    std::visit([this](const auto& one) { take(one); }, message);
}

void RemoteDriver::beat() {
    if (!step_) {
        say(contract::Beat{});
    }
}

/// Which host it is: a verdict of another one counts nothing.
contract::Identity RemoteDriver::identity() const { return {.serial = trunk_.link().host_key()}; }

/// One request about an operation; nothing is asked and nothing heard once the core has given this
/// life up.
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

// --- opening

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
    const contract::Device* const seen = trunk_.seen(here_);
    if (seen == nullptr) {
        const std::string& why = trunk_.link().why_down();
        say(contract::OpenFailed{
            trunk_.link().is_up()
                ? told(ErrorCode::unknown_device,
                       fmt::format("host '{}' shows this machine no device '{}'",
                                   trunk_.host().name, there_))
                : told(ErrorCode::host_unreachable, fmt::format("host '{}'{}{}", trunk_.host().name,
                                                                why.empty() ? "" : ": ", why))});
        return;
    }
    if (!seen->status) {
        say(contract::OpenFailed{
            told(ErrorCode::device_not_ready,
                 seen->reason.empty() ? fmt::format("host '{}' is opening it", trunk_.host().name)
                                      : seen->reason)});
        return;
    }
    contract::Opened said;
    said.identity = identity();
    said.status = *seen->status;
    said.resolution = std::move(resolution);
    say(std::move(said));
}

// --- a step

void RemoteDriver::take(const contract::Execute& execute) {
    step_ = execute;
    result_.reset();
    if (!core::is_money(execute.command)) {
        submit();
        return;
    }
    contract::RemoteMarker marker;
    marker.identity = identity();
    marker.host = trunk_.host().name;
    marker.device = there_;
    contract::Persist persist;
    persist.operation_id = execute.operation_id;
    persist.attempt = execute.attempt;
    persist.record = contract::Marker(std::move(marker));
    say(std::move(persist));
}

void RemoteDriver::take(const contract::Go& go) {
    if (step_ && step_->operation_id == go.operation_id && step_->attempt == go.attempt) {
        submit();
    }
}

void RemoteDriver::submit() {
    contract::SubmitRequest request;
    request.session = kAnySession;
    request.operation_id = step_->operation_id;
    request.device = there_;
    request.command = step_->command;
    // Two sales of one amount are no repetition; that they are two, this host has made sure of.
    request.force = true;
    ask(RequestKind::submit, contract::to_value(request), kWordMax,
        [this](const Result<contract::Operation>& taken) {
            if (taken) {
                conclude(*taken);
                return;
            }
            contract::Error error = contract::to_contract(taken.error());
            const bool unreachable = taken.error().code == ErrorCode::host_unreachable;
            if (unreachable) {
                error.reaction = base::Reaction::reconnect;
            }
            finish({}, std::move(error), unreachable || error.effect != Effect::none);
        });
}

void RemoteDriver::await(const base::OperationId& id) {
    ask(RequestKind::await, contract::to_value(contract::OperationRequest{id, there_}), kAwaitMax,
        [this](const Result<contract::Operation>& seen) {
            if (seen) {
                conclude(*seen);
                return;
            }
            // It was accepted there.
            base::Error error = seen.error();
            error.effect = Effect::unknown;
            finish({}, contract::to_contract(error), true);
        });
}

void RemoteDriver::conclude(const contract::Operation& operation) {
    if (!step_ || step_->operation_id != operation.operation_id) {
        return;
    }
    if (operation.state == OperationState::in_doubt) {
        finish({},
               told(ErrorCode::device_in_doubt,
                    fmt::format("host '{}' does not know yet what came of it", trunk_.host().name),
                    Effect::unknown),
               false);
    } else if (!core::is_final(operation.state)) {
        await(operation.operation_id);
    } else if (operation.state != OperationState::done) {
        contract::Error why = operation.error
                                  ? *operation.error
                                  : told(ErrorCode::cancelled,
                                         fmt::format("at host '{}' it is {}", trunk_.host().name,
                                                     contract::name_of(operation.state)));
        why.effect = Effect::none;
        why.reaction = base::Reaction::report;  // the same id gets the same answer there
        acknowledge(operation.operation_id);
        finish({}, std::move(why), false);
    } else if (!operation.result) {
        finish({}, told(ErrorCode::malformed, "done without a result", Effect::unknown), false);
    } else if (!core::is_money(step_->command)) {
        acknowledge(operation.operation_id);
        finish(*operation.result, {}, false);
    } else {
        result_ = *operation.result;
        contract::Persist persist;
        persist.operation_id = operation.operation_id;
        persist.attempt = step_->attempt;
        persist.record = *operation.result;
        say(std::move(persist));
    }
}

/// The result is on disk here: the owner may forget it.
void RemoteDriver::take(const contract::Persisted& persisted) {
    if (step_ && result_ && step_->operation_id == persisted.operation_id) {
        acknowledge(persisted.operation_id);
        finish(std::exchange(result_, {}), {}, false);
    }
}

void RemoteDriver::take(const contract::Refused& refused) {
    if (step_ && step_->operation_id == refused.operation_id) {
        contract::Error why = refused.error;
        if (result_) {
            why.effect = Effect::unknown;  // it is done there, and only here could not be kept
        }
        finish({}, std::move(why), false);
    }
}

void RemoteDriver::finish(std::optional<contract::OperationResult> result,
                          std::optional<contract::Error> error, bool link_lost) {
    if (!step_) {
        return;
    }
    contract::Finished finished;
    finished.operation_id = step_->operation_id;
    finished.attempt = step_->attempt;
    finished.result = std::move(result);
    finished.error = std::move(error);
    finished.link_lost = link_lost;
    if (const contract::Device* seen = trunk_.seen(here_)) {
        finished.status = seen->status;
    }
    step_.reset();
    say(std::move(finished));
}

void RemoteDriver::acknowledge(const base::OperationId& id) {
    // If it is lost the owner keeps the result longer.
    ask(RequestKind::acknowledge,
        contract::to_value(contract::SessionOperationRequest{kAnySession, id, there_}), kWordMax,
        [](const Result<contract::Operation>&) {});
}

void RemoteDriver::abort() {
    if (step_) {
        ask(RequestKind::abort,
            contract::to_value(
                contract::SessionOperationRequest{kAnySession, step_->operation_id, there_}),
            kWordMax, [](const Result<contract::Operation>&) {});
    }
}

// --- what became of a step

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
            resolved.link_lost = !trunk_.link().is_up();
        }
        say(std::move(resolved));
    });
}

void RemoteDriver::resolve(const contract::Pending& pending, Verdict verdict) {
    const base::OperationId id = pending.operation_id;
    ask(RequestKind::operation, contract::to_value(contract::OperationRequest{id, there_}),
        kWordMax,
        [this, id, verdict = std::move(verdict)](const Result<contract::Operation>& seen) {
            if (seen) {
                judge(*seen, verdict);
            } else if (seen.error().code == ErrorCode::unknown_operation) {
                make_sure(id, verdict);
            } else {
                verdict(seen.error());
            }
        });
}

/// It does not know it yet: a message of ours may still be on its way. After this it never takes
/// it.
void RemoteDriver::make_sure(const base::OperationId& id, Verdict verdict) {
    ask(RequestKind::settle,
        contract::to_value(contract::SessionOperationRequest{kAnySession, id, there_}), kWordMax,
        [this, verdict = std::move(verdict)](const Result<contract::Operation>& settled) {
            settled ? judge(*settled, verdict) : verdict(settled.error());
        });
}

void RemoteDriver::judge(const contract::Operation& operation, const Verdict& verdict) {
    const std::string& host = trunk_.host().name;
    contract::Resolution said;
    said.identity = identity();
    if (!core::is_final(operation.state)) {
        const std::string id = operation.operation_id.to_text();
        if (!operation.error || operation.error->reaction != base::Reaction::ask_operator) {
            verdict(make_error(ErrorCode::retry_later,
                               fmt::format("at host '{}' operation {} is {}", host, id,
                                           contract::name_of(operation.state))));
            return;
        }
        said.verdict = contract::Verdict::cannot_tell;
        said.reason =
            fmt::format("host '{}' cannot tell itself: decide operation {} there", host, id);
        verdict(said);
        return;
    }
    said.reason = fmt::format("host '{}' has it as {}", host, contract::name_of(operation.state));
    if (operation.state == OperationState::done && operation.result) {
        said.verdict = contract::Verdict::executed;
        said.result = operation.result;
    } else if (operation.state == OperationState::done) {
        said.verdict = contract::Verdict::cannot_tell;
    } else {
        said.verdict = contract::Verdict::not_executed;
    }
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
            answer(make_error(ErrorCode::host_unreachable, trunk_.link().why_down()));
        }
        return;
    }
    trunk_.link().ask(
        RequestKind::query, contract::to_value(contract::QueryRequest{there_, command.query}),
        trunk_.clock().now() + std::chrono::milliseconds(command.budget_ms),
        [this, epoch = epoch_, answer](const contract::Reply& reply) {
            if (!epoch_ || epoch_ != epoch) {
                return;
            }
            if (const auto* error = std::get_if<contract::Error>(&reply.outcome)) {
                answer(contract::to_base(*error));
            } else {
                answer(contract::from_value<contract::ClassStatus>(std::get<Value>(reply.outcome)));
            }
        });
}

/// What is under way has been answered by the link; what is idle says so.
void RemoteDriver::link_lost(const base::Error& why) {
    if (!step_) {
        say(contract::LineLost{contract::to_contract(why)});
    }
}

}  // namespace tillhost::devd::runtime
