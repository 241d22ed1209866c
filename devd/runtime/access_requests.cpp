#include "devd/runtime/access_requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "devd/runtime/settings.h"
#include "ipc/contract/decoder.h"

namespace tillhost::devd::runtime {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using contract::RequestKind;
using contract::Value;

bool is_own(RequestKind kind) {
    return kind == RequestKind::workstations || kind == RequestKind::open_pairing ||
           kind == RequestKind::close_pairing || kind == RequestKind::set_workstation ||
           kind == RequestKind::revoke || kind == RequestKind::roll_key;
}

base::Error wrong_code() {
    return make_error(ErrorCode::wrong_code, "ask for a new one on the host: tillctl pair NAME");
}

Done check_devices(const std::vector<std::string>& devices) {
    for (std::size_t i = 0; i < devices.size(); ++i) {
        if (!is_device_id(devices[i])) {
            return base::bad_field(fmt::format("devices[{}]", i), "a device's id");
        }
    }
    return {};
}

}  // namespace

AccessRequests::AccessRequests(AccessParts parts) : parts_(std::move(parts)), door_(parts_.clock) {
    parts_.workstations.set_door([this] { return door_.is_open(); });
}

AccessRequests::~AccessRequests() {
    parts_.workstations.set_door({});
    if (closing_) {
        parts_.loop.cancel(*closing_);
    }
    for (const os::TimerId timer : wrong_answers_) {
        parts_.loop.cancel(timer);
    }
}

void AccessRequests::on_request(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                                const contract::Request& request) {
    const auto rights = parts_.workstations.rights_of(identity);
    const Asked asked{peer, identity, request, rights ? &*rights : nullptr};
    if (const Done passed = pass(asked); !passed) {
        parts_.endpoints.send(peer, {request.id, contract::to_contract(passed.error())});
        return;
    }
    if (request.kind == RequestKind::pair) {
        return;  // answered
    }
    if (!is_own(request.kind)) {
        parts_.next.on_request(peer, identity, request);
        return;
    }
    Outcome outcome = answer(asked);
    const bool good = outcome.has_value();
    if (good) {
        parts_.endpoints.send(peer, {request.id, std::move(*outcome)});
    } else {
        parts_.endpoints.send(peer, {request.id, contract::to_contract(outcome.error())});
    }
    if (good && request.kind == RequestKind::revoke) {  // it may be itself that it revokes
        const auto read = contract::from_value<contract::RevokeRequest>(request.body);
        const Workstation& revoked = parts_.workstations.all().at(read->name);
        drop(revoked.key);
        drop(revoked.next_key);
    }
}

Done AccessRequests::pass(const Asked& asked) {
    if (asked.request.kind == RequestKind::pair) {
        return pair(asked);
    }
    if (is_own(asked.request.kind) || asked.rights == nullptr) {
        TRY(core_->admit(asked.peer, asked.identity, asked.request));
    }
    return see(asked.identity);
}

/// A workstation that uses its next key has no other any more.
Done AccessRequests::see(const ipc::PeerIdentity& identity) {
    if (identity.key.empty()) {
        return {};
    }
    const std::string former = TRY(parts_.workstations.seen(identity));
    if (!former.empty()) {
        parts_.logger.notice("workstation uses its next key",
                             {{"workstation", parts_.workstations.of_key(identity.key)->name}});
        drop(former);
    }
    return {};
}

void AccessRequests::drop(const std::string& key) {
    if (!key.empty()) {
        parts_.endpoints.drop(key, parts_.next);
    }
}

AccessRequests::Outcome AccessRequests::answer(const Asked& asked) {
    const RequestKind kind = asked.request.kind;
    if (kind == RequestKind::open_pairing) {
        return open_pairing(asked);
    }
    if (kind == RequestKind::close_pairing) {
        return close_pairing(asked);
    }
    if (kind == RequestKind::set_workstation) {
        return set_workstation(asked);
    }
    if (kind == RequestKind::revoke) {
        return revoke(asked);
    }
    return kind == RequestKind::roll_key ? roll_key(asked) : list(asked);
}

