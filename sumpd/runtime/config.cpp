#include "sumpd/runtime/config.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "hal/base/text.h"
#include "hal/os/files.h"
#include "ipc/text_tables.h"

namespace tillhost::sumpd::runtime {

using base::Done;
using base::Result;

namespace {

constexpr std::size_t kConfigBytesMax = 64 * 1024;
constexpr std::size_t kPasswordFileBytesMax = 1024;
constexpr std::size_t kPasswordBytesMin = 12;
constexpr std::size_t kNodeBytesMax = 64;
constexpr std::size_t kTextBytesMax = 256;

struct Key {
    std::string_view name;  ///< "api.port"; of no table: "name"
    Done (*set)(Config& to, const std::string& text);
};

Done set_text(std::string& to, std::string_view name, const std::string& text, std::size_t max) {
    if (text.empty() || text.size() > max) {
        return base::bad_field(name, fmt::format("a text of 1 to {} bytes", max));
    }
    to = text;
    return {};
}

Result<std::int64_t> number_of(std::string_view name, const std::string& text, std::int64_t min,
                               std::int64_t max) {
    const auto number = base::parse_decimal(text);
    if (!number || number->scale != 0 || number->units < min || number->units > max) {
        return base::bad_field(name, fmt::format("\"{}\" to \"{}\"", min, max));
    }
    return number->units;
}

Done set_port(std::uint16_t& to, std::string_view name, const std::string& text) {
    to = static_cast<std::uint16_t>(TRY(number_of(name, text, 1, 65535)));
    return {};
}

Done set_days(std::int64_t& to, std::string_view name, const std::string& text) {
    to = TRY(number_of(name, text, maintenance::kRetentionDaysMin, maintenance::kRetentionDaysMax));
    return {};
}

Done set_daily(Config& to, const std::string& text) {
    if (text != "daily" && text != "off") {
        return base::bad_field("backup.when", "daily or off");
    }
    to.maintenance.backup_daily = text == "daily";
    return {};
}

Done set_packet_bytes(Config& to, const std::string& text) {
    const auto number = base::parse_decimal(text);
    if (!number || number->scale != 0 || number->units < exchange::kPacketBytesMin ||
        number->units > exchange::kPacketBytesMax) {
        return base::bad_field(
            "packet_bytes",
            fmt::format("\"{}\" to \"{}\"", exchange::kPacketBytesMin, exchange::kPacketBytesMax));
    }
    to.packet_bytes = number->units;
    return {};
}

/// A wrong one would keep sumpd from starting.
Done set_address(std::string& to, std::string_view name, const std::string& text) {
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    if (::inet_pton(AF_INET, text.c_str(), bytes.data()) != 1 &&
        ::inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) {
        return base::bad_field(name, "an address of IPv4 or IPv6, no name");
    }
    to = text;
    return {};
}

Done set_on(bool& to, std::string_view name, const std::string& text) {
    if (text != "yes" && text != "no") {
        return base::bad_field(name, "yes or no");
    }
    to = text == "yes";
    return {};
}

Done set_hosts(std::vector<std::string>& to, const std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find(' ', at), text.size());
        if (end != at) {
            to.push_back(text.substr(at, end - at));
        }
        at = end + 1;
    }
    return {};
}

Done set_log_level(Config& to, const std::string& text) {
    constexpr std::array<std::pair<std::string_view, os::Severity>, 5> kLevels = {{
        {"error", os::Severity::error},
        {"warning", os::Severity::warning},
        {"notice", os::Severity::notice},
        {"info", os::Severity::info},
        {"debug", os::Severity::debug},
    }};
    for (const auto& [name, level] : kLevels) {
        if (name == text) {
            to.log_level = level;
            return {};
        }
    }
    return base::bad_field("log", "error, warning, notice, info or debug");
}

/// One line of at least so many bytes, which nobody else can read.
Result<std::string> read_secret(std::string_view name, const std::string& path,
                                std::size_t bytes_min) {
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0) {
        return base::bad_field(name, "a file that is there: " + path);
    }
    if ((about.st_mode & 0077U) != 0) {
        return base::bad_field(name, "a file that others cannot read: chmod 600 " + path);
    }
    std::string text = base::string_of(TRY(os::read_file(path, kPasswordFileBytesMax)));
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
        text.pop_back();
    }
    if (text.size() < bytes_min || text.find('\n') != std::string::npos) {
        return base::bad_field(name, fmt::format("one line of at least {} bytes", bytes_min));
    }
    return text;
}

Done read_password(Config& to, const std::string& path) {
    to.node_password = TRY(read_secret("exchange.password_file", path, kPasswordBytesMin));
    return {};
}

