#include "devd/core/requests.h"

#include <fmt/format.h>

#include <algorithm>

#include "devd/core/decision.h"
#include "ipc/contract/decoder.h"

namespace tillhost::devd::core {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;
using contract::OperationState;
using contract::RequestKind;

/// The largest number that every language reads exactly.
constexpr std::uint64_t kSessionMax = (1ULL << 53) - 1;

}  // namespace

void Requests::handle(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                      const contract::Request& request) {
    const auto call = begin(peer, identity, request);
    if (call && call->session != nullptr) {
        context_.audit.serve(name_of(peer, identity), call->session->client);
    }
    const Outcome outcome = call ? dispatch(*call) : Outcome(call.error());
    context_.audit.serve("", "");
    if (!outcome) {
        note_refusal(peer, identity, request.kind, outcome.error());
        context_.replies.send(peer, {request.id, contract::to_contract(outcome.error())});
    }
}

/// Errors: not_paired, no_session, not_permitted.
Result<Requests::Call> Requests::begin(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                                       const contract::Request& request) const {
    const auto session = sessions_.find(peer);
    const os::Duration wait = request.deadline_ms == 0
                                  ? kRequestDeadline
                                  : os::Duration(std::chrono::milliseconds(std::min(
                                        request.deadline_ms, contract::kRequestDeadlineMsMax)));
    auto rights = TRY(rights_of(peer, identity));
    Call call{peer,
              identity,
              request,
              session == sessions_.end() ? nullptr : &session->second,
              context_.clock.now() + wait,
              std::move(rights)};
    if (call.session == nullptr && request.kind != RequestKind::hello) {
        return make_error(ErrorCode::no_session, "say hello first");
    }
    TRY(check_role(call.rights, contract::role_for(request.kind), contract::name_of(request.kind)));
    return call;
}

Requests::Outcome Requests::dispatch(const Call& call) {
    using Handler = Outcome (Requests::*)(const Call&);
    // The others are devd/runtime's, which needs files and drivers for them, and other daemons'.
    static constexpr std::pair<RequestKind, Handler> kHandlers[] = {
        {RequestKind::hello, &Requests::hello},
        {RequestKind::devices, &Requests::devices},
        {RequestKind::status, &Requests::status},
        {RequestKind::query, &Requests::query},
        {RequestKind::submit, &Requests::submit},
        {RequestKind::await, &Requests::await},
        {RequestKind::operation, &Requests::operation},
        {RequestKind::operations, &Requests::operations},
        {RequestKind::cancel, &Requests::cancel},
        {RequestKind::abort, &Requests::abort},
        {RequestKind::settle, &Requests::settle},
        {RequestKind::resolve, &Requests::resolve},
        {RequestKind::decide, &Requests::decide},
        {RequestKind::acknowledge, &Requests::acknowledge},
        {RequestKind::subscribe, &Requests::subscribe},
        {RequestKind::credit, &Requests::credit},
        {RequestKind::unsubscribe, &Requests::unsubscribe},
        {RequestKind::health, &Requests::health},
        {RequestKind::metrics, &Requests::metrics},
        {RequestKind::backup, &Requests::backup},
        {RequestKind::audit, &Requests::audit},
        {RequestKind::lease, &Requests::lease},
        {RequestKind::take_lease, &Requests::take_lease},
        {RequestKind::renew_lease, &Requests::renew_lease},
        {RequestKind::release_lease, &Requests::release_lease},
        {RequestKind::ask_takeover, &Requests::ask_takeover},
        {RequestKind::answer_takeover, &Requests::answer_takeover},
        {RequestKind::end_lease, &Requests::end_lease},
    };
    for (const auto& [kind, handler] : kHandlers) {
        if (kind == call.request.kind) {
            return (this->*handler)(call);
        }
    }
    return make_error(ErrorCode::unknown_kind, "");
}

void Requests::forget(ipc::PeerId peer) { sessions_.erase(peer); }

void Requests::reply(ipc::PeerId peer, std::int64_t request_id, Position after,
                     contract::Value body) {
    context_.outbox.at(after, [&replies = context_.replies, peer,
                               reply = contract::Reply{request_id, std::move(body)}] {
        replies.send(peer, reply);
    });
}

