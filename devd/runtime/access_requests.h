#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "devd/core/core.h"
#include "devd/runtime/network_config.h"
#include "devd/runtime/pairing_door.h"
#include "devd/runtime/pairing_listener.h"
#include "devd/runtime/workstations.h"
#include "hal/os/event_loop.h"
#include "hal/os/log.h"
#include "ipc/endpoints.h"

namespace tillhost::devd::runtime {

struct AccessParts {
    os::EventLoop& loop;
    const os::Clock& clock;
    ipc::PeerConnections& endpoints;
    Workstations& workstations;
    ipc::RequestHandler& next;  ///< who takes the other requests
    os::Logger logger;
    std::optional<NetworkConfig> network;  ///< nothing: not on a network
    std::string host_key;                  ///< public; empty without a network
    std::function<std::uint64_t()> random;
    std::function<void()> on_rights{};  ///< a workstation's rights have changed
};

/// The gate before all requests: who has no rights gets no further, nor does a request that needs a
/// higher role. Answers what concerns workstations and their pairing itself.
///
/// A stranger is heard while the door is open, and only `pair` of it.
class AccessRequests final : public ipc::RequestHandler {
public:
    explicit AccessRequests(AccessParts parts);
    ~AccessRequests() override;
    /// Once, before the first request.
    void attach(core::Core& core) { core_ = &core; }

    void on_request(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                    const contract::Request& request) override;
    void on_peer_gone(ipc::PeerId peer) override { parts_.next.on_peer_gone(peer); }

    bool door_is_open() const { return door_.is_open(); }
    std::uint64_t wrong_codes() const { return wrong_codes_; }

private:
    using Outcome = base::Result<contract::Value>;
    struct Asked {
        ipc::PeerId peer;
        const ipc::PeerIdentity& identity;
        const contract::Request& request;
        const core::Rights* rights;  ///< nullptr: a stranger
    };

    base::Done pass(const Asked& asked);
    Outcome answer(const Asked& asked);
    Outcome list(const Asked& asked) const;
    Outcome open_pairing(const Asked& asked);
    Outcome close_pairing(const Asked& asked);
    base::Done pair(const Asked& asked);
    base::Done take_in(const ipc::PeerIdentity& identity);
    Outcome set_workstation(const Asked& asked);
    Outcome revoke(const Asked& asked);
    Outcome roll_key(const Asked& asked);

    base::Done see(const ipc::PeerIdentity& identity);
    contract::Workstation describe(const Workstation& workstation) const;
    void reply_wrong_code(ipc::PeerId peer, std::int64_t request);
    void note(const std::string& who, contract::AuditKind kind, std::string what);
    void shut_door(std::string_view why);
    void drop(const std::string& key);

    AccessParts parts_;
    core::Core* core_ = nullptr;
    PairingDoor door_;
    std::unique_ptr<PairingListener> listener_;
    std::optional<os::TimerId> closing_;
    std::vector<os::TimerId> wrong_answers_;
    std::uint64_t wrong_codes_ = 0;
};

}  // namespace tillhost::devd::runtime