Done read_access_code(Config& to, const std::string& path) {
    to.licences.access_code = TRY(read_secret("licences.access_code_file", path, 1));
    return {};
}

Done read_root(Config& to, const std::string& path) {
    const auto bytes = os::read_file(path, kConfigBytesMax);
    if (!bytes) {
        return base::bad_field("licences.vendor_root",
                               "a file with the vendor's root certificate, PEM: " + path);
    }
    to.licences.vendor_root = base::string_of(*bytes);
    return {};
}

constexpr std::array kKeys = {
    Key{"name",
        [](Config& to, const std::string& text) {
            return set_text(to.name, "name", text, kTextBytesMax);
        }},
    Key{"log", set_log_level},
    Key{"packet_bytes", set_packet_bytes},
    Key{"api.address",
        [](Config& to, const std::string& text) {
            return set_address(to.api_address, "api.address", text);
        }},
    Key{"api.port",
        [](Config& to, const std::string& text) {
            return set_port(to.api_port, "api.port", text);
        }},
    Key{"api.hosts",
        [](Config& to, const std::string& text) { return set_hosts(to.api_hosts, text); }},
    Key{"console.on",
        [](Config& to, const std::string& text) {
            return set_on(to.console_on, "console.on", text);
        }},
    Key{"console.address",
        [](Config& to, const std::string& text) {
            return set_address(to.console.address, "console.address", text);
        }},
    Key{"console.port",
        [](Config& to, const std::string& text) {
            return set_port(to.console.port, "console.port", text);
        }},
    Key{"console.hosts",
        [](Config& to, const std::string& text) { return set_hosts(to.console.hosts, text); }},
    Key{"console.certificate",
        [](Config& to, const std::string& text) {
            return set_text(to.console.certificate, "console.certificate", text, kTextBytesMax);
        }},
    Key{"console.key",
        [](Config& to, const std::string& text) {
            return set_text(to.console.key, "console.key", text, kTextBytesMax);
        }},
    Key{"api.certificate",
        [](Config& to, const std::string& text) {
            return set_text(to.api_certificate, "api.certificate", text, kTextBytesMax);
        }},
    Key{"api.key",
        [](Config& to, const std::string& text) {
            return set_text(to.api_key, "api.key", text, kTextBytesMax);
        }},
    Key{"exchange.node",
        [](Config& to, const std::string& text) {
            return set_text(to.node, "exchange.node", text, kNodeBytesMax);
        }},
    Key{"exchange.login",
        [](Config& to, const std::string& text) {
            return set_text(to.node_login, "exchange.login", text, kNodeBytesMax);
        }},
    Key{"exchange.password_file", read_password},
    Key{"devices.endpoint",
        [](Config& to, const std::string& text) {
            return set_text(to.devices_endpoint, "devices.endpoint", text, kTextBytesMax);
        }},
    Key{"devices.registrar",
        [](Config& to, const std::string& text) {
            return set_text(to.registrar, "devices.registrar", text, kNodeBytesMax);
        }},
    Key{"devices.terminal",
        [](Config& to, const std::string& text) {
            return set_text(to.terminal, "devices.terminal", text, kNodeBytesMax);
        }},
    Key{"metrics.port",
        [](Config& to, const std::string& text) {
            return set_port(to.metrics_port, "metrics.port", text);
        }},
    Key{"backup.folder",
        [](Config& to, const std::string& text) {
            return text.starts_with('/')
                       ? set_text(to.maintenance.backups, "backup.folder", text, kTextBytesMax)
                       : Done(base::bad_field("backup.folder", "an absolute path"));
        }},
    Key{"backup.when", set_daily},
    Key{"backup.kept",
        [](Config& to, const std::string& text) -> Done {
            to.maintenance.backups_kept =
                TRY(number_of("backup.kept", text, maintenance::kBackupsKeptMin,
                              maintenance::kBackupsKeptMax));
            return {};
        }},
    Key{"retention.documents_days",
        [](Config& to, const std::string& text) {
            return set_days(to.maintenance.retention.documents_days, "retention.documents_days",
                            text);
        }},
    Key{"retention.tombstones_days",
        [](Config& to, const std::string& text) {
            return set_days(to.maintenance.retention.tombstones_days, "retention.tombstones_days",
                            text);
        }},
    Key{"retention.commands_days",
        [](Config& to, const std::string& text) {
            return set_days(to.maintenance.retention.commands_days, "retention.commands_days",
                            text);
        }},
    Key{"retention.conflicts_days",
        [](Config& to, const std::string& text) {
            return set_days(to.maintenance.retention.conflicts_days, "retention.conflicts_days",
                            text);
        }},
    Key{"retention.parts_days",
        [](Config& to, const std::string& text) {
            return set_days(to.maintenance.retention.parts_days, "retention.parts_days", text);
        }},
    Key{"licences.address",
        [](Config& to, const std::string& text) {
            return set_text(to.licences.address, "licences.address", text, kTextBytesMax);
        }},
    Key{"licences.product",
        [](Config& to, const std::string& text) {
            return set_text(to.licences.product, "licences.product", text, kTextBytesMax);
        }},
    Key{"licences.licence",
        [](Config& to, const std::string& text) {
            return set_text(to.licences.licence, "licences.licence", text, kTextBytesMax);
        }},
    Key{"licences.terminal_licence",
        [](Config& to, const std::string& text) {
            return set_text(to.licences.terminal_licence, "licences.terminal_licence", text,
                            kTextBytesMax);
        }},
    Key{"licences.contact",
        [](Config& to, const std::string& text) {
            return set_text(to.licences.contact, "licences.contact", text, kTextBytesMax);
        }},
    Key{"licences.vendor_root", read_root},
    Key{"licences.access_code_file", read_access_code},
};

