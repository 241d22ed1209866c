// Which device was set up: what devd writes down of it when the connection check passes, so that
// another one behind the same port is told later.
#include <utility>

#include "devd/runtime/administration.h"
#include "devd/runtime/device_file.h"
#include "hal/transport/address.h"
#include "hal/transport/usb_adapter.h"

namespace tillhost::devd::runtime {
namespace {

constexpr std::string_view kAdapterSetting = "adapter";

/// What is to be remembered of the device: the strongest name that it has. A registrar that says
/// its own number may be moved to any port. A dongle is known by its credential, which the licence
/// server asks for: it may be moved, and be exchanged for the next one.
contract::Setting name_of(const contract::Manifest& manifest, const contract::Device& device) {
    if (manifest.device_class == contract::DeviceClass::dongle) {
        return {};
    }
    const auto* status =
        device.status ? std::get_if<contract::FiscalStatus>(&*device.status) : nullptr;
    if (status != nullptr && find_field(manifest, core::kIdentitySetting) != nullptr) {
        return {std::string(core::kIdentitySetting), status->identity.serial};
    }
    return {std::string(kAdapterSetting), device.adapter};
}

}  // namespace

base::Done Administration::remember(KnownDevice& device) {
    const contract::Manifest* manifest = find_manifest(parts_.manifests, device.config.driver);
    const auto seen = core_->device(device.config.id);
    if (device.origin != contract::DeviceOrigin::client || manifest == nullptr || !seen) {
        return {};  // what stands in an administrator's file is theirs
    }
    contract::Setting name = name_of(*manifest, *seen);
    const auto* field = find_field(*manifest, name.name);
    if (name.value.empty() || field == nullptr ||
        value_of(device.config.settings, name.name) != nullptr ||
        !check_setting(*manifest, *field, name.value)) {
        return {};
    }
    core::DeviceConfig next = device.config;
    next.settings.push_back(name);
    next.settings = in_order(*manifest, next.settings);
    TRY(write_device_file(parts_.state_folder, next));
    TRY(core_->remember(next));
    device.config = std::move(next);
    parts_.logger.notice("identity remembered",
                         {{"device", device.config.id}, {"setting", name.name}});
    return {};
}

std::vector<DeviceLine> Administration::lines() const {
    std::vector<DeviceLine> lines;
    for (const auto& [id, device] : devices_) {
        const std::string* port = value_of(device.config.settings, kPortSetting);
        const auto seen = port == nullptr ? std::nullopt : core_->device(id);
        if (seen) {
            lines.push_back({id, *port, seen->node});
        }
    }
    return lines;
}

void forget_remembered(std::vector<contract::Setting>& settings,
                       const std::vector<contract::Setting>& asked) {
    std::erase_if(settings, [&asked](const auto& one) {
        return (one.name == kAdapterSetting || one.name == core::kIdentitySetting) &&
               value_of(asked, one.name) == nullptr;
    });
}

bool fits(const core::DeviceConfig& device, const contract::Port& port) {
    const std::string* text = value_of(device.settings, kPortSetting);
    const auto address = text == nullptr ? base::Result<transport::Address>(base::Error{})
                                         : transport::parse_address(*text);
    if (!address || !port.adapter) {
        return false;
    }
    transport::UsbAdapter is;
    is.vendor = static_cast<std::uint16_t>(port.adapter->vendor);
    is.product = static_cast<std::uint16_t>(port.adapter->product);
    is.serial = port.adapter->serial;
    is.place = port.adapter->place;
    const std::string* remembered = value_of(device.settings, kAdapterSetting);
    if (remembered != nullptr && !transport::names_device(*remembered, is)) {
        return false;
    }
    const auto* hid = std::get_if<transport::HidAddress>(&*address);
    const auto* usb = std::get_if<transport::UsbAddress>(&*address);
    return (hid != nullptr && port.address.starts_with("hid:") && transport::is_meant(*hid, is)) ||
           (usb != nullptr && port.address.starts_with("usb:") && transport::is_meant(*usb, is));
}

/// What was remembered of a line says nothing of another one.
void forget_adapter(std::vector<contract::Setting>& settings) {
    std::erase_if(settings, [](const auto& one) { return one.name == kAdapterSetting; });
}

}  // namespace tillhost::devd::runtime
