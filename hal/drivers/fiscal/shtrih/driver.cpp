#include "hal/drivers/fiscal/shtrih/driver.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "hal/drivers/fiscal/shtrih/registrar.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::Done;
using base::Result;

base::Error wrong_setting(std::string_view name, std::string_view expected) {
    return base::make_error(base::ErrorCode::config_invalid,
                            fmt::format("settings.{}: {}", name, expected));
}

Done read_password(const std::string& value, Settings& settings) {
    const char* const end = value.data() + value.size();
    const auto [stop, problem] = std::from_chars(value.data(), end, settings.password);
    if (problem != std::errc() || stop != end) {
        return wrong_setting("password", "a number from 0 to 4294967295");
    }
    return {};
}

Done read_serial(const std::string& value, Settings& settings) {
    constexpr std::size_t kDigitsMax = 16;
    const bool digits = value.find_first_not_of("0123456789") == std::string::npos;
    const std::size_t first = value.find_first_not_of('0');
    if (!digits || value.size() > kDigitsMax || first == std::string::npos) {
        return wrong_setting("serial", "the serial number on the plate, up to 16 digits");
    }
    settings.serial = value.substr(first);
    return {};
}

Result<Settings> read_settings(const std::vector<contract::Setting>& settings) {
    Settings read;
    for (const contract::Setting& setting : settings) {
        if (setting.name == "password") {
            TRY(read_password(setting.value, read));
        } else if (setting.name == "serial") {
            TRY(read_serial(setting.value, read));
        } else {
            return wrong_setting(setting.name, "not known; there are port, password, serial");
        }
    }
    return read;
}

}  // namespace

Result<std::unique_ptr<device::Driver>> make_driver_with_bugs(
    const std::vector<contract::Setting>& settings, std::unique_ptr<transport::Connector> connector,
    const os::Clock& clock, KnownBugs bugs) {
    Settings read = TRY(read_settings(settings));
    if (!connector) {
        return wrong_setting("port", "where the registrar is connected");
    }
    return device::make_driver(
        std::make_unique<Registrar>(std::move(read), std::move(connector), clock, bugs));
}

Result<std::unique_ptr<device::Driver>> make_driver(const std::vector<contract::Setting>& settings,
                                                    std::unique_ptr<transport::Connector> connector,
                                                    const os::Clock& clock) {
    return make_driver_with_bugs(settings, std::move(connector), clock, {});
}

}  // namespace tillhost::drivers::shtrih
