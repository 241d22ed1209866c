#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hal/base/result.h"
#include "ipc/contract/messages.h"
#include "ipc/endpoint.h"

namespace tillhost::devd::core {

/// What a peer may.
struct Rights {
    contract::Role role = contract::Role::observer;
    std::string workstation{};           ///< as it was paired; empty for a local program
    std::vector<std::string> devices{};  ///< that it may see and use; empty = all
    bool host = false;                   ///< it may speak for its own clients

    bool may_use(const std::string& device) const;
    /// No more than that role, and of those devices; none = no other limit.
    void limit(contract::Role at_most, const std::vector<std::string>& only);
};

/// Who knows what a peer may. Asked with every request, so that a right that was taken away is gone
/// at once. Called on the core's thread.
class AccessPort {
public:
    virtual ~AccessPort() = default;
    /// Nothing: the peer is to be let in no more (its key was revoked).
    virtual std::optional<Rights> rights_of(const ipc::PeerIdentity& identity) const = 0;
};

/// Errors: not_permitted, naming the role that is wanted.
base::Done check_role(const Rights& rights, contract::Role least, std::string_view what);
/// Errors: not_permitted, naming the device.
base::Done check_device_right(const Rights& rights, const std::string& device);

}  // namespace tillhost::devd::core
