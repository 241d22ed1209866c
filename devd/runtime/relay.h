#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "devd/core/core.h"
#include "devd/runtime/relayed_client.h"

namespace tillhost::devd::runtime {

/// Connections to other hosts for programs of ours; with so many a further one is told retry_later.
inline constexpr std::size_t kRelayedClientsMax = 512;

struct RelayParts {
    RemoteLinkParts link;
    ipc::ReplySink& replies;    ///< of the endpoints
    ipc::RequestHandler& next;  ///< who takes what concerns this host
    const std::vector<RemoteHost>& hosts;
    std::string program_version;
};

/// Hands requests about devices of other hosts (`[[remote]]`) to the hosts that own them, and what
/// these say to whoever asked. Only the owner keeps such an operation: accepted means accepted
/// there, and what became of it is asked there. This host's own books know nothing of it.
///
/// Which host is meant follows from the device that a request names; one that names only an
/// operation says the device in `device`, or the operation was seen here in this life of devd. Of
/// an id that is not known here `settle` is refused without it: a tombstone in this book would say
/// nothing about another.
///
/// `devices`, `status`, the topics device/ID and devices, and a sale are this host's: of remote
/// devices it says what their hosts last told (RemoteDevices).
class Relay final : public ipc::RequestHandler {
public:
    explicit Relay(RelayParts parts) : parts_(std::move(parts)) {}
    /// Once, before the first request.
    void attach(core::Core& core) { core_ = &core; }

    void on_request(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                    const contract::Request& request) override;
    void on_peer_gone(ipc::PeerId peer) override;

    /// Somebody's rights are others than before: ways that were opened with former ones are closed,
    /// and with them what the owners hold for them.
    void look_at_rights();

    std::size_t clients() const { return clients_.size(); }

private:
    /// Where a request belongs.
    struct Way {
        std::size_t host = 0;
        std::string device;  ///< as it is called here; empty: none in particular
    };
    using Key = std::pair<ipc::PeerId, std::size_t>;

    std::optional<Way> way_of(const contract::Request& request) const;
    std::optional<Way> way_of_device(const std::string& device) const;
    std::optional<Way> way_of_topic(const std::string& topic) const;
    base::Done hand_over(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                         const contract::Request& request, const Way& way);
    base::Done check_own(const contract::Request& request) const;
    base::Done check_remote(const contract::Request& request, const Way& way) const;
    base::Result<RelayedClient*> client(const RelayedClient::Who& who, std::size_t host);

    RelayParts parts_;
    core::Core* core_ = nullptr;
    std::map<Key, std::unique_ptr<RelayedClient>> clients_;
    ipc::OperationDevices places_;
};

}  // namespace tillhost::devd::runtime
