#include "licd/runtime/gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "ipc/contract/decoder.h"
#include "licd/runtime/log_pack.h"

namespace tillhost::licd::runtime {

using base::ErrorCode;
using base::make_error;
using base::Result;
using contract::from_value;
using contract::RequestKind;
using contract::to_value;
using contract::Value;

namespace {

/// What is asked so changes nothing and gives nothing out that is worth a note.
bool looks(const contract::Request& request) {
    constexpr RequestKind kLooks[] = {RequestKind::licence_keys, RequestKind::licence_connections,
                                      RequestKind::licence_traits, RequestKind::licence_settings,
                                      RequestKind::licence_acts};
    if (std::find(std::begin(kLooks), std::end(kLooks), request.kind) != std::end(kLooks)) {
        return true;
    }
    if (request.kind != RequestKind::set_licence_settings) {
        return false;
    }
    const auto asked = from_value<contract::SetLicenceSettingsRequest>(request.body);
    return asked && asked->only_check;
}

}  // namespace

bool Gate::is_administrator(const ipc::PeerIdentity& identity) const {
    return identity.key.empty() && (identity.uid == 0 || identity.uid == parts_.own.uid);
}

/// The process of a local connection is told by the kernel.
bool Gate::is_panel(const ipc::PeerIdentity& identity) const {
    return is_administrator(identity) && identity.pid == parts_.own.pid;
}

void Gate::note_panel_user(ipc::PeerId peer, const contract::Request& request) {
    const auto hello = from_value<contract::LicenceHelloRequest>(request.body);
    if (hello && !hello->user.empty()) {
        panel_users_.insert_or_assign(peer, hello->user);
    }
}

void Gate::on_peer_gone(ipc::PeerId peer) {
    panel_users_.erase(peer);
    parts_.desk.on_peer_gone(peer);
}

std::string Gate::who(ipc::PeerId peer, const ipc::PeerIdentity& identity) const {
    if (const auto found = panel_users_.find(peer); found != panel_users_.end()) {
        return "panel:" + found->second;
    }
    return identity.uid == 0 ? "root" : parts_.own.user;
}

void Gate::refuse(ipc::PeerId peer, const contract::Request& request, const base::Error& error) {
    parts_.replies.send(peer, {request.id, contract::to_contract(error)});
}

void Gate::on_request(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                      const contract::Request& request) {
    if (contract::role_for(request.kind) == contract::Role::observer) {
        if (request.kind == RequestKind::licence_hello && is_panel(identity)) {
            note_panel_user(peer, request);
        }
        if (!parts_.desk.on_request(peer, identity, request)) {
            refuse(peer, request, make_error(ErrorCode::unknown_kind, ""));
        }
        return;
    }
    if (!is_administrator(identity)) {
        // Not among the acts: whoever may not act could fill them.
        parts_.logger.warning("refused", {{"request", std::string(contract::name_of(request.kind))},
                                          {"uid", std::to_string(identity.uid)}});
        refuse(peer, request,
               make_error(
                   ErrorCode::not_permitted,
                   fmt::format("{} is for role administrator: root or licd's user, on this machine",
                               contract::name_of(request.kind))));
        return;
    }
    administer(peer, identity, request);
}

void Gate::administer(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                      const contract::Request& request) {
    const bool is_act = !looks(request);
    const std::string name(contract::name_of(request.kind));
    const std::string by = is_act ? who(peer, identity) : std::string();
    if (is_act) {
        parts_.logger.notice("administrator", {{"request", name}, {"who", by}});
    }
    if (request.kind == RequestKind::free_licences) {
        note_taking(request, by);
    }
    if (parts_.desk.on_request(peer, identity, request)) {
        return;
    }
    auto body = answer(request);
    if (is_act) {
        const std::string told = told_of(request);
        parts_.acts.note(by, name, (told.empty() ? "" : told + ": ") + outcome_of(request, body));
        parts_.acts.look_at_keys(parts_.keys.all());
    }
    if (body) {
        parts_.desk.reply(peer, request.id, parts_.store.position(), std::move(*body));
    } else {
        refuse(peer, request, body.error());
    }
}

/// Who may have a seat twice because of it has to be found afterwards. Written before the desk does
/// it, so that no answer leaves before the note is on disk.
void Gate::note_taking(const contract::Request& request, const std::string& who) const {
    const auto asked = from_value<contract::FreeLicencesRequest>(request.body);
    if (!asked) {
        return;
    }
    parts_.logger.warning("licences are taken away",
                          {{"number", asked->number == 0 ? "all" : std::to_string(asked->number)},
                           {"accept_double_use", asked->accept_double_use ? "true" : "false"}});
    const auto& leases = parts_.desk.book().leases();
    const bool is_held = leases.contains(static_cast<std::uint64_t>(asked->number));
    const std::string end = asked->number == 0 ? fmt::format("{} were held", leases.size())
                            : is_held          ? std::string("taken away")
                                               : std::string("refused: not held");
    parts_.acts.note(who, contract::name_of(request.kind), told_of(request) + ": " + end);
}

contract::LicenceActsReply Gate::acts(const std::vector<ActRow>& rows, std::size_t limit) const {
    contract::LicenceActsReply reply;
    reply.truncated = rows.size() > limit;
    for (std::size_t i = 0; i < std::min(rows.size(), limit); ++i) {
        contract::LicenceAct& act = reply.acts.emplace_back();
        act.number = rows[i].number;
        act.at_ms = rows[i].at_ms;
        act.who = rows[i].who;
        act.act = rows[i].act;
        act.what = rows[i].what;
    }
    return reply;
}

Result<contract::LicenceLogs> Gate::logs() const {
    auto acts = TRY(parts_.store.acts(0, kPackedActsMax));
    return pack_logs({.version = parts_.version,
                      .unix_ms = parts_.clock.unix_ms(),
                      .settings = parts_.settings.told(),
                      .keys = all().keys,
                      .acts = std::move(acts),
                      .log = parts_.log_book.lines()});
}

contract::LicenceKey Gate::with_use(contract::LicenceKey key) const {
    for (contract::LicenceLine& line : key.lines) {
        line.used = static_cast<std::int64_t>(parts_.desk.book().used(key.serial, line.name));
        line.waiting = static_cast<std::int64_t>(parts_.desk.lines().count(key.serial, line.name));
    }
    return key;
}

contract::LicenceKeysReply Gate::all() const {
    contract::LicenceKeysReply reply;
    for (contract::LicenceKey& key : parts_.keys.all()) {
        reply.keys.push_back(with_use(std::move(key)));
    }
    return reply;
}

Result<Value> Gate::answer_about_keys(const contract::Request& request) {
    if (request.kind == RequestKind::licence_keys) {
        return to_value(all());
    }
    if (request.kind == RequestKind::load_licence_file) {
        const auto text = TRY(from_value<contract::LicenceKeyText>(request.body));
        auto key = TRY(parts_.keys.load(text.text));
        parts_.desk.on_keys_changed();
        return to_value(with_use(std::move(key)));
    }
    if (request.kind == RequestKind::remove_licence_key) {
        const auto which = TRY(from_value<contract::LicenceKeyRequest>(request.body));
        TRY(parts_.keys.remove(which.serial));
        parts_.desk.end_key(which.serial);
        return to_value(all());
    }
    if (request.kind == RequestKind::set_licence_key) {
        const auto wanted = TRY(from_value<contract::SetLicenceKeyRequest>(request.body));
        TRY(parts_.keys.set(wanted));
        parts_.desk.on_keys_changed();
        return to_value(with_use(TRY(parts_.keys.told(wanted.serial))));
    }
    if (request.kind == RequestKind::activate_licence) {
        const auto wanted = TRY(from_value<contract::ActivateLicenceRequest>(request.body));
        return to_value(TRY(parts_.keys.activate(wanted)));
    }
    if (request.kind == RequestKind::licence_traits) {
        return to_value(parts_.keys.traits());
    }
    return make_error(ErrorCode::unknown_kind, "");
}

Result<Value> Gate::answer(const contract::Request& request) {
    if (request.kind == RequestKind::licence_settings) {
        return to_value(parts_.settings.told());
    }
    if (request.kind == RequestKind::set_licence_settings) {
        const auto wanted = TRY(from_value<contract::SetLicenceSettingsRequest>(request.body));
        return to_value(TRY(parts_.settings.set(wanted)));
    }
    if (request.kind == RequestKind::licence_acts) {
        const auto asked = TRY(from_value<contract::LicenceActsRequest>(request.body));
        const auto limit = static_cast<std::size_t>(asked.limit);
        return to_value(acts(TRY(parts_.store.acts(asked.before, limit + 1)), limit));
    }
    if (request.kind == RequestKind::pack_licence_logs) {
        return to_value(TRY(logs()));
    }
    return answer_about_keys(request);
}

}  // namespace tillhost::licd::runtime
