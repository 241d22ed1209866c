#include "sumpd/apps/registry.h"

#include <algorithm>

#include "sumpd/apps/enrolment.h"
#include "sumpd/apps/tokens.h"
#include "sumpd/store/new_uuid.h"

namespace tillhost::sumpd::apps {

using exchange::Empty;
using exchange::FaultCode;
using exchange::Outcome;
using exchange::refuse;

namespace {

constexpr std::int64_t kTooManyRetryMs = 60'000;

tl::unexpected<exchange::Fault> refuse_full(std::string what) {
    exchange::Fault fault{.code = FaultCode::too_many, .message = std::move(what)};
    fault.retry_after_ms = kTooManyRetryMs;
    return tl::unexpected(std::move(fault));
}

}  // namespace

bool admits(const AccountRow& account, const std::string& store_id) {
    return account.stores.empty() || std::find(account.stores.begin(), account.stores.end(),
                                               store_id) != account.stores.end();
}

Registry::Registry(RegistryParts parts, RegistryImage image)
    : parts_(std::move(parts)), guard_(parts_.clock) {
    set_accounts(std::move(image.accounts));
    hold({.devices = std::move(image.devices),
          .tokens = std::move(image.tokens),
          .sessions = std::move(image.sessions)});
}

std::string Registry::login_key(std::string login) {
    std::transform(login.begin(), login.end(), login.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return login;
}

/// Under writing_: first the disk, then the memory that everybody reads.
Outcome<bool> Registry::write(const RegistryChange& change) {
    auto written = parts_.store.write(change);
    if (written) {
        hold(change);
    }
    return written;
}

void Registry::hold(const RegistryChange& change) {
    const std::unique_lock lock(held_);
    for (const DeviceRow& row : change.devices) {
        const auto former = devices_.find(row.id);
        if (former != devices_.end()) {
            keys_.erase(former->second.key);
            keys_.erase(former->second.former_key);
        }
        devices_.insert_or_assign(row.id, row);
        keys_.insert_or_assign(row.key, row.id);
        if (!row.former_key.empty()) {
            keys_.insert_or_assign(row.former_key, row.id);
        }
    }
    for (const TokenRow& row : change.tokens) {
        tokens_.insert_or_assign(row.digest, row);
    }
    for (const SessionRow& row : change.sessions) {
        sessions_.insert_or_assign(row.digest, row);
    }
    for (const std::string& digest : change.ended_sessions) {
        sessions_.erase(digest);
    }
    for (const std::string& digest : change.forgotten_tokens) {
        tokens_.erase(digest);
    }
    for (const auto& [user_id, tries] : change.pin_tries) {
        pins_[user_id].tries = tries;
    }
}

void Registry::set_accounts(std::vector<AccountRow> accounts) {
    const std::unique_lock lock(held_);
    accounts_.clear();
    logins_.clear();
    badges_.clear();
    std::map<std::string, PinState> pins;
    for (AccountRow& row : accounts) {
        const std::string login = login_key(row.login);
        const auto other = accounts_.find(login);
        if (other != accounts_.end() && other->second.enabled) {
            continue;  // of two with one login the first who may log in has it
        }
        // Tries that were counted since the rows were read hold, unless the PIN is another one.
        const auto pin = pins_.find(row.id);
        const bool is_same = pin != pins_.end() && pin->second.pin == row.pin;
        pins[row.id] = {row.pin, is_same ? pin->second.tries : row.pin_tries};
        if (!row.badge.empty()) {
            const bool is_taken = badges_.count(row.badge) != 0;
            badges_[row.badge] = is_taken ? "" : login;
        }
        logins_.insert_or_assign(row.id, login);
        accounts_.insert_or_assign(login, std::move(row));
    }
    pins_ = std::move(pins);
}

/// Under held_: neither over nor of somebody who may not log in any more.
bool Registry::is_good(const SessionRow& row) const {
    const std::int64_t now = now_s();
    const auto login = logins_.find(row.user_id);
    if (login == logins_.end()) {
        return false;
    }
    const AccountRow& account = accounts_.at(login->second);
    return account.id == row.user_id && account.enabled &&
           (account.valid_to_s == 0 || now < account.valid_to_s) &&
           (row.store_id.empty() || admits(account, row.store_id)) &&
           now < row.seen_s + kSessionIdleS && now < row.created_s + kSessionLifeS;
}

Outcome<DeviceRow> Registry::find_device(const std::string& key) const {
    const std::string digest = digest_of_token(key);
    const std::shared_lock lock(held_);
    const auto id = keys_.find(digest);
    if (id == keys_.end()) {
        return refuse(FaultCode::unauthorized, "no device has this key; enrol the app again");
    }
    const DeviceRow& row = devices_.at(id->second);
    if (row.state == DeviceState::revoked) {
        return refuse(FaultCode::device_revoked, "the device was revoked by an administrator");
    }
    if (digest == row.former_key && now_s() >= row.former_key_until_s) {
        return refuse(FaultCode::unauthorized, "the device has a newer key");
    }
    return row;
}

Outcome<DeviceRow> Registry::device_of(const std::string& key) {
    auto row = find_device(key);
    if (!row || row->former_key.empty() || digest_of_token(key) == row->former_key) {
        return row;
    }
    // The new key has arrived: the former one is good no more.
    const std::lock_guard writing(writing_);
    row = find_device(key);
    if (row && !row->former_key.empty()) {
        row->former_key.clear();
        if (const auto written = write({.devices = {*row}}); !written) {
            return tl::unexpected(written.error());
        }
    }
    return row;
}

Outcome<SessionRow> Registry::session_of(const std::string& token) {
    SessionRow row;
    {
        const std::shared_lock lock(held_);
        const auto found = sessions_.find(digest_of_token(token));
        if (found == sessions_.end() || !is_good(found->second)) {
            return refuse(FaultCode::session_expired, "the session is over; log in again");
        }
        row = found->second;
        if (devices_.at(row.device_id).state == DeviceState::revoked) {
            return refuse(FaultCode::device_revoked, "the device was revoked by an administrator");
        }
    }
    if (now_s() >= row.seen_s + kSeenWrittenEveryS) {
        const std::lock_guard writing(writing_);
        const bool is_there = [&] {
            const std::shared_lock lock(held_);
            return sessions_.count(row.digest) != 0;
        }();
        row.seen_s = now_s();
        if (is_there) {  // else it was ended meanwhile, and must not come back
            static_cast<void>(write({.sessions = {row}}));  // what fails is tried at the next use
        }
    }
    return row;
}

void Registry::saw(const std::string& device_id, const std::string& address,
                   const exchange::Heartbeat* heartbeat) {
    const std::int64_t now = parts_.clock.unix_ms();
    const std::unique_lock lock(held_);
    if (devices_.count(device_id) == 0) {
        return;
    }
    DeviceSight& sight = sights_[device_id];
    sight.last_try_ms = now;
    sight.address = address;
    if (heartbeat != nullptr) {
        sight.heartbeat = *heartbeat;
        sight.skew_ms = heartbeat->clock_at.unix_ms - now;
    }
}

std::vector<Registry::DeviceCard> Registry::devices() const {
    const std::shared_lock lock(held_);
    std::vector<DeviceCard> cards;
    for (const auto& [id, row] : devices_) {
        DeviceCard card{.row = row, .sight = {}, .sessions = 0};
        if (const auto sight = sights_.find(id); sight != sights_.end()) {
            card.sight = sight->second;
        }
        for (const auto& [digest, session] : sessions_) {
            card.sessions += session.device_id == id && is_good(session) ? 1 : 0;
        }
        cards.push_back(std::move(card));
    }
    return cards;
}

/// Ends all sessions of a device.
RegistryChange Registry::sessions_of(const std::string& device_id) const {
    RegistryChange change;
    const std::shared_lock lock(held_);
    for (const auto& [digest, session] : sessions_) {
        if (session.device_id == device_id) {
            change.ended_sessions.push_back(digest);
        }
    }
    return change;
}

Outcome<std::string> Registry::invite(const std::string& by) {
    std::string token = make_token(TokenKind::enrolment);
    const auto added = add_invitation(
        {.digest = digest_of_token(token), .made_by = by, .expires_s = now_s() + kInvitationLifeS});
    if (!added) {
        return tl::unexpected(added.error());
    }
    return token;
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
    device.model = request.model;
    device.os = request.os;
    device.app_name = request.app_name;
    device.app_version = request.app_version;
    device.key = digest_of_token(key);
    device.former_key.clear();
    device.state = DeviceState::active;
    device.enrolled_s = now_s();
    token.used_by = request.install_id;
    RegistryChange change = sessions_of(device.id);
    change.devices.push_back(device);
    change.tokens.push_back(token);
    if (const auto written = write(change); !written) {
        return tl::unexpected(written.error());
    }
    return exchange::EnrollResponse{.device_id = {device.id},
                                    .device_key = {key},
                                    .server_name = parts_.server_name,
                                    .server_id = {parts_.server_id},
                                    .pin = parts_.pin};
}

}  // namespace tillhost::sumpd::apps
