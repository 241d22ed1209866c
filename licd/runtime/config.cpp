#include "licd/runtime/config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <functional>
#include <iterator>
#include <sstream>
#include <utility>

#include "hal/os/files.h"

namespace tillhost::licd::runtime {

using base::Done;
using base::Result;

namespace {

constexpr std::size_t kConfigBytesMax = 64 * 1024;

Result<std::int64_t> number(const std::string& name, const std::string& text, std::int64_t least,
                            std::int64_t most) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
        return base::bad_field(name, fmt::format("\"a number from {} to {}\"", least, most));
    }
    return value;
}

Result<bool> yes_or_no(const std::string& name, const std::string& text) {
    if (text != "yes" && text != "no") {
        return base::bad_field(name, "\"yes\" or \"no\"");
    }
    return text == "yes";
}

/// Words divided by blanks.
std::vector<std::string> words_of(const std::string& text) {
    std::istringstream stream(text);
    return {std::istream_iterator<std::string>(stream), {}};
}

Done read_seconds(const std::string& name, const std::string& text, std::int64_t least,
                  std::int64_t most, os::Duration& to) {
    to = std::chrono::seconds(TRY(number(name, text, least, most)));
    return {};
}

/// Errors: bad_field; web.* that there is not.
Done read_web(Config& config, const std::string& name, const std::string& text) {
    if (name == "web.on") {
        config.web = TRY(yes_or_no(name, text));
    } else if (name == "web.listen") {
        config.web_address = text;
    } else if (name == "web.port") {
        config.web_port = static_cast<std::uint16_t>(TRY(number(name, text, 1, 65535)));
    } else if (name == "web.hosts") {
        config.web_hosts = words_of(text);
    } else if (name == "web.certificate") {
        config.web_certificate = text;
    } else if (name == "web.key") {
        config.web_key = text;
    } else {
        return base::bad_field(name, "one of on, listen, port, hosts, certificate, key");
    }
    return {};
}

/// Errors: bad_field; devices.* that there is not.
Done read_devices(Config& config, const std::string& name, const std::string& text) {
    if (name == "devices.on") {
        config.devices = TRY(yes_or_no(name, text));
    } else if (name != "devices.endpoint") {
        return base::bad_field(name, "one of on, endpoint");
    } else if (!text.empty() && !text.starts_with("ipc://")) {
        return base::bad_field(name, "\"ipc://PATH\", the socket of devd on this machine");
    } else {
        config.devices_endpoint = text;
    }
    return {};
}

Done read_entry(Config& config, const std::string& name, const std::string& text) {
    constexpr std::int64_t kDay = 86'400;
    if (name == "network.on") {
        config.on_network = TRY(yes_or_no(name, text));
    } else if (name == "network.port") {
        config.port = static_cast<std::uint16_t>(TRY(number(name, text, 1, 65535)));
    } else if (name == "network.search") {
        config.search = TRY(yes_or_no(name, text));
    } else if (name == "network.group") {
        config.group = text;
    } else if (name == "times.lease_s") {
        return read_seconds(name, text, 70, kDay, config.times.lease);
    } else if (name == "times.killed_s") {
        return read_seconds(name, text, 70, kDay, config.times.killed);
    } else if (name == "times.idle_s") {
        return read_seconds(name, text, 0, kDay, config.times.idle);
    } else if (name == "times.beat_s") {
        return read_seconds(name, text, 1, 300, config.beat);
    } else if (name.starts_with("web.")) {
        return read_web(config, name, text);
    } else if (name.starts_with("devices.")) {
        return read_devices(config, name, text);
    } else if (name == "log_level") {
        constexpr os::Severity kLevels[] = {os::Severity::error, os::Severity::notice,
                                            os::Severity::info, os::Severity::debug};
        config.log_level = kLevels[TRY(number(name, text, 0, 3))];
    } else {
        return base::bad_field(name,
                               "one of log_level; [[network]] on, port, search, group; [[times]] "
                               "lease_s, killed_s, idle_s, beat_s; [[web]] on, listen, port, "
                               "hosts, certificate, key; [[devices]] on, endpoint");
    }
    return {};
}

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
    if (config.beat * 2 > config.times.lease) {
        return base::bad_field("times.beat_s", "at most half of lease_s");
    }
    return {};
}

}  // namespace

Result<Config> read_config(std::string_view text) {
    Config config;
    for (const ipc::TextTable& table : TRY(ipc::read_text_tables(text))) {
        for (const auto& [key, value] : table.entries) {
            const std::string name = table.name.empty() ? key : table.name + "." + key;
            if (const auto good = read_entry(config, name, value); !good) {
                base::Error error = good.error();
                error.detail = fmt::format(
                    "licd.toml{}: {}",
                    table.line == 0 ? std::string()
                                    : fmt::format(", [[{}]] of line {}", table.name, table.line),
                    error.detail);
                return error;
            }
        }
    }
    TRY(check(config));
    return config;
}

Result<Config> load_config(const std::string& folder) {
    const std::string path = folder + "/licd.toml";
    if (::access(path.c_str(), F_OK) != 0) {
        return Config{};
    }
    return read_config(base::string_of(TRY(os::read_file(path, kConfigBytesMax))));
}

}  // namespace tillhost::licd::runtime
