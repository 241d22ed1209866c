#pragma once

#include <string>
#include <variant>
#include <vector>

#include "ipc/client/tillctl/admin.h"

// The verbs about workstations: other machines that use this host's devices, and the other way.
namespace tillhost::tillctl {

/// On the host: opens the door for one workstation.
struct InviteVerb {
    contract::OpenPairingRequest request;
};
struct ClosePairingVerb {};
struct WorkstationsVerb {};
struct RevokeVerb {
    std::string name;
};
struct SetWorkstationVerb {
    std::string name;
    contract::Role role = contract::Role::unspecified;  ///< as it is
    std::vector<std::string> devices;
    bool all_devices = false;
    bool names_devices = false;
};
using AccessVerb =
    std::variant<InviteVerb, ClosePairingVerb, WorkstationsVerb, RevokeVerb, SetWorkstationVerb>;

/// On the workstation; these make their connections themselves.
struct PairWithVerb {
    std::string host;
    std::string code;
    std::string save_as;
};
struct RollKeyVerb {};

/// Does it and says what came of it. An error is the caller's to tell.
base::Result<Exit> run_access(const AccessVerb& verb, const AdminContext& context);

std::string workstations_text(Language language, const contract::WorkstationsReply& reply);

}  // namespace tillhost::tillctl
