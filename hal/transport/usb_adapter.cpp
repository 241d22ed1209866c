#include "hal/transport/usb_adapter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "hal/transport/follow_links.h"
#include "hal/transport/sysfs.h"

namespace tillhost::transport {
namespace {

constexpr int kLevelsToUsbMax = 8;   // from a node's device up to the USB device that it belongs to
constexpr int kLevelsToHostMax = 8;  // a USB device sits behind five hubs at most
constexpr std::uint16_t kPrinterClass = 7;  // USB Device Class Definition for Printing Devices 1.1
constexpr std::size_t kSerialBytesMax = 100;
constexpr std::size_t kPlaceBytesMax = 100;
/// The classes of which a shop's devices have nodes, as below /sys/class.
constexpr std::array<const char*, 3> kNodeClasses{"tty", "hidraw", "usbmisc"};

std::string parent_of(const std::string& folder) {
    return folder.substr(0, std::min(folder.rfind('/'), folder.size()));
}

std::string last_of(const std::string& folder) { return folder.substr(folder.rfind('/') + 1); }

std::uint8_t small_number(const std::string& text, int base) {
    std::uint8_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number, base);
    return number;
}

/// The device of a node of usbfs, "…/bus/usb/BUS/DEVICE".
std::string usbfs_device_of(const std::string& node, const SystemFolders& folders) {
    const std::string all = folders.sys + "/bus/usb/devices";
    for (const std::string& name : names_in(all)) {
        const std::string folder = all + "/" + name;
        const int bus = small_number(attribute(folder, "busnum"), 10);
        const int device = small_number(attribute(folder, "devnum"), 10);
        if (bus != 0 && node.ends_with(fmt::format("/bus/usb/{:03}/{:03}", bus, device))) {
            return follow_links(folder);
        }
    }
    return {};
}

/// The device of a node, behind all links; empty if there is none.
std::string device_of(const std::string& node, const SystemFolders& folders) {
    if (node.find("/bus/usb/") != std::string::npos) {
        return usbfs_device_of(node, folders);
    }
    const std::string name = last_of(node);
    for (const char* const one : kNodeClasses) {
        const std::string device =
            follow_links(fmt::format("{}/class/{}/{}/device", folders.sys, one, name));
        if (!device.empty()) {
            return device;
        }
    }
    return {};
}

/// "0000:00:14.0/1.2" of ".../0000:00:14.0/usb1/1-1/1-1.2"
std::string place_of(const std::string& usb_device) {
    const std::string name = last_of(usb_device);
    const std::size_t dash = name.find('-');
    std::string folder = parent_of(usb_device);
    for (int level = 0; dash != std::string::npos && level < kLevelsToHostMax; ++level) {
        if (last_of(folder).starts_with("usb")) {
            const std::string place = last_of(parent_of(folder)) + "/" + name.substr(dash + 1);
            return place.size() <= kPlaceBytesMax ? place : std::string();
        }
        folder = parent_of(folder);
    }
    return {};
}

UsbAdapter described_by(const std::string& usb_device) {
    UsbAdapter adapter;
    adapter.vendor = hex_attribute(usb_device, "idVendor");
    adapter.product = hex_attribute(usb_device, "idProduct");
    adapter.serial = attribute(usb_device, "serial");
    adapter.maker = attribute(usb_device, "manufacturer");
    adapter.name = attribute(usb_device, "product");
    adapter.place = place_of(usb_device);
    return adapter;
}

/// Whether one of the device's interfaces is of the class printers. `name` is that of its folder,
/// in which the interfaces are "NAME:CONFIGURATION.INTERFACE".
bool prints(const std::string& folder, const std::string& name) {
    for (const std::string& entry : names_in(folder)) {
        if (entry.starts_with(name + ":") &&
            hex_attribute(folder + "/" + entry, "bInterfaceClass") == kPrinterClass) {
            return true;
        }
    }
    return false;
}

/// Whether a serial number tells pieces apart. Zeros do not, and "0001" is what each CP2102 leaves
/// the factory with (its data sheet, default USB configuration data).
bool tells_apart(const std::string& serial) {
    const auto printable = [](char c) { return c > ' ' && c <= '~'; };
    return serial.size() <= kSerialBytesMax && serial != "0001" &&
           std::all_of(serial.begin(), serial.end(), printable) &&
           serial.find_first_not_of('0') != std::string::npos;
}

std::string part_of(const UsbAdapter& adapter) {
    if (adapter.channel != 0) {
        return fmt::format("#{}.{}", adapter.interface, adapter.channel);
    }
    const bool ambiguous = adapter.serial.find('#') != std::string::npos;
    return adapter.interface != 0 || ambiguous ? fmt::format("#{}", adapter.interface) : "";
}

/// A name without "#INTERFACE.CHANNEL".
std::string_view without_part(std::string_view name) {
    const std::size_t mark = name.rfind('#');
    const bool is_part = mark != std::string_view::npos &&
                         name.find_first_not_of("0123456789.", mark + 1) == std::string_view::npos;
    return is_part ? name.substr(0, mark) : name;
}

}  // namespace

