#include "hal/transport/ports.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "hal/os/files.h"
#include "hal/os/process.h"
#include "hal/transport/follow_links.h"
#include "hal/transport/sysfs.h"

namespace tillhost::transport {
namespace {

constexpr std::string_view kNoHardware = "0";  // PORT_UNKNOWN of the kernel's serial_core.h
/// Usage pages of devices for people (HID Usage Tables 1.12, section 3): generic desktop, consumer.
constexpr unsigned kDesktopPage = 0x01;
constexpr unsigned kConsumerPage = 0x0C;
constexpr std::size_t kDescriptorBytesMax = 4096;  // HID_MAX_DESCRIPTOR_SIZE of the kernel

/// The link of a folder of links that leads to this device node.
std::string link_to(const std::string& folder, const std::string& real_path) {
    for (const std::string& name : names_in(folder)) {
        if (follow_links(folder + "/" + name) == real_path) {
            return folder + "/" + name;
        }
    }
    return {};
}

/// "1234 (minicom)"
void take_holder(const std::string& real_path, FoundPort& port) {
    const std::string holder = os::holder_of(real_path);
    const std::size_t space = holder.find(' ');
    if (space == std::string::npos) {
        return;
    }
    port.holder_pid = static_cast<pid_t>(std::atoi(holder.c_str()));
    port.holder = holder.substr(space + 2, holder.size() - space - 3);
}

void look_at_node(const std::string& path, const SystemFolders& folders, FoundPort& port) {
    const std::string real = follow_links(path);
    struct stat status {};
    if (real.empty() || ::stat(real.c_str(), &status) != 0) {
        port.obstacle = errno == 0 ? ENOENT : errno;
        return;
    }
    if (!S_ISCHR(status.st_mode)) {
        port.obstacle = ENOTTY;
    } else if (::access(real.c_str(), R_OK | W_OK) != 0) {
        port.obstacle = errno;
    }
    port.adapter = adapter_behind(real, folders);
    take_holder(real, port);
}

/// Where udev keeps a link to it, and which of them stays.
void look_at_serial(const SerialAddress& serial, const SystemFolders& folders, FoundPort& port) {
    look_at_node(serial.path, folders, port);
    const std::string real = follow_links(serial.path);
    if (real.empty()) {
        return;
    }
    port.by_id = link_to(folders.dev + "/serial/by-id", real);
    if (!port.adapter) {
        port.stable = to_text(serial);
        return;
    }
    const bool by_number = !port.by_id.empty() && !by_serial(*port.adapter).empty() &&
                           is_only_one(*port.adapter, folders);
    const std::string link =
        by_number ? port.by_id : link_to(folders.dev + "/serial/by-path", real);
    port.stable = link.empty() ? link : to_text(SerialAddress{link, serial.baud});
}

/// The address of a device by what it says of itself, or by where it is plugged in. Nothing where
/// it has neither.
template <class UsbDevice>
std::optional<UsbDevice> stable_of(const UsbAdapter& adapter, const SystemFolders& folders) {
    UsbDevice address;
    address.vendor = adapter.vendor;
    address.product = adapter.product;
    if (!by_serial(adapter).empty() && is_only_one(adapter, folders)) {
        address.serial = adapter.serial;
    } else if (!adapter.place.empty()) {
        address.place = adapter.place;
    } else {
        return std::nullopt;
    }
    return address;
}

/// The only one that the address fits; ENOENT if there is none.
void look_at_usb(const UsbAddress& address, const SystemFolders& folders, FoundPort& port) {
    std::vector<PluggedIn> all = plugged_in(folders);
    std::erase_if(all, [&](const PluggedIn& one) { return !is_meant(address, one.adapter); });
    if (all.empty()) {
        port.obstacle = ENOENT;
    } else if (all.size() == 1) {
        look_at_node(all.front().node, folders, port);
    }
}

/// A report descriptor begins with its usage page: 05 page, or 06 and two bytes of it (Device Class
/// Definition for HID 1.11, 6.2.2.2).
bool is_for_people(const std::string& hid_device) {
    const auto bytes = os::read_file(hid_device + "/report_descriptor", kDescriptorBytesMax);
    if (!bytes || bytes->size() < 2 || (*bytes)[0] != std::byte{0x05}) {
        return false;
    }
    const auto page = std::to_integer<unsigned>((*bytes)[1]);
    return page == kDesktopPage || page == kConsumerPage;
}

/// Whether there is hardware: a virtual terminal has no device, an empty slot of a card no type.
bool has_hardware(const std::string& tty_folder) {
    return ::access((tty_folder + "/device").c_str(), F_OK) == 0 &&
           attribute(tty_folder, "type") != kNoHardware;
}

}  // namespace

std::vector<FoundPort> list_serial_ports(const SystemFolders& folders) {
    std::vector<FoundPort> ports;
    const std::string all = folders.sys + "/class/tty";
    for (const std::string& name : names_in(all)) {
        if (ports.size() < kPortsMax && has_hardware(all + "/" + name)) {
            ports.push_back(look_at(SerialAddress{folders.dev + "/" + name}, folders));
        }
    }
    return ports;
}

std::vector<FoundPort> list_hid_ports(const SystemFolders& folders) {
    std::vector<FoundPort> ports;
    const std::string all = folders.sys + "/class/hidraw";
    for (const std::string& name : names_in(all)) {
        if (ports.size() >= kPortsMax || is_for_people(all + "/" + name + "/device")) {
            continue;
        }
        FoundPort port = look_at(HidAddress{folders.dev + "/" + name}, folders);
        if (port.adapter) {
            const auto stable = stable_of<HidAddress>(*port.adapter, folders);
            port.stable = stable ? to_text(*stable) : "";
            ports.push_back(std::move(port));
        }
    }
    return ports;
}

std::vector<FoundPort> list_usb_printers(const SystemFolders& folders) {
    std::vector<FoundPort> ports;
    for (const PluggedIn& one : plugged_in(folders)) {
        if (!one.prints || ports.size() >= kPortsMax) {
            continue;
        }
        const auto stable = stable_of<UsbAddress>(one.adapter, folders);
        FoundPort& port = ports.emplace_back();
        port.address = stable.value_or(UsbAddress{one.adapter.vendor, one.adapter.product});
        port.stable = stable ? to_text(*stable) : "";
        look_at_node(one.node, folders, port);
        port.adapter = one.adapter;
    }
    return ports;
}

FoundPort look_at(const Address& address, const SystemFolders& folders) {
    FoundPort port;
    port.address = address;
    if (const auto* serial = std::get_if<SerialAddress>(&address)) {
        look_at_serial(*serial, folders, port);
    } else if (const auto* pty = std::get_if<PtyAddress>(&address)) {
        look_at_node(pty->path, folders, port);
    } else if (const auto* hid = std::get_if<HidAddress>(&address);
               hid != nullptr && !hid->path.empty()) {
        look_at_node(hid->path, folders, port);
    } else if (const auto* usb = std::get_if<UsbAddress>(&address)) {
        look_at_usb(*usb, folders, port);
    }
    return port;
}

}  // namespace tillhost::transport
