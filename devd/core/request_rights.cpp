// Whose an operation is, who may see it, and what a program is called.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "devd/core/requests.h"

namespace tillhost::devd::core {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr std::size_t kClientBytesMax = 64;
/// Stands between a program's name and that of the workstation it runs on.
constexpr char kAt = '@';

/// Each case of a union by its name, with the least role that may ask for it.
template <class Union, std::size_t... number>
auto roles_of_cases(std::index_sequence<number...> /*all*/) {
    return std::array{std::pair{
        contract::case_of(Union{std::variant_alternative_t<number, typename Union::variant>{}}),
        contract::role_for(
            Union{std::variant_alternative_t<number, typename Union::variant>{}})}...};
}

/// By the name of its case alone, so that a content that cannot be read tells nobody more than the
/// role does. What is no case is the decoder's to refuse.
template <class Union>
Done check_role_of_case(const Rights& rights, const contract::Value* value) {
    static const auto kRoles = roles_of_cases<Union>(
        std::make_index_sequence<std::variant_size_v<typename Union::variant>>{});
    const auto* map = value == nullptr ? nullptr : value->get_if<contract::Value::Map>();
    if (map == nullptr || map->size() != 1) {
        return {};
    }
    const auto found = std::find_if(kRoles.begin(), kRoles.end(), [&](const auto& one) {
        return one.first == map->front().first;
    });
    return found == kRoles.end() ? Done() : check_role(rights, found->second, found->first);
}

}  // namespace

Done Requests::check_command_role(const Call& call) {
    return check_role_of_case<contract::Command>(call.rights, call.request.body.find("command"));
}

Done Requests::check_query_role(const Call& call) {
    return check_role_of_case<contract::Query>(call.rights, call.request.body.find("query"));
}

Result<Rights> Requests::rights_of(const ipc::PeerIdentity& identity) const {
    if (options_.access == nullptr) {
        return Rights{.role = contract::Role::administrator};
    }
    auto rights = options_.access->rights_of(identity);
    if (!rights) {
        return make_error(ErrorCode::not_paired, "this machine's key was revoked or never paired");
    }
    return std::move(*rights);
}

Result<Rights> Requests::rights_of(ipc::PeerId peer, const ipc::PeerIdentity& identity) const {
    Rights rights = TRY(rights_of(identity));
    const auto session = sessions_.find(peer);
    if (session != sessions_.end()) {
        rights.limit(session->second.at_most, session->second.only_devices);
    }
    return rights;
}

Result<Rights> Requests::rights_of(ipc::PeerId peer) const {
    const auto session = sessions_.find(peer);
    if (session == sessions_.end()) {
        return make_error(ErrorCode::no_session, "say hello first");
    }
    return rights_of(peer, session->second.identity);
}

void Requests::look_at_rights() {
    for (const auto& [peer, session] : sessions_) {
        const auto rights = rights_of(peer);
        if (!rights) {
            continue;  // its key was revoked: its connections are over
        }
        context_.events.limit(peer, rights->devices);
        const bool may_lease =
            rights->role >= contract::role_for(contract::RequestKind::take_lease);
        leases_.take_away(
            peer, [&](const std::string& device) { return may_lease && rights->may_use(device); });
        const auto may = [&, &client = session.client](const OperationRow& row) {
            return may_see(*rights, client, row);
        };
        for (const std::int64_t request : context_.waiters.take_back(peer, may)) {
            const auto refused = make_error(ErrorCode::not_permitted,
                                            "operation_id: the right to its device was taken away",
                                            base::Effect::unknown);
            context_.replies.send(peer, {request, contract::to_contract(refused)});
        }
    }
}

std::string Requests::name_of(ipc::PeerId peer, const ipc::PeerIdentity& identity) const {
    const auto session = sessions_.find(peer);
    const std::string client = session == sessions_.end() ? "?" : session->second.client;
    if (identity.key.empty()) {
        return identity.uid < 0 ? client : fmt::format("{} (user {})", client, identity.uid);
    }
    const bool named = client.find(kAt) != std::string::npos;
    return named ? client : fmt::format("{} ({})", client, identity.address);
}

std::string Requests::client_of(ipc::PeerId peer) const {
    const auto session = sessions_.find(peer);
    return session == sessions_.end() ? std::string() : session->second.client;
}

void Requests::note_refusal(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                            contract::RequestKind kind, const base::Error& error) {
    if (error.code == ErrorCode::not_permitted || error.code == ErrorCode::not_paired) {
        context_.audit.refused(name_of(peer, identity), contract::name_of(kind), error);
    }
}

