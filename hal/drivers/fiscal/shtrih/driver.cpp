#include "hal/drivers/fiscal/shtrih/driver.h"

#include <charconv>
#include <utility>

#include "hal/device/setting.h"
#include "hal/device/training.h"
#include "hal/drivers/fiscal/shtrih/manifest.h"
#include "hal/drivers/fiscal/shtrih/registrar.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::Done;
using base::Result;
using device::is_first;
using device::wrong_setting;

Result<Password> read_password(const contract::Setting& setting) {
    const char* const end = setting.value.data() + setting.value.size();
    Password password = 0;
    const auto [stop, problem] = std::from_chars(setting.value.data(), end, password);
    if (problem != std::errc() || stop != end) {
        return wrong_setting(setting.name, "a number from 0 to 4294967295");
    }
    return password;
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

Done read_link(const std::string& value, Settings& settings) {
    if (value == "auto") {
        settings.link = LinkLayer::automatic;
    } else if (value == "standard") {
        settings.link = LinkLayer::standard;
    } else if (value == "numbered") {
        settings.link = LinkLayer::numbered;
    } else {
        return wrong_setting("link", "auto, standard or numbered");
    }
    return {};
}

Result<Settings> read_settings(const std::vector<contract::Setting>& settings) {
    Settings read;
    for (const contract::Setting& setting : settings) {
        if (setting.name == "password") {
            read.password = TRY(read_password(setting));
        } else if (setting.name == "admin_password") {
            read.admin_password = TRY(read_password(setting));
        } else if (setting.name == "foreign_receipt") {
            read.cancel_foreign = TRY(is_first(setting, "cancel", "refuse"));
        } else if (setting.name == "training") {
            read.training = TRY(is_first(setting, "yes", "no"));
        } else if (setting.name == "serial") {
            TRY(read_serial(setting.value, read));
        } else if (setting.name == "link") {
            TRY(read_link(setting.value, read));
        } else {
            return device::unknown_setting(setting.name, kPages);
        }
    }
    return read;
}

/// These registrars stand in Russian shops.
device::TrainingWords training_words() {
    device::TrainingWords words;
    words.mark = "*** УЧЕБНЫЙ РЕЖИМ: НЕ ЧЕК ***";
    words.sale = "ПРИХОД";
    words.sale_return = "ВОЗВРАТ ПРИХОДА";
    words.purchase = "РАСХОД";
    words.purchase_return = "ВОЗВРАТ РАСХОДА";
    words.correction = "КОРРЕКЦИЯ";
    words.open_shift = "СМЕНА ОТКРЫТА";
    words.close_shift = "СМЕНА ЗАКРЫТА";
    words.cash_in = "ВНЕСЕНИЕ";
    words.cash_out = "ВЫПЛАТА";
    words.x_report = "X-ОТЧЕТ";
    words.total = "ИТОГ";
    words.change = "СДАЧА";
    return words;
}

}  // namespace

Result<std::unique_ptr<device::Driver>> make_driver_with_bugs(
    const std::vector<contract::Setting>& settings, std::unique_ptr<transport::Connector> connector,
    const os::Clock& clock, KnownBugs bugs) {
    Settings read = TRY(read_settings(settings));
    if (!connector) {
        return wrong_setting("port", "where the registrar is connected");
    }
    const bool training = read.training;
    std::unique_ptr<device::FiscalRegistrar> registrar =
        std::make_unique<Registrar>(std::move(read), std::move(connector), clock, bugs);
    if (training) {
        registrar = device::make_training(std::move(registrar), training_words());
    }
    return device::make_driver(std::move(registrar));
}

Result<std::unique_ptr<device::Driver>> make_driver(const std::vector<contract::Setting>& settings,
                                                    std::unique_ptr<transport::Connector> connector,
                                                    const os::Clock& clock) {
    return make_driver_with_bugs(settings, std::move(connector), clock, {});
}

}  // namespace tillhost::drivers::shtrih
