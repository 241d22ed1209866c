#include "ipc/host_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "hal/os/files.h"
#include "ipc/pairing.h"
#include "ipc/text_tables.h"

namespace tillhost::ipc {
namespace {

using base::ErrorCode;
using base::make_error;

constexpr unsigned kFolderMode = 0700;
constexpr unsigned kFileMode = 0600;
constexpr std::size_t kFileBytesMax = 4096;
constexpr std::size_t kNameBytesMax = 64;
constexpr std::string_view kFormat = "1";

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

base::Result<HostFile> from_table(const TextTable& table) {
    HostFile host;
    host.address = TRY(parse_tcp_address(table.get("address"), kNetworkPort));
    host.host_key = table.get("host_key");
    host.workstation = table.get("workstation");
    if (table.get("format") != kFormat || !is_key(host.host_key)) {
        return base::bad_field("host_key", "as tillctl pair wrote it, with format = \"1\"");
    }
    host.own = TRY(KeyPair::from_secret(Secret(table.get("secret_key"))));
    if (const std::string* next = table.find("next_secret_key")) {
        host.next = TRY(KeyPair::from_secret(Secret(*next)));
    }
    return host;
}

/// Every folder of the path that is not there.
base::Done make_folders(const std::string& path) {
    for (std::size_t end = path.find('/', 1); end != std::string::npos;
         end = path.find('/', end + 1)) {
        TRY(os::make_folder(path.substr(0, end), kFolderMode));
    }
    return {};
}

}  // namespace

std::string hosts_folder() {
    if (const std::string folder = environment("TILLHOST_HOSTS_DIR"); !folder.empty()) {
        return folder;
    }
    const std::string config = environment("XDG_CONFIG_HOME");
    return (config.empty() ? environment("HOME") + "/.config" : config) + "/tillhost/hosts";
}

bool is_host_name(std::string_view name) {
    return !name.empty() && name.size() <= kNameBytesMax && name.front() != '.' &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_' || c == '.';
           });
}

std::string host_file_path(const std::string& name) {
    return hosts_folder() + "/" + name + ".toml";
}

base::Result<HostFile> read_host_file_at(const std::string& path) {
    const base::Bytes bytes = TRY(os::read_file(path, kFileBytesMax));
    const auto tables = read_text_tables(base::string_of(bytes));
    auto host = tables ? from_table(tables->front()) : base::Result<HostFile>(tables.error());
    if (!host) {
        return make_error(ErrorCode::config_invalid,
                          fmt::format("{}: {}", path, host.error().detail));
    }
    return host;
}

base::Result<HostFile> read_host_file(const std::string& name) {
    if (!is_host_name(name)) {
        return base::bad_field("host", "a name that tillctl pair --with has saved");
    }
    const std::string path = host_file_path(name);
    if (::access(path.c_str(), F_OK) != 0) {
        return make_error(ErrorCode::not_paired, fmt::format("{} is not there", path));
    }
    return read_host_file_at(path);
}

base::Done write_host_file_at(const std::string& path, const HostFile& host) {
    std::vector<TextTable> tables(1);
    TextTable& table = tables.front();
    table.set("format", std::string(kFormat));
    table.set("address", host.address.text());
    table.set("host_key", host.host_key);
    table.set("workstation", host.workstation);
    table.set("public_key", host.own.public_key);
    table.set("secret_key", host.own.secret_key.reveal());
    if (host.next) {
        table.set("next_secret_key", host.next->secret_key.reveal());
    }
    TRY(make_folders(path));
    return os::write_atomically(
        path,
        base::bytes_of(write_text_tables(
            "A tillhost on another machine; whoever reads this can be this one.", tables)),
        kFileMode);
}

}  // namespace tillhost::ipc