Done Requests::admit(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                     const contract::Request& request, const std::string& device) {
    const auto call = begin(peer, identity, request);
    Done may = call ? Done() : Done(call.error());
    if (call && !device.empty()) {
        may = check_device_right(call->rights, device);
    }
    if (!may) {
        note_refusal(peer, identity, request.kind, may.error());
    }
    return may;
}

/// The name by which the book and the others know a program: over the network with the
/// workstation's behind it, which no program can choose.
Result<std::string> Requests::client_name(const Call& call,
                                          const contract::HelloRequest& request) const {
    if (request.client == kOwnClient) {
        return base::bad_field("client", "a name of the program's own; \"devd\" is devd's");
    }
    if (request.client.find(kAt) != std::string::npos) {
        return base::bad_field("client", "a name without @, which stands before a workstation's");
    }
    if (!request.on_behalf_of.empty() && !call.rights.host) {
        return make_error(ErrorCode::not_permitted,
                          "on_behalf_of: only a host that imports devices speaks for others");
    }
    std::string name = request.on_behalf_of.empty() ? request.client : request.on_behalf_of;
    if (call.rights.workstation.empty()) {
        return name;
    }
    name += kAt + call.rights.workstation;
    if (name.size() > kClientBytesMax) {
        return base::bad_field(
            "client",
            fmt::format("{} bytes at most: with the workstation's name it has to fit {}",
                        kClientBytesMax - call.rights.workstation.size() - 1, kClientBytesMax));
    }
    return name;
}

/// A sale is its client's and of those who may use its devices.
bool Requests::may_see(const Rights& rights, const std::string& client, const OperationRow& row) {
    const auto* sale = row.command ? std::get_if<contract::Sale>(&*row.command) : nullptr;
    const bool of_no_device =
        sale == nullptr && row.device.empty();  // given up, or decided by hand
    if (rights.devices.empty() || row.client == client || of_no_device) {
        return true;
    }
    return rights.may_use(sale == nullptr ? row.device : sale->registrar);
}

/// Another host is given what is owned here, and nothing that is only passed on.
bool Requests::would_loop(const Call& call, const DeviceLane& lane) {
    return call.rights.host && !lane.config().host.empty();
}

Done Requests::check_loop(const Call& call, const std::string& device) const {
    const auto found = lanes_.find(device);
    if (found == lanes_.end() || !would_loop(call, *found->second)) {
        return {};
    }
    return make_error(ErrorCode::not_permitted,
                      fmt::format("device: '{}' is owned by host '{}'; hosts import a device from "
                                  "its owner",
                                  device, found->second->config().host));
}

Result<DeviceLane*> Requests::usable_lane(const Call& call, const std::string& device) const {
    TRY(check_device_right(call.rights, device));
    TRY(check_loop(call, device));
    return lane(device);
}

Result<const OperationBook::Entry*> Requests::visible(const Call& call,
                                                      const base::OperationId& id) const {
    const OperationBook::Entry* entry = TRY(known(id));
    if (!may_see(call, entry->row)) {
        return make_error(ErrorCode::not_permitted,
                          fmt::format("operation_id: its device '{}' is not among the devices of "
                                      "workstation '{}'",
                                      entry->row.device, call.rights.workstation),
                          base::Effect::unknown);  // the id is taken: something may come of it
    }
    return entry;
}

/// The operation of another program is an operator's to meddle with.
Result<const OperationBook::Entry*> Requests::own(const Call& call, const base::OperationId& id,
                                                  std::string_view what) const {
    const OperationBook::Entry* entry = TRY(visible(call, id));
    if (entry->row.client != call.session->client) {
        TRY(check_role(call.rights, contract::Role::operator_,
                       fmt::format("{} of an operation of {}", what, entry->row.client)));
    }
    return entry;
}

Done Requests::check_command_rights(const Call& call,
                                    const contract::SubmitRequest& request) const {
    const auto* sale = std::get_if<contract::Sale>(&request.command);
    if (sale == nullptr) {
        return check_device_right(call.rights, request.device);
    }
    for (const std::string& device : devices_of(*sale)) {
        TRY(check_device_right(call.rights, device));
        TRY(check_loop(call, device));
    }
    if (!sale->substitute.empty() && sale->substitute != options_.shop.substitute) {
        TRY(check_device_right(call.rights, sale->substitute));
    }
    return {};
}

}  // namespace tillhost::devd::core
