#include "devd/runtime/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "devd/runtime/device_file.h"
#include "hal/base/text.h"
#include "hal/os/files.h"

namespace tillhost::devd::runtime {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr std::int64_t kRetentionDaysMax = 3650;
constexpr std::size_t kSettingValueBytesMax = 1024;
constexpr std::size_t kNameBytesMax = 64;
constexpr std::string_view kRecord = "record";
constexpr std::array<std::string_view, 3> kShiftKeys{"shift", "close_shift_at",
                                                     "remind_shift_after_h"};

/// One parsed file and how its faults are told.
struct File {
    std::string name;  ///< from its folder, as people know it
    toml::table table;

    base::Error fault(const toml::node& at, std::string_view text) const {
        return fault(at.source().begin, text);
    }
    base::Error fault(const toml::source_position& at, std::string_view text) const {
        return make_error(ErrorCode::config_invalid,
                          fmt::format("{}:{}:{}: {}", name, at.line, at.column, text));
    }
};

/// `shown` is the file's name in errors.
Result<File> read(const std::string& path, const std::string& shown) {
    const auto bytes = os::read_file(path, kConfigBytesMax);
    if (!bytes) {
        return make_error(ErrorCode::config_invalid, bytes.error().detail);
    }
    File file{shown, {}};
    try {
        file.table = toml::parse(base::string_of(*bytes), shown);
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

Result<std::string> secret(const File& file, const std::string& folder, const toml::table& table) {
    constexpr std::array<std::string_view, 1> kKnown{"file"};
    TRY(only_known_keys(file, table, kKnown));
    const auto* path = table.get_as<std::string>("file");
    if (path == nullptr) {
        return file.fault(table, "a secret is written { file = \"PATH\" }");
    }
    const std::string whole =
        path->get().starts_with('/') ? path->get() : folder + "/" + path->get();
    auto line = read_secret(whole);
    return line ? std::move(line) : Result<std::string>(file.fault(*path, line.error().detail));
}

/// A text or a whole number as text; empty if it is neither.
std::string word_of(const toml::node& node) {
    const auto* text = node.as_string();
    const auto* number = node.as_integer();
    return text != nullptr     ? text->get()
           : number != nullptr ? std::to_string(number->get())
                               : std::string();
}

Result<std::string> setting_value(const File& file, const std::string& folder,
                                  const toml::node& node) {
    if (node.is_string() || node.is_integer()) {
        return word_of(node);
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

Result<const contract::Manifest*> driver_of(const File& file, Manifests manifests) {
    const auto name = TRY(text_of(file, "driver"));
    if (!name) {
        return file.fault(file.table, "driver is missing; there are: " + driver_names(manifests));
    }
    if (const contract::Manifest* manifest = find_manifest(manifests, *name)) {
        return manifest;
    }
    return file.fault(*file.table.get("driver"), fmt::format("no driver \"{}\"; there are: {}",
                                                             *name, driver_names(manifests)));
}

Done check_field(const File& file, const contract::Manifest& manifest,
                 const toml::source_position& at, const std::string& name) {
    if (find_field(manifest, name) == nullptr) {
        return file.fault(at, fmt::format("{} has no setting \"{}\"; it has: {}", manifest.driver,
                                          name, setting_names(manifest)));
    }
    return {};
}

/// One value that the manifest must allow. What is wrong with it is told at its place.
Done take_setting(const File& file, const contract::Manifest& manifest, const toml::node& at,
                  const std::string& name, std::string value, core::DeviceConfig& device) {
    TRY(check_field(file, manifest, at.source().begin, name));
    if (const Done good = check_setting(manifest, *find_field(manifest, name), value); !good) {
        return file.fault(at, good.error().detail);
    }
    device.settings.push_back({name, std::move(value)});
    return {};
}

Done read_settings(const File& file, const std::string& folder, const contract::Manifest& manifest,
                   core::DeviceConfig& device) {
    const toml::node* node = file.table.get("settings");
    if (node == nullptr) {
        return {};
    }
    const toml::table* settings = node->as_table();
    if (settings == nullptr) {
        return file.fault(*node, "settings is a table: [settings]");
    }
    for (const auto& [key, value] : *settings) {
        if (key.str() == kPortSetting || key.str() == kRecord) {
            return file.fault(key.source().begin, "port and record stand above [settings]");
        }
        const std::string name(key.str());
        TRY(check_field(file, manifest, key.source().begin, name));  // the key is what is wrong
        std::string text = TRY(setting_value(file, folder, value));
        TRY(take_setting(file, manifest, value, name, std::move(text), device));
    }
    return {};
}

/// Nothing if the key is not there.
Result<std::optional<std::int64_t>> whole_number(const File& file, std::string_view key,
                                                 std::int64_t min, std::int64_t max) {
    const toml::node* node = file.table.get(key);
    if (node == nullptr) {
        return std::optional<std::int64_t>();
    }
    const auto* number = node->as_integer();
    if (number == nullptr || number->get() < min || number->get() > max) {
        return file.fault(*node, fmt::format("{} is a whole number from {} to {}", key, min, max));
    }
    return std::optional(number->get());
}

/// What the file says of the shift; nothing if it says nothing.
Result<std::optional<core::ShiftPolicy>> read_shift(const File& file, const std::string& driver) {
    core::ShiftPolicy policy;
    bool said = false;
    for (const std::string_view key : kShiftKeys) {
        const toml::node* node = file.table.get(key);
        if (node == nullptr) {
            continue;
        }
        said = true;
        const Done taken = driver.starts_with("fiscal/")
                               ? take_shift(key, word_of(*node), policy)
                               : make_error(ErrorCode::config_invalid,
                                            fmt::format("{} is for fiscal registrars", key));
        if (!taken) {
            return file.fault(*node, taken.error().detail);
        }
    }
    return said ? std::optional(policy) : std::nullopt;
}

Result<std::string> read_id(const File& file, std::string_view file_name) {
    constexpr std::string_view kEnding = ".toml";
    const auto written = TRY(text_of(file, "id"));
    std::string id =
        written ? *written : std::string(file_name.substr(0, file_name.size() - kEnding.size()));
    if (!is_device_id(id)) {
        return file.fault(file.table, fmt::format("\"{}\" is no device id: a-z, 0-9, - and _, at "
                                                  "most {}; set id or rename the file",
                                                  id, kNameBytesMax));
    }
    return id;
}

Done read_setup(const File& file, core::DeviceConfig& device) {
    const toml::node* node = file.table.get("setup_missing");
    const toml::array* steps = node == nullptr ? nullptr : node->as_array();
    if (node != nullptr && steps == nullptr) {
        return file.fault(*node, "setup_missing is a list");
    }
    for (std::size_t i = 0; steps != nullptr && i < steps->size(); ++i) {
        const auto step = setup_step_from(word_of((*steps)[i]));
        if (!step) {
            return file.fault((*steps)[i], "setup_missing holds \"connection\" and \"layout\"");
        }
        device.setup_missing.push_back(*step);
    }
    return {};
}

Done read_name(const File& file, core::DeviceConfig& device) {
    const auto name = TRY(text_of(file, "name"));
    if (name && base::utf8_length(*name) > kNameBytesMax) {
        return file.fault(*file.table.get("name"),
                          fmt::format("name has at most {} characters", kNameBytesMax));
    }
    device.name = name.value_or("");
    return {};
}

/// Where the device's line is recorded; the host's business, not the driver's.
Done read_record(const File& file, core::DeviceConfig& device) {
    const auto record = TRY(text_of(file, kRecord));
    if (!record) {
        return {};
    }
    if (!record->starts_with('/')) {
        return file.fault(*file.table.get(kRecord), "record is the absolute path of a file");
    }
    device.settings.push_back({std::string(kRecord), *record});
    return {};
}

Result<core::DeviceConfig> read_device(const std::string& folder, const std::string& name,
                                       Manifests manifests, bool by_client) {
    constexpr std::array<std::string_view, 6> kOfClients{"id",         "name",     "driver",
                                                         kPortSetting, "settings", "setup_missing"};
    constexpr std::array<std::string_view, 9> kOfAdministrator{
        "id",      "name",  "driver",         kPortSetting,
        kRecord,   "shift", "close_shift_at", "remind_shift_after_h",
        "settings"};
    const File file = TRY(read(folder + "/devices.d/" + name,
                               (by_client ? folder + "/devices.d/" : "devices.d/") + name));
    TRY(only_known_keys(file, file.table,
                        by_client ? std::span<const std::string_view>(kOfClients)
                                  : std::span<const std::string_view>(kOfAdministrator)));
    core::DeviceConfig device;
    device.id = TRY(read_id(file, name));
    const contract::Manifest* manifest = TRY(driver_of(file, manifests));
    device.driver = manifest->driver;
    device.budgets = budgets_of(*manifest);
    TRY(read_name(file, device));
    if (auto port = TRY(text_of(file, kPortSetting))) {
        TRY(take_setting(file, *manifest, *file.table.get(kPortSetting), std::string(kPortSetting),
                         std::move(*port), device));
    }
    TRY(read_settings(file, folder, *manifest, device));
    if (const contract::SettingField* missing = missing_setting(*manifest, device.settings)) {
        return file.fault(file.table,
                          fmt::format("{} is missing: {}", missing->name, missing->help.en));
    }
    TRY(read_setup(file, device));
    device.settings = in_order(*manifest, device.settings);
    TRY(read_record(file, device));
    device.shift = TRY(read_shift(file, device.driver));
    return device;
}

Result<os::Severity> read_log_level(const File& file) {
    const auto word = TRY(text_of(file, "log"));
    if (const auto severity = severity_from(word.value_or("info"))) {
        return *severity;
    }
    return file.fault(*file.table.get("log"), "log is error, warning, notice, info or debug");
}

/// A table of texts and whole numbers; nothing if there is none.
Result<std::optional<ConfigTexts>> read_texts(const File& file, std::string_view name,
                                              std::span<const std::string_view> known) {
    const toml::node* node = file.table.get(name);
    if (node == nullptr) {
        return std::optional<ConfigTexts>();
    }
    const toml::table* table = node->as_table();
    if (table == nullptr) {
        return file.fault(*node, fmt::format("{0} is a table: [{0}]", name));
    }
    TRY(only_known_keys(file, *table, known));
    ConfigTexts texts;
    for (const std::string_view key : known) {
        const toml::node* value = table->get(key);
        if (value == nullptr || value->is_table()) {
            continue;
        }
        if (!value->is_string() && !value->is_integer()) {
            return file.fault(*value, fmt::format("{} is a text in quotes or a number", key));
        }
        texts.emplace_back(key, word_of(*value));
    }
    return std::optional(std::move(texts));
}

Result<std::optional<std::uint16_t>> read_metrics(const File& file) {
    constexpr std::array<std::string_view, 1> kKnown{"listen"};
    const auto texts = TRY(read_texts(file, "metrics", kKnown));
    if (!texts) {
        return std::optional<std::uint16_t>();
    }
    const auto port = loopback_port(texts->empty() ? "" : texts->front().second);
    if (!port) {
        return file.fault(*file.table.get("metrics"),
                          "listen is \"127.0.0.1:PORT\": whoever is not on this machine "
                          "asks its node exporter or tillctl");
    }
    return port;
}

/// Devices of sales that name none.
Result<core::ShopDefaults> read_shop(const File& file) {
    constexpr std::array<std::string_view, 4> kKnown{"registrar", "substitute", "terminal",
                                                     "printer"};
    core::ShopDefaults shop;
    const std::array<std::string*, 4> values{&shop.registrar, &shop.substitute, &shop.terminal,
                                             &shop.printer};
    const auto texts = TRY(read_texts(file, "shop", kKnown));
    for (const auto& [key, id] : texts.value_or(ConfigTexts())) {
        if (!is_device_id(id)) {
            return file.fault(*file.table["shop"][key].node(),
                              fmt::format("{} is a device's id", key));
        }
        *values.at(static_cast<std::size_t>(std::find(kKnown.begin(), kKnown.end(), key) -
                                            kKnown.begin())) = id;
    }
    return shop;
}

Result<File> open_daemon_file(const std::string& folder) {
    auto file = read(folder + "/devd.toml", "devd.toml");
    if (!file && ::access((folder + "/devd.toml").c_str(), F_OK) != 0) {
        file.error().detail += "; write one: it may be empty, docs/configuration.md has its keys";
    }
    return file;
}

Result<std::optional<NetworkConfig>> read_network(const File& file) {
    constexpr std::array<std::string_view, 3> kKnown{"listen", "pairing_port", "name"};
    const auto texts = TRY(read_texts(file, "network", kKnown));
    if (!texts) {
        return std::optional<NetworkConfig>();
    }
    auto network = network_from(*texts);
    if (!network) {
        return file.fault(*file.table.get("network"), network.error().detail);
    }
    return std::optional(std::move(*network));
}

Done read_access(const File& file, LocalRoles& roles) {
    constexpr std::array<std::string_view, 2> kKnown{"local_role", "users"};
    const auto texts = TRY(read_texts(file, "access", kKnown));
    ConfigTexts users;
    if (const toml::table* table = file.table["access"]["users"].as_table()) {
        for (const auto& [user, word] : *table) {
            users.emplace_back(user.str(), word_of(word));
        }
    }
    const Done taken = take_access(texts.value_or(ConfigTexts()), users, roles);
    return taken ? taken : file.fault(*file.table.get("access"), taken.error().detail);
}

/// `[[remote]]`, for remotes_from().
Result<std::vector<RemoteTable>> read_remotes(const File& file) {
    constexpr std::array<std::string_view, 3> kKnown{"host", "keys", "devices"};
    std::vector<RemoteTable> read;
    const toml::node* node = file.table.get("remote");
    const toml::array* tables = node == nullptr ? nullptr : node->as_array();
    if (node != nullptr && (tables == nullptr || !tables->is_homogeneous<toml::table>())) {
        return file.fault(*node, "remote is written [[remote]], a table for each host");
    }
    for (std::size_t i = 0; tables != nullptr && i < tables->size(); ++i) {
        const toml::table& table = *(*tables)[i].as_table();
        TRY(only_known_keys(file, table, kKnown));
        RemoteTable& one = read.emplace_back();
        one.place = file.fault(table, "").detail;
        for (const auto& [key, value] : table) {
            if (const toml::table* devices = value.as_table()) {
                for (const auto& [here, there] : *devices) {
                    one.devices.emplace_back(here.str(), word_of(there));
                }
            } else {
                one.texts.emplace_back(key.str(), word_of(value));
            }
        }
    }
    return read;
}

Done read_daemon(const File& file, Config& config) {
    constexpr std::array<std::string_view, 8> kKnown{
        "retention_days",    "log",     "metrics", "shop",
        "hotplug_settle_ms", "network", "access",  "remote"};
    TRY(only_known_keys(file, file.table, kKnown));
    config.is_all_default = file.table.empty();
    config.log_level = TRY(read_log_level(file));
    config.metrics_port = TRY(read_metrics(file));
    config.shop = TRY(read_shop(file));
    config.network = TRY(read_network(file));
    TRY(read_access(file, config.local_roles));
    if (const auto days = TRY(whole_number(file, "retention_days", 1, kRetentionDaysMax))) {
        config.retention = std::chrono::hours(24 * *days);
    }
    constexpr std::int64_t kSettleMsMax = kHotplugSettleMax / std::chrono::milliseconds(1);
    if (const auto settle = TRY(whole_number(file, "hotplug_settle_ms", 0, kSettleMsMax))) {
        config.hotplug_settle = std::chrono::milliseconds(*settle);
    }
    return {};
}

Done read_devices(const std::string& folder, Manifests manifests, bool by_client, Config& config) {
    const std::vector<std::string> names = TRY(device_files(folder));
    std::vector<core::DeviceConfig>& devices = by_client ? config.clients : config.devices;
    for (const std::string& name : names) {
        core::DeviceConfig device = TRY(read_device(folder, name, manifests, by_client));
        if (config.find(device.id) != nullptr) {
            return make_error(
                ErrorCode::config_invalid,
                fmt::format("{}devices.d/{}: the id \"{}\" stands in another file too",
                            by_client ? folder + "/" : "", name, device.id));
        }
        devices.push_back(std::move(device));
    }
    std::sort(devices.begin(), devices.end(),
              [](const auto& a, const auto& b) { return a.id < b.id; });
    return {};
}

/// [shop] against the devices that there are.
std::vector<std::string> remarks_on(const File& file, const Config& config) {
    const std::string remote = core::kRemoteDriver;
    const auto driver_of = [&](const std::string& id) -> const std::string* {
        const core::DeviceConfig* device = config.find(id);
        return is_remote(config.remotes, id) ? &remote
               : device == nullptr           ? nullptr
                                             : &device->driver;
    };
    std::vector<std::string> remarks;
    for (const core::ShopFault& fault : core::faults_of(config.shop, driver_of)) {
        const auto value = file.table["shop"][fault.key];
        remarks.push_back(file.fault(*value.node(), fault.text).detail);
    }
    return remarks;
}

}  // namespace

Result<Config> load_config(const std::string& folder, const std::string& state_folder,
                           Manifests manifests) {
    const File daemon = TRY(open_daemon_file(folder));
    Config config;
    TRY(read_daemon(daemon, config));
    TRY(read_devices(folder, manifests, false, config));
    TRY(read_devices(state_folder, manifests, true, config));
    const std::vector<RemoteTable> remotes = TRY(read_remotes(daemon));
    config.remotes = TRY(remotes_from(remotes, folder, state_folder));
    TRY(check_ids(config.remotes, config.devices));
    TRY(check_ids(config.remotes, config.clients));
    config.remarks = remarks_on(daemon, config);
    return config;
}

}  // namespace tillhost::devd::runtime
