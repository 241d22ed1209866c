#include "devd/runtime/endpoints.h"

namespace tillhost::devd::runtime {

std::vector<int> Endpoints::fds() const {
    std::vector<int> fds = local_->fds();
    if (network_) {
        fds.insert(fds.end(), network_->fds().begin(), network_->fds().end());
    }
    return fds;
}

bool Endpoints::receive(ipc::RequestHandler& handler) {
    const bool more = local_->receive(handler, kRequestsPerTurnMax);
    return (network_ && network_->receive(handler, kNetworkRequestsPerTurnMax)) || more;
}

bool Endpoints::send(ipc::PeerId peer, const contract::Reply& reply) {
    if (peer.value < kNetworkPeersFrom) {
        return local_->send(peer, reply);
    }
    return network_ && network_->send(peer, reply);
}

void Endpoints::drop(std::string_view key, ipc::RequestHandler& handler) {
    if (network_) {
        network_->drop(key, handler);
    }
}

}  // namespace tillhost::devd::runtime
