#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "sumpd/apps/registry.h"
#include "sumpd/apps/tokens.h"
#include "sumpd/people/people.h"
#include "sumpd/store/user_secrets.h"

namespace tillhost::sumpd::apps {

using exchange::Empty;
using exchange::FaultCode;
using exchange::Outcome;
using exchange::refuse;

namespace {

/// What an app keeps to let its user in without the server. Cheaper than a console's password: a
/// phone computes it, too.
constexpr os::Argon2Cost kVerifierCost{.passes = 2, .memory_bytes = 19U * 1024U * 1024U};

constexpr const char* kWrong = "the login or the password is wrong";
constexpr const char* kPinLocked =
    "too many wrong PINs: the PIN is locked until a login by password";
constexpr std::int64_t kOfflineHoursMax = 72;  ///< of verifiers, whatever a role says

bool may_log_in(const AccountRow& account, std::int64_t now_s) {
    return account.enabled && (account.valid_to_s == 0 || now_s < account.valid_to_s);
}

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
    if (!store.empty() && !admits(account, store)) {
        return refuse_store(account, "the user's");
    }
    return store;
}

}  // namespace

std::optional<AccountRow> Registry::account_of(const std::string& login) const {
    const std::shared_lock lock(held_);
    const auto found = accounts_.find(login);
    return found == accounts_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<exchange::Fault> Registry::refused_try(const std::string& account,
                                                     const std::string& device) {
    const auto wait = guard_.attempt(account, device);
    if (!wait) {
        return std::nullopt;
    }
    exchange::Fault fault{.code = FaultCode::too_many,
                          .message = "too many wrong tries; wait, then try again"};
    fault.retry_after_ms = wait->count() * 1000;
    return fault;
}

/// A wrong name and a wrong password look alike.
Outcome<AccountRow> Registry::by_password(const exchange::Login& request,
                                          const std::string& device_id) {
    const std::string login = login_key(*request.login);
    if (auto fault = refused_try(login, device_id)) {
        return tl::unexpected(std::move(*fault));
    }
    const auto account = account_of(login);
    const auto kept =
        account && !account->password.empty() ? std::optional(account->password) : std::nullopt;
    if (!parts_.passwords.matches(kept, request.password->text)) {
        return refuse(FaultCode::unauthorized, kWrong);
    }
    guard_.succeeded(login, device_id);
    forget_pin_tries(account->id);
    return *account;
}

Outcome<bool> Registry::take_pin_try(const std::string& user_id) {
    const std::lock_guard writing(writing_);
    std::int64_t tries = 0;
    {
        const std::shared_lock lock(held_);
        const auto found = pins_.find(user_id);
        tries = found == pins_.end() ? 0 : found->second.tries;
    }
    if (tries >= people::kPinTriesMax) {
        return false;
    }
    return write({.pin_tries = {{user_id, tries + 1}}});
}

void Registry::forget_pin_tries(const std::string& user_id) {
    const std::lock_guard writing(writing_);
    const bool has_some = [&] {
        const std::shared_lock lock(held_);
        const auto found = pins_.find(user_id);
        return found != pins_.end() && found->second.tries != 0;
    }();
    if (has_some) {
        // What fails leaves the tries counted: on the side of caution.
        static_cast<void>(write({.pin_tries = {{user_id, 0}}}));
    }
}

/// Tries are counted by user, over restarts; and by device, so that one phone does not go through
/// the PINs of all users.
Outcome<AccountRow> Registry::by_pin(const exchange::Login& request, const std::string& device_id) {
    const auto account = account_of(login_key(*request.login));
    const bool has_pin = account && !account->pin.empty();
    const bool is_locked = has_pin && [&] {
        const std::shared_lock lock(held_);
        const auto found = pins_.find(account->id);
        return found != pins_.end() && found->second.tries >= people::kPinTriesMax;
    }();
    if (is_locked) {
        return refuse(FaultCode::pin_locked, kPinLocked);
    }
    const std::string guarded = "pin " + device_id;
    if (auto fault = refused_try(guarded, guarded)) {
        return tl::unexpected(std::move(*fault));
    }
    if (has_pin) {
        const auto taken = take_pin_try(account->id);
        if (!taken) {
            return tl::unexpected(taken.error());
        }
        if (!*taken) {
            return refuse(FaultCode::pin_locked, kPinLocked);
        }
    }
    const std::string typed = has_pin && account->pin_is_peppered
                                  ? store::peppered_pin(parts_.key, account->id, request.pin->text)
                                  : request.pin->text;
    if (!parts_.passwords.matches(has_pin ? std::optional(account->pin) : std::nullopt, typed)) {
        return refuse(FaultCode::unauthorized, kWrong);
    }
    guard_.succeeded(guarded, guarded);
    forget_pin_tries(account->id);
    return *account;
}

Outcome<AccountRow> Registry::by_badge(const exchange::Login& request,
                                       const std::string& device_id) {
    const std::string guarded = "badge " + device_id;
    if (auto fault = refused_try(guarded, guarded)) {
        return tl::unexpected(std::move(*fault));
    }
    std::string login;
    {
        const std::shared_lock lock(held_);
        const auto found = badges_.find(store::digest_of_badge(parts_.key, request.badge->text));
        login = found == badges_.end() ? "" : found->second;
    }
    auto account = login.empty() ? std::nullopt : account_of(login);
    if (!account || (request.login && login_key(*request.login) != login)) {
        return refuse(FaultCode::unauthorized, "nobody has this badge");
    }
    guard_.succeeded(guarded, guarded);
    return std::move(*account);
}

/// The account whose password, PIN or badge it is.
Outcome<AccountRow> Registry::check_account(const exchange::Login& request,
                                            const std::string& device_id) {
    const int given = (request.password ? 1 : 0) + (request.pin ? 1 : 0) + (request.badge ? 1 : 0);
    if (given != 1) {
        return exchange::refuse_field("password", "one of password, pin and badge");
    }
    if (!request.badge && !request.login) {
        return exchange::refuse_field("login", "it is needed with a password or a PIN");
    }
    auto account = request.password ? by_password(request, device_id)
                   : request.pin    ? by_pin(request, device_id)
                                    : by_badge(request, device_id);
    if (account && !may_log_in(*account, now_s())) {
        return refuse(FaultCode::role_denied, fmt::format("{} is disabled", account->login));
    }
    return account;
}

/// Whom an app in that store may let in while the server cannot be reached.
Outcome<std::vector<exchange::OfflineUser>> Registry::offline_users(const DeviceRow& device,
                                                                    const std::string& store_id) {
    std::vector<AccountRow> found;
    {
        const std::shared_lock lock(held_);
        for (const auto& [login, account] : accounts_) {
            if (!account.password.empty() && may_log_in(account, now_s()) &&
                admits(account, store_id) &&
                (device.role_id.empty() || account.role_id == device.role_id) &&
                found.size() < exchange::kOfflineUsersMax) {
                found.push_back(account);
            }
        }
    }
    std::map<std::string, std::int64_t> hours;  // by role
    std::vector<exchange::OfflineUser> users;
    for (const AccountRow& account : found) {
        if (hours.count(account.role_id) == 0) {
            const auto permissions = parts_.permissions(account.role_id, store_id);
            if (!permissions) {
                return tl::unexpected(permissions.error());
            }
            hours[account.role_id] =
                std::min(people::policy_of(*permissions).offline_hours, kOfflineHoursMax);
        }
        std::int64_t until_s = now_s() + hours[account.role_id] * 3600;
        until_s = account.valid_to_s == 0 ? until_s : std::min(until_s, account.valid_to_s);
        if (until_s > now_s()) {
            users.push_back({.user_id = account.id,
                             .login = account.login,
                             .verifier = {account.password},
                             .valid_until = {.unix_ms = until_s * 1000}});
        }
    }
    return users;
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
    auto permissions = parts_.permissions(account.role_id, *store);
    if (!permissions) {
        return tl::unexpected(permissions.error());
    }
    auto others = offline_users(device, *store);
    if (!others) {
        return tl::unexpected(others.error());
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
                                     .offline_users = std::move(*others)};
    response.policy = people::policy_of(response.permissions);
    response.policy.packet_bytes = packet_bytes_for(device.id, response.policy.packet_bytes);
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
