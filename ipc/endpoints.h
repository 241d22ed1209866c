#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/zmq_endpoint.h"

namespace tillhost::ipc {

/// Requests of one endpoint that are handed to the core in one turn of the loop; hosts and disk
/// come in between. Fewer come from the network, and after those of this machine.
inline constexpr std::size_t kRequestsPerTurnMax = 256;
inline constexpr std::size_t kNetworkRequestsPerTurnMax = 16;
/// Ids of peers on the network begin here, those of local ones at 1.
inline constexpr std::uint64_t kNetworkPeersFrom = 1ULL << 48U;

/// What the gate of all requests needs of the connections.
class PeerConnections : public ReplySink {
public:
    virtual bool on_network() const = 0;
    /// Those under that key that have said something.
    virtual std::size_t connections_of(std::string_view key) const = 0;
    /// As ZmqEndpoint::drop(); nothing without a network.
    virtual void drop(std::string_view key, RequestHandler& handler) = 0;
};

/// The local endpoint and, if there is one, that on the network, as one. Each is a libzmq context
/// of its own with its own thread, so that what libzmq does for strangers takes nothing from the
/// programs of this machine.
class Endpoints final : public PeerConnections {
public:
    explicit Endpoints(std::unique_ptr<ZmqEndpoint> local) : local_(std::move(local)) {}
    /// Before the loop runs.
    void add_network(std::unique_ptr<ZmqEndpoint> network) { network_ = std::move(network); }

    /// Descriptors to watch; see ZmqEndpoint::fd().
    std::vector<int> fds() const;
    /// True if there may be more.
    bool receive(RequestHandler& handler);
    /// As ZmqEndpoint::has_sent(), of either.
    bool have_sent() const {
        return local_->has_sent() || (network_ != nullptr && network_->has_sent());
    }
    bool send(PeerId peer, const contract::Reply& reply) override;

    bool on_network() const override { return network_ != nullptr; }
    std::size_t connections_of(std::string_view key) const override {
        return network_ == nullptr ? 0 : network_->peers_of(key);
    }
    void drop(std::string_view key, RequestHandler& handler) override;
    /// Each in its own right, for a loop that does not ask both at a time.
    ZmqEndpoint& local() { return *local_; }
    /// Nullptr: there is none.
    ZmqEndpoint* network() { return network_.get(); }
    const ZmqEndpoint* network() const { return network_.get(); }

private:
    std::unique_ptr<ZmqEndpoint> local_;
    std::unique_ptr<ZmqEndpoint> network_;
};

}  // namespace tillhost::ipc
