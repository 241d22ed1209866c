#include "devd/runtime/network_config.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

namespace tillhost::devd::runtime {
namespace {

constexpr std::string_view kTcp = "tcp://";
constexpr std::size_t kNameBytesMax = 64;
constexpr int kRemindHoursMax = 24;

base::Result<std::uint16_t> port_from(std::string_view key, std::string_view text) {
    std::uint16_t port = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), port);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size() || port == 0) {
        return base::bad_field(key, "a port from 1 to 65535");
    }
    return port;
}

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= kNameBytesMax &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '.' || c == '_';
           });
}

base::Done take_listen(std::string_view text, NetworkConfig& config) {
    const auto wrong = [] {
        return base::bad_field("listen",
                               "\"tcp://*:15210\", or the IPv4 address of one network card for *");
    };
    const std::size_t colon = text.rfind(':');
    if (!text.starts_with(kTcp) || colon < kTcp.size()) {
        return wrong();
    }
    config.host = std::string(text.substr(kTcp.size(), colon - kTcp.size()));
    in_addr address{};
    const auto port = port_from("listen", text.substr(colon + 1));
    if (!port || (config.host != "*" && ::inet_pton(AF_INET, config.host.c_str(), &address) != 1)) {
        return wrong();
    }
    config.port = *port;
    return {};
}

}  // namespace

std::string NetworkConfig::address() const { return fmt::format("{}{}:{}", kTcp, host, port); }

base::Result<NetworkConfig> network_from(const ConfigTexts& texts) {
    NetworkConfig config;
    bool listens = false;
    for (const auto& [key, text] : texts) {
        if (key == "listen") {
            listens = true;
            TRY(take_listen(text, config));
        } else if (key == "pairing_port") {
            config.pairing_port = TRY(port_from(key, text));
        } else if (!is_name(text)) {
            return base::bad_field(key, "letters, digits, -, . and _, at most 64");
        } else {
            config.name = text;
        }
    }
    if (!listens) {
        return base::bad_field("listen", "there; such as \"tcp://*:15210\"");
    }
    if (config.port == config.pairing_port) {
        return base::bad_field("pairing_port", "another port than listen's");
    }
    if (config.name.empty()) {
        config.name = machine_name();
    }
    return config;
}

base::Result<contract::Role> role_of(std::string_view key, std::string_view word) {
    const auto role = role_from(word);
    if (!role) {
        return base::bad_field(key, "observer, cashier, operator or administrator");
    }
    return *role;
}

base::Result<std::int64_t> uid_of(const std::string& user) {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4096> room{};
    if (::getpwnam_r(user.c_str(), &entry, room.data(), room.size(), &found) != 0 ||
        found == nullptr) {
        return base::bad_field(user, "a user of this machine");
    }
    return static_cast<std::int64_t>(entry.pw_uid);
}

std::optional<os::Severity> severity_from(std::string_view word) {
    using Named = std::pair<std::string_view, os::Severity>;
    constexpr std::array<Named, 5> kKnown{{{"error", os::Severity::error},
                                           {"warning", os::Severity::warning},
                                           {"notice", os::Severity::notice},
                                           {"info", os::Severity::info},
                                           {"debug", os::Severity::debug}}};
    const auto found = std::find_if(kKnown.begin(), kKnown.end(),
                                    [word](const Named& one) { return one.first == word; });
    return found == kKnown.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::uint16_t> loopback_port(std::string_view text) {
    constexpr std::string_view kHost = "127.0.0.1:";
    if (!text.starts_with(kHost)) {
        return std::nullopt;
    }
    const auto port = port_from("listen", text.substr(kHost.size()));
    return port ? std::optional(*port) : std::nullopt;
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

std::string machine_name() {
    std::array<char, kNameBytesMax + 1> text{};
    const bool there = ::gethostname(text.data(), text.size() - 1) == 0;
    return there && is_name(text.data()) ? std::string(text.data()) : "host";
}

base::Done take_access(const ConfigTexts& texts, const ConfigTexts& users, LocalRoles& roles) {
    for (const auto& [key, word] : texts) {
        roles.role = TRY(role_of(key, word));
    }
    for (const auto& [user, word] : users) {
        const std::int64_t uid = TRY(uid_of(user));
        roles.users.insert_or_assign(uid, TRY(role_of(user, word)));
    }
    return {};
}

std::optional<contract::SetupStep> setup_step_from(std::string_view word) {
    for (const auto step : {contract::SetupStep::connection, contract::SetupStep::layout}) {
        if (word == contract::name_of(step)) {
            return step;
        }
    }
    return std::nullopt;
}

base::Done take_shift(std::string_view key, const std::string& text, core::ShiftPolicy& policy) {
    if (key == "shift") {
        policy.open_when_needed = text == "open_when_needed";
        return policy.open_when_needed || text == "manual"
                   ? base::Done()
                   : base::bad_field(key, "\"manual\" or \"open_when_needed\"");
    }
    if (key == "close_shift_at") {
        policy.close_at_minute = minute_of_day(text);
        return policy.close_at_minute ? base::Done()
                                      : base::bad_field(key, "a local time, such as \"22:30\"");
    }
    int hours = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), hours);
    const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
    if (!whole || hours < 1 || hours > kRemindHoursMax) {
        return base::bad_field(key, fmt::format("a whole number from 1 to {}", kRemindHoursMax));
    }
    policy.remind_after = std::chrono::hours(hours);
    return {};
}

}  // namespace tillhost::devd::runtime
