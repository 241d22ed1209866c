#include "licd/runtime/config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "hal/os/files.h"
#include "ipc/text_tables.h"
#include "licd/runtime/settings_table.h"

namespace tillhost::licd::runtime {

using base::Done;
using base::Result;

namespace {

constexpr std::size_t kConfigBytesMax = 64 * 1024;

/// Errors: bad_field.
Done check_entry(const std::string& name, const std::string& text) {
    const SettingRow* const row = find_setting(name);
    return row == nullptr ? Done(unknown_setting(name)) : check_setting(*row, text);
}

/// What one setting alone cannot tell.
Done check(const Config& config) {
    if (config.times.idle != os::Duration::zero() && config.times.idle < core::LeaseTimes::kLeast) {
        return base::bad_field("times.idle_s", "\"0\" (never) or \"70\" to \"86400\"");
    }
    if (config.times.lease > config.times.killed) {
        return base::bad_field("times.lease_s",
                               "at most killed_s: a seat is never free before the end of a lease "
                               "that is still promised");
    }
    if (config.web_certificate.empty() != config.web_key.empty()) {
        return base::bad_field("web.certificate", "together with web.key, or neither");
    }
    if (!config.devices_endpoint.empty() && !config.devices_endpoint.starts_with("ipc://")) {
        return base::bad_field("devices.endpoint", "\"ipc://PATH\", devd's socket on this machine");
    }
    if (config.beat * 2 > config.times.lease) {
        const auto seconds = [](os::Duration time) {
            return std::chrono::duration_cast<std::chrono::seconds>(time).count();
        };
        return base::bad_field("times.beat_s",
                               fmt::format("at most half of times.lease_s; {} is more than half of "
                                           "{}: change both",
                                           seconds(config.beat), seconds(config.times.lease)));
    }
    return {};
}

}  // namespace

Result<SettingTexts> read_setting_texts(std::string_view text, std::string_view file) {
    SettingTexts texts;
    const auto tables = ipc::read_text_tables(text);
    if (!tables) {
        return base::with_context(tables.error(), file);
    }
    for (const ipc::TextTable& table : *tables) {
        for (const auto& [key, value] : table.entries) {
            const std::string name = table.name.empty() ? key : table.name + "." + key;
            if (const auto good = check_entry(name, value); !good) {
                base::Error error = good.error();
                error.detail = fmt::format(
                    "{}{}: {}", file,
                    table.line == 0 ? std::string()
                                    : fmt::format(", [[{}]] of line {}", table.name, table.line),
                    error.detail);
                return error;
            }
            texts.insert_or_assign(name, value);
        }
    }
    return texts;
}

Result<SettingTexts> load_setting_texts(const std::string& path) {
    if (::access(path.c_str(), F_OK) != 0) {
        return SettingTexts{};
    }
    return read_setting_texts(base::string_of(TRY(os::read_file(path, kConfigBytesMax))),
                              path.substr(path.rfind('/') + 1));
}

std::string write_setting_texts(std::string_view comment, const SettingTexts& texts) {
    std::vector<ipc::TextTable> tables(1);
    for (const SettingRow& row : settings_table()) {
        const auto found = texts.find(row.name);
        if (found == texts.end()) {
            continue;
        }
        const std::size_t dot = row.name.find('.');
        const std::string section(dot == std::string_view::npos ? "" : row.name.substr(0, dot));
        if (tables.back().name != section) {
            tables.push_back({.name = section});
        }
        tables.back().set(std::string(row.name.substr(section.empty() ? 0 : dot + 1)),
                          found->second);
    }
    return ipc::write_text_tables(comment, tables);
}

Result<Config> make_config(const SettingTexts& under, const SettingTexts& over) {
    Config config;
    for (const SettingTexts* texts : {&under, &over}) {
        for (const auto& [name, text] : *texts) {
            TRY(check_entry(name, text));
            find_setting(name)->set(config, text);
        }
    }
    TRY(check(config));
    return config;
}

Result<Config> load_config(const std::string& folder) {
    return make_config(TRY(load_setting_texts(folder + "/licd.toml")));
}

}  // namespace tillhost::licd::runtime