void Requests::answer(ipc::PeerId peer, std::int64_t request_id, const OperationBook::Entry& entry,
                      bool repeat) {
    const contract::Operation now = told(entry.row, repeat);
    reply(peer, request_id, position_of(now, entry), contract::to_value(now));
}

/// What a sale's steps and a reversal say is told with the sale and the payment.
Position Requests::position_of(const contract::Operation& told,
                               const OperationBook::Entry& entry) const {
    return told.sale || told.taken_back_by ? context_.book.last_position() : entry.position;
}

contract::Operation Requests::told(const OperationRow& row, bool repeat) const {
    contract::Operation operation = operation_of(row, repeat);
    base::OperationId paid = row.id;
    if (is_sale(row)) {
        operation.sale = sales_.describe(row);
        paid = sales_.payment_step(row);
    }
    if (const auto* reversal = context_.book.reversal_of(paid)) {
        operation.taken_back_by = reversal->row.id;
    }
    return operation;
}

Result<DeviceLane*> Requests::lane(const std::string& device) const {
    const auto found = lanes_.find(device);
    if (found == lanes_.end() || found->second->is_retired()) {
        return make_error(ErrorCode::unknown_device,
                          fmt::format("device: no device '{}' is configured", device));
    }
    return found->second.get();
}

Result<const OperationBook::Entry*> Requests::known(const base::OperationId& id) const {
    const OperationBook::Entry* entry = context_.book.find(id);
    if (entry == nullptr) {
        return make_error(ErrorCode::unknown_operation,
                          fmt::format("operation_id: {} is not in the book", id.to_text()));
    }
    return entry;
}

Done Requests::check_session(const Call& call, std::int64_t session) const {
    const auto said = static_cast<std::uint64_t>(session);
    if (said != call.session->id.value && !context_.bugs.accept_stale_session) {
        return make_error(ErrorCode::stale_session,
                          "session: it is not the one that hello gave this connection");
    }
    return {};
}

Done Requests::check_session(ipc::PeerId peer, std::optional<std::int64_t> session) const {
    const auto found = sessions_.find(peer);
    if (found == sessions_.end()) {
        return make_error(ErrorCode::no_session, "say hello first");
    }
    if (session && static_cast<std::uint64_t>(*session) != found->second.id.value) {
        return make_error(ErrorCode::stale_session,
                          "session: it is not the one that hello gave this connection");
    }
    return {};
}

// --- sessions and devices

Requests::Outcome Requests::hello(const Call& call) {
    const auto request = TRY(contract::from_value<contract::HelloRequest>(call.request.body));
    const auto& versions = request.versions;
    if (std::find(versions.begin(), versions.end(), contract::kProtocolVersion) == versions.end()) {
        return make_error(ErrorCode::wrong_version,
                          fmt::format("versions: {} is spoken here", contract::kProtocolVersion));
    }
    const std::string client = TRY(client_name(call, request));
    // Numbered at random, so that a message from before a restart of devd fits no session.
    const base::SessionId id{random_() % kSessionMax + 1};
    sessions_[call.peer] =
        Session{id, client, call.identity, request.at_most, request.only_devices};
    contract::HelloReply body;
    body.version = contract::kProtocolVersion;
    body.session = static_cast<std::int64_t>(id.value);
    body.program_version = options_.program_version;
    body.schema_hash = contract::kSchemaHash;
    body.book_epoch = context_.book.book_epoch();
    body.book = context_.book.book_number();
    // Not what an earlier hello of this connection left of it.
    body.role = std::min(TRY(rights_of(call.identity)).role, request.at_most);
    body.client = client;
    reply(call.peer, call.request.id, 0, contract::to_value(body));
    return {};
}

Requests::Outcome Requests::devices(const Call& call) {
    TRY(contract::from_value<contract::Empty>(call.request.body));
    contract::DevicesReply body;
    Position after = 0;
    for (const auto& [id, lane] : lanes_) {
        if (lane->is_retired() || !call.rights.may_use(id) || would_loop(call, *lane)) {
            continue;
        }
        body.devices.push_back(lane->describe());
        after = std::max(after, lane->position());
    }
    reply(call.peer, call.request.id, after, contract::to_value(body));
    return {};
}

Requests::Outcome Requests::status(const Call& call) {
    const auto request = TRY(contract::from_value<contract::DeviceRequest>(call.request.body));
    const DeviceLane* of = TRY(usable_lane(call, request.device));
    reply(call.peer, call.request.id, of->position(), contract::to_value(of->describe()));
    return {};
}