contract::Workstation AccessRequests::describe(const Workstation& workstation) const {
    contract::Workstation to;
    to.name = workstation.name;
    to.role = workstation.role;
    to.devices = workstation.devices;
    to.host = workstation.host;
    to.state = workstation.state;
    to.key = workstation.key;
    to.paired_at_ms = workstation.paired_at_ms;
    to.connected = parts_.endpoints.connections_of(workstation.key) +
                       parts_.endpoints.connections_of(workstation.next_key) >
                   0;
    to.address = workstation.address;
    to.last_seen_ms = workstation.last_seen_ms;
    return to;
}

AccessRequests::Outcome AccessRequests::list(const Asked& asked) const {
    TRY(contract::from_value<contract::Empty>(asked.request.body));
    contract::WorkstationsReply reply;
    for (const auto& [name, workstation] : parts_.workstations.all()) {
        reply.workstations.push_back(describe(workstation));
    }
    return contract::to_value(reply);
}

// --- pairing

AccessRequests::Outcome AccessRequests::open_pairing(const Asked& asked) {
    auto request = TRY(contract::from_value<contract::OpenPairingRequest>(asked.request.body));
    TRY(core_->check_session(asked.peer, request.session));
    if (!parts_.network || !parts_.endpoints.on_network()) {
        return make_error(ErrorCode::not_supported,
                          "devd is not on the network: set [network] listen in devd.toml");
    }
    TRY(parts_.workstations.may_add(request.name));
    TRY(check_devices(request.devices));
    shut_door("another one takes its place");
    const auto code = TRY(ipc::PairingCode::make(parts_.host_key, parts_.random()));
    const NetworkConfig& network = *parts_.network;
    listener_ = TRY(PairingListener::open(
        network.host, network.pairing_port,
        ipc::PairingGreeting{parts_.host_key, network.port}.line(), parts_.loop));
    door_.open({request.name, request.role, std::move(request.devices), request.host}, code.secret);
    closing_ = parts_.loop.call_at(door_.closes_at(), [this] {
        closing_.reset();
        shut_door("its time is over");
    });
    parts_.logger.notice(
        "pairing opened",
        {{"workstation", request.name}, {"role", std::string(contract::name_of(request.role))}});
    contract::OpenPairingReply reply;
    reply.code = code.text();
    reply.text = fmt::format("tillhost://{}:{}/pair?code={}&pairing_port={}", network.name,
                             network.port, reply.code, network.pairing_port);
    reply.expires_in_ms = kPairingTimeMax / std::chrono::milliseconds(1);
    reply.tries = kPairingTries;
    reply.port = network.port;
    reply.pairing_port = network.pairing_port;
    return contract::to_value(reply);
}

AccessRequests::Outcome AccessRequests::close_pairing(const Asked& asked) {
    TRY(contract::from_value<contract::Empty>(asked.request.body));
    shut_door("as asked");
    return contract::to_value(contract::Empty{});
}

/// Nobody new comes in; who went through may ask again.
void AccessRequests::shut_door(std::string_view why) {
    if (closing_) {
        parts_.loop.cancel(*closing_);
        closing_.reset();
    }
    if (listener_ != nullptr) {
        listener_.reset();
        parts_.logger.notice("pairing closed", {{"workstation", door_.invitation().name},
                                                {"because", std::string(why)}});
    }
    if (door_.is_open()) {
        door_.close();
    }
}

Done AccessRequests::pair(const Asked& asked) {
    const auto request = TRY(contract::from_value<contract::PairRequest>(asked.request.body));
    const ipc::PeerIdentity& identity = asked.identity;
    if (identity.key.empty()) {
        return make_error(ErrorCode::not_supported, "a workstation pairs over the network");
    }
    switch (door_.try_code(identity.key, request.secret)) {
        case PairingDoor::Answer::right: TRY(take_in(identity)); break;
        case PairingDoor::Answer::again: break;
        case PairingDoor::Answer::shut: return wrong_code();
        case PairingDoor::Answer::wrong:
            ++wrong_codes_;
            parts_.logger.warning("wrong pairing code",
                                  {{"address", identity.address},
                                   {"tries_left", std::to_string(door_.tries_left())}});
            if (!door_.is_open()) {
                shut_door("too many wrong codes");
            }
            reply_wrong_code(asked.peer, asked.request.id);
            return {};
    }
    contract::PairReply reply;
    reply.name = door_.invitation().name;
    reply.role = door_.invitation().role;
    reply.host = parts_.network ? parts_.network->name : "";
    parts_.endpoints.send(asked.peer, {asked.request.id, contract::to_value(reply)});
    return {};
}

