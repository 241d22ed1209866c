#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/zmq_endpoint.h"

namespace tillhost::devd::runtime {

/// Requests of one endpoint that are handed to the core in one turn of the loop; hosts and disk
/// come in between. Fewer come from the network, and after those of this machine.
inline constexpr std::size_t kRequestsPerTurnMax = 256;
inline constexpr std::size_t kNetworkRequestsPerTurnMax = 64;
/// Ids of peers on the network begin here, those of local ones at 1.
inline constexpr std::uint64_t kNetworkPeersFrom = 1ULL << 48U;

/// The local endpoint and, if there is one, that on the network, as one. Each is a libzmq context
/// of its own with its own thread, so that what libzmq does for strangers takes nothing from the
/// programs of this machine.
class Endpoints final : public ipc::ReplySink {
public:
    explicit Endpoints(std::unique_ptr<ipc::ZmqEndpoint> local) : local_(std::move(local)) {}
    /// Before the loop runs.
    void add_network(std::unique_ptr<ipc::ZmqEndpoint> network) { network_ = std::move(network); }

    /// Descriptors to watch; see ZmqEndpoint::fd().
    std::vector<int> fds() const;
    /// True if there may be more.
    bool receive(ipc::RequestHandler& handler);
    /// As ZmqEndpoint::has_sent(), of either.
    bool have_sent() const {
        return local_->has_sent() || (network_ != nullptr && network_->has_sent());
    }
    bool send(ipc::PeerId peer, const contract::Reply& reply) override;

    /// As ZmqEndpoint::drop(); nothing without a network.
    void drop(std::string_view key, ipc::RequestHandler& handler);
    /// Nullptr: there is none.
    const ipc::ZmqEndpoint* network() const { return network_.get(); }

private:
    std::unique_ptr<ipc::ZmqEndpoint> local_;
    std::unique_ptr<ipc::ZmqEndpoint> network_;
};

}  // namespace tillhost::devd::runtime