Requests::Outcome Requests::query(const Call& call) {
    TRY(check_query_role(call));
    const auto request = TRY(contract::from_value<contract::QueryRequest>(call.request.body));
    DeviceLane* of = TRY(usable_lane(call, request.device));
    return of->ask(request.query, call.peer, call.request.id, call.deadline);
}

// --- operations

Requests::Outcome Requests::await(const Call& call) {
    return wait_for(call, Waiters::Until::settled);
}

Requests::Outcome Requests::wait_for(const Call& call, Waiters::Until until) {
    const auto request = TRY(contract::from_value<contract::OperationRequest>(call.request.body));
    const OperationBook::Entry* entry = TRY(visible(call, request.operation_id));
    if (is_settled(entry->row) && until == Waiters::Until::settled) {
        answer(call.peer, call.request.id, *entry);
        return {};
    }
    if (!context_.waiters.add(entry->row.id, call.peer, call.request.id, until, call.deadline)) {
        return make_error(ErrorCode::retry_later,
                          fmt::format("{} requests wait already", kWaitersMax));
    }
    return {};
}

Requests::Outcome Requests::resolve(const Call& call) {
    const auto request = TRY(contract::from_value<contract::OperationRequest>(call.request.body));
    const OperationBook::Entry* entry = TRY(visible(call, request.operation_id));
    if (is_sale(entry->row)) {
        TRY(own(call, request.operation_id, "resolve"));  // it moves money
        TRY(sales_.reverse_again(*entry));
        answer(call.peer, call.request.id, *entry);
        return {};
    }
    const auto of = lanes_.find(entry->row.device);
    if (entry->row.state != OperationState::in_doubt || of == lanes_.end() ||
        is_restored_doubt(entry->row)) {
        answer(call.peer, call.request.id, *entry);
        return {};
    }
    TRY(wait_for(call, Waiters::Until::answered));
    of->second->resolve_now();
    return {};
}

Requests::Outcome Requests::operation(const Call& call) {
    const auto request = TRY(contract::from_value<contract::OperationRequest>(call.request.body));
    answer(call.peer, call.request.id, *TRY(visible(call, request.operation_id)));
    return {};
}

Requests::Outcome Requests::operations(const Call& call) {
    const auto request = TRY(contract::from_value<contract::OperationsRequest>(call.request.body));
    const OperationBook::Queue& all = context_.book.all();
    contract::OperationsReply body;
    Position after = 0;
    for (auto entry = all.rbegin(); entry != all.rend(); ++entry) {
        const OperationRow& row = entry->second->row;
        if ((!request.device.empty() && row.device != request.device) ||
            (request.unsettled_only && is_final(row.state)) || !may_see(call, row)) {
            continue;
        }
        if (body.operations.size() == static_cast<std::size_t>(request.limit)) {
            body.truncated = true;
            break;
        }
        body.operations.push_back(told(row));
        after = std::max(after, position_of(body.operations.back(), *entry->second));
    }
    reply(call.peer, call.request.id, after, contract::to_value(body));
    return {};
}

Requests::Outcome Requests::cancel(const Call& call) {
    const auto request =
        TRY(contract::from_value<contract::SessionOperationRequest>(call.request.body));
    TRY(check_session(call, request.session));
    const OperationBook::Entry* entry = TRY(own(call, request.operation_id, "cancel"));
    if (entry->row.state == OperationState::cancelled) {
        answer(call.peer, call.request.id, *entry, true);
        return {};
    }
    const auto of = lanes_.find(entry->row.device);
    if (is_sale(entry->row) && sales_.has_steps(entry->row)) {
        return cancel_sale(call, *entry);
    }
    // Only a money command stops at the gate; any other may be under way at the device.
    const bool under_way = of != lanes_.end() && of->second->is_executing(entry->row.id) &&
                           !is_money(*entry->row.command);
    if (entry->row.state != OperationState::accepted || under_way) {
        return wrong_state(entry->row, "only one that has not begun can be cancelled");
    }
    answer(call.peer, call.request.id, context_.book.cancel(entry->row.id));
    return {};
}

