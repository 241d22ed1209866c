#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hal/transport/address.h"

// What ports this machine has, and whether each could be opened. Opens none.
namespace tillhost::transport {

inline constexpr std::size_t kPortsMax = 256;

/// The USB adapter behind a serial port, as it describes itself (sysfs).
struct UsbAdapter {
    std::uint16_t vendor = 0;
    std::uint16_t product = 0;
    std::string serial;
    std::string maker;
    std::string name;
};

struct FoundPort {
    Address address;
    std::string by_id;  ///< the link below /dev/serial/by-id, empty if there is none
    /// 0 if this process could open it; else why not, as errno: ENOENT, EACCES, ENOTTY, …
    int obstacle = 0;
    pid_t holder_pid = 0;  ///< the process that has it open, 0 if none can be seen
    std::string holder;    ///< its program
    std::optional<UsbAdapter> adapter;
};

/// Where a system's ports are described; other folders in tests.
struct PortFolders {
    std::string tty_class = "/sys/class/tty";
    std::string dev = "/dev";
};

/// All serial ports that have hardware behind them, by path. Reads sysfs and /proc: some
/// milliseconds, more on a machine with thousands of processes.
std::vector<FoundPort> list_serial_ports(const PortFolders& folders = {});

/// One port, whether it can be listed or not. A TCP address is not tried, nor a HID
/// device that is named by its ids.
FoundPort look_at(const Address& address, const PortFolders& folders = {});

}  // namespace tillhost::transport
