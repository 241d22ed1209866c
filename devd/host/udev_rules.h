#pragma once

#include <string>
#include <vector>

#include "ipc/contract/messages.h"

// udev's rules for the devices of the drivers, made from what their manifests say is their own.
namespace tillhost::devd::host {

/// The group whose members may open them. devd's user is one of them (packaging/systemd); programs
/// that sell are in the group of devd's socket, and are not: they have devd.
inline constexpr const char* kDeviceGroup = "dialout";

/// The text of udev/60-tillhost.rules: group and mode, no probing by ModemManager, links below
/// /dev/tillhost that keep their name, printers without usblp; every FIDO token for the driver of
/// dongles; the mainboard's numbers readable by devd's own group, for licences.
std::string udev_rules(const std::vector<contract::Manifest>& manifests);

/// The text of udev/99-tillhost.rules: what brltty's rules (85 or 90, where a distribution has
/// them) have begun for one of these devices is taken back.
std::string late_udev_rules(const std::vector<contract::Manifest>& manifests);

}  // namespace tillhost::devd::host
