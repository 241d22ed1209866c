#include "devd/runtime/relay.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "devd/core/requests.h"

namespace tillhost::devd::runtime {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using contract::RequestKind;

/// What the owner of a device answers. What it tells unasked, and its state, is kept here.
bool is_for_owner(RequestKind kind) {
    constexpr std::array kOfDevice{
        RequestKind::submit,          RequestKind::query,         RequestKind::operations,
        RequestKind::lease,           RequestKind::take_lease,    RequestKind::renew_lease,
        RequestKind::release_lease,   RequestKind::ask_takeover,  RequestKind::answer_takeover,
        RequestKind::end_lease,       RequestKind::models,        RequestKind::ports,
        RequestKind::device_settings, RequestKind::check_device,  RequestKind::configure_device,
        RequestKind::rename_device,   RequestKind::delete_device,
    };
    return std::find(kOfDevice.begin(), kOfDevice.end(), kind) != kOfDevice.end();
}

/// What names an operation, and the device only as a hint.
bool is_of_operation(RequestKind kind) {
    return kind == RequestKind::await || kind == RequestKind::operation ||
           kind == RequestKind::cancel || kind == RequestKind::abort ||
           kind == RequestKind::settle || kind == RequestKind::resolve ||
           kind == RequestKind::decide || kind == RequestKind::acknowledge;
}

std::optional<base::OperationId> operation_of(const contract::Request& request) {
    const auto id = base::OperationId::from_text(text_at(request.body, "operation_id"));
    return id ? std::optional(*id) : std::nullopt;
}

/// Without a device of that host nothing there is for it.
Done check_some_device(const core::Rights& rights, const RemoteHost& host) {
    const bool some = std::any_of(host.devices.begin(), host.devices.end(),
                                  [&](const auto& one) { return rights.may_use(one.first); });
    return some ? Done()
                : Done(make_error(ErrorCode::not_permitted,
                                  fmt::format("no device of host '{}' is among those of "
                                              "workstation '{}'",
                                              host.name, rights.workstation)));
}

os::Duration wait_of(const contract::Request& request) {
    return request.deadline_ms == 0 ? core::kRequestDeadline
                                    : os::Duration(std::chrono::milliseconds(std::min(
                                          request.deadline_ms, contract::kRequestDeadlineMsMax)));
}

}  // namespace

// --- where to

std::optional<Relay::Way> Relay::way_of_device(const std::string& device) const {
    for (std::size_t i = 0; i < parts_.hosts.size(); ++i) {
        if (parts_.hosts[i].devices.contains(device)) {
            return Way{i, device};
        }
    }
    return std::nullopt;
}

std::optional<Relay::Way> Relay::way_of_topic(const std::string& topic) const {
    for (const std::string_view kind :
         {core::kOperationTopic, core::kPromptTopic, core::kScanTopic, core::kLeaseTopic}) {
        if (topic.starts_with(kind)) {
            return way_of_device(topic.substr(kind.size()));
        }
    }
    for (std::size_t i = 0; i < parts_.hosts.size(); ++i) {
        if (topic == fmt::format("{}/{}", core::kAlarmsTopic, parts_.hosts[i].name)) {
            return Way{i, ""};
        }
    }
    return std::nullopt;
}

std::optional<Relay::Way> Relay::way_of(const contract::Request& request) const {
    if (request.kind == RequestKind::subscribe) {
        return way_of_topic(text_at(request.body, "topic"));
    }
    if (request.kind == RequestKind::credit || request.kind == RequestKind::unsubscribe) {
        const std::int64_t number = number_at(request.body, "subscription") - kRemoteSubscriptions;
        const std::int64_t host = number / kSubscriptionsAHost;
        const bool known = number >= 0 && host < static_cast<std::int64_t>(parts_.hosts.size());
        return known ? std::optional(Way{static_cast<std::size_t>(host), ""}) : std::nullopt;
    }
    const std::string device = text_at(request.body, "device");
    if (is_for_owner(request.kind)) {
        return way_of_device(device);
    }
    if (!is_of_operation(request.kind)) {
        return std::nullopt;
    }
    const auto id = operation_of(request);
    if (device.empty() && id && !core_->device_of(*id)) {
        return way_of_device(places_.device_of(*id));
    }
    return way_of_device(device);
}

// --- what comes in

