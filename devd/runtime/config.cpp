#include "devd/runtime/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <toml++/toml.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>

#include "hal/os/files.h"
#include "hal/transport/address.h"

namespace tillhost::devd::runtime {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr std::int64_t kRetentionDaysMax = 3650;
constexpr std::size_t kSettingNameBytesMax = 64;
constexpr std::size_t kSettingValueBytesMax = 1024;
constexpr std::size_t kSettingsMax = 62;  // and port and record
constexpr std::size_t kNameBytesMax = 64;
constexpr std::string_view kPort = "port";
constexpr std::string_view kRecord = "record";
constexpr std::int64_t kRemindHoursMax = 24;
constexpr std::array<std::string_view, 3> kShiftKeys{"shift", "close_shift_at",
                                                     "remind_shift_after_h"};

/// One parsed file and how its faults are told.
struct File {
    std::string name;  ///< from the configuration folder, as people know it
    toml::table table;

    base::Error fault(const toml::node& at, std::string_view text) const {
        return fault(at.source().begin, text);
    }
    base::Error fault(const toml::source_position& at, std::string_view text) const {
        return make_error(ErrorCode::config_invalid,
                          fmt::format("{}:{}:{}: {}", name, at.line, at.column, text));
    }
};

Result<File> read(const std::string& folder, const std::string& name) {
    const auto bytes = os::read_file(folder + "/" + name, kConfigBytesMax);
    if (!bytes) {
        return make_error(ErrorCode::config_invalid, bytes.error().detail);
    }
    File file{name, {}};
    try {
        file.table = toml::parse(base::string_of(*bytes), name);
    } catch (const toml::parse_error& error) {
        return file.fault(error.source().begin, error.description());
    }
    return file;
}

Done only_known_keys(const File& file, const toml::table& table,
                     std::span<const std::string_view> known) {
    for (const auto& [key, node] : table) {
        if (std::find(known.begin(), known.end(), key.str()) == known.end()) {
            return file.fault(key.source().begin, fmt::format("unknown key \"{}\"; known here: {}",
                                                              key.str(), fmt::join(known, ", ")));
        }
    }
    return {};
}

Result<std::optional<std::string>> text_of(const File& file, std::string_view key) {
    const toml::node* node = file.table.get(key);
    if (node == nullptr) {
        return std::optional<std::string>();
    }
    const auto* text = node->as_string();
    if (text == nullptr || text->get().empty() || text->get().size() > kSettingValueBytesMax) {
        return file.fault(*node, fmt::format("{} is a text in quotes, not empty, at most {} bytes",
                                             key, kSettingValueBytesMax));
    }
    return std::optional<std::string>(text->get());
}

bool is_id(std::string_view text) {
    const auto good = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    return !text.empty() && text.size() <= kNameBytesMax &&
           std::all_of(text.begin(), text.end(), good);
}

Result<std::string> secret(const File& file, const std::string& folder, const toml::table& table) {
    constexpr std::array<std::string_view, 1> kKnown{"file"};
    TRY(only_known_keys(file, table, kKnown));
    const auto* path = table.get_as<std::string>("file");
    if (path == nullptr) {
        return file.fault(table, "a secret is written { file = \"PATH\" }");
    }
    const std::string whole =
        path->get().starts_with('/') ? path->get() : folder + "/" + path->get();
    const auto bytes = os::read_file(whole, kSecretBytesMax);
    if (!bytes) {
        return file.fault(*path, bytes.error().detail);
    }
    const std::string text = base::string_of(*bytes);
    return text.substr(0, text.find('\n'));
}

Result<std::string> setting_value(const File& file, const std::string& folder,
                                  const toml::node& node) {
    if (const auto* text = node.as_string()) {
        return text->get();
    }
    if (const auto* number = node.as_integer()) {
        return std::to_string(number->get());
    }
    if (const auto* flag = node.as_boolean()) {
        return std::string(flag->get() ? "true" : "false");
    }
    if (const auto* table = node.as_table()) {
        return secret(file, folder, *table);
    }
    return file.fault(node,
                      "a setting is a text, a whole number, true, false or "
                      "{ file = \"PATH\" }");
}

/// Nothing if no list of drivers was given.
Result<const KnownDriver*> driver_in(const File& file, const std::string& name,
                                     std::span<const KnownDriver> drivers) {
    std::vector<std::string_view> names;
    for (const KnownDriver& driver : drivers) {
        if (driver.name == name) {
            return &driver;
        }
        names.push_back(driver.name);
    }
    if (names.empty()) {
        return static_cast<const KnownDriver*>(nullptr);
    }
    return file.fault(*file.table.get("driver"),
                      fmt::format("no driver \"{}\"; there are: {}", name, fmt::join(names, ", ")));
}

Done read_settings(const File& file, const std::string& folder, const KnownDriver* driver,
                   core::DeviceConfig& device) {
    const toml::node* node = file.table.get("settings");
    if (node == nullptr) {
        return {};
    }
    const toml::table* settings = node->as_table();
    if (settings == nullptr) {
        return file.fault(*node, "settings is a table: [settings]");
    }
    if (settings->size() > kSettingsMax) {
        return file.fault(*node, fmt::format("at most {} settings", kSettingsMax));
    }
    for (const auto& [key, value] : *settings) {
        if (key.str() == kPort || key.str() == kRecord || key.str().size() > kSettingNameBytesMax) {
            return file.fault(key.source().begin,
                              "port and record stand above [settings]; names of "
                              "settings have at most 64 bytes");
        }
        if (driver != nullptr && std::find(driver->settings.begin(), driver->settings.end(),
                                           key.str()) == driver->settings.end()) {
            return file.fault(
                key.source().begin,
                fmt::format("{} has no setting \"{}\"; it has: {}", driver->name, key.str(),
                            driver->settings.empty()
                                ? "none"
                                : fmt::format("{}", fmt::join(driver->settings, ", "))));
        }
        std::string text = TRY(setting_value(file, folder, value));
        if (text.size() > kSettingValueBytesMax) {
            return file.fault(value, fmt::format("at most {} bytes", kSettingValueBytesMax));
        }
        device.settings.push_back({std::string(key.str()), std::move(text)});
    }
    return {};
}

std::optional<int> minute_of_day(std::string_view text) {
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    if (text.size() != 5 || text[2] != ':' || !digit(text[0]) || !digit(text[1]) ||
        !digit(text[3]) || !digit(text[4])) {
        return std::nullopt;
    }
    const int hour = (text[0] - '0') * 10 + (text[1] - '0');
    const int minute = (text[3] - '0') * 10 + (text[4] - '0');
    return hour < 24 && minute < 60 ? std::optional(hour * 60 + minute) : std::nullopt;
}

/// What the file says of the shift; nothing if it says nothing.
Result<std::optional<core::ShiftPolicy>> read_shift(const File& file, const std::string& driver) {
    core::ShiftPolicy policy;
    bool said = false;
    for (const std::string_view key : kShiftKeys) {
        if (const toml::node* node = file.table.get(key)) {
            said = true;
            if (!driver.starts_with("fiscal/")) {
                return file.fault(*node, fmt::format("{} is for fiscal registrars", key));
            }
        }
    }
    if (const auto word = TRY(text_of(file, "shift"))) {
        policy.open_when_needed = *word == "open_when_needed";
        if (!policy.open_when_needed && *word != "manual") {
            return file.fault(*file.table.get("shift"),
                              "shift is \"manual\" or \"open_when_needed\"");
        }
    }
    if (const auto time = TRY(text_of(file, "close_shift_at"))) {
        policy.close_at_minute = minute_of_day(*time);
        if (!policy.close_at_minute) {
            return file.fault(*file.table.get("close_shift_at"),
                              "close_shift_at is a local time, such as \"22:30\"");
        }
    }
    if (const toml::node* node = file.table.get("remind_shift_after_h")) {
        const auto* time = node->as_integer();
        if (time == nullptr || time->get() < 1 || time->get() > kRemindHoursMax) {
            return file.fault(*node, fmt::format("remind_shift_after_h is a whole number from 1 "
                                                 "to {}",
                                                 kRemindHoursMax));
        }
        policy.remind_after = std::chrono::hours(time->get());
    }
    return said ? std::optional(policy) : std::nullopt;
}

Result<core::DeviceConfig> read_device(const std::string& folder, const std::string& name,
                                       std::span<const KnownDriver> drivers) {
    constexpr std::array<std::string_view, 8> kKnown{
        "id",      "driver", kPort, kRecord, "shift", "close_shift_at", "remind_shift_after_h",
        "settings"};
    constexpr std::string_view kEnding = ".toml";
    const File file = TRY(read(folder, "devices.d/" + name));
    TRY(only_known_keys(file, file.table, kKnown));
    core::DeviceConfig device;
    const auto id = TRY(text_of(file, "id"));
    device.id = id ? *id : name.substr(0, name.size() - kEnding.size());
    if (!is_id(device.id)) {
        return file.fault(file.table, fmt::format("\"{}\" is no device id: a-z, 0-9, - and _, at "
                                                  "most {}; set id or rename the file",
                                                  device.id, kNameBytesMax));
    }
    const auto driver = TRY(text_of(file, "driver"));
    if (!driver || driver->size() > kNameBytesMax) {
        return file.fault(file.table, "driver is missing, such as driver = \"fiscal/shtrih\"");
    }
    const KnownDriver* known = TRY(driver_in(file, *driver, drivers));
    device.driver = *driver;
    if (const auto port = TRY(text_of(file, kPort))) {
        if (const auto address = transport::parse_address(*port); !address) {
            return file.fault(*file.table.get(kPort), address.error().detail);
        }
        device.settings.push_back({std::string(kPort), *port});
    }
    if (const auto record = TRY(text_of(file, kRecord))) {
        if (!record->starts_with('/')) {
            return file.fault(*file.table.get(kRecord), "record is the absolute path of a file");
        }
        device.settings.push_back({std::string(kRecord), *record});
    }
    device.shift = TRY(read_shift(file, device.driver));
    TRY(read_settings(file, folder, known, device));
    return device;
}

Result<os::Severity> read_log_level(const File& file) {
    const auto word = TRY(text_of(file, "log"));
    if (!word || *word == "info") {
        return os::Severity::info;
    }
    if (*word == "error") {
        return os::Severity::error;
    }
    if (*word == "warning") {
        return os::Severity::warning;
    }
    if (*word == "notice") {
        return os::Severity::notice;
    }
    if (*word == "debug") {
        return os::Severity::debug;
    }
    return file.fault(*file.table.get("log"), "log is error, warning, notice, info or debug");
}

Result<std::optional<std::uint16_t>> read_metrics(const File& file) {
    constexpr std::array<std::string_view, 1> kKnown{"listen"};
    constexpr std::string_view kHost = "127.0.0.1:";
    const toml::node* node = file.table.get("metrics");
    if (node == nullptr) {
        return std::optional<std::uint16_t>();
    }
    const toml::table* table = node->as_table();
    if (table == nullptr) {
        return file.fault(*node, "metrics is a table: [metrics]");
    }
    TRY(only_known_keys(file, *table, kKnown));
    const auto* listen = table->get_as<std::string>("listen");
    const std::string text = listen == nullptr ? "" : listen->get();
    int port = 0;
    const char* const end = text.data() + text.size();
    if (text.starts_with(kHost)) {
        const auto read = std::from_chars(text.data() + kHost.size(), end, port);
        port = read.ec == std::errc() && read.ptr == end ? port : 0;
    }
    if (port < 1 || port > 65535) {
        return file.fault(*node,
                          "listen is \"127.0.0.1:PORT\": whoever is not on this machine "
                          "asks its node exporter or tillctl");
    }
    return std::optional(static_cast<std::uint16_t>(port));
}

Done read_daemon(const std::string& folder, Config& config) {
    constexpr std::array<std::string_view, 3> kKnown{"retention_days", "log", "metrics"};
    const File file = TRY(read(folder, "devd.toml"));
    TRY(only_known_keys(file, file.table, kKnown));
    config.log_level = TRY(read_log_level(file));
    config.metrics_port = TRY(read_metrics(file));
    if (const toml::node* node = file.table.get("retention_days")) {
        const auto* days = node->as_integer();
        if (days == nullptr || days->get() < 1 || days->get() > kRetentionDaysMax) {
            return file.fault(*node, fmt::format("retention_days is a whole number from 1 to {}",
                                                 kRetentionDaysMax));
        }
        config.retention = std::chrono::hours(24 * days->get());
    }
    return {};
}

}  // namespace

Result<Config> load_config(const std::string& folder, std::span<const KnownDriver> drivers) {
    Config config;
    TRY(read_daemon(folder, config));
    const auto names = os::list_files(folder + "/devices.d", ".toml");
    if (!names) {
        return make_error(ErrorCode::config_invalid, names.error().detail);
    }
    if (names->size() > kDevicesMax) {
        return make_error(ErrorCode::config_invalid,
                          fmt::format("{}/devices.d: more than {} files", folder, kDevicesMax));
    }
    for (const std::string& name : *names) {
        core::DeviceConfig device = TRY(read_device(folder, name, drivers));
        for (const core::DeviceConfig& other : config.devices) {
            if (other.id == device.id) {
                return make_error(ErrorCode::config_invalid,
                                  fmt::format("devices.d/{}: the id \"{}\" stands in another file "
                                              "too",
                                              name, device.id));
            }
        }
        config.devices.push_back(std::move(device));
    }
    std::sort(config.devices.begin(), config.devices.end(),
              [](const auto& a, const auto& b) { return a.id < b.id; });
    return config;
}

}  // namespace tillhost::devd::runtime
