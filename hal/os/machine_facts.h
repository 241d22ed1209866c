#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tillhost::os {

/// What this machine can be known by, as it stands in hardware and system: nothing is judged or
/// sorted out. Values are first lines of files, with the blanks that stand in them.
struct MachineFacts {
    /// sys/class/dmi/id/product_uuid and board_serial, which only root reads unless udev's rules
    /// say otherwise.
    std::vector<std::string> board;
    /// Of the disks under the mount of "/", through dm and md down to the physical ones: their
    /// serial, wwid, or udev's ID_SERIAL_SHORT. Nothing: what is mounted there is no disk.
    std::optional<std::vector<std::string>> disks;
    /// etc/machine-id. Not for anybody else: see hashed_machine_id.
    std::string machine_id;
    /// Addresses of the network cards that are devices (have a `device` link).
    std::vector<std::string> nics;
    std::string host;  ///< its name

    friend bool operator==(const MachineFacts&, const MachineFacts&) = default;
};

/// Reads them as an ordinary user from below `root` ("/" on a real machine, a made tree in a test).
/// What cannot be read is left out. Blocks for a few dozen small files of the kernel, none of which
/// waits for hardware. In a container the disk and the cards are the host's or none.
MachineFacts read_machine_facts(const std::string& root);

/// The id as it may leave the process: a hash for the purpose of licences only, as machine-id(5)
/// asks. Hex digits.
std::string hashed_machine_id(std::string_view id);

}  // namespace tillhost::os