/// A sale for cash is its receipt; one that was paid is held up by it.
Requests::Outcome Requests::cancel_sale(const Call& call, const OperationBook::Entry& sale) {
    const OperationBook::Entry* receipt = sales_.waiting_receipt(sale.row);
    if (sale.row.state != OperationState::accepted || receipt == nullptr) {
        return wrong_state(sale.row, "its steps have begun; abort breaks the payment off");
    }
    if (sales_.payment_of(sale.row) != nullptr) {
        return paid_and_waiting(*receipt);
    }
    context_.book.cancel(receipt->row.id);  // it stops at the gate
    answer(call.peer, call.request.id, context_.book.cancel(sale.row.id));
    return {};
}

base::Error Requests::paid_and_waiting(const OperationBook::Entry& receipt) {
    return make_error(
        ErrorCode::wrong_state,
        fmt::format("operation_id: its card is charged and its receipt waits for '{}'; connect "
                    "that, or cancel operation {}: then another registrar takes over, or the "
                    "payment is taken back",
                    receipt.row.device, receipt.row.id.to_text()));
}

Requests::Outcome Requests::abort(const Call& call) {
    const auto request =
        TRY(contract::from_value<contract::SessionOperationRequest>(call.request.body));
    TRY(check_session(call, request.session));
    const OperationBook::Entry* entry = TRY(own(call, request.operation_id, "abort"));
    if (is_sale(entry->row)) {
        const OperationBook::Entry* receipt = sales_.waiting_receipt(entry->row);
        entry = sales_.payment_of(entry->row);
        if (entry == nullptr) {
            return make_error(ErrorCode::wrong_state,
                              "operation_id: no payment of it has begun; cancel ends it");
        }
        if (receipt != nullptr && is_final(entry->row.state)) {
            return paid_and_waiting(*receipt);
        }
    }
    if (entry->row.command && !is_payment(*entry->row.command)) {
        return make_error(ErrorCode::not_supported,
                          "operation_id: only what a terminal does can be broken off; use cancel");
    }
    const auto of = lanes_.find(entry->row.device);
    const bool begun = of != lanes_.end() && of->second->is_executing(entry->row.id);
    const bool takes_back =
        entry->row.parent && role_of(entry->row) == contract::SaleRole::reversal;
    if (entry->row.state == OperationState::accepted && !begun && !takes_back) {
        // Nothing of it is at the terminal yet, and after this nothing will be.
        answer(call.peer, call.request.id, context_.book.cancel(entry->row.id));
        return {};
    }
    if (of != lanes_.end()) {
        of->second->abort(entry->row.id);
    }
    answer(call.peer, call.request.id, *entry, false);
    return {};
}

Requests::Outcome Requests::settle(const Call& call) {
    const auto request =
        TRY(contract::from_value<contract::SessionOperationRequest>(call.request.body));
    TRY(check_session(call, request.session));
    const OperationBook::Entry* entry = context_.book.find(request.operation_id);
    if (entry != nullptr) {
        answer(call.peer, call.request.id, *TRY(visible(call, request.operation_id)), true);
        return {};
    }
    // A tombstone says that it never was; after a restore that is not known.
    TRY(check_lost(request.operation_id));
    if (request.operation_id.unix_ms() < context_.book.watermark_ms()) {
        return make_error(ErrorCode::id_too_old, "operation_id: it may have been forgotten");
    }
    context_.book.shrink_to(options_.operations_max - 1);
    if (context_.book.size() >= options_.operations_max) {
        return make_error(ErrorCode::retry_later, "the book is full of unacknowledged operations");
    }
    answer(call.peer, call.request.id,
           context_.book.bury(request.operation_id, call.session->client));
    return {};
}

Requests::Outcome Requests::acknowledge(const Call& call) {
    const auto request =
        TRY(contract::from_value<contract::SessionOperationRequest>(call.request.body));
    TRY(check_session(call, request.session));
    const OperationBook::Entry* entry = TRY(own(call, request.operation_id, "acknowledge"));
    if (!is_final(entry->row.state)) {
        return wrong_state(entry->row, "only a final result can be acknowledged");
    }
    if (is_sale(entry->row)) {
        sales_.acknowledge_steps(entry->row);
    }
    if (entry->row.acknowledged) {
        answer(call.peer, call.request.id, *entry, true);
        return {};
    }
    answer(call.peer, call.request.id, context_.book.acknowledge(entry->row.id));
    return {};
}

}  // namespace tillhost::devd::core
