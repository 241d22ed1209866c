#include "devd/runtime/remote_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "devd/runtime/settings.h"
#include "ipc/host_file.h"

namespace tillhost::devd::runtime {
namespace {

using base::ErrorCode;
using base::Result;

constexpr const char* kExample =
    "devices is a table, such as devices = { hall-kassa = \"kassa\" }: the id here, the id there";

base::Error fault(const RemoteTable& table, std::string_view text) {
    return base::make_error(ErrorCode::config_invalid, fmt::format("{}{}", table.place, text));
}

/// What has been named in all tables so far.
struct Names {
    std::set<std::string> hosts;
    std::set<std::string> devices;
};

Result<RemoteHost> read_host(const RemoteTable& table, const std::string& folder,
                             const std::string& state_folder, Names& names) {
    RemoteHost host;
    for (const auto& [key, text] : table.texts) {
        if (key == "devices" || text.empty()) {
            return fault(table, key == "devices" ? std::string(kExample)
                                                 : fmt::format("{} is a text in quotes", key));
        }
        (key == "host" ? host.name : host.keys) = text;
    }
    if (!ipc::is_host_name(host.name)) {
        return fault(table,
                     "host is what the other host is called here: letters, digits, -, . and "
                     "_, at most 64");
    }
    if (!names.hosts.insert(host.name).second) {
        return fault(table, fmt::format("host \"{}\" stands in another [[remote]] too", host.name));
    }
    if (host.keys.empty()) {
        host.keys = fmt::format("{}/hosts/{}.toml", state_folder, host.name);
    } else if (!host.keys.starts_with('/')) {
        host.keys = folder + "/" + host.keys;
    }
    return host;
}

base::Done read_devices(const RemoteTable& table, RemoteHost& host, Names& names) {
    std::set<std::string> there;
    for (const auto& [here, id] : table.devices) {
        if (!is_device_id(here) || !is_device_id(id)) {
            return fault(table,
                         fmt::format("\"{}\": {}; ids have a-z, 0-9, - and _", here, kExample));
        }
        if (!names.devices.insert(here).second) {
            return fault(table,
                         fmt::format("the id \"{}\" stands in another [[remote]] too", here));
        }
        if (!there.insert(id).second) {
            return fault(
                table, fmt::format("\"{}\" of host \"{}\" has an id here already", id, host.name));
        }
        host.devices.emplace(here, id);
    }
    return host.devices.empty() ? base::Done(fault(table, kExample)) : base::Done();
}

}  // namespace

Result<std::vector<RemoteHost>> remotes_from(const std::vector<RemoteTable>& tables,
                                             const std::string& folder,
                                             const std::string& state_folder) {
    if (tables.size() > kRemoteHostsMax) {
        return fault(tables.back(), fmt::format("at most {} [[remote]]", kRemoteHostsMax));
    }
    std::vector<RemoteHost> hosts;
    Names names;
    for (const RemoteTable& table : tables) {
        RemoteHost host = TRY(read_host(table, folder, state_folder, names));
        TRY(read_devices(table, host, names));
        hosts.push_back(std::move(host));
    }
    return hosts;
}

bool is_remote(const std::vector<RemoteHost>& hosts, const std::string& device) {
    return std::any_of(hosts.begin(), hosts.end(),
                       [&device](const RemoteHost& host) { return host.devices.contains(device); });
}

base::Done check_ids(const std::vector<RemoteHost>& hosts,
                     const std::vector<core::DeviceConfig>& own) {
    for (const core::DeviceConfig& device : own) {
        if (is_remote(hosts, device.id)) {
            return base::make_error(
                ErrorCode::config_invalid,
                fmt::format(
                    "devd.toml: the id \"{}\" of a [[remote]] is that of a device of this host",
                    device.id));
        }
    }
    return {};
}

}  // namespace tillhost::devd::runtime
