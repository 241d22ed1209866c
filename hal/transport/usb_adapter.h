#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The USB device behind a device node, and how it is told from another one. Read from sysfs;
// nothing is opened.
namespace tillhost::transport {

inline constexpr std::size_t kAdapterNameBytesMax = 256;

/// As it describes itself, and where it is plugged in.
struct UsbAdapter {
    std::uint16_t vendor = 0;
    std::uint16_t product = 0;
    std::string serial{};
    std::string maker{};
    std::string name{};
    /// The host controller and the ports on the way to it, "0000:00:14.0/1.2". Unlike the number of
    /// the bus it is the same after a restart.
    std::string place{};
    std::uint8_t interface = 0;  ///< bInterfaceNumber of the interface behind the node
    std::uint8_t channel = 0;  ///< of an adapter with several ports on one interface (port_number)
    friend bool operator==(const UsbAdapter&, const UsbAdapter&) = default;
};

/// Where a system's devices are described; other folders in tests.
struct SystemFolders {
    std::string sys = "/sys";
    std::string dev = "/dev";
};

/// What the node belongs to ("/dev/ttyUSB0", "/dev/bus/usb/001/004", not a link); nothing if that
/// is no USB device.
std::optional<UsbAdapter> adapter_behind(const std::string& node,
                                         const SystemFolders& folders = {});

// Names of a USB device, as the setting `adapter` has them. Behind either stands "#INTERFACE", or
// "#INTERFACE.CHANNEL", where it is not the first of both.

/// "0c2e:0b61:SN0001": wherever it is plugged in. Empty if it has no serial number, or one that
/// its factory gives to every piece.
std::string by_serial(const UsbAdapter& adapter);
/// "1a86:7523@0000:00:14.0/1.2": whatever of that kind is plugged in there. Empty if the place
/// cannot be told.
std::string by_place(const UsbAdapter& adapter);
/// Whether `name` is one of the two. A serial number that a second device has too names neither.
bool is_named(const UsbAdapter& adapter, std::string_view name, const SystemFolders& folders = {});
/// Whether `name` is one of the device itself, whichever of its interfaces it means.
bool names_device(std::string_view name, const UsbAdapter& device);

/// The name by which it is known best now: by_serial, unless a second device with the same number
/// is plugged in; else by_place. Empty if it has neither.
std::string name_of(const UsbAdapter& adapter, const SystemFolders& folders = {});
/// Whether an address that names a device by its ids (HidAddress, UsbAddress) may mean this one.
template <class Ids>
bool is_meant(const Ids& address, const UsbAdapter& is) {
    return address.vendor == is.vendor && address.product == is.product &&
           (address.serial.empty() || address.serial == is.serial) &&
           (address.place.empty() || address.place == is.place);
}

/// A device that is plugged in, as a whole: without interface and channel.
struct PluggedIn {
    UsbAdapter adapter;
    std::string node;     ///< of usbfs, "/dev/bus/usb/001/004"
    bool prints = false;  ///< it has an interface of the class printers
};
/// All USB devices, by the names of their places in sysfs.
std::vector<PluggedIn> plugged_in(const SystemFolders& folders = {});

/// Whether no other device that is plugged in has its vendor, product and serial number.
bool is_only_one(const UsbAdapter& adapter, const SystemFolders& folders = {});

}  // namespace tillhost::transport
