#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "sumpd/apps/registry.h"
#include "sumpd/apps/tokens.h"

namespace tillhost::sumpd::apps {

using exchange::Empty;
using exchange::FaultCode;
using exchange::Outcome;
using exchange::refuse;

namespace {

/// What an app keeps to let its user in without the server. Cheaper than a console's password: a
/// phone computes it, too.
constexpr os::Argon2Cost kVerifierCost{.passes = 2, .memory_bytes = 19U * 1024U * 1024U};

tl::unexpected<exchange::Fault> refuse_store(const AccountRow& account, std::string_view whose) {
    return tl::unexpected<exchange::Fault>(
        {.code = FaultCode::role_denied,
         .message = fmt::format("{}: the store is not one of {}", account.login, whose),
         .field = "storeId"});
}

/// The store that the session is for: the one asked for, or the one that the device is bound to.
Outcome<std::string> store_for(const AccountRow& account, const DeviceRow& device,
                               const std::optional<std::string>& asked) {
    const std::string& bound = device.store_id;
    const std::string store = asked.value_or(bound);
    if (!bound.empty() && store != bound) {
        return refuse_store(account, "this device's");
    }
    const auto& stores = account.stores;
    if (!store.empty() && !stores.empty() &&
        std::find(stores.begin(), stores.end(), store) == stores.end()) {
        return refuse_store(account, "the user's");
    }
    return store;
}

}  // namespace

/// The account whose password or PIN it is. A wrong name and a wrong password look alike.
Outcome<AccountRow> Registry::check_account(const exchange::Login& request,
                                            const std::string& device_id) {
    if (request.password.has_value() == request.pin.has_value()) {
        return exchange::refuse_field("password", "either password or pin");
    }
    const std::string login = login_key(request.login);
    if (const auto wait = guard_.attempt(login, device_id)) {
        exchange::Fault fault{.code = FaultCode::too_many,
                              .message = "too many wrong passwords; wait, then try again"};
        fault.retry_after_ms = wait->count() * 1000;
        return tl::unexpected(std::move(fault));
    }
    std::optional<AccountRow> account;
    {
        const std::shared_lock lock(held_);
        if (const auto found = accounts_.find(login); found != accounts_.end()) {
            account = found->second;
        }
    }
    std::optional<std::string> kept;
    if (account) {
        kept = request.password ? account->password : account->pin;
        kept = kept->empty() ? std::nullopt : kept;
    }
    const std::string& given = request.password ? request.password->text : request.pin->text;
    if (!parts_.passwords.matches(kept, given)) {
        return refuse(FaultCode::unauthorized, "the login or the password is wrong");
    }
    guard_.succeeded(login, device_id);
    if (!account->enabled || (account->valid_to_s != 0 && now_s() >= account->valid_to_s)) {
        return refuse(FaultCode::role_denied,
                      fmt::format("{} is disabled in the accounting system", account->login));
    }
    return *account;
}

Outcome<exchange::LoginResponse> Registry::login(const exchange::Login& request,
                                                 const std::string& address) {
    const auto device = device_of(request.device_key.text, address);
    if (!device) {
        return tl::unexpected(device.error());
    }
    const auto account = check_account(request, device->id);
    if (!account) {
        return tl::unexpected(account.error());
    }
    if (!device->role_id.empty() && account->role_id != device->role_id) {
        return refuse(FaultCode::role_denied,
                      fmt::format("this device is for users of the role {}", device->role_id));
    }
    return begin_session(request, *device, *account);
}

/// Under held_, or where nobody else is yet.
SeatWish Registry::wish_of(const SessionRow& row) const {
    SeatWish wish{.session = row.digest, .device_id = row.device_id};
    if (const auto device = devices_.find(row.device_id); device != devices_.end()) {
        const DeviceRow& found = device->second;
        wish.device_name = found.name.empty() ? found.model : found.name;
        wish.is_terminal = found.kind == AppKind::data_terminal;
    }
    if (const auto login = logins_.find(row.user_id); login != logins_.end()) {
        wish.user = login->second;
    }
    return wish;
}

Outcome<exchange::LoginResponse> Registry::begin_session(const exchange::Login& request,
                                                         const DeviceRow& device,
                                                         const AccountRow& account) {
    const auto store = store_for(account, device, request.store_id);
    if (!store) {
        return tl::unexpected(store.error());
    }
    auto permissions = parts_.permissions(account.role_id);
    if (!permissions) {
        return tl::unexpected(permissions.error());
    }
    const auto verifier = request.password
                              ? os::password_hash(request.password->text, kVerifierCost)
                              : base::Result<std::string>(std::string());
    const std::string token = make_token(TokenKind::session);
    SessionRow session{.digest = digest_of_token(token),
                       .device_id = device.id,
                       .user_id = account.id,
                       .store_id = *store};
    const SeatWish wish = [&] {
        const std::shared_lock lock(held_);
        return wish_of(session);
    }();
    auto lease = parts_.seats.take(wish);  // not under writing_: it may wait for the network
    if (!lease) {
        return tl::unexpected(lease.error());
    }
    session.lease_id = std::move(*lease);
    session.created_s = session.seen_s = now_s();
    if (auto fault = write_session(session)) {
        parts_.seats.give_back(session.digest);
        return tl::unexpected(std::move(*fault));
    }
    exchange::LoginResponse response{.session = {token},
                                     .expires_at = {.unix_ms = (now_s() + kSessionLifeS) * 1000},
                                     .user_id = account.id,
                                     .user_name = account.name,
                                     .role_id = account.role_id,
                                     .permissions = std::move(*permissions),
                                     .policy = parts_.policy};
    response.policy.packet_bytes =
        packet_bytes_for(device.id, std::numeric_limits<std::int64_t>::max());
    if (request.password && verifier) {
        response.offline_verifier = exchange::Secret{*verifier};
    }
    return response;
}

std::optional<exchange::Fault> Registry::write_session(const SessionRow& session) {
    const std::lock_guard writing(writing_);
    // One user a phone: who logs in takes it over.
    RegistryChange change = sessions_of(session.device_id);
    {
        const std::shared_lock lock(held_);
        if (devices_.at(session.device_id).state == DeviceState::revoked) {
            return exchange::Fault{.code = FaultCode::device_revoked,
                                   .message = "the device was revoked by an administrator"};
        }
        if (sessions_.size() - change.ended_sessions.size() >= kSessionsMax) {
            return exchange::Fault{.code = FaultCode::too_many,
                                   .message = "too many sessions are open"};
        }
    }
    change.sessions.push_back(session);
    const auto written = write(change);
    return written ? std::nullopt : std::optional(written.error());
}

Outcome<Empty> Registry::logout(const std::string& session) {
    const std::lock_guard writing(writing_);
    const auto written = write({.ended_sessions = {session}});
    return written ? Outcome<Empty>(Empty{}) : tl::unexpected(written.error());
}

Outcome<exchange::RollResponse> Registry::roll(const exchange::Roll& request) {
    const std::lock_guard writing(writing_);
    auto device = find_device(request.device_key.text);
    if (!device) {
        return tl::unexpected(device.error());
    }
    const std::string key = make_token(TokenKind::device);
    // Whoever asks again with the former key has not got the answer: that key stays the former one.
    device->former_key = digest_of_token(request.device_key.text);
    device->former_key_until_s = now_s() + kFormerKeyLifeS;
    device->key = digest_of_token(key);
    if (const auto written = write({.devices = {*device}}); !written) {
        return tl::unexpected(written.error());
    }
    return exchange::RollResponse{.device_key = {key}};
}

Outcome<Empty> Registry::revoke(const exchange::Revoke& request) {
    const auto device = find_device(request.device_key.text);
    return device
               ? revoke_row(device->id,
                            {.actor = "sumpd", .action = "device.give_back", .target = device->id})
               : tl::unexpected(device.error());
}

}  // namespace tillhost::sumpd::apps