Done AccessRequests::take_in(const ipc::PeerIdentity& identity) {
    if (parts_.workstations.of_key(identity.key) != nullptr) {
        return make_error(ErrorCode::conflict, "this key is paired already: make another one");
    }
    const Invitation& invitation = door_.invitation();
    TRY(parts_.workstations.add({.name = invitation.name,
                                 .role = invitation.role,
                                 .devices = invitation.devices,
                                 .host = invitation.host,
                                 .key = identity.key,
                                 .address = identity.address}));
    door_.let_in(identity.key);
    note(identity.address, contract::AuditKind::paired,
         fmt::format("{} as {}", invitation.name, contract::name_of(invitation.role)));
    parts_.logger.notice("workstation paired",
                         {{"workstation", invitation.name}, {"address", identity.address}});
    shut_door("it is paired");
    return {};
}

void AccessRequests::note(const std::string& who, contract::AuditKind kind, std::string what) {
    contract::AuditRecord record;
    record.kind = kind;
    record.who = who;
    record.note = std::move(what);
    core_->audit(std::move(record));
}

/// Later, so that guessing costs time; there are not more of them than tries.
void AccessRequests::reply_wrong_code(ipc::PeerId peer, std::int64_t request) {
    wrong_answers_.push_back(
        parts_.loop.call_at(parts_.clock.now() + kWrongCodeDelay, [this, peer, request] {
            parts_.endpoints.send(peer, {request, contract::to_contract(wrong_code())});
        }));
    if (wrong_answers_.size() > static_cast<std::size_t>(kPairingTries)) {
        wrong_answers_.erase(wrong_answers_.begin());
    }
}

// --- workstations that are paired

AccessRequests::Outcome AccessRequests::set_workstation(const Asked& asked) {
    auto request = TRY(contract::from_value<contract::SetWorkstationRequest>(asked.request.body));
    TRY(core_->check_session(asked.peer, request.session));
    TRY(check_devices(request.devices));
    const Workstation changed =
        TRY(parts_.workstations.change(request.name, request.role, std::move(request.devices)));
    note(core_->name_of(asked.peer, asked.identity), contract::AuditKind::changed,
         fmt::format("{} is {} now", changed.name, contract::name_of(changed.role)));
    parts_.logger.notice(
        "workstation changed",
        {{"workstation", changed.name}, {"role", std::string(contract::name_of(changed.role))}});
    if (parts_.on_rights) {
        parts_.on_rights();
    }
    return contract::to_value(describe(changed));
}

AccessRequests::Outcome AccessRequests::revoke(const Asked& asked) {
    const auto request = TRY(contract::from_value<contract::RevokeRequest>(asked.request.body));
    TRY(core_->check_session(asked.peer, request.session));
    const Workstation revoked = TRY(parts_.workstations.revoke(request.name));
    note(core_->name_of(asked.peer, asked.identity), contract::AuditKind::revoked, revoked.name);
    parts_.logger.notice("workstation revoked", {{"workstation", revoked.name}});
    return contract::to_value(describe(revoked));
}

AccessRequests::Outcome AccessRequests::roll_key(const Asked& asked) {
    const auto request = TRY(contract::from_value<contract::RollKeyRequest>(asked.request.body));
    TRY(core_->check_session(asked.peer, request.session));
    const Workstation rolled = TRY(parts_.workstations.roll(asked.identity.key, request.key));
    note(core_->name_of(asked.peer, asked.identity), contract::AuditKind::rolled, rolled.name);
    parts_.logger.notice("workstation has a next key", {{"workstation", rolled.name}});
    return contract::to_value(describe(rolled));
}

}  // namespace tillhost::devd::runtime
