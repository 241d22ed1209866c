#pragma once

#include <cstdint>
#include <string>

#include "hal/base/result.h"
#include "sumpd/apps/registry.h"

namespace tillhost::sumpd::apps {

/// Invitations that are made beside the running server, by whoever may write to its folder: a file
/// invitation-DIGEST with the time of its end and what the device is to become, a line each. Only
/// the digest is kept, the token is shown once.
///
/// Errors: bad_field (of the wish), system_failed, storage_full.
base::Result<MadeInvitation> leave_invitation(const std::string& folder, const InvitationWish& wish,
                                              std::int64_t now_s);

class Invitations final {
public:
    Invitations(std::string folder, Registry& registry)
        : folder_(std::move(folder)), registry_(registry) {}

    /// If the token was left in the folder, the registry knows it when this returns, durably, and
    /// the file is gone. Any text. Faults: too_many, disk_full.
    exchange::Outcome<exchange::Empty> take(const std::string& token);

    /// Removes files of invitations that are over, used by nobody. Blocks for the disk.
    void forget_expired(std::int64_t now_s) const;

private:
    const std::string folder_;
    Registry& registry_;
};

}  // namespace tillhost::sumpd::apps
