#include <fmt/format.h>

#include "ipc/client/tillctl/licence.h"
#include "ipc/client/tillctl/rows.h"
#include "ipc/client/tillctl/texts.h"

namespace tillhost::tillctl {
namespace {

using base::ErrorCode;
using contract::LicenceKey;
using contract::LicenceKeyReason;
using contract::LicenceKeyState;
using contract::LicenceLeaseState;

/// Below it a vendor's key may refuse to be bound (LicenceTraitsReply).
constexpr std::int64_t kStrengthEnough = 40;
constexpr std::size_t kIndent = 2;

bool is_of_dongle(LicenceKeyReason reason) {
    return reason == LicenceKeyReason::dongle_missing || reason == LicenceKeyReason::dongle_refuses;
}

/// What is to be done depends on why it gives none.
Text blocked_text(LicenceKeyReason reason) {
    if (is_of_dongle(reason)) {
        return Text::key_blocked_dongle;
    }
    if (reason == LicenceKeyReason::other_server) {
        return Text::key_blocked_server;
    }
    return reason == LicenceKeyReason::machine_changed ? Text::key_blocked_machine
                                                       : Text::key_blocked;
}

Text text_of(LicenceKeyState state, LicenceKeyReason reason) {
    switch (state) {
        case LicenceKeyState::unbound: return Text::key_unbound;
        case LicenceKeyState::active: return Text::key_active;
        case LicenceKeyState::degraded: return Text::key_degraded;
        case LicenceKeyState::grace:
            return is_of_dongle(reason) ? Text::key_grace_dongle : Text::key_grace;
        case LicenceKeyState::clock_suspect: return Text::key_clock_suspect;
        case LicenceKeyState::expired: return Text::key_expired;
        case LicenceKeyState::revoked: return Text::key_revoked;
        case LicenceKeyState::blocked: return blocked_text(reason);
        case LicenceKeyState::unspecified: break;
    }
    return Text::unknown;
}

Text text_of(LicenceLeaseState state) {
    switch (state) {
        case LicenceLeaseState::held: return Text::lease_state_held;
        case LicenceLeaseState::idle: return Text::lease_state_idle;
        case LicenceLeaseState::late: return Text::lease_state_late;
        case LicenceLeaseState::recovered: return Text::lease_state_recovered;
        case LicenceLeaseState::probed: return Text::lease_state_probed;
        case LicenceLeaseState::revoked: return Text::lease_state_revoked;
        case LicenceLeaseState::unspecified: break;
    }
    return Text::unknown;
}

Text text_of(contract::LicenceSettingSource source) {
    switch (source) {
        case contract::LicenceSettingSource::normal: return Text::from_normal;
        case contract::LicenceSettingSource::file: return Text::from_file;
        case contract::LicenceSettingSource::panel: return Text::from_panel;
        case contract::LicenceSettingSource::unspecified: break;
    }
    return Text::unknown;
}

/// What a setting may be: "70-86400", "yes, no", or that the file alone has it.
std::string may_be(Language language, const contract::LicenceSetting& one) {
    if (!one.changeable) {
        return std::string(text(language, Text::setting_file_only));
    }
    if (one.max != 0) {
        return fmt::format("{}-{}", one.min, one.max);
    }
    std::string words;
    for (const std::string& choice : one.choices) {
        words += (words.empty() ? "" : ", ") + choice;
    }
    return words.empty() ? std::string(text(language, Text::setting_any_text)) : words;
}

/// A kind of a newer licd is shown by its own name.
std::string trait_name(Language language, const std::string& kind) {
    constexpr std::pair<std::string_view, Text> kNames[] = {
        {"board", Text::trait_board}, {"disk", Text::trait_disk},
        {"mid", Text::trait_machine}, {"machine", Text::trait_machine},
        {"nic", Text::trait_network}, {"network", Text::trait_network},
        {"host", Text::trait_host}};
    for (const auto& [name, shown] : kNames) {
        if (name == kind) {
            return std::string(text(language, shown));
        }
    }
    return kind;
}

std::string duration_text(Language language, std::int64_t ms) {
    constexpr std::int64_t kSecondMs = 1000;
    constexpr std::int64_t kMinuteMs = 60 * kSecondMs;
    constexpr std::int64_t kHourMs = 60 * kMinuteMs;
    if (ms < 2 * kMinuteMs) {
        return filled(language, Text::time_seconds, ms / kSecondMs);
    }
    return ms < 2 * kHourMs ? filled(language, Text::time_minutes, ms / kMinuteMs)
                            : filled(language, Text::time_hours, ms / kHourMs);
}

std::string state_of(Language language, const LicenceKey& key) {
    const std::string_view state = text(language, text_of(key.state, key.reason));
    return key.enabled ? std::string(state)
                       : filled(language, Text::key_switched_off, key.serial, state);
}

std::string bound_to(Language language, const LicenceKey& key) {
    if (key.kind == contract::LicenceKeyKind::token) {
        return std::string(text(language, Text::bound_to_token));
    }
    return key.state == LicenceKeyState::unbound
               ? std::string(text(language, Text::bound_to_nothing))
               : filled(language, Text::bound_to_machine, key.score);
}

std::string lines_text(Language language, const std::vector<contract::LicenceLine>& lines) {
    const auto word = [language](Text which) { return std::string(text(language, which)); };
    if (lines.empty()) {
        return word(Text::licence_has_no_lines);
    }
    std::vector<std::vector<std::string>> rows{
        {word(Text::licence_heading), word(Text::seats_heading), word(Text::used_heading),
         word(Text::waiting_heading), word(Text::seat_for_heading), word(Text::until_heading),
         word(Text::versions_heading)}};
    for (const contract::LicenceLine& line : lines) {
        const bool is_counted = line.counting == contract::LicenceCounting::counted;
        const Text seat_for = line.mode == contract::SeatMode::station ? Text::seat_for_station
                                                                       : Text::seat_for_instance;
        rows.push_back({line.name,
                        is_counted ? std::to_string(line.count) : word(Text::seats_uncounted),
                        std::to_string(line.used), std::to_string(line.waiting), word(seat_for),
                        line.until.empty() ? word(Text::until_ever) : line.until,
                        line.versions.empty() ? word(Text::versions_all) : line.versions});
    }
    return table_text(rows, kIndent);
}

/// Where the catalogue's advice on an error is about devd.
std::string licd_advice(Language language, ErrorCode code, const std::string& endpoint) {
    if (code == ErrorCode::no_daemon) {
        return filled(language, Text::licence_no_licd, endpoint);
    }
    if (code == ErrorCode::unknown_kind || code == ErrorCode::wrong_version) {
        return filled(language, Text::licence_not_licd, endpoint);
    }
    constexpr std::pair<ErrorCode, Text> kAdvice[] = {
        {ErrorCode::link_lost, Text::licence_licd_gone},
        {ErrorCode::licence_unknown, Text::licence_no_such_key},
        {ErrorCode::not_permitted, Text::licence_refused},
        {ErrorCode::storage_full, Text::licence_storage},
        {ErrorCode::storage_failed, Text::licence_storage},
        {ErrorCode::config_invalid, Text::licence_settings_damaged},
        {ErrorCode::shutting_down, Text::licence_stopping}};
    if (code == ErrorCode::lease_gone) {  // an administrator named a number that is not held
        return std::string(help_of(language, "licence.free.number"));
    }
    for (const auto& [known, advice] : kAdvice) {
        if (known == code) {
            return std::string(text(language, advice));
        }
    }
    return std::string(advice_on(language, base::name_of(code)));
}

}  // namespace

std::string licence_key_text(Language language, const LicenceKey& key) {
    std::string told =
        row(language, Text::label_key,
            filled(language, Text::licence_key_of, key.serial, key.product, key.revision)) +
        row(language, Text::label_state, state_of(language, key));
    if (!key.text.empty()) {
        told += row(language, Text::label_reason, key.text);
    }
    // A key that is refused for another reason is not compared with the machine; its score is 0.
    const bool is_compared = key.kind == contract::LicenceKeyKind::token || key.score > 0 ||
                             key.state == LicenceKeyState::unbound;
    if (is_compared) {
        told += row(language, Text::label_bound_to, bound_to(language, key));
    }
    if (key.kind != contract::LicenceKeyKind::token) {  // it has none
        told += row(language, Text::label_pins, filled(language, Text::pins_unused, key.pins_left));
    }
    told += row(language, Text::label_access_code,
                text(language, key.has_code ? Text::code_is_set : Text::code_none));
    return told + lines_text(language, key.lines);
}

std::string licence_keys_text(Language language, const contract::LicenceKeysReply& reply) {
    if (reply.keys.empty()) {
        return std::string(text(language, Text::licence_no_keys));
    }
    std::string told;
    for (const LicenceKey& key : reply.keys) {
        told += (told.empty() ? "" : "\n") + licence_key_text(language, key);
    }
    return told;
}

std::string licence_loaded_text(Language language, const LicenceKey& key) {
    if (key.serial.empty()) {  // a list of revocations is about several keys, or none
        return std::string(text(language, Text::licence_list_loaded));
    }
    std::string told =
        std::string(text(language, Text::licence_loaded)) + licence_key_text(language, key);
    if (key.state == LicenceKeyState::unbound) {
        told += filled(language, Text::licence_activate_next, key.serial);
    }
    return told;
}

std::string licence_connections_text(Language language,
                                     const contract::LicenceConnectionsReply& reply) {
    if (reply.connections.empty()) {
        return std::string(text(language, Text::licence_nobody));
    }
    constexpr Text kHeadings[] = {
        Text::number_heading, Text::licence_heading,  Text::seat_heading,    Text::state_heading,
        Text::user_heading,   Text::computer_heading, Text::program_heading, Text::since_heading,
        Text::ends_heading,   Text::key_heading};
    std::vector<std::vector<std::string>> rows(1);
    for (const Text heading : kHeadings) {
        rows[0].emplace_back(text(language, heading));
    }
    for (const contract::LicenceConnection& one : reply.connections) {
        rows.push_back(
            {std::to_string(one.number), one.licence,
             one.seat == 0 ? "-" : std::to_string(one.seat),
             std::string(text(language, text_of(one.state))), one.user.empty() ? "-" : one.user,
             one.computer.empty() ? "-" : one.computer, one.program, local_time(one.since_ms),
             duration_text(language, one.ends_in_ms), one.key});
    }
    return table_text(rows);
}

std::string licences_freed_text(Language language, const contract::FreeLicencesReply& reply,
                                bool accept_double_use) {
    if (reply.taken == 0) {
        return std::string(text(language, Text::licence_nobody));
    }
    return filled(language, accept_double_use ? Text::licences_taken_at_once : Text::licences_taken,
                  reply.taken);
}

std::string licence_traits_text(Language language, const contract::LicenceTraitsReply& reply) {
    std::vector<std::vector<std::string>> rows(1);
    for (const Text heading :
         {Text::trait_heading, Text::found_heading, Text::weight_heading, Text::weak_heading}) {
        rows[0].emplace_back(text(language, heading));
    }
    for (const contract::MachineTrait& trait : reply.traits) {
        rows.push_back({trait_name(language, trait.kind), std::to_string(trait.values.size()),
                        std::to_string(trait.weight), trait.weak});
    }
    const Text which = reply.strength < kStrengthEnough ? Text::traits_weak : Text::traits_strong;
    return table_text(rows) + filled(language, which, reply.strength, kStrengthEnough);
}

std::string licence_settings_text(Language language, const contract::LicenceSettingsReply& reply,
                                  const contract::SetLicenceSettingsRequest& asked) {
    std::vector<std::vector<std::string>> rows(1);
    for (const Text heading : {Text::setting_heading, Text::value_heading, Text::default_heading,
                               Text::may_be_heading, Text::from_heading}) {
        rows[0].emplace_back(text(language, heading));
    }
    bool waits = false;
    for (const contract::LicenceSetting& one : reply.settings) {
        waits = waits || one.needs_restart;
        rows.push_back({one.name, one.value + (one.needs_restart ? " *" : ""), one.normal,
                        may_be(language, one), std::string(text(language, text_of(one.source)))});
    }
    std::string told = table_text(rows);
    if (waits) {
        told += text(language, Text::settings_wait);
    }
    if (!only_shows(asked)) {
        told += text(language, asked.only_check ? Text::settings_would : Text::settings_done);
    }
    return told;
}

std::string licence_acts_text(Language language, const contract::LicenceActsReply& reply) {
    if (reply.acts.empty()) {
        return std::string(text(language, Text::licence_no_acts));
    }
    std::vector<std::vector<std::string>> rows(1);
    for (const Text heading : {Text::number_heading, Text::time_heading, Text::by_heading,
                               Text::act_heading, Text::what_heading}) {
        rows[0].emplace_back(text(language, heading));
    }
    for (const contract::LicenceAct& one : reply.acts) {
        rows.push_back(
            {std::to_string(one.number), local_time(one.at_ms), one.who, one.act, one.what});
    }
    return table_text(rows) +
           (reply.truncated ? filled(language, Text::licence_older_acts, reply.acts.back().number)
                            : std::string());
}

std::string licence_request_text(Language language, const contract::ActivateLicenceReply& reply,
                                 const std::string& path) {
    std::string told = path.empty() ? "" : filled(language, Text::licence_request_saved, path);
    if (!reply.vendor.empty()) {
        told += filled(language, Text::licence_vendor_is, reply.vendor);
    }
    return told + std::string(text(language, Text::licence_request_next));
}

std::string licence_error_text(Language language, const base::Error& error,
                               const std::string& endpoint) {
    return error_text(language, error, licd_advice(language, error.code, endpoint));
}

}  // namespace tillhost::tillctl
