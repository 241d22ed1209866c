#include "sumpd/apps/registry.h"

#include <algorithm>

#include "sumpd/apps/tokens.h"

namespace tillhost::sumpd::apps {

using exchange::FaultCode;
using exchange::Outcome;
using exchange::refuse;

bool admits(const AccountRow& account, const std::string& store_id) {
    return account.stores.empty() || std::find(account.stores.begin(), account.stores.end(),
                                               store_id) != account.stores.end();
}

Registry::Registry(RegistryParts parts, RegistryImage image)
    : parts_(std::move(parts)), guard_(parts_.clock) {
    if (!image.accounts.empty()) {
        set_accounts(std::move(image.accounts));
    }
    for (const CommandRow& row : image.commands) {
        last_command_ = std::max(last_command_, row.number);
    }
    for (auto& [device, sight] : image.sights) {
        sights_[device].seen = std::move(sight);
    }
    hold({.devices = std::move(image.devices),
          .tokens = std::move(image.tokens),
          .sessions = std::move(image.sessions),
          .commands = std::move(image.commands)});
    std::vector<SeatWish> wishes;
    for (const auto& [digest, row] : sessions_) {
        if (now_s() < row.seen_s + kSessionIdleS && now_s() < row.created_s + kSessionLifeS) {
            wishes.push_back(wish_of(row));
        }
    }
    parts_.seats.resume(wishes);
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
        for (const std::string& digest : change.ended_sessions) {
            parts_.seats.give_back(digest);
        }
    }
    return written;
}

void Registry::hold_device(const DeviceRow& row) {
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

void Registry::hold(const RegistryChange& change) {
    const std::unique_lock lock(held_);
    for (const DeviceRow& row : change.devices) {
        hold_device(row);
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
    for (const CommandRow& row : change.commands) {
        commands_.insert_or_assign(row.number, row);
    }
    for (const std::int64_t number : change.taken_commands) {
        commands_.erase(number);
    }
}

void Registry::set_accounts(std::vector<AccountRow> accounts) {
    const std::unique_lock lock(held_);
    accounts_known_ = true;
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

/// Under held_: the store of the session is still one of the user's, and the device's.
bool Registry::has_store(const SessionRow& row, const AccountRow& account) const {
    const auto device = devices_.find(row.device_id);
    if (device == devices_.end() ||
        (!device->second.store_id.empty() && device->second.store_id != row.store_id)) {
        return false;
    }
    return row.store_id.empty() || admits(account, row.store_id);
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
           now < row.seen_s + kSessionIdleS && now < row.created_s + kSessionLifeS &&
           has_store(row, account) && parts_.seats.holds(row.digest);
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

std::optional<DeviceRow> Registry::row_of(const std::string& device_id) const {
    const std::shared_lock lock(held_);
    const auto found = devices_.find(device_id);
    return found == devices_.end() ? std::nullopt : std::optional(found->second);
}

Outcome<DeviceRow> Registry::device_of(const std::string& key, const std::string& address) {
    auto row = find_device(key);
    if (row) {
        saw(row->id, address, true);
    } else if (row.error().code == FaultCode::device_revoked) {
        const std::shared_lock lock(held_);
        const auto id = keys_.find(digest_of_token(key));
        if (id != keys_.end()) {
            saw(id->second, address, false);
        }
    }
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

Outcome<SessionRow> Registry::find_session(const std::string& token, const std::string& address) {
    const std::shared_lock lock(held_);
    const auto found = sessions_.find(digest_of_token(token));
    if (found == sessions_.end()) {
        return refuse(FaultCode::session_expired, "the session is over; log in again");
    }
    const SessionRow& row = found->second;
    const bool is_revoked = devices_.at(row.device_id).state == DeviceState::revoked;
    const bool is_admitted = !is_revoked && is_good(row);
    saw(row.device_id, address, is_admitted);
    if (is_revoked) {
        return refuse(FaultCode::device_revoked, "the device was revoked by an administrator");
    }
    if (!is_admitted) {
        return refuse(FaultCode::session_expired,
                      parts_.seats.holds(row.digest)
                          ? "the session is over; log in again"
                          : "the session has lost its licence; log in again");
    }
    return row;
}

Outcome<SessionRow> Registry::session_of(const std::string& token, const std::string& address) {
    auto row = find_session(token, address);
    if (!row) {
        return row;
    }
    parts_.seats.used(row->digest);
    if (is_use_due(*row)) {
        const std::lock_guard writing(writing_);
        const bool is_there = [&] {
            const std::shared_lock lock(held_);
            return sessions_.count(row->digest) != 0;
        }();
        row->seen_s = now_s();
        if (is_there) {  // else it was ended meanwhile, and must not come back
            static_cast<void>(write({.sessions = {*row}}));  // what fails is tried at the next use
        }
    }
    return row;
}

std::optional<SessionRow> Registry::session_at_once(const std::string& token,
                                                    const std::string& address) {
    auto row = find_session(token, address);
    if (!row || is_use_due(*row)) {
        return std::nullopt;
    }
    parts_.seats.used(row->digest);
    return std::move(*row);
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

}  // namespace tillhost::sumpd::apps
