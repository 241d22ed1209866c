#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "devd/core/core.h"
#include "devd/runtime/hotplug.h"
#include "devd/runtime/network_config.h"
#include "devd/runtime/remote_config.h"
#include "devd/runtime/settings.h"
#include "hal/os/log.h"

namespace tillhost::devd::runtime {

inline constexpr std::size_t kConfigBytesMax = 256 * 1024;  ///< of one file
inline constexpr std::size_t kDevicesMax = 1000;
inline constexpr std::size_t kSecretBytesMax = 1024;

/// What `devd --config DIR` says.
struct Config {
    std::vector<core::DeviceConfig> devices;  ///< the administrator's, by id
    std::vector<core::DeviceConfig> clients;  ///< those that clients made, by id
    os::Duration retention = std::chrono::hours(24 * 30);
    os::Severity log_level = os::Severity::info;
    core::ShopDefaults shop;
    /// "FILE:LINE:COLUMN: what is wrong" of what does not keep devd from serving.
    std::vector<std::string> remarks{};
    bool is_all_default = false;  ///< devd.toml says nothing
    os::Duration hotplug_settle = kHotplugSettle;
    std::optional<std::uint16_t> metrics_port;  ///< on 127.0.0.1; nothing: no listener
    std::optional<NetworkConfig> network;       ///< nothing: devd is on no network
    std::vector<RemoteHost> remotes;            ///< other hosts and what is used of theirs
    LocalRoles local_roles;                     ///< own_uid is the caller's to fill in

    /// A device of this host; nullptr: there is none.
    const core::DeviceConfig* find(const std::string& id) const {
        for (const auto* some : {&devices, &clients}) {
            for (const core::DeviceConfig& device : *some) {
                if (device.id == id) {
                    return &device;
                }
            }
        }
        return nullptr;
    }
};

/// Reads DIR/devd.toml and DIR/devices.d/*.toml.
///
/// devd.toml: `retention_days` (1…3650, how long settled and acknowledged operations are kept),
/// `log` ("error", "warning", "notice", "info" or "debug"), `[metrics] listen` ("127.0.0.1:PORT",
/// docs/operation.md), `hotplug_settle_ms` (0…5000, how long a device's node must have been quiet
/// before its device is opened), `[shop]` with the ids of the devices of a sale that names none:
/// `registrar`, `substitute`, `terminal`, `printer`; one that is not there or of another class is a
/// remark, because a client may make it later; `[network]` with `listen`, `pairing_port` and
/// `name` (network_config.h, docs/sharing.md); `[access]` with `local_role` ("observer", "cashier",
/// "operator" or "administrator": what users of this machine may, operator unless set; root and
/// devd's own user are administrators) and `[access.users]`, where `NAME = "ROLE"` gives one user
/// another; `[[remote]]` (remote_config.h). A device's file: `id` (a…z, 0…9, - and _, at
/// most 64; the file's name if absent), `name` (for people), `driver`, `port`
/// (transport/address.h), `record` (absolute path of a file into which the device's line is
/// recorded, docs/formats/line-recording.md), of a registrar `shift` ("manual" or
/// "open_when_needed"), `close_shift_at` ("HH:MM", local time) and `remind_shift_after_h` (1…24),
/// and a table `settings` of texts, whole numbers and booleans. A setting written as
/// `{ file = "PATH" }` is the first line of that file, so that secrets stay out of the
/// configuration; PATH counts from DIR.
///
/// Then STATE/devices.d/*.toml, the devices that clients made (device_file.h), written alike but
/// without `record` and the shift's keys, and with `setup_missing`, a list of "connection" and
/// "layout". A folder that is not there holds none.
///
/// Errors: config_invalid with "FILE:LINE:COLUMN: what is wrong; what would be right". An unknown
/// key is an error: a misspelt one would silently do nothing. So is a driver that has no manifest,
/// a setting that its driver does not have, a value that the manifest does not allow, and a
/// required setting that is not there.
base::Result<Config> load_config(const std::string& folder, const std::string& state_folder,
                                 Manifests manifests);

}  // namespace tillhost::devd::runtime