Done set(Config& config, const std::string& name, const std::string& text) {
    std::string known;
    for (const Key& key : kKeys) {
        if (key.name == name) {
            return key.set(config, text);
        }
        known += (known.empty() ? "" : ", ") + std::string(key.name);
    }
    return base::bad_field(name, "a setting that there is: " + known);
}

/// What one key alone cannot tell.
Done check(const Config& config) {
    if (config.api_certificate.empty() != config.api_key.empty()) {
        return base::bad_field("api.certificate", "together with api.key, or neither");
    }
    if (config.console.certificate.empty() != config.console.key.empty()) {
        return base::bad_field("console.certificate", "together with console.key, or neither");
    }
    if (config.console_on && config.console.port == config.api_port) {
        return base::bad_field("console.port", "another one than api.port");
    }
    const bool any =
        !config.node.empty() || !config.node_login.empty() || !config.node_password.empty();
    const bool all =
        !config.node.empty() && !config.node_login.empty() && !config.node_password.empty();
    if (any && !all) {
        return base::bad_field("exchange", "node, login and password_file, or none of them");
    }
    const seats::SeatsOptions& licences = config.licences;
    const bool some =
        !(licences.address + licences.product + licences.licence + licences.vendor_root +
          licences.terminal_licence + licences.access_code + licences.contact)
             .empty();
    const bool enough = !licences.address.empty() && !licences.product.empty() &&
                        !licences.licence.empty() && !licences.vendor_root.empty();
    if (some && !enough) {
        return base::bad_field("licences",
                               "address, product, licence and vendor_root, or none of them");
    }
    return {};
}

}  // namespace

Result<SettingTexts> read_texts(std::string_view text) {
    SettingTexts texts;
    for (const ipc::TextTable& table : TRY(ipc::read_text_tables(text))) {
        for (const auto& [key, value] : table.entries) {
            const std::string name = table.name.empty() ? key : table.name + "." + key;
            if (!texts.emplace(name, value).second) {
                return base::bad_field(name, "it is set once");
            }
        }
    }
    return texts;
}

Result<Config> config_of(const SettingTexts& texts) {
    Config config;
    for (const auto& [name, text] : texts) {
        if (!text.empty()) {
            TRY(set(config, name, text));
        }
    }
    TRY(check(config));
    return config;
}

Result<Config> read_config(std::string_view text, std::string_view file) {
    const auto texts = read_texts(text);
    if (!texts) {
        return base::with_context(texts.error(), file);
    }
    // In a file an empty text is a mistake, and not a word of somebody who wants none.
    Config config;
    for (const auto& [name, value] : *texts) {
        if (const auto good = set(config, name, value); !good) {
            return base::with_context(good.error(), file);
        }
    }
    TRY(check(config));
    return config;
}

Result<SettingTexts> load_texts(const std::string& folder) {
    const std::string path = folder + "/sumpd.toml";
    if (::access(path.c_str(), F_OK) != 0) {
        return SettingTexts{};
    }
    return read_texts(base::string_of(TRY(os::read_file(path, kConfigBytesMax))));
}

Result<Config> load_config(const std::string& folder) {
    const std::string path = folder + "/sumpd.toml";
    if (::access(path.c_str(), F_OK) != 0) {
        return Config{};
    }
    return read_config(base::string_of(TRY(os::read_file(path, kConfigBytesMax))), "sumpd.toml");
}

}  // namespace tillhost::sumpd::runtime
