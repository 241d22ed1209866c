#include "hal/transport/ports.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <memory>

#include "hal/os/files.h"
#include "hal/os/process.h"
#include "hal/transport/follow_links.h"

namespace tillhost::transport {
namespace {

constexpr std::size_t kAttributeBytesMax = 4096;
constexpr std::size_t kShownBytesMax = 128;
constexpr int kLevelsToUsbMax = 8;  // from a port's device up to the USB device that it belongs to
constexpr std::string_view kNoHardware = "0";  // PORT_UNKNOWN of the kernel's serial_core.h

struct FolderCloser {
    void operator()(DIR* folder) const { ::closedir(folder); }
};

std::vector<std::string> names_in(const std::string& path) {
    std::vector<std::string> names;
    const std::unique_ptr<DIR, FolderCloser> folder(::opendir(path.c_str()));
    while (const dirent* entry = folder ? ::readdir(folder.get()) : nullptr) {
        if (entry->d_name[0] != '.') {
            names.emplace_back(entry->d_name);
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

/// An attribute of sysfs: its first line; empty if it is not there.
std::string attribute(const std::string& folder, const char* name) {
    const auto bytes = os::read_file(folder + "/" + name, kAttributeBytesMax);
    if (!bytes) {
        return {};
    }
    std::string text = base::string_of(*bytes);
    text = text.substr(0, text.find('\n'));
    return text.substr(0, kShownBytesMax);
}

std::uint16_t hex_attribute(const std::string& folder, const char* name) {
    const std::string text = attribute(folder, name);
    std::uint16_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number, 16);
    return number;
}

std::optional<UsbAdapter> adapter_of(const std::string& tty_folder) {
    std::string folder = follow_links(tty_folder + "/device");
    for (int level = 0; level < kLevelsToUsbMax && !folder.empty(); ++level) {
        if (::access((folder + "/idVendor").c_str(), R_OK) == 0) {
            return UsbAdapter{hex_attribute(folder, "idVendor"), hex_attribute(folder, "idProduct"),
                              attribute(folder, "serial"), attribute(folder, "manufacturer"),
                              attribute(folder, "product")};
        }
        folder.resize(folder.rfind('/') == std::string::npos ? 0 : folder.rfind('/'));
    }
    return std::nullopt;
}

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

void look_at_node(const std::string& path, const PortFolders& folders, FoundPort& port) {
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
    port.by_id = link_to(folders.dev + "/serial/by-id", real);
    port.adapter = adapter_of(folders.tty_class + "/" + real.substr(real.rfind('/') + 1));
    take_holder(real, port);
}

/// Whether there is hardware: a virtual terminal has no device, an empty slot of a card no type.
bool has_hardware(const std::string& tty_folder) {
    return ::access((tty_folder + "/device").c_str(), F_OK) == 0 &&
           attribute(tty_folder, "type") != kNoHardware;
}

}  // namespace

std::vector<FoundPort> list_serial_ports(const PortFolders& folders) {
    std::vector<FoundPort> ports;
    for (const std::string& name : names_in(folders.tty_class)) {
        if (ports.size() < kPortsMax && has_hardware(folders.tty_class + "/" + name)) {
            ports.push_back(look_at(SerialAddress{folders.dev + "/" + name}, folders));
        }
    }
    return ports;
}

FoundPort look_at(const Address& address, const PortFolders& folders) {
    FoundPort port;
    port.address = address;
    if (const auto* serial = std::get_if<SerialAddress>(&address)) {
        look_at_node(serial->path, folders, port);
    } else if (const auto* pty = std::get_if<PtyAddress>(&address)) {
        look_at_node(pty->path, folders, port);
    } else if (const auto* hid = std::get_if<HidAddress>(&address);
               hid != nullptr && !hid->path.empty()) {
        look_at_node(hid->path, folders, port);
    }
    return port;
}

}  // namespace tillhost::transport
