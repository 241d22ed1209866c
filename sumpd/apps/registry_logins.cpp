#include <fmt/format.h>

#include <algorithm>

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

/// Why a store cannot be chosen, or nothing.
std::optional<exchange::Fault> store_fault(const AccountRow& account,
                                           const std::optional<std::string>& store) {
    const auto& stores = account.stores;
    if (!store || stores.empty() ||
        std::find(stores.begin(), stores.end(), *store) != stores.end()) {
        return std::nullopt;
    }
    return exchange::Fault{
        .code = FaultCode::role_denied,
        .message = fmt::format("{} is not admitted to this store", account.login),
        .field = "storeId"};
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
    const auto device = device_of(request.device_key.text);
    if (!device) {
        return tl::unexpected(device.error());
    }
    saw(device->id, address, nullptr);
    const auto account = check_account(request, device->id);
    if (!account) {
        return tl::unexpected(account.error());
    }
    if (auto fault = store_fault(*account, request.store_id)) {
        return tl::unexpected(std::move(*fault));
    }
    auto permissions = parts_.permissions(account->role_id);
    if (!permissions) {
        return tl::unexpected(permissions.error());
    }
    const auto verifier = request.password
                              ? os::password_hash(request.password->text, kVerifierCost)
                              : base::Result<std::string>(std::string());
    const std::string token = make_token(TokenKind::session);
    const std::lock_guard writing(writing_);
    // One user a phone: who logs in takes it over.
    RegistryChange change = sessions_of(device->id);
    {
        const std::shared_lock lock(held_);
        if (sessions_.size() - change.ended_sessions.size() >= kSessionsMax) {
            return refuse(FaultCode::too_many, "too many sessions are open");
        }
    }
    change.sessions.push_back({.digest = digest_of_token(token),
                               .device_id = device->id,
                               .user_id = account->id,
                               .store_id = request.store_id.value_or(""),
                               .created_s = now_s(),
                               .seen_s = now_s()});
    if (const auto written = write(change); !written) {
        return tl::unexpected(written.error());
    }
    exchange::LoginResponse response{.session = {token},
                                     .expires_at = {.unix_ms = (now_s() + kSessionLifeS) * 1000},
                                     .user_id = account->id,
                                     .user_name = account->name,
                                     .role_id = account->role_id,
                                     .permissions = std::move(*permissions),
                                     .policy = parts_.policy};
    if (request.password && verifier) {
        response.offline_verifier = exchange::Secret{*verifier};
    }
    return response;
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
    return device ? revoke_device(device->id) : tl::unexpected(device.error());
}

Outcome<Empty> Registry::revoke_device(const std::string& device_id) {
    const std::lock_guard writing(writing_);
    RegistryChange change = sessions_of(device_id);
    {
        const std::shared_lock lock(held_);
        const auto found = devices_.find(device_id);
        if (found == devices_.end()) {
            return refuse(FaultCode::not_found, "there is no such device");
        }
        change.devices.push_back(found->second);
    }
    change.devices.back().state = DeviceState::revoked;
    {
        const std::shared_lock lock(held_);
        for (const auto& [digest, token] : tokens_) {
            if (token.used_by == change.devices.back().install_id) {
                change.forgotten_tokens.push_back(digest);  // else it would enrol once more
            }
        }
    }
    const auto written = write(change);
    return written ? Outcome<Empty>(Empty{}) : tl::unexpected(written.error());
}

}  // namespace tillhost::sumpd::apps
