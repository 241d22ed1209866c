#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tillhost::devd::core {

/// In the place of a device: none, whatever the shop says.
inline constexpr std::string_view kNobody = "-";

/// Devices of a sale that names none ([shop] of devd.toml); empty = there is none.
struct ShopDefaults {
    std::string registrar{};
    std::string substitute{};
    std::string terminal{};
    std::string printer{};
};

/// One of them that cannot be what it is named for. A sale that needs it is refused.
struct ShopFault {
    std::string_view key;  ///< "registrar"
    std::string device;
    std::string text;  ///< for people: what is wrong and what to do
};

/// The driver of a device; nullptr if there is no such device.
using DriverOf = std::function<const std::string*(const std::string& device)>;

/// What is named and is not there, or is of another class, in the order of the fields.
std::vector<ShopFault> faults_of(const ShopDefaults& shop, const DriverOf& driver_of);

}  // namespace tillhost::devd::core
