// How devices come to be known: invitations and enrolment; the rest stands in registry.cpp.
#include <fmt/format.h>

#include "sumpd/apps/registry.h"
#include "sumpd/apps/registry_words.h"
#include "sumpd/apps/tokens.h"
#include "sumpd/store/new_uuid.h"

namespace tillhost::sumpd::apps {

using exchange::Empty;
using exchange::FaultCode;
using exchange::Outcome;
using exchange::refuse;

namespace {

/// The device as the app and its invitation say; what the invitation leaves open stays.
void be_enrolled(DeviceRow& device, const exchange::Enroll& request, const TokenRow& token) {
    const auto or_else = [](const std::string& wanted, const std::string& now) {
        return wanted.empty() ? now : wanted;
    };
    device.model = request.model;
    device.os = request.os;
    device.app_name = request.app_name;
    device.app_version = request.app_version;
    device.kind =
        token.kind != AppKind::unspecified ? token.kind : request.kind.value_or(AppKind::cashier);
    device.name = or_else(token.name, device.name);
    device.store_id = token.store_id;
    device.role_id = token.role_id;
    device.former_key.clear();
    device.state = DeviceState::active;
    device.rescue_until_s = 0;
}

}  // namespace

Outcome<MadeInvitation> Registry::invite(const InvitationWish& wish) {
    if (auto fault = fault_in_invitation(wish)) {
        return tl::unexpected(std::move(*fault));
    }
    MadeInvitation made{.token = make_token(TokenKind::enrolment),
                        .expires_s = now_s() + wish.life_s};
    const auto added = add_invitation({.digest = digest_of_token(made.token),
                                       .made_by = wish.by.login,
                                       .expires_s = made.expires_s,
                                       .name = wish.name,
                                       .kind = wish.kind,
                                       .store_id = wish.store_id,
                                       .role_id = wish.role_id});
    if (!added) {
        return tl::unexpected(added.error());
    }
    return made;
}

Outcome<Empty> Registry::add_invitation(TokenRow row) {
    const std::lock_guard writing(writing_);
    RegistryChange change;
    {
        const std::shared_lock lock(held_);
        if (tokens_.count(row.digest) != 0) {
            return Empty{};
        }
        for (const auto& [digest, known] : tokens_) {
            if (now_s() >= known.expires_s) {
                change.forgotten_tokens.push_back(digest);
            }
        }
        if (tokens_.size() - change.forgotten_tokens.size() >= kTokensMax) {
            return refuse_full("too many invitations are open");
        }
    }
    change.acts.push_back({.actor = row.made_by,
                           .action = "device.invite",
                           .after = fmt::format("name \"{}\", store \"{}\", role \"{}\"", row.name,
                                                row.store_id, row.role_id)});
    change.tokens.push_back(std::move(row));
    const auto written = write(change);
    return written ? Outcome<Empty>(Empty{}) : tl::unexpected(written.error());
}

Outcome<exchange::EnrollResponse> Registry::enroll(const exchange::Enroll& request) {
    const std::lock_guard writing(writing_);
    TokenRow token;
    DeviceRow device;
    {
        const std::shared_lock lock(held_);
        const auto found = tokens_.find(digest_of_token(request.token.text));
        if (found == tokens_.end() || now_s() >= found->second.expires_s) {
            return refuse(FaultCode::unauthorized, "the code is over or unknown; ask for another");
        }
        token = found->second;
        if (!token.used_by.empty() && token.used_by != request.install_id) {
            return refuse(FaultCode::unauthorized, "the code was used by another app");
        }
        if (token.kind != AppKind::unspecified && request.kind && *request.kind != token.kind) {
            return refuse(FaultCode::forbidden, "the code is for the other kind of app");
        }
        for (const auto& [id, row] : devices_) {
            if (row.install_id == request.install_id) {
                device = row;
            }
        }
        if (device.id.empty() && devices_.size() >= kDevicesMax) {
            return refuse_full("too many devices are enrolled");
        }
    }
    if (device.id.empty()) {
        device.id = store::new_uuid();
        device.install_id = request.install_id;
    }
    const std::string key = make_token(TokenKind::device);
    be_enrolled(device, request, token);
    device.key = digest_of_token(key);
    device.enrolled_s = now_s();
    token.used_by = request.install_id;
    RegistryChange change = sessions_of(device.id);
    change.devices.push_back(device);
    change.tokens.push_back(token);
    change.acts.push_back(
        {.actor = token.made_by,
         .action = "device.enrol",
         .target = device.id,
         .after = fmt::format("{} {}, {}", device.model, device.os, device.install_id)});
    if (const auto written = write(change); !written) {
        return tl::unexpected(written.error());
    }
    // Behind the change of the key: its former app adds no document any more. It may have been
    // wiped, and would begin anew with numbers that are taken.
    const auto last_seq = parts_.store.last_seq(device.id);
    if (!last_seq) {
        return tl::unexpected(last_seq.error());  // the app may ask again
    }
    return exchange::EnrollResponse{
        .device_id = {device.id},
        .device_key = {key},
        .server_name = parts_.server_name,
        .server_id = {parts_.server_id},
        .pin = parts_.pin,
        .last_seq = *last_seq > 0 ? std::optional(*last_seq) : std::nullopt};
}

}  // namespace tillhost::sumpd::apps
