#include "devd/core/shop.h"

#include <fmt/format.h>

#include <array>

#include "devd/core/device_mirror.h"

namespace tillhost::devd::core {
namespace {

constexpr std::string_view kRegistrars = "fiscal/";
constexpr std::string_view kTerminals = "payment/";
constexpr std::string_view kPrinters = "printer/";

struct Named {
    std::string_view key;
    const std::string& device;
    std::string_view wanted;  ///< for people
    std::string_view drivers;
    std::string_view or_drivers;

    bool takes(std::string_view driver) const {
        // Of which class another host's device is, only that host knows.
        return driver.starts_with(drivers) || driver.starts_with(or_drivers) ||
               driver == kRemoteDriver;
    }
};

}  // namespace

std::vector<ShopFault> faults_of(const ShopDefaults& shop, const DriverOf& driver_of) {
    const std::array<Named, 4> all{
        {{"registrar", shop.registrar, "fiscal registrar", kRegistrars, kRegistrars},
         {"substitute", shop.substitute, "fiscal registrar", kRegistrars, kRegistrars},
         {"terminal", shop.terminal, "card terminal", kTerminals, kTerminals},
         {"printer", shop.printer, "receipt printer or registrar", kPrinters, kRegistrars}}};
    std::vector<ShopFault> faults;
    for (const Named& named : all) {
        if (named.device.empty() || named.device == kNobody) {
            continue;
        }
        const std::string* const driver = driver_of(named.device);
        if (driver == nullptr) {
            faults.push_back({named.key, named.device,
                              fmt::format("{} names '{}', and no such device is set up: set it up "
                                          "under this id, or name another one and restart devd",
                                          named.key, named.device)});
        } else if (!named.takes(*driver)) {
            faults.push_back(
                {named.key, named.device,
                 fmt::format("{} names '{}', which is no {} but {}: name another one and restart "
                             "devd",
                             named.key, named.device, named.wanted, *driver)});
        }
    }
    return faults;
}

}  // namespace tillhost::devd::core
