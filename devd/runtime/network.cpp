#include "devd/runtime/network.h"

#include <utility>

#include "ipc/curve_keys.h"

namespace tillhost::devd::runtime {

void HandshakeLog::take(const ipc::FailedHandshake& failed) {
    const os::Instant now = clock_.now();
    if (!minute_began_ || now - *minute_began_ >= std::chrono::minutes(1)) {
        if (left_out_ != 0) {
            logger_.warning("failed handshakes are not all shown",
                            {{"left_out", std::to_string(left_out_)}});
        }
        minute_began_ = now;
        lines_ = 0;
        left_out_ = 0;
    }
    if (lines_ >= kHandshakeLinesPerMinute) {
        ++left_out_;
        return;
    }
    ++lines_;
    logger_.warning("handshake failed",
                    {{"reason", std::string(ipc::name_of(failed.why))},
                     {"address", failed.address.empty() ? "unknown" : failed.address}});
}

base::Result<std::unique_ptr<Network>> Network::open(NetworkParts parts,
                                                     ipc::Endpoints& endpoints) {
    std::unique_ptr<Network> made(new Network(std::move(parts)));
    const std::string path = made->parts_.state_folder + "/workstations.toml";
    auto known = Workstations::open(path, made->parts_.local, made->parts_.clock);
    const base::Done read = known ? base::Done() : base::Done(known.error());
    made->workstations_ =
        known ? std::move(*known)
              : std::make_unique<Workstations>(made->parts_.local, made->parts_.clock);
    if (!made->parts_.config) {
        return made;
    }
    const base::Done listening = read ? made->listen(endpoints) : read;
    if (!listening) {
        made->parts_.logger.error("not on the network, only this machine is served",
                                  {{"error", base::to_text(listening.error())}});
    }
    return made;
}

base::Done Network::listen(ipc::Endpoints& endpoints) {
    const ipc::KeyPair key = TRY(ipc::load_or_make_key(parts_.state_folder + "/network.key"));
    auto endpoint = TRY(ipc::ZmqEndpoint::bind(
        parts_.config->address(),
        {.secret_key = key.secret_key,
         .admission = workstations_.get(),
         .clock = &parts_.clock,
         .first_peer = ipc::kNetworkPeersFrom,
         .on_failure = [this](const ipc::FailedHandshake& failed) { log_.take(failed); }}));
    endpoints.add_network(std::move(endpoint));
    host_key_ = key.public_key;
    parts_.logger.notice("on the network",
                         {{"endpoint", parts_.config->address()},
                          {"name", parts_.config->name},
                          {"key", ipc::fingerprint(host_key_)},
                          {"workstations", std::to_string(workstations_->all().size())}});
    return {};
}

NetworkFigures figures_of(const Network& network, const ipc::Endpoints& endpoints) {
    NetworkFigures figures;
    const ipc::ZmqEndpoint* endpoint = endpoints.network();
    for (const auto& [name, one] : network.workstations().all()) {
        const bool paired = one.state != contract::WorkstationState::revoked;
        figures.paired += paired ? 1 : 0;
        const bool connected = endpoint != nullptr &&
                               endpoint->peers_of(one.key) + endpoint->peers_of(one.next_key) > 0;
        figures.connected += paired && connected ? 1 : 0;
    }
    if (endpoint == nullptr) {
        return figures;
    }
    figures.on = true;
    figures.address = network.config()->address();
    figures.connections = endpoint->handshakes().open();
    figures.half_open = endpoint->handshakes().half_open();
    for (std::size_t i = 0; i < figures.failures.size(); ++i) {
        figures.failures.at(i) =
            endpoint->handshakes().failed(static_cast<ipc::HandshakeFailure>(i));
    }
    figures.counters = endpoint->counters();
    return figures;
}

}  // namespace tillhost::devd::runtime
