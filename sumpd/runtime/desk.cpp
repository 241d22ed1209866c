#include "sumpd/runtime/desk.h"

namespace tillhost::sumpd::runtime {

using api::Caller;
using exchange::Empty;
using exchange::Outcome;

namespace {

store::AskingDevice device_of(const Caller& who) {
    return {.id = {who.device_id}, .store_id = who.store_id};
}

}  // namespace

/// Behind a long wait: whoever was revoked meanwhile is told so, and nothing else.
template <class T>
Outcome<T> Desk::still_admitted(const Caller& who, Outcome<T> answer) const {
    const auto admitted = registry_.check_device(who.device_id);
    return admitted ? std::move(answer) : tl::unexpected(admitted.error());
}

/// The request with the bound that the app's packets have; where the app stands is noted.
exchange::GetChanges Desk::within_packet(const Caller& who,
                                         const exchange::GetChanges& request) const {
    exchange::GetChanges bounded = request;
    bounded.max_bytes = registry_.packet_bytes_for(who.device_id, request.max_bytes);
    if (request.cursor) {
        registry_.saw_cursor(who.device_id, *request.cursor);
    }
    return bounded;
}

// ---- the accounting system: the store knows its numbers ----------------------------------------

Outcome<exchange::TestConnectionResponse> Desk::serve(const Caller&,
                                                      const exchange::TestConnection& request) {
    return store_.exchange().test_connection(request);
}
Outcome<exchange::PrepareMessageResponse> Desk::serve(const Caller&,
                                                      const exchange::PrepareMessage& request) {
    return store_.exchange().prepare(request);
}
Outcome<exchange::GetPartResponse> Desk::serve(const Caller&, const exchange::GetPart& request) {
    return store_.exchange().part(request);
}
Outcome<exchange::ConfirmMessageResponse> Desk::serve(const Caller&,
                                                      const exchange::ConfirmMessage& request) {
    return store_.exchange().confirm(request);
}
Outcome<exchange::PutPartResponse> Desk::serve(const Caller&, const exchange::PutPart& request) {
    return store_.exchange().put_part(request);
}
Outcome<exchange::CommitMessageResponse> Desk::serve(const Caller&,
                                                     const exchange::CommitMessage& request) {
    return store_.exchange().commit(request);
}
Outcome<exchange::GetJobResponse> Desk::serve(const Caller&, const exchange::GetJob& request) {
    return store_.exchange().job(request);
}
Outcome<Empty> Desk::serve(const Caller&, const exchange::CancelMessage& request) {
    return store_.exchange().cancel(request);
}

// ---- apps: who they are -------------------------------------------------------------------------

Outcome<exchange::EnrollResponse> Desk::serve(const Caller&, const exchange::Enroll& request) {
    const auto taken = invitations_.take(request.token.text);
    if (!taken) {
        return tl::unexpected(taken.error());
    }
    return registry_.enroll(request);
}
Outcome<exchange::LoginResponse> Desk::serve(const Caller& who, const exchange::Login& request) {
    return registry_.login(request, who.address);
}
Outcome<Empty> Desk::serve(const Caller& who, const exchange::Logout&) {
    return registry_.logout(who.session);
}
Outcome<exchange::RollResponse> Desk::serve(const Caller&, const exchange::Roll& request) {
    return registry_.roll(request);
}
Outcome<Empty> Desk::serve(const Caller&, const exchange::Revoke& request) {
    return registry_.revoke(request);
}

// ---- apps: what they bring and take -------------------------------------------------------------

Outcome<exchange::GetChangesResponse> Desk::serve(const Caller& who,
                                                  const exchange::GetChanges& request) {
    auto response = store_.changes().get(device_of(who), within_packet(who, request));
    return still_admitted(who, std::move(response));
}
Outcome<std::string> Desk::changes_as_json(const Caller& who, const exchange::GetChanges& request) {
    auto text = store_.changes().get_as_json(device_of(who), within_packet(who, request));
    return still_admitted(who, std::move(text));
}
std::optional<std::string> Desk::changes_at_once(const Caller& who,
                                                 const exchange::GetChanges& request) {
    auto text = store_.changes().unmoved_as_json(device_of(who), request);
    if (text) {
        registry_.saw_cursor(who.device_id, *request.cursor);
    }
    return text;
}
Outcome<exchange::PutDocumentsResponse> Desk::serve(const Caller& who,
                                                    const exchange::PutDocuments& request) {
    if (who.kind == api::Access::rescued) {
        return store_.quarantine().rescue(device_of(who), request);
    }
    return store_.documents().put(device_of(who), request, limits_.flags_of(request));
}
Outcome<exchange::GetDocumentStatusResponse> Desk::serve(
    const Caller&, const exchange::GetDocumentStatus& request) {
    return store_.documents().status(request);
}
Outcome<exchange::HeartbeatResponse> Desk::serve(const Caller& who,
                                                 const exchange::Heartbeat& request) {
    auto commands = registry_.on_heartbeat(who.device_id, request);
    return exchange::HeartbeatResponse{.commands = std::move(commands),
                                       .server_time = {.unix_ms = clock_.unix_ms()}};
}
Outcome<exchange::LockTaskResponse> Desk::serve(const Caller& who,
                                                const exchange::LockTask& request) {
    return store_.tasks().lock(device_of(who), request);
}
Outcome<Empty> Desk::serve(const Caller& who, const exchange::ReleaseTask& request) {
    return store_.tasks().release(device_of(who), request);
}

// ---- apps: the shop's devices -------------------------------------------------------------------

Outcome<exchange::GetDevicesResponse> Desk::serve(const Caller&, const exchange::GetDevices&) {
    return gateway_.get_devices();
}
Outcome<exchange::StartCommandResponse> Desk::serve(const Caller& who,
                                                    const exchange::StartCommand& request) {
    return gateway_.start_command(who.device_id, request);
}
Outcome<exchange::StartCommandResponse> Desk::serve(const Caller& who,
                                                    const exchange::GetCommand& request) {
    return still_admitted(who, gateway_.get_command(who.device_id, request));
}

}  // namespace tillhost::sumpd::runtime