std::optional<UsbAdapter> adapter_behind(const std::string& node, const SystemFolders& folders) {
    std::string folder = device_of(node, folders);
    std::uint8_t interface = 0;
    std::uint8_t channel = 0;
    for (int level = 0; level < kLevelsToUsbMax && !folder.empty(); ++level) {
        if (has_attribute(folder, "port_number")) {
            channel = small_number(attribute(folder, "port_number"), 10);
        }
        if (has_attribute(folder, "bInterfaceNumber")) {
            interface = small_number(attribute(folder, "bInterfaceNumber"), 16);
        }
        if (has_attribute(folder, "idVendor")) {
            UsbAdapter adapter = described_by(folder);
            adapter.interface = interface;
            adapter.channel = channel;
            return adapter;
        }
        folder = parent_of(folder);
    }
    return std::nullopt;
}

std::string by_serial(const UsbAdapter& adapter) {
    return tells_apart(adapter.serial)
               ? fmt::format("{:04x}:{:04x}:{}{}", adapter.vendor, adapter.product, adapter.serial,
                             part_of(adapter))
               : std::string();
}

std::string by_place(const UsbAdapter& adapter) {
    return adapter.place.empty() ? std::string()
                                 : fmt::format("{:04x}:{:04x}@{}{}", adapter.vendor,
                                               adapter.product, adapter.place, part_of(adapter));
}

bool is_named(const UsbAdapter& adapter, std::string_view name, const SystemFolders& folders) {
    return !name.empty() && (name == by_place(adapter) ||
                             (name == by_serial(adapter) && is_only_one(adapter, folders)));
}

bool names_device(std::string_view name, const UsbAdapter& device) {
    const std::string_view whole = without_part(name);
    return !whole.empty() &&
           (whole == without_part(by_serial(device)) || whole == without_part(by_place(device)));
}

std::vector<PluggedIn> plugged_in(const SystemFolders& folders) {
    const std::string all = folders.sys + "/bus/usb/devices";
    std::vector<PluggedIn> found;
    for (const std::string& name : names_in(all)) {
        const std::string folder = all + "/" + name;
        if (has_attribute(folder, "idVendor")) {
            const int bus = small_number(attribute(folder, "busnum"), 10);
            const int device = small_number(attribute(folder, "devnum"), 10);
            found.push_back({described_by(follow_links(folder)),
                             fmt::format("{}/bus/usb/{:03}/{:03}", folders.dev, bus, device),
                             prints(folder, name)});
        }
    }
    return found;
}

bool is_only_one(const UsbAdapter& adapter, const SystemFolders& folders) {
    const std::vector<PluggedIn> all = plugged_in(folders);
    return std::count_if(all.begin(), all.end(), [&adapter](const PluggedIn& one) {
               return one.adapter.vendor == adapter.vendor &&
                      one.adapter.product == adapter.product &&
                      one.adapter.serial == adapter.serial;
           }) <= 1;
}

std::string name_of(const UsbAdapter& adapter, const SystemFolders& folders) {
    const std::string number = by_serial(adapter);
    const std::string place = by_place(adapter);
    return number.empty() || (!place.empty() && !is_only_one(adapter, folders)) ? place : number;
}

}  // namespace tillhost::transport
