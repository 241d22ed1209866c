// What an administrator does with devices; the rest stands in registry.cpp.
#include <fmt/format.h>

#include <algorithm>

#include "sumpd/apps/registry.h"
#include "sumpd/apps/registry_words.h"

namespace tillhost::sumpd::apps {

using exchange::CommandKind;
using exchange::Empty;
using exchange::Fault;
using exchange::FaultCode;
using exchange::Outcome;
using exchange::refuse;

namespace {

constexpr std::size_t kVersionMax = 64;
constexpr std::size_t kMessageMax = 1024;

Outcome<Empty> none_such() { return refuse(FaultCode::not_found, "there is no such device"); }

std::string_view word_of(CommandKind kind) {
    return exchange::names_of(kind)[static_cast<std::size_t>(kind) - 1];
}

std::optional<Fault> fault_in_command(CommandKind kind, const std::string& text) {
    if (kind == CommandKind::unspecified) {
        return field_fault("kind", "resync, revoke, wipe, message or minVersion");
    }
    if (kind == CommandKind::message && (text.empty() || text.size() > kMessageMax)) {
        return field_fault("text", "a message of 1 to 1024 bytes");
    }
    if (kind == CommandKind::min_version && (text.empty() || text.size() > kVersionMax)) {
        return field_fault("text", "a version of 1 to 64 bytes");
    }
    return std::nullopt;
}

}  // namespace

/// Changes a card and tells the audit, or changes nothing. What was `after` is told by the caller.
Outcome<Empty> Registry::change_row(const std::string& device_id, const store::Act& act,
                                    const std::function<std::optional<Fault>(DeviceRow&)>& change) {
    const std::lock_guard writing(writing_);
    auto row = row_of(device_id);
    if (!row) {
        return none_such();
    }
    if (auto fault = change(*row)) {
        return tl::unexpected(std::move(*fault));
    }
    const auto written = write({.devices = {*row}, .acts = {act}});
    return written ? Outcome<Empty>(Empty{}) : tl::unexpected(written.error());
}

Outcome<Empty> Registry::revoke_device(const std::string& device_id, const Actor& by) {
    return revoke_row(
        device_id,
        {.actor = by.login, .address = by.address, .action = "device.revoke", .target = device_id});
}

Outcome<Empty> Registry::revoke_row(const std::string& device_id, store::Act act) {
    const std::lock_guard writing(writing_);
    auto row = row_of(device_id);
    if (!row) {
        return none_such();
    }
    RegistryChange change = sessions_of(device_id);
    {
        const std::shared_lock lock(held_);
        for (const auto& [digest, token] : tokens_) {
            if (token.used_by == row->install_id) {
                change.forgotten_tokens.push_back(digest);  // else it would enrol once more
            }
        }
        for (const auto& [number, command] : commands_) {
            if (command.device_id == device_id) {
                change.taken_commands.push_back(number);
            }
        }
    }
    row->state = DeviceState::revoked;
    row->rescue_until_s = 0;
    change.devices.push_back(std::move(*row));
    change.acts.push_back(std::move(act));
    const auto written = write(change);
    return written ? Outcome<Empty>(Empty{}) : tl::unexpected(written.error());
}

Outcome<Empty> Registry::open_rescue(const std::string& device_id, std::int64_t life_s,
                                     const Actor& by) {
    if (life_s != 0 && (life_s < kRescueLifeSMin || life_s > kRescueLifeSMax)) {
        return tl::unexpected(field_fault(
            "lifeS", fmt::format("0, or {} to {} seconds", kRescueLifeSMin, kRescueLifeSMax)));
    }
    const store::Act act{.actor = by.login,
                         .address = by.address,
                         .action = life_s == 0 ? "device.rescue_end" : "device.rescue",
                         .target = device_id,
                         .after = life_s == 0 ? "" : fmt::format("for {} s", life_s)};
    return change_row(device_id, act, [&](DeviceRow& row) -> std::optional<Fault> {
        if (row.state != DeviceState::revoked) {
            return Fault{.code = FaultCode::forbidden,
                         .message = "the device is not revoked; its documents are taken anyway"};
        }
        row.rescue_until_s = life_s == 0 ? 0 : now_s() + life_s;
        return std::nullopt;
    });
}

Outcome<Empty> Registry::change_device(const std::string& device_id, const DeviceChange& change,
                                       const Actor& by) {
    if (change.name && change.name->empty()) {
        return tl::unexpected(field_fault("name", "one line of 1 to 64 bytes"));
    }
    if (auto fault = fault_in_names(change.name.value_or(""), change.store_id.value_or(""),
                                    change.role_id.value_or(""))) {
        return tl::unexpected(std::move(*fault));
    }
    const std::int64_t bytes = change.packet_bytes.value_or(0);
    if (bytes != 0 && (bytes < exchange::kPacketBytesMin || bytes > exchange::kPacketBytesMax)) {
        return tl::unexpected(field_fault(
            "packetBytes",
            fmt::format("0, or {} to {}", exchange::kPacketBytesMin, exchange::kPacketBytesMax)));
    }
    const auto before = row_of(device_id);
    if (!before) {
        return none_such();
    }
    const auto applied = [&change](DeviceRow row) {
        row.name = change.name.value_or(row.name);
        row.store_id = change.store_id.value_or(row.store_id);
        row.role_id = change.role_id.value_or(row.role_id);
        row.packet_bytes = change.packet_bytes.value_or(row.packet_bytes);
        return row;
    };
    const auto words = [](const DeviceRow& row) {
        return fmt::format("name \"{}\", store \"{}\", role \"{}\", packet {}", row.name,
                           row.store_id, row.role_id, row.packet_bytes);
    };
    const store::Act act{.actor = by.login,
                         .address = by.address,
                         .action = "device.change",
                         .target = device_id,
                         .before = words(*before),
                         .after = words(applied(*before))};
    return change_row(device_id, act, [&](DeviceRow& row) -> std::optional<Fault> {
        row = applied(std::move(row));
        return std::nullopt;
    });
}

Outcome<Empty> Registry::command(const std::string& device_id, CommandKind kind,
                                 const std::string& text, const Actor& by) {
    if (auto fault = fault_in_command(kind, text)) {
        return tl::unexpected(std::move(*fault));
    }
    const std::lock_guard writing(writing_);
    const auto row = row_of(device_id);
    if (!row) {
        return none_such();
    }
    if (row->state == DeviceState::revoked) {
        return refuse(FaultCode::forbidden, "the device is revoked and hears nothing any more");
    }
    RegistryChange change;
    for (const CommandRow& waiting : commands_for(device_id)) {
        if (waiting.kind == kind && kind != CommandKind::message) {
            change.taken_commands.push_back(waiting.number);  // the newer one says it all
        }
    }
    if (commands_for(device_id).size() - change.taken_commands.size() >= kCommandsPerDeviceMax) {
        return refuse_full("too many commands wait for this device");
    }
    change.commands.push_back({.number = last_command_ + 1,
                               .device_id = device_id,
                               .kind = kind,
                               .text = text,
                               .made_by = by.login,
                               .made_s = now_s()});
    change.acts.push_back({.actor = by.login,
                           .address = by.address,
                           .action = "device.command",
                           .target = device_id,
                           .after = fmt::format("{} {}", word_of(kind), text)});
    const auto written = write(change);
    last_command_ += written ? 1 : 0;
    return written ? Outcome<Empty>(Empty{}) : tl::unexpected(written.error());
}

Outcome<Empty> Registry::forget_command(std::int64_t number, const Actor& by) {
    const std::lock_guard writing(writing_);
    std::optional<CommandRow> row;
    {
        const std::shared_lock lock(held_);
        if (const auto found = commands_.find(number); found != commands_.end()) {
            row = found->second;
        }
    }
    if (!row) {
        return refuse(FaultCode::not_found, "no such command waits; the app has taken it");
    }
    const auto written =
        write({.taken_commands = {number},
               .acts = {{.actor = by.login,
                         .address = by.address,
                         .action = "device.forget_command",
                         .target = row->device_id,
                         .before = fmt::format("{} {}", word_of(row->kind), row->text)}}});
    return written ? Outcome<Empty>(Empty{}) : tl::unexpected(written.error());
}

}  // namespace tillhost::sumpd::apps
