#include "licd/keys/machine_traits.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <set>

#include "hal/os/digest.h"
#include "hal/os/files.h"
#include "licd/keys/fields.h"

namespace tillhost::licd::keys {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileBytesMaxHere = 256 * 1024;
constexpr int kLayersMax = 8;  // of dm upon md upon dm …
constexpr std::size_t kDisksMax = 64;
constexpr std::string_view kPurpose = "tillhost licd machine id 1";

std::string first_line(const fs::path& path) {
    const auto bytes = os::read_file(path.string(), kFileBytesMaxHere);
    const std::string text = bytes ? base::string_of(*bytes) : "";
    return text.substr(0, text.find('\n'));
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
    const auto bytes = os::read_file((root / "proc/self/mountinfo").string(), kFileBytesMaxHere);
    std::optional<std::string> found;
    for (const std::string& line : split(bytes ? base::string_of(*bytes) : "", '\n')) {
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
    const auto bytes =
        os::read_file((root / ("run/udev/data/b" + number)).string(), kFileBytesMaxHere);
    constexpr std::string_view kField = "E:ID_SERIAL_SHORT=";
    for (const std::string& line : split(bytes ? base::string_of(*bytes) : "", '\n')) {
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

Trait read_disk(const fs::path& root) {
    const auto device = root_device(root);
    if (!device) {
        return make_trait(TraitKind::disk, {}, "what is mounted on / is no disk");
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
    return make_trait(TraitKind::disk, std::move(serials), "the disk tells no serial number");
}

Trait read_board(const fs::path& root) {
    std::vector<std::string> values;
    for (const char* file : {"product_uuid", "board_serial"}) {
        const std::string value = first_line(root / "sys/class/dmi/id" / file);
        if (!value.empty()) {
            values.push_back(value);
        }
    }
    return make_trait(TraitKind::board, std::move(values), "not readable without root");
}

Trait read_nics(const fs::path& root) {
    std::vector<std::string> addresses;
    const fs::path folder = root / "sys/class/net";
    for (const std::string& name : entries_of(folder)) {
        if (is_there(folder / name / "device")) {
            addresses.push_back(first_line(folder / name / "address"));
        }
    }
    return make_trait(TraitKind::nic, std::move(addresses), "there is no network card");
}

/// The identity itself is nobody's business (machine-id(5)): only a hash for this purpose leaves.
Trait read_machine_id(const fs::path& root) {
    const std::string id = first_line(root / "etc/machine-id");
    const Trait plain = make_trait(TraitKind::machine_id, {id}, "");
    if (plain.values.empty()) {
        return make_trait(TraitKind::machine_id, {},
                          id.empty() ? "/etc/machine-id is not there" : plain.weak);
    }
    const os::Sha256 own =
        os::hmac_sha256(base::bytes_of(plain.values.front()), base::bytes_of(kPurpose));
    return make_trait(TraitKind::machine_id, {base::to_hex(own)}, "");
}

}  // namespace

Traits read_machine_traits(const std::string& root) {
    const fs::path from(root);
    const std::string host = first_line(from / "proc/sys/kernel/hostname");
    return {read_board(from), read_disk(from), read_machine_id(from), read_nics(from),
            make_trait(TraitKind::host, {host}, "")};
}

}  // namespace tillhost::licd::keys
