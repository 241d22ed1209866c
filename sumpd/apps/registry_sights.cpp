// What is seen of devices, what they are told, and what ends by time; the rest stands in
// registry.cpp.
#include <algorithm>

#include "sumpd/apps/registry.h"
#include "sumpd/apps/tokens.h"

namespace tillhost::sumpd::apps {

using exchange::Empty;
using exchange::FaultCode;
using exchange::Outcome;

namespace {

/// Rows of one change, so that others' changes come in between.
constexpr std::size_t kRowsAtOnceMax = 500;

}  // namespace

void Registry::saw(const std::string& device_id, const std::string& address, bool is_admitted) {
    const std::int64_t now = parts_.clock.unix_ms();
    const std::lock_guard lock(sights_mutex_);
    Sight& sight = sights_[device_id];
    sight.seen.last_try_ms = now;
    sight.seen.last_ok_ms = is_admitted ? now : sight.seen.last_ok_ms;
    if (!address.empty()) {
        sight.seen.address = address;
    }
    sight.is_written = false;
}

void Registry::saw_cursor(const std::string& device_id, const std::string& cursor) {
    const std::lock_guard lock(sights_mutex_);
    Sight& sight = sights_[device_id];
    sight.seen.cursor = cursor;
    sight.is_written = false;
}

std::vector<CommandRow> Registry::commands_for(const std::string& device_id) const {
    std::vector<CommandRow> rows;
    const std::shared_lock lock(held_);
    for (const auto& [number, row] : commands_) {
        if (row.device_id == device_id) {
            rows.push_back(row);
        }
    }
    return rows;
}

std::vector<exchange::AppCommand> Registry::on_heartbeat(const std::string& device_id,
                                                         const exchange::Heartbeat& heartbeat) {
    const std::int64_t now = parts_.clock.unix_ms();
    {
        const std::lock_guard lock(sights_mutex_);
        Sight& sight = sights_[device_id];
        sight.seen.heartbeat = heartbeat;
        sight.seen.heartbeat->taken.clear();
        sight.seen.heartbeat_ms = now;
        sight.seen.skew_ms = heartbeat.clock_at.unix_ms - now;
        sight.is_written = false;
    }
    RegistryChange change;
    std::vector<exchange::AppCommand> told;
    for (const CommandRow& row : commands_for(device_id)) {
        const auto& taken = heartbeat.taken;
        if (std::find(taken.begin(), taken.end(), row.number) != taken.end()) {
            change.taken_commands.push_back(row.number);
            continue;
        }
        exchange::AppCommand& command = told.emplace_back();
        command.kind = row.kind;
        command.number = row.number;
        if (!row.text.empty()) {
            command.text = row.text;
        }
    }
    if (!change.taken_commands.empty()) {
        const std::lock_guard writing(writing_);
        static_cast<void>(write(change));  // what fails is told once more
    }
    return told;
}

std::int64_t Registry::packet_bytes_for(const std::string& device_id, std::int64_t asked) const {
    const std::int64_t servers = std::min(asked, parts_.packet_bytes_max);
    const std::shared_lock lock(held_);  // the row is not copied: this is asked at each question
    const auto row = devices_.find(device_id);
    const std::int64_t own = row == devices_.end() ? 0 : row->second.packet_bytes;
    return own != 0 ? std::min(servers, own) : servers;
}

std::optional<DeviceRow> Registry::rescued_of(const std::string& key) const {
    const std::string digest = digest_of_token(key);
    const std::shared_lock lock(held_);
    const auto id = keys_.find(digest);
    if (id == keys_.end()) {
        return std::nullopt;
    }
    const DeviceRow& row = devices_.at(id->second);
    const bool is_open = row.state == DeviceState::revoked && now_s() < row.rescue_until_s;
    const bool is_former = digest == row.former_key && now_s() >= row.former_key_until_s;
    return is_open && !is_former ? std::optional(row) : std::nullopt;
}

Outcome<Empty> Registry::check_device(const std::string& device_id) const {
    const std::shared_lock lock(held_);
    const auto row = devices_.find(device_id);
    if (row == devices_.end() || row->second.state == DeviceState::revoked) {
        return exchange::refuse(FaultCode::device_revoked,
                                "the device was revoked by an administrator");
    }
    return Empty{};
}

// ---- for administrators -------------------------------------------------------------------------

/// Under held_.
DeviceCard Registry::card_of(const DeviceRow& row) const {
    DeviceCard card{.row = row};
    {
        const std::lock_guard lock(sights_mutex_);
        if (const auto sight = sights_.find(row.id); sight != sights_.end()) {
            card.sight = sight->second.seen;
        }
    }
    for (const auto& [digest, session] : sessions_) {
        card.sessions += session.device_id == row.id && is_good(session) ? 1 : 0;
    }
    for (const auto& [number, command] : commands_) {
        if (command.device_id == row.id) {
            card.commands.push_back(command);
        }
    }
    return card;
}

std::vector<DeviceCard> Registry::devices() const {
    const std::shared_lock lock(held_);
    std::map<std::string, DeviceCard> cards;
    {
        const std::lock_guard sights(sights_mutex_);
        for (const auto& [id, row] : devices_) {
            const auto sight = sights_.find(id);
            cards[id] = {.row = row,
                         .sight = sight == sights_.end() ? DeviceSight{} : sight->second.seen};
        }
    }
    for (const auto& [digest, session] : sessions_) {
        cards[session.device_id].sessions += is_good(session) ? 1 : 0;
    }
    for (const auto& [number, command] : commands_) {
        cards[command.device_id].commands.push_back(command);
    }
    std::vector<DeviceCard> all;
    for (auto& [id, card] : cards) {
        all.push_back(std::move(card));
    }
    return all;
}

std::optional<DeviceCard> Registry::device(const std::string& device_id) const {
    const std::shared_lock lock(held_);
    const auto found = devices_.find(device_id);
    return found == devices_.end() ? std::nullopt : std::optional(card_of(found->second));
}

// ---- by time ------------------------------------------------------------------------------------

std::vector<std::string> Registry::sessions_over() const {
    std::vector<std::string> over;
    const std::shared_lock lock(held_);
    if (!accounts_known_) {
        return over;  // whose sessions they are is not known yet
    }
    for (const auto& [digest, session] : sessions_) {
        if (over.size() < kRowsAtOnceMax && !is_good(session)) {
            over.push_back(digest);
        }
    }
    return over;
}

void Registry::end_sessions() {
    const std::lock_guard writing(writing_);
    RegistryChange change;
    change.ended_sessions = sessions_over();
    if (!change.ended_sessions.empty()) {
        static_cast<void>(write(change));  // else the next time
    }
}

void Registry::write_sights() {
    RegistryChange change;
    {
        const std::shared_lock held(held_);
        const std::lock_guard lock(sights_mutex_);
        for (auto& [device, sight] : sights_) {
            if (!sight.is_written && devices_.count(device) != 0 &&
                change.sights.size() < kRowsAtOnceMax) {
                change.sights.emplace_back(device, sight.seen);
                sight.is_written = true;
            }
        }
    }
    if (change.sights.empty() || parts_.store.write(change)) {
        return;
    }
    const std::lock_guard lock(sights_mutex_);
    for (const auto& [device, seen] : change.sights) {
        sights_[device].is_written = false;
    }
}

void Registry::keep() {
    end_sessions();
    write_sights();
}

}  // namespace tillhost::sumpd::apps
