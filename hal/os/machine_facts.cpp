#include "hal/os/machine_facts.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "hal/os/digest.h"
#include "hal/os/files.h"

namespace tillhost::os {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileBytesMaxHere = 256 * 1024;
constexpr int kLayersMax = 8;  // of dm upon md upon dm …
constexpr std::size_t kDisksMax = 64;
constexpr std::size_t kNicsMax = 64;
constexpr std::size_t kHostNameBytesMax = 256;
constexpr std::string_view kPurpose = "tillhost licd machine id 1";

std::string text_of(const fs::path& path) {
    const auto bytes = read_file(path.string(), kFileBytesMaxHere);
    return bytes ? base::string_of(*bytes) : "";
}

std::string first_line(const fs::path& path) {
    const std::string text = text_of(path);
    return text.substr(0, text.find('\n'));
}

std::vector<std::string> split(std::string_view text, char at) {
    std::vector<std::string> parts;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find(at, begin), text.size());
        parts.emplace_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

std::vector<std::string> entries_of(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        names.push_back(at->path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

bool is_there(const fs::path& path) {
    std::error_code error;
    return fs::exists(path, error);
}

/// The name of the block device that is mounted on "/": "sda2", "dm-0".
std::optional<std::string> root_device(const fs::path& root) {
    std::optional<std::string> found;
    for (const std::string& line : split(text_of(root / "proc/self/mountinfo"), '\n')) {
        // proc(5): id parent major:minor root mount-point options … - type source options
        const auto words = split(line, ' ');
        if (words.size() < 5 || words[4] != "/") {
            continue;
        }
        std::error_code error;
        const fs::path node = fs::canonical(root / "sys/dev/block" / words[2], error);
        if (!error) {
            found = node.filename().string();  // the last mount lies on top
            continue;
        }
        const auto dash = std::find(words.begin(), words.end(), "-");
        const std::string source = words.end() - dash > 2 ? *(dash + 2) : "";
        const std::string name = fs::path(source).filename().string();  // btrfs has no number
        if (source.starts_with("/dev/") && is_there(root / "sys/class/block" / name)) {
            found = name;
        }
    }
    return found;
}

/// Down through partitions, dm and md to the disks themselves.
void add_disks(const fs::path& root, const std::string& name, int depth,
               std::set<std::string>& disks) {
    if (depth > kLayersMax || disks.size() >= kDisksMax) {
        return;
    }
    std::error_code error;
    const fs::path node = fs::canonical(root / "sys/class/block" / name, error);
    if (error) {
        return;
    }
    const auto below = entries_of(node / "slaves");
    for (const std::string& one : below) {
        add_disks(root, one, depth + 1, disks);
    }
    if (!below.empty()) {
        return;
    }
    if (is_there(node / "partition")) {
        add_disks(root, node.parent_path().filename().string(), depth + 1, disks);
        return;
    }
    disks.insert(name);
}

std::string udev_serial(const fs::path& root, const fs::path& node) {
    const std::string number = first_line(node / "dev");
    constexpr std::string_view kField = "E:ID_SERIAL_SHORT=";
    for (const std::string& line : split(text_of(root / ("run/udev/data/b" + number)), '\n')) {
        if (line.starts_with(kField)) {
            return line.substr(kField.size());
        }
    }
    return "";
}

std::string disk_serial(const fs::path& root, const std::string& name) {
    const fs::path node = root / "sys/class/block" / name;
    for (const char* file : {"serial", "device/serial", "wwid", "device/wwid"}) {
        const std::string serial = first_line(node / file);
        if (!serial.empty() && serial != first_line(node / "device/model")) {
            return serial;
        }
    }
    return udev_serial(root, node);
}

std::optional<std::vector<std::string>> read_disks(const fs::path& root) {
    const auto device = root_device(root);
    if (!device) {
        return std::nullopt;
    }
    std::set<std::string> disks;
    add_disks(root, *device, 0, disks);
    std::vector<std::string> serials;
    for (const std::string& disk : disks) {
        const std::string serial = disk_serial(root, disk);
        if (!serial.empty()) {
            serials.push_back(serial);
        }
    }
    return serials;
}

std::vector<std::string> read_board(const fs::path& root) {
    std::vector<std::string> values;
    for (const char* file : {"product_uuid", "board_serial"}) {
        const std::string value = first_line(root / "sys/class/dmi/id" / file);
        if (!value.empty()) {
            values.push_back(value);
        }
    }
    return values;
}

std::vector<std::string> read_nics(const fs::path& root) {
    std::vector<std::string> addresses;
    const fs::path folder = root / "sys/class/net";
    for (const std::string& name : entries_of(folder)) {
        if (addresses.size() < kNicsMax && is_there(folder / name / "device")) {
            addresses.push_back(first_line(folder / name / "address"));
        }
    }
    return addresses;
}

/// A service from which the rest of /proc is hidden still has the name.
std::string read_host(const fs::path& root) {
    const std::string told = first_line(root / "proc/sys/kernel/hostname");
    std::array<char, kHostNameBytesMax> name{};
    if (!told.empty() || root != "/" || ::gethostname(name.data(), name.size() - 1) != 0) {
        return told;
    }
    return name.data();
}

}  // namespace

MachineFacts read_machine_facts(const std::string& root) {
    const fs::path from(root);
    return {read_board(from), read_disks(from), first_line(from / "etc/machine-id"),
            read_nics(from), read_host(from)};
}

std::string hashed_machine_id(std::string_view id) {
    return base::to_hex(hmac_sha256(base::bytes_of(id), base::bytes_of(kPurpose)));
}

}  // namespace tillhost::os
