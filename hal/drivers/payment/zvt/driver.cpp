#include "hal/drivers/payment/zvt/driver.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "hal/drivers/payment/zvt/manifest.h"
#include "hal/drivers/payment/zvt/terminal.h"

namespace tillhost::drivers::zvt {
namespace {

using base::Result;

base::Error wrong_setting(std::string_view name, std::string_view expected) {
    return base::make_error(base::ErrorCode::config_invalid,
                            fmt::format("settings.{}: {}", name, expected));
}

Result<std::int64_t> read_number(const contract::Setting& setting, std::int64_t min,
                                 std::int64_t max) {
    const char* const end = setting.value.data() + setting.value.size();
    std::int64_t number = 0;
    const auto [stop, problem] = std::from_chars(setting.value.data(), end, number);
    if (problem != std::errc() || stop != end || number < min || number > max) {
        return wrong_setting(setting.name, fmt::format("a whole number from {} to {}", min, max));
    }
    return number;
}

/// One of two words; true for the first.
Result<bool> read_choice(const contract::Setting& setting, std::string_view first,
                         std::string_view second) {
    if (setting.value != first && setting.value != second) {
        return wrong_setting(setting.name, fmt::format("{} or {}", first, second));
    }
    return setting.value == first;
}

Result<Password> read_password(const contract::Setting& setting) {
    constexpr std::size_t kDigitsMax = 6;
    const bool digits = setting.value.find_first_not_of("0123456789") == std::string::npos;
    if (!digits || setting.value.empty() || setting.value.size() > kDigitsMax) {
        return wrong_setting(setting.name, "up to 6 digits");
    }
    return read_number(setting, 0, 999'999);
}

Result<Charset> read_charset(const contract::Setting& setting) {
    for (const auto& [name, charset] :
         {std::pair("auto", Charset::automatic), std::pair("cp437", Charset::cp437),
          std::pair("latin1", Charset::latin1), std::pair("utf8", Charset::utf8)}) {
        if (setting.value == name) {
            return charset;
        }
    }
    return wrong_setting(setting.name, "auto, cp437, latin1 or utf8");
}

std::string setting_names() {
    std::string names;
    for (const device::Page& page : kPages) {
        for (const device::Field& field : page.fields) {
            names += names.empty() ? "" : ", ";
            names += field.name;
        }
    }
    return names;
}

base::Done read_setting(const contract::Setting& setting, Settings& read) {
    if (setting.name == "link") {
        read.serial_frames = !TRY(read_choice(setting, "tcp", "serial"));
    } else if (setting.name == "password") {
        read.password = TRY(read_password(setting));
    } else if (setting.name == "currency") {
        if (currency_number(setting.value) == 0) {
            return wrong_setting(setting.name, "three letters, such as EUR, CHF or PLN");
        }
        read.currency = setting.value;
    } else if (setting.name == "prints") {
        read.till_prints = TRY(read_choice(setting, "till", "terminal"));
    } else if (setting.name == "charset") {
        read.charset = TRY(read_charset(setting));
    } else if (setting.name == "answer_timeout_s") {
        read.timeouts.answer = std::chrono::seconds(TRY(read_number(setting, 1, 60)));
    } else if (setting.name == "completion_timeout_s") {
        read.timeouts.completion = std::chrono::seconds(TRY(read_number(setting, 30, 600)));
    } else if (setting.name == "keep_open") {
        read.keep_open = TRY(read_choice(setting, "yes", "no"));
    } else {
        return wrong_setting(setting.name, "not known; there are: " + setting_names());
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<device::Driver>> make_driver(const std::vector<contract::Setting>& settings,
                                                    std::unique_ptr<transport::Connector> connector,
                                                    const os::Clock& clock) {
    return make_driver_with_bugs(settings, std::move(connector), clock, {});
}

Result<std::unique_ptr<device::Driver>> make_driver_with_bugs(
    const std::vector<contract::Setting>& settings, std::unique_ptr<transport::Connector> connector,
    const os::Clock& clock, KnownBugs bugs) {
    Settings read;
    for (const contract::Setting& setting : settings) {
        TRY(read_setting(setting, read));
    }
    if (!connector) {
        return wrong_setting("port", "where the terminal is connected");
    }
    return device::make_driver(
        std::make_unique<Terminal>(std::move(read), std::move(connector), clock, bugs));
}

}  // namespace tillhost::drivers::zvt
