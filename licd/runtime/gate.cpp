#include "licd/runtime/gate.h"

#include <fmt/format.h>

#include "ipc/contract/decoder.h"

namespace tillhost::licd::runtime {

using base::ErrorCode;
using base::make_error;
using base::Result;
using contract::from_value;
using contract::RequestKind;
using contract::to_value;
using contract::Value;

namespace {

/// Changes nothing, so that it is not worth a line of the log.
bool looks(RequestKind kind) {
    return kind == RequestKind::licence_keys || kind == RequestKind::licence_connections ||
           kind == RequestKind::licence_traits;
}

}  // namespace

bool Gate::is_administrator(const ipc::PeerIdentity& identity) const {
    return identity.key.empty() && (identity.uid == 0 || identity.uid == own_uid_);
}

void Gate::on_request(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                      const contract::Request& request) {
    if (contract::role_for(request.kind) != contract::Role::observer &&
        !is_administrator(identity)) {
        logger_.warning("refused", {{"request", std::string(contract::name_of(request.kind))},
                                    {"uid", std::to_string(identity.uid)}});
        const auto error = make_error(
            ErrorCode::not_permitted,
            fmt::format("{} is for role administrator: root or licd's user, on this machine",
                        contract::name_of(request.kind)));
        replies_.send(peer, {request.id, contract::to_contract(error)});
        return;
    }
    if (contract::role_for(request.kind) == contract::Role::administrator && !looks(request.kind)) {
        logger_.notice("administrator", {{"request", std::string(contract::name_of(request.kind))},
                                         {"uid", std::to_string(identity.uid)}});
    }
    if (request.kind == RequestKind::free_licences) {
        note_taking(request);
    }
    if (desk_.on_request(peer, identity, request)) {
        return;
    }
    auto body = answer(request);
    if (body) {
        desk_.reply(peer, request.id, store_.position(), std::move(*body));
    } else {
        replies_.send(peer, {request.id, contract::to_contract(body.error())});
    }
}

/// Who may have a seat twice because of it has to be found afterwards.
void Gate::note_taking(const contract::Request& request) const {
    if (const auto asked = from_value<contract::FreeLicencesRequest>(request.body)) {
        logger_.warning("licences are taken away",
                        {{"number", asked->number == 0 ? "all" : std::to_string(asked->number)},
                         {"accept_double_use", asked->accept_double_use ? "true" : "false"}});
    }
}

contract::LicenceKey Gate::with_use(contract::LicenceKey key) const {
    for (contract::LicenceLine& line : key.lines) {
        line.used = static_cast<std::int64_t>(desk_.book().used(key.serial, line.name));
        line.waiting = static_cast<std::int64_t>(desk_.lines().count(key.serial, line.name));
    }
    return key;
}

contract::LicenceKeysReply Gate::all() const {
    contract::LicenceKeysReply reply;
    for (contract::LicenceKey& key : keys_.all()) {
        reply.keys.push_back(with_use(std::move(key)));
    }
    return reply;
}

Result<Value> Gate::answer(const contract::Request& request) {
    if (request.kind == RequestKind::licence_keys) {
        return to_value(all());
    }
    if (request.kind == RequestKind::load_licence_file) {
        const auto text = TRY(from_value<contract::LicenceKeyText>(request.body));
        auto key = TRY(keys_.load(text.text));
        desk_.on_keys_changed();
        return to_value(with_use(std::move(key)));
    }
    if (request.kind == RequestKind::remove_licence_key) {
        const auto which = TRY(from_value<contract::LicenceKeyRequest>(request.body));
        TRY(keys_.remove(which.serial));
        desk_.end_key(which.serial);
        return to_value(all());
    }
    if (request.kind == RequestKind::set_licence_key) {
        const auto wanted = TRY(from_value<contract::SetLicenceKeyRequest>(request.body));
        TRY(keys_.set(wanted));
        desk_.on_keys_changed();
        return to_value(with_use(TRY(keys_.told(wanted.serial))));
    }
    if (request.kind == RequestKind::activate_licence) {
        const auto wanted = TRY(from_value<contract::ActivateLicenceRequest>(request.body));
        return to_value(TRY(keys_.activate(wanted)));
    }
    if (request.kind == RequestKind::licence_traits) {
        return to_value(keys_.traits());
    }
    return make_error(ErrorCode::unknown_kind, "");
}

}  // namespace tillhost::licd::runtime
