#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hal/transport/address.h"
#include "hal/transport/usb_adapter.h"

// What ports this machine has, and whether each could be opened. Opens none.
namespace tillhost::transport {

inline constexpr std::size_t kPortsMax = 256;

struct FoundPort {
    Address address;
    std::string by_id;  ///< the link below /dev/serial/by-id, empty if there is none
    /// The address under which the same port is found when it is plugged in again and nodes are
    /// renumbered: a link by serial number, else by place; the address itself of a port that is
    /// built in. Empty if there is none.
    std::string stable{};
    /// 0 if this process could open it; else why not, as errno: ENOENT, EACCES, ENOTTY, …
    int obstacle = 0;
    pid_t holder_pid = 0;  ///< the process that has it open, 0 if none can be seen
    std::string holder;    ///< its program
    std::optional<UsbAdapter> adapter;
};

/// All serial ports that have hardware behind them, by path. Reads sysfs and /proc: some
/// milliseconds, more on a machine with thousands of processes.
std::vector<FoundPort> list_serial_ports(const SystemFolders& folders = {});

/// HID devices on USB, without those of people: keyboards, mice, remote controls. Opens none: what
/// they are, their report descriptor in sysfs tells.
std::vector<FoundPort> list_hid_ports(const SystemFolders& folders = {});

/// USB devices with an interface of the class printers, by the address that each keeps.
std::vector<FoundPort> list_usb_printers(const SystemFolders& folders = {});

/// One port, whether it can be listed or not. A TCP address is not tried, nor a HID device that is
/// named by its ids. A USB device that several fit is looked at in none of them.
FoundPort look_at(const Address& address, const SystemFolders& folders = {});

}  // namespace tillhost::transport
