#include "ipc/endpoints.h"

namespace tillhost::ipc {

std::vector<int> Endpoints::fds() const {
    std::vector<int> fds = local_->fds();
    if (network_) {
        fds.insert(fds.end(), network_->fds().begin(), network_->fds().end());
    }
    return fds;
}

bool Endpoints::receive(RequestHandler& handler) {
    const bool more = local_->receive(handler, kRequestsPerTurnMax);
    return (network_ && network_->receive(handler, kNetworkRequestsPerTurnMax)) || more;
}

bool Endpoints::send(PeerId peer, const contract::Reply& reply) {
    if (peer.value < kNetworkPeersFrom) {
        return local_->send(peer, reply);
    }
    return network_ && network_->send(peer, reply);
}

void Endpoints::drop(std::string_view key, RequestHandler& handler) {
    if (network_) {
        network_->drop(key, handler);
    }
}

}  // namespace tillhost::ipc
