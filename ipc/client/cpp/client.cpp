#include "ipc/client/cpp/client.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

#include "hal/os/random.h"
#include "ipc/client/cpp/ask.h"
#include "ipc/client/cpp/pauses.h"
#include "ipc/contract/envelope.h"
#include "ipc/host_file.h"

namespace tillhost::client {
namespace {

using base::Effect;
using base::Error;
using base::ErrorCode;
using base::make_error;
using base::OperationId;
using base::Result;
using contract::Operation;
using contract::OperationState;
using contract::RequestKind;

/// After these the connection is of no use, even if it still stands.
bool ends_connection(ErrorCode code) {
    return code == ErrorCode::link_lost || code == ErrorCode::deadline_passed ||
           code == ErrorCode::no_session || code == ErrorCode::stale_session ||
           code == ErrorCode::not_paired || code == ErrorCode::wrong_version;
}

/// Whether it may go on only when a person says something: in doubt, or a sale with such a step.
bool may_wait_for_person(const Operation& operation) {
    return operation.state == OperationState::in_doubt ||
           (operation.state == OperationState::accepted && operation.error &&
            operation.error->reaction == base::Reaction::ask_operator);
}

Error with_effect(Error error, Effect effect) {
    error.effect = effect;
    return error;
}

}  // namespace

std::string default_endpoint() {
    const char* folder = std::getenv("TILLHOST_RUNTIME_DIR");
    return "ipc://" + std::string(folder == nullptr || *folder == '\0' ? "/run/tillhost" : folder) +
           "/devd.sock";
}

OperationId make_operation_id(const os::Clock& clock) {
    return OperationId::make(static_cast<std::uint64_t>(clock.unix_ms()),
                             {os::random_u64(), os::random_u64()});
}

bool is_final(OperationState state) {
    switch (state) {
        case OperationState::unspecified:
        case OperationState::accepted:
        case OperationState::prepared:
        case OperationState::in_doubt: return false;
        case OperationState::done:
        case OperationState::failed:
        case OperationState::cancelled:
        case OperationState::expired:
        case OperationState::never_accepted: return true;
    }
    return false;
}

// --- the connection

Result<std::unique_ptr<Client>> Client::connect(ClientOptions options, os::Clock& clock,
                                                os::Deadline deadline) {
    if (!options.host.empty()) {
        auto file = [name = options.host] { return ipc::read_host_file(name); };
        return connect_over(make_network_connector(std::move(file), clock), std::move(options),
                            clock, deadline);
    }
    const std::string endpoint = options.endpoint.empty() ? default_endpoint() : options.endpoint;
    return connect_over(make_zmq_connector(endpoint, clock), std::move(options), clock, deadline);
}

Result<std::unique_ptr<Client>> Client::connect_over(std::unique_ptr<Connector> connector,
                                                     ClientOptions options, os::Clock& clock,
                                                     os::Deadline deadline) {
    std::unique_ptr<Client> client(new Client(std::move(connector), std::move(options), clock));
    if (!client->options_.journal.empty()) {
        client->journal_ = TRY(Journal::open(client->options_.journal));
        for (const contract::KeptOperation& kept : client->journal_->unfinished()) {
            client->places_.remember(kept.operation_id, kept.device);
        }
    }
    TRY(client->be_connected(deadline));
    return client;
}

base::Done Client::be_connected(os::Deadline deadline) {
    if (!connection_ || connection_->lost()) {
        connection_ = TRY(connector_->connect(deadline));
        if (const auto greeted = say_hello(deadline); !greeted) {
            connection_.reset();
            // Nothing but a greeting was sent.
            return with_effect(greeted.error(), Effect::none);
        }
    }
    if (expected_book_ != 0 && hello_.book != expected_book_) {
        return make_error(ErrorCode::other_book, "");
    }
    return {};
}

base::Done Client::say_hello(os::Deadline deadline) {
    const contract::HelloRequest request{.client = options_.name,
                                         .versions = {contract::kProtocolVersion},
                                         .program_version = options_.program_version,
                                         .at_most = options_.at_most,
                                         .only_devices = options_.only_devices};
    const auto until = std::min(deadline, clock_.now() + kHelloTimeMax);
    const auto reply =
        TRY(connection_->call(RequestKind::hello, contract::to_value(request), until));
    auto hello = contract::from_value<contract::HelloReply>(reply);
    if (!hello || hello->version != contract::kProtocolVersion) {
        return make_error(ErrorCode::wrong_version, "devd speaks another version of the protocol");
    }
    hello_ = std::move(*hello);
    for (auto& [topic, followed] : topics_) {
        followed.subscription = 0;  // it ended with its connection
    }
    return {};
}

Result<std::int64_t> Client::session(os::Deadline deadline) {
    TRY(be_connected(deadline));
    return hello_.session;
}

Result<contract::Value> Client::request(RequestKind kind, contract::Value body,
                                        os::Deadline deadline) {
    TRY(be_connected(deadline));
    return ask_for(kind, std::move(body), deadline);
}

Result<contract::Value> Client::ask_for(RequestKind kind, contract::Value body,
                                        os::Deadline deadline) {
    auto answer = connection_->call(kind, std::move(body), deadline);
    if (!answer && (ends_connection(answer.error().code) || connection_->lost())) {
        connection_.reset();
    }
    return answer;
}

// --- devices

Result<std::vector<contract::Device>> Client::devices(os::Deadline deadline) {
    TRY(be_connected(deadline));
    auto reply =
        TRY(ask<contract::DevicesReply>(RequestKind::devices, contract::Empty{}, deadline));
    return std::move(reply.devices);
}

Result<contract::Device> Client::status(const std::string& device, os::Deadline deadline) {
    TRY(be_connected(deadline));
    return ask<contract::Device>(RequestKind::status, contract::DeviceRequest{device}, deadline);
}

Result<contract::ClassStatus> Client::query(const std::string& device, const contract::Query& query,
                                            os::Deadline deadline) {
    TRY(be_connected(deadline));
    return ask<contract::ClassStatus>(RequestKind::query, contract::QueryRequest{device, query},
                                      deadline);
}

// --- the operation book

Result<Operation> Client::submit(const std::string& device, const contract::Command& command,
                                 const OperationOptions& options, os::Deadline deadline) {
    if (options.operation_id.is_nil()) {
        return base::bad_field("operation_id", "an id of make_operation_id(), stored beforehand");
    }
    TRY(be_connected(deadline));
    places_.remember(options.operation_id, device);
    const contract::SubmitRequest request{
        .session = hello_.session,
        .operation_id = options.operation_id,
        .device = device,
        .command = command,
        .sale_ref = options.sale_ref,
        .start_before_ms = options.start_before_ms,
        .force = options.force,
        .lease = options.lease != 0 ? options.lease : token_for(device, command)};
    return ask<Operation>(RequestKind::submit, request, deadline);
}

Result<Operation> Client::await(const OperationId& id, os::Deadline deadline,
                                const std::string& device) {
    TRY(be_connected(deadline));
    return told(ask<Operation>(RequestKind::await,
                               contract::OperationRequest{id, place_of(id, device)}, deadline));
}

Result<Operation> Client::operation(const OperationId& id, os::Deadline deadline,
                                    const std::string& device) {
    TRY(be_connected(deadline));
    return told(ask<Operation>(RequestKind::operation,
                               contract::OperationRequest{id, place_of(id, device)}, deadline));
}

Result<contract::OperationsReply> Client::operations(const contract::OperationsRequest& request,
                                                     os::Deadline deadline) {
    TRY(be_connected(deadline));
    return ask<contract::OperationsReply>(RequestKind::operations, request, deadline);
}

Result<Operation> Client::change(RequestKind kind, const OperationId& id, const std::string& device,
                                 os::Deadline deadline) {
    TRY(be_connected(deadline));
    return ask<Operation>(
        kind, contract::SessionOperationRequest{hello_.session, id, place_of(id, device)},
        deadline);
}

std::string Client::place_of(const OperationId& id, const std::string& device) const {
    return device.empty() ? places_.device_of(id) : device;
}

Result<Operation> Client::told(Result<Operation> operation) {
    if (operation && (!operation->device.empty() || operation->command == "sale")) {
        places_.remember(operation->operation_id, operation->device);
    }
    return operation;
}

Result<Operation> Client::settle(const OperationId& id, os::Deadline deadline,
                                 const std::string& device) {
    auto settled = change(RequestKind::settle, id, device, deadline);
    if (settled && settled->state == OperationState::never_accepted) {
        TRY(forget(id));
    }
    return settled;
}

Result<Operation> Client::cancel(const OperationId& id, os::Deadline deadline,
                                 const std::string& device) {
    return change(RequestKind::cancel, id, device, deadline);
}

Result<Operation> Client::abort(const OperationId& id, os::Deadline deadline,
                                const std::string& device) {
    return change(RequestKind::abort, id, device, deadline);
}

Result<Operation> Client::acknowledge(const OperationId& id, os::Deadline deadline,
                                      const std::string& device) {
    auto done = change(RequestKind::acknowledge, id, device, deadline);
    // devd forgets only what was acknowledged.
    if (done || done.error().code == ErrorCode::unknown_operation) {
        TRY(forget(id));
    }
    return done;
}

base::Done Client::forget(const OperationId& id) {
    return journal_ ? journal_->forget(id) : base::Done();
}

std::vector<contract::KeptOperation> Client::unfinished() const {
    return journal_ ? journal_->unfinished() : std::vector<contract::KeptOperation>();
}

Result<Operation> Client::resolve(const OperationId& id, os::Deadline deadline,
                                  const std::string& device) {
    TRY(be_connected(deadline));
    return told(ask<Operation>(RequestKind::resolve,
                               contract::OperationRequest{id, place_of(id, device)}, deadline));
}

Result<Operation> Client::decide(const Decision& decision, os::Deadline deadline) {
    TRY(be_connected(deadline));
    const contract::DecideRequest request{
        .session = hello_.session,
        .operation_id = decision.operation_id,
        .version = decision.version,
        .verdict = decision.verdict,
        .fiscal_document_number = decision.fiscal_document_number,
        .payment = decision.payment,
        .note = decision.note,
        .device = place_of(decision.operation_id, decision.device),
        .force = decision.force};
    return ask<Operation>(RequestKind::decide, request, deadline);
}

// --- running devd

Result<contract::HealthReply> Client::health(os::Deadline deadline) {
    TRY(be_connected(deadline));
    return ask<contract::HealthReply>(RequestKind::health, contract::Empty{}, deadline);
}

Result<std::string> Client::metrics(os::Deadline deadline) {
    TRY(be_connected(deadline));
    auto reply =
        TRY(ask<contract::MetricsReply>(RequestKind::metrics, contract::Empty{}, deadline));
    return std::move(reply.text);
}

Result<contract::BackupReply> Client::backup(const std::string& path, os::Deadline deadline) {
    TRY(be_connected(deadline));
    const contract::BackupRequest request{.session = hello_.session, .path = path};
    return ask<contract::BackupReply>(RequestKind::backup, request, deadline);
}

// --- setting devices up

Result<contract::ModelsReply> Client::models(os::Deadline deadline, const std::string& device) {
    TRY(be_connected(deadline));
    return ask<contract::ModelsReply>(RequestKind::models, contract::ModelsRequest{device},
                                      deadline);
}

Result<contract::PortsReply> Client::ports(const contract::PortsRequest& request,
                                           os::Deadline deadline) {
    TRY(be_connected(deadline));
    return ask<contract::PortsReply>(RequestKind::ports, request, deadline);
}

Result<contract::DeviceSettings> Client::add_device(contract::AddDeviceRequest request,
                                                    os::Deadline deadline) {
    TRY(be_connected(deadline));
    request.session = hello_.session;
    return ask<contract::DeviceSettings>(RequestKind::add_device, request, deadline);
}

Result<contract::DeviceSettings> Client::configure_device(contract::ConfigureDeviceRequest request,
                                                          os::Deadline deadline) {
    TRY(be_connected(deadline));
    request.session = hello_.session;
    return ask<contract::DeviceSettings>(RequestKind::configure_device, request, deadline);
}

Result<contract::DeviceSettings> Client::rename_device(const std::string& device,
                                                       const std::string& name,
                                                       os::Deadline deadline) {
    TRY(be_connected(deadline));
    return ask<contract::DeviceSettings>(
        RequestKind::rename_device, contract::RenameDeviceRequest{hello_.session, device, name},
        deadline);
}

Result<contract::DeviceSettings> Client::delete_device(const std::string& device,
                                                       os::Deadline deadline) {
    TRY(be_connected(deadline));
    return ask<contract::DeviceSettings>(RequestKind::delete_device,
                                         contract::SessionDeviceRequest{hello_.session, device},
                                         deadline);
}

Result<contract::DeviceSettings> Client::device_settings(const std::string& device,
                                                         os::Deadline deadline) {
    TRY(be_connected(deadline));
    return ask<contract::DeviceSettings>(RequestKind::device_settings,
                                         contract::DeviceRequest{device}, deadline);
}

Result<contract::CheckReply> Client::check_device(const std::string& device, os::Deadline deadline,
                                                  FindSpeed find_speed) {
    TRY(be_connected(deadline));
    return ask<contract::CheckReply>(
        RequestKind::check_device,
        contract::CheckRequest{hello_.session, device, find_speed == FindSpeed::yes}, deadline);
}

// --- handing over and waiting for the truth

Result<Operation> Client::carry_out(const std::string& device, const contract::Command& command,
                                    const OperationOptions& options, os::Deadline deadline) {
    if (!journal_ || options.operation_id.is_nil()) {
        return pursue(device, command, options, false, deadline);
    }
    const OperationId& id = options.operation_id;
    const bool was_kept = journal_->holds(id);
    const contract::KeptOperation kept{
        id, device, command, options.sale_ref, options.start_before_ms, options.force};
    TRY(journal_->keep(kept));
    auto operation = pursue(device, command, options, was_kept, deadline);
    if (!operation && operation.error().effect == Effect::none) {
        TRY(forget(id));  // nothing will come of it
    }
    return operation;
}

Result<Operation> Client::resume(const contract::KeptOperation& kept, os::Duration doubt_patience,
                                 os::Deadline deadline) {
    return carry_out(kept.device, kept.command,
                     {.operation_id = kept.operation_id,
                      .sale_ref = kept.sale_ref,
                      .start_before_ms = kept.start_before_ms,
                      .force = kept.force,
                      .doubt_patience = doubt_patience},
                     deadline);
}

/// `may_have_arrived`: an earlier life of the program may have handed it over.
Result<Operation> Client::pursue(const std::string& device, const contract::Command& command,
                                 const OperationOptions& options, bool may_have_arrived,
                                 os::Deadline deadline) {
    const Operation taken = TRY(hand_over(device, command, options, may_have_arrived, deadline));
    if (is_final(taken.state)) {
        return taken;  // a repeat
    }
    return outcome(options, deadline);
}

Result<Operation> Client::sell(const std::string& device, const contract::Receipt& receipt,
                               const OperationOptions& options, os::Deadline deadline) {
    return carry_out(device, receipt, options, deadline);
}

Result<Operation> Client::hand_over(const std::string& device, const contract::Command& command,
                                    const OperationOptions& options, bool may_have_arrived,
                                    os::Deadline deadline) {
    Pauses pauses(clock_);
    while (true) {
        auto taken = submit(device, command, options, deadline);
        if (taken) {
            return taken;
        }
        const Error& error = taken.error();
        may_have_arrived = may_have_arrived || error.effect == Effect::unknown;
        if (!is_worth_repeating(error)) {
            // A conflict is about another operation's content: ours was never taken.
            return may_have_arrived && error.code != ErrorCode::conflict
                       ? make_sure(options.operation_id, error, deadline)
                       : taken;
        }
        if (!pauses.wait(deadline)) {
            return with_effect(error, may_have_arrived ? Effect::unknown : Effect::none);
        }
    }
}

/// devd refused what an earlier message, of a connection that broke, may still bring. After settle
/// it either has the operation or never will.
Result<Operation> Client::make_sure(const OperationId& id, const Error& refusal,
                                    os::Deadline deadline) {
    Pauses pauses(clock_);
    while (true) {
        auto settled = settle(id, deadline);
        if (settled && settled->state == OperationState::never_accepted) {
            return with_effect(refusal, Effect::none);
        }
        if (settled) {
            return settled;
        }
        if (!is_worth_repeating(settled.error()) || !pauses.wait(deadline)) {
            return with_effect(std::move(settled).error(), Effect::unknown);
        }
    }
}

Result<Operation> Client::outcome(const OperationOptions& options, os::Deadline deadline) {
    Pauses pauses(clock_);
    std::optional<os::Deadline> doubt_until;
    while (true) {
        const os::Deadline look =
            options.watch ? std::min(deadline, clock_.now() + kWatchLook) : deadline;
        auto seen = await(options.operation_id, look);
        const os::Instant now = clock_.now();
        if (!seen) {
            if (!is_worth_repeating(seen.error()) || !pauses.wait(deadline)) {
                return with_effect(std::move(seen).error(), Effect::unknown);  // it was taken
            }
            continue;
        }
        const bool goes_on = !is_final(seen->state) && now < deadline;
        if (!goes_on || (options.watch && !options.watch(*seen))) {
            return seen;
        }
        if (!may_wait_for_person(*seen)) {
            if (!options.watch) {
                pauses.wait(deadline);  // devd waits no longer than an hour in one request
            }
            continue;
        }
        if (!doubt_until) {
            doubt_until = std::min(deadline, now + options.doubt_patience);
        }
        if (now >= *doubt_until) {
            return seen;
        }
        clock_.sleep_until(std::min(now + kDoubtLook, *doubt_until));
    }
}

}  // namespace tillhost::client
