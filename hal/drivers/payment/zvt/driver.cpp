#include "hal/drivers/payment/zvt/driver.h"

#include <utility>

#include "hal/device/setting.h"
#include "hal/drivers/payment/zvt/manifest.h"
#include "hal/drivers/payment/zvt/terminal.h"

namespace tillhost::drivers::zvt {
namespace {

using base::Result;
using device::is_first;
using device::number_of;
using device::wrong_setting;

Result<Password> read_password(const contract::Setting& setting) {
    constexpr std::size_t kDigitsMax = 6;
    const bool digits = setting.value.find_first_not_of("0123456789") == std::string::npos;
    if (!digits || setting.value.empty() || setting.value.size() > kDigitsMax) {
        return wrong_setting(setting.name, "up to 6 digits");
    }
    return number_of(setting, 0, 999'999);
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

base::Done read_setting(const contract::Setting& setting, Settings& read) {
    if (setting.name == "link") {
        read.serial_frames = !TRY(is_first(setting, "tcp", "serial"));
    } else if (setting.name == "password") {
        read.password = TRY(read_password(setting));
    } else if (setting.name == "currency") {
        if (currency_number(setting.value) == 0) {
            return wrong_setting(setting.name, "three letters, such as EUR, CHF or PLN");
        }
        read.currency = setting.value;
    } else if (setting.name == "prints") {
        read.till_prints = TRY(is_first(setting, "till", "terminal"));
    } else if (setting.name == "charset") {
        read.charset = TRY(read_charset(setting));
    } else if (setting.name == "answer_timeout_s") {
        read.timeouts.answer = std::chrono::seconds(TRY(number_of(setting, 1, 60)));
    } else if (setting.name == "completion_timeout_s") {
        read.timeouts.completion = std::chrono::seconds(TRY(number_of(setting, 30, 600)));
    } else if (setting.name == "keep_open") {
        read.keep_open = TRY(is_first(setting, "yes", "no"));
    } else {
        return device::unknown_setting(setting.name, kPages);
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
