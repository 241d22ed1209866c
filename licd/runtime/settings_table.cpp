#include "licd/runtime/settings_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <sstream>

#include "hal/base/text.h"
#include "licd/wire/discovery.h"

namespace tillhost::licd::runtime {
namespace {

constexpr std::int64_t kDayS = 86'400;
constexpr std::int64_t kLeaseLeastS = 70;
constexpr std::int64_t kBeatMostS = 300;
constexpr std::int64_t kPortMost = 65'535;

constexpr std::string_view kYesNo[] = {"yes", "no"};
constexpr std::string_view kLevelNames[] = {"0", "1", "2", "3"};
constexpr os::Severity kLevels[] = {os::Severity::error, os::Severity::notice, os::Severity::info,
                                    os::Severity::debug};

/// Of a text that was found to be one.
std::int64_t number_of(const std::string& text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::string seconds_of(os::Duration time) {
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count());
}

template <bool Config::*member>
constexpr SettingRow yes_no(std::string_view name) {
    return {.name = name,
            .choices = kYesNo,
            .set = [](Config& to, const std::string& text) { to.*member = text == "yes"; },
            .get = [](const Config& from) { return std::string(from.*member ? "yes" : "no"); }};
}

template <std::uint16_t Config::*member>
constexpr SettingRow port(std::string_view name) {
    return {.name = name,
            .min = 1,
            .max = kPortMost,
            .set =
                [](Config& to, const std::string& text) {
                    to.*member = static_cast<std::uint16_t>(number_of(text));
                },
            .get = [](const Config& from) { return std::to_string(from.*member); }};
}

template <os::Duration core::LeaseTimes::*member>
constexpr SettingRow lease_time(std::string_view name, std::int64_t least) {
    return {.name = name,
            .change = Change::live,
            .min = least,
            .max = kDayS,
            .set =
                [](Config& to, const std::string& text) {
                    to.times.*member = std::chrono::seconds(number_of(text));
                },
            .get = [](const Config& from) { return seconds_of(from.times.*member); }};
}

template <std::string Config::*member>
constexpr SettingRow one_line(std::string_view name, Change change,
                              std::size_t bytes_max = kSettingBytesMax) {
    return {.name = name,
            .change = change,
            .bytes_max = bytes_max,
            .set = [](Config& to, const std::string& text) { to.*member = text; },
            .get = [](const Config& from) { return from.*member; }};
}

void set_hosts(Config& to, const std::string& text) {
    std::istringstream stream(text);
    to.web_hosts = {std::istream_iterator<std::string>(stream), {}};
}

std::string hosts_of(const Config& from) {
    std::string words;
    for (const std::string& host : from.web_hosts) {
        words += (words.empty() ? "" : " ") + host;
    }
    return words;
}

void set_level(Config& to, const std::string& text) { to.log_level = kLevels[number_of(text)]; }

std::string level_of(const Config& from) {
    const auto* const found = std::find(std::begin(kLevels), std::end(kLevels), from.log_level);
    return std::string(kLevelNames[found - std::begin(kLevels)]);
}

const SettingRow kTable[] = {
    {.name = "log_level",
     .change = Change::live,
     .choices = kLevelNames,
     .set = set_level,
     .get = level_of},
    yes_no<&Config::on_network>("network.on"),
    port<&Config::port>("network.port"),
    yes_no<&Config::search>("network.search"),
    one_line<&Config::group>("network.group", Change::at_restart, wire::kDiscoveryGroupBytesMax),
    lease_time<&core::LeaseTimes::lease>("times.lease_s", kLeaseLeastS),
    lease_time<&core::LeaseTimes::killed>("times.killed_s", kLeaseLeastS),
    lease_time<&core::LeaseTimes::idle>("times.idle_s", 0),
    {.name = "times.beat_s",
     .change = Change::live,
     .min = 1,
     .max = kBeatMostS,
     .set = [](Config& to,
               const std::string& text) { to.beat = std::chrono::seconds(number_of(text)); },
     .get = [](const Config& from) { return seconds_of(from.beat); }},
    yes_no<&Config::web>("web.on"),
    one_line<&Config::web_address>("web.listen", Change::file_only),
    port<&Config::web_port>("web.port"),
    {.name = "web.hosts", .set = set_hosts, .get = hosts_of},
    one_line<&Config::web_certificate>("web.certificate", Change::file_only),
    one_line<&Config::web_key>("web.key", Change::file_only),
    yes_no<&Config::devices>("devices.on"),
    one_line<&Config::devices_endpoint>("devices.endpoint", Change::file_only),
};

bool is_number(const SettingRow& row, const std::string& text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && value >= row.min &&
           value <= row.max;
}

/// A line of a file, of a log and of an answer of the search.
bool is_one_line(const std::string& text, std::size_t bytes_max) {
    constexpr unsigned char kFirstPrintable = 0x20;
    constexpr unsigned char kDelete = 0x7F;
    return text.size() <= bytes_max && base::is_utf8(text) &&
           std::all_of(text.begin(), text.end(), [](char c) {
               const auto byte = static_cast<unsigned char>(c);
               return byte >= kFirstPrintable && byte != kDelete;
           });
}

/// `"0", "1" or "2"`.
std::string either(std::span<const std::string_view> choices) {
    std::string words;
    for (std::size_t i = 0; i < choices.size(); ++i) {
        words += i == 0 ? "" : (i + 1 == choices.size() ? " or " : ", ");
        words += fmt::format("\"{}\"", choices[i]);
    }
    return words;
}

}  // namespace

std::span<const SettingRow> settings_table() { return kTable; }

const SettingRow* find_setting(std::string_view name) {
    const auto* const found = std::find_if(std::begin(kTable), std::end(kTable),
                                           [&](const auto& row) { return row.name == name; });
    return found == std::end(kTable) ? nullptr : found;
}

base::Done check_setting(const SettingRow& row, const std::string& text) {
    if (!row.choices.empty()) {
        const bool known =
            std::find(row.choices.begin(), row.choices.end(), text) != row.choices.end();
        return known ? base::Done() : base::Done(base::bad_field(row.name, either(row.choices)));
    }
    if (row.max != 0) {
        return is_number(row, text)
                   ? base::Done()
                   : base::Done(base::bad_field(
                         row.name, fmt::format("\"a number from {} to {}\"", row.min, row.max)));
    }
    return is_one_line(text, row.bytes_max)
               ? base::Done()
               : base::Done(base::bad_field(
                     row.name, fmt::format("a text of one line, at most {} bytes", row.bytes_max)));
}

base::Error unknown_setting(std::string_view name) {
    std::string names;
    for (const SettingRow& row : kTable) {
        names += (names.empty() ? "one of " : ", ") + std::string(row.name);
    }
    return base::bad_field(name, names);
}

}  // namespace tillhost::licd::runtime
