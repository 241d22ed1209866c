#include "ipc/loopback_endpoint.h"

#include <utility>
#include <variant>

#include "ipc/msgpack.h"

namespace tillhost::ipc {

PeerId LoopbackEndpoint::connect(PeerIdentity identity) {
    const PeerId id{++last_peer_};
    peers_.emplace(id, Peer{identity, {}});
    return id;
}

void LoopbackEndpoint::disconnect(PeerId peer, RequestHandler& handler) {
    if (peers_.erase(peer) != 0) {
        handler.on_peer_gone(peer);
    }
}

void LoopbackEndpoint::request(PeerId peer, const contract::Request& request,
                               RequestHandler& handler) {
    request_bytes(peer, encode_msgpack(contract::to_value(request)), handler);
}

void LoopbackEndpoint::request_bytes(PeerId peer, base::ByteView bytes, RequestHandler& handler) {
    const auto found = peers_.find(peer);
    if (found == peers_.end()) {
        return;
    }
    const PeerIdentity identity = found->second.identity;
    auto value = decode_msgpack(bytes);
    if (!value) {
        send(peer, {0, contract::to_contract(value.error())});
        return;
    }
    const auto request = contract::read_request(std::move(*value));
    if (const auto* bad = std::get_if<contract::BadRequest>(&request)) {
        send(peer, {bad->id, contract::to_contract(bad->error)});
        return;
    }
    handler.on_request(peer, identity, std::get<contract::Request>(request));
}

bool LoopbackEndpoint::send(PeerId peer, const contract::Reply& reply) {
    const auto found = peers_.find(peer);
    if (found == peers_.end() || found->second.replies.size() >= kLoopbackRepliesMax) {
        ++replies_lost_;
        return false;
    }
    found->second.replies.push_back(encode_msgpack(contract::to_value(reply)));
    return true;
}

std::optional<contract::Reply> LoopbackEndpoint::next_reply(PeerId peer) {
    const auto found = peers_.find(peer);
    if (found == peers_.end() || found->second.replies.empty()) {
        return std::nullopt;
    }
    const base::Bytes bytes = std::move(found->second.replies.front());
    found->second.replies.pop_front();
    // We wrote it ourselves, within the limits or refused here as on the wire.
    const auto value = decode_msgpack(bytes);
    auto reply =
        value ? contract::read_reply(*value) : base::Result<contract::Reply>(value.error());
    if (!reply) {
        return contract::Reply{0, contract::to_contract(reply.error())};
    }
    return std::move(*reply);
}

}  // namespace tillhost::ipc
