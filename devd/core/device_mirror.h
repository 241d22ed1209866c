#pragma once

#include <string>

#include "ipc/contract/messages.h"

namespace tillhost::devd::core {

/// The driver of every device that another host owns: not a program, but the way to that host.
inline constexpr const char* kRemoteDriver = "remote";

/// What the hosts that own remote devices say of them. Called on the core's thread.
class DeviceMirror {
public:
    virtual ~DeviceMirror() = default;
    /// The device as its owner sees it, under its id here; nullptr while the owner is not
    /// connected or has no such device. Valid until the next call.
    virtual const contract::Device* seen(const std::string& device) const = 0;
};

}  // namespace tillhost::devd::core