void Relay::on_request(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                       const contract::Request& request) {
    const auto way = way_of(request);
    Done handed = way ? hand_over(peer, identity, request, *way) : check_own(request);
    if (!way && handed) {
        parts_.next.on_request(peer, identity, request);
    } else if (!way) {
        // Who may not ask this is told that, and not whether the id is known.
        const Done may = core_->admit(peer, identity, request);
        handed = may ? handed : may;
    }
    if (!handed) {
        parts_.replies.send(peer, {request.id, contract::to_contract(handed.error())});
    }
}

void Relay::on_peer_gone(ipc::PeerId peer) {
    const auto first = clients_.lower_bound(Key{peer, 0});
    auto last = first;
    while (last != clients_.end() && last->first.first == peer) {
        ++last;
    }
    clients_.erase(first, last);
    parts_.next.on_peer_gone(peer);
}

void Relay::look_at_rights() {
    for (const auto& [key, one] : clients_) {
        const auto rights = core_->rights_of(key.first);
        RelayedClient::Who now = one->who();
        if (!rights || (rights->role == now.role && rights->devices == now.devices)) {
            continue;  // the same, or its connections are over
        }
        now.role = rights->role;
        now.devices = rights->devices;
        one->become(now);
    }
}

/// What this host is to take or to bury must not be another's. Who settles an id wants to know that
/// nothing comes of it, wherever it was handed over.
Done Relay::check_own(const contract::Request& request) const {
    const auto id = operation_of(request);
    const bool settles = request.kind == RequestKind::settle;
    if (parts_.hosts.empty() || !id || (!settles && request.kind != RequestKind::submit) ||
        core_->device_of(*id)) {
        return {};
    }
    if (way_of_device(places_.device_of(*id))) {
        return make_error(ErrorCode::conflict,
                          fmt::format("operation_id: it was handed over for device '{}'",
                                      places_.device_of(*id)));
    }
    if (settles && text_at(request.body, "device").empty()) {
        return base::bad_field("device",
                               "the device that the operation was handed over for: this host does "
                               "not know the operation, and the host that owns the device may");
    }
    return {};
}

/// The id of an operation of this host, unless it is a sale's step on that very device.
Done Relay::check_remote(const contract::Request& request, const Way& way) const {
    const auto id = operation_of(request);
    const auto here = id ? core_->device_of(*id) : std::nullopt;
    if (here && (*here != way.device || request.kind == RequestKind::submit)) {
        return make_error(ErrorCode::conflict,
                          "operation_id: it is that of an operation of this host");
    }
    return {};
}

Done Relay::hand_over(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                      const contract::Request& request, const Way& way) {
    TRY(core_->admit(peer, identity, request, way.device));
    const core::Rights rights = TRY(core_->rights_of(peer, identity));
    if (rights.host) {
        return make_error(ErrorCode::not_permitted,
                          fmt::format("device: '{}' is owned by host '{}'; hosts import a device "
                                      "from its owner",
                                      way.device, parts_.hosts[way.host].name));
    }
    TRY(check_some_device(rights, parts_.hosts[way.host]));
    if (const contract::Value* session = request.body.find("session")) {
        const auto* number = session->get_if<std::int64_t>();
        TRY(core_->check_session(peer, number == nullptr ? 0 : *number));
    }
    TRY(check_remote(request, way));
    RelayedClient* const through =
        TRY(client({peer, core_->client_of(peer), rights.role, rights.devices}, way.host));
    through->pass(request, parts_.link.clock.now() + wait_of(request));
    return {};
}

base::Result<RelayedClient*> Relay::client(const RelayedClient::Who& who, std::size_t host) {
    const Key key{who.peer, host};
    const auto found = clients_.find(key);
    if (found != clients_.end()) {
        if (found->second->who() != who) {
            found->second->become(who);  // it may more or less than before, or has said hello anew
        }
        return found->second.get();
    }
    if (clients_.size() >= kRelayedClientsMax) {
        return make_error(
            ErrorCode::retry_later,
            fmt::format("{} programs use other hosts' devices already", kRelayedClientsMax));
    }
    auto made = std::make_unique<RelayedClient>(parts_.link, parts_.hosts[host],
                                                static_cast<std::int64_t>(host), who,
                                                parts_.program_version, parts_.replies, places_);
    return clients_.emplace(key, std::move(made)).first->second.get();
}

}  // namespace tillhost::devd::runtime
