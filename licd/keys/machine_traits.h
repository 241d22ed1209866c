#pragma once

#include <string>

#include "licd/keys/binding.h"

namespace tillhost::licd::keys {

/// What this machine can be known by, read as an ordinary user from below `root` ("/" on a real
/// one, a made tree in a test). Blocks for a few dozen small files.
///
///   board       sys/class/dmi/id/product_uuid, board_serial (readable by root only)
///   disk        the disks under the mount of "/": proc/self/mountinfo, through dm and md down to
///               the physical ones; their serial, wwid, or udev's ID_SERIAL_SHORT; a set
///   machine_id  etc/machine-id, hashed for this purpose only, as machine-id(5) asks
///   nic         addresses of all network cards that are devices (have a `device` link)
///   host        proc/sys/kernel/hostname
///
/// What cannot be read is a weak trait with its reason, never an error. In a container the disk and
/// the cards are the host's or none; there devd on the host answers instead.
Traits read_machine_traits(const std::string& root);

}  // namespace tillhost::licd::keys
