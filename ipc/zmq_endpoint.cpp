#include "ipc/zmq_endpoint.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "ipc/msgpack.h"

namespace tillhost::ipc {
namespace {

using base::ErrorCode;
using base::make_error;

constexpr std::string_view kIpcPrefix = "ipc://";

/// Routing ids that libzmq makes begin with a zero byte, and no connection gets the same twice; a
/// client that chose its own keeps it over reconnects.
bool chosen_by_client(base::ByteView routing_id) {
    return routing_id.empty() || base::to_unsigned(routing_id.front()) != 0;
}

base::Result<contract::Value> read_payload(const ZmqSocket::Incoming& incoming) {
    if (incoming.more_frames) {
        return make_error(ErrorCode::malformed, "a message is one frame");
    }
    return decode_msgpack(incoming.payload);
}

}  // namespace

PeerIdentity identity_from(std::string_view peer_address) {
    constexpr std::string_view kLocal = "localhost:";
    if (!peer_address.starts_with(kLocal)) {
        return {};
    }
    peer_address.remove_prefix(kLocal.size());
    std::array<std::int64_t, 3> numbers{};  // uid, gid, pid
    const char* at = peer_address.data();
    const char* const end = at + peer_address.size();
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        const auto [next, error] = std::from_chars(at, end, numbers[i]);
        const bool last = i + 1 == numbers.size();
        if (error != std::errc() || numbers[i] < 0 || (last ? next != end : next == end)) {
            return {};
        }
        at = next + (last ? 0 : 1);
    }
    return {.uid = numbers[0], .pid = numbers[2]};
}

base::Result<std::unique_ptr<ZmqEndpoint>> ZmqEndpoint::bind(const std::string& address) {
    if (!address.starts_with(kIpcPrefix) || address.size() == kIpcPrefix.size()) {
        return base::bad_field("endpoint", "ipc://PATH");
    }
    auto lock = TRY(os::FileLock::take(address.substr(kIpcPrefix.size()) + ".lock"));
    auto socket = TRY(ZmqSocket::create(ZmqKind::router));
    TRY(socket->bind(address));
    return std::unique_ptr<ZmqEndpoint>(new ZmqEndpoint(std::move(lock), std::move(socket)));
}

ZmqEndpoint::~ZmqEndpoint() = default;

bool ZmqEndpoint::receive(RequestHandler& handler, std::size_t requests_max) {
    for (std::size_t count = 0; count < requests_max; ++count) {
        const auto incoming = socket_->receive();
        if (!incoming) {
            // Looking costs a system call: done when there is nothing else to do, and before a
            // connection is first seen. After a reply this is only the look that libzmq asks for;
            // an end that waits makes fd() readable again.
            if (count == 0 && !replied_) {
                take_ends(handler);
            }
            replied_ = false;
            return false;
        }
        take(*incoming, handler);
    }
    take_ends(handler);
    return true;
}

void ZmqEndpoint::take_ends(RequestHandler& handler) {
    while (const auto event = socket_->next_event()) {
        const auto found = by_connection_.find(event->connection);
        if (found != by_connection_.end()) {
            forget(*found->second, handler);
        }
    }
}

void ZmqEndpoint::forget(Peer& peer, RequestHandler& handler) {
    const PeerId id = peer.id;
    by_connection_.erase(peer.connection);
    by_id_.erase(id);
    by_routing_id_.erase(std::string(peer.routing_id));
    ++counters_.peers_gone;
    handler.on_peer_gone(id);
}

ZmqEndpoint::Peer* ZmqEndpoint::peer_of(const ZmqSocket::Incoming& incoming,
                                        RequestHandler& handler) {
    const std::string routing_id = base::string_of(incoming.routing_id);
    auto found = by_routing_id_.find(routing_id);
    if (found == by_routing_id_.end() || chosen_by_client(incoming.routing_id)) {
        take_ends(handler);  // the former owner of this descriptor or routing id
        found = by_routing_id_.find(routing_id);
    }
    if (found != by_routing_id_.end()) {
        return found->second.get();
    }
    if (by_id_.size() >= kPeersMax) {
        return nullptr;
    }
    auto peer = std::make_unique<Peer>();
    peer->id = PeerId{++last_peer_};
    const ZmqSocket::Origin origin = socket_->origin();
    peer->identity = identity_from(origin.peer_address);
    peer->routing_id = routing_id;
    peer->connection = origin.connection;
    Peer* const known = peer.get();
    by_id_.emplace(known->id, known);
    by_connection_.insert_or_assign(known->connection, known);
    by_routing_id_.emplace(routing_id, std::move(peer));
    return known;
}

void ZmqEndpoint::take(const ZmqSocket::Incoming& incoming, RequestHandler& handler) {
    Peer* const peer = peer_of(incoming, handler);
    if (peer == nullptr) {
        ++counters_.bad_requests;
        const auto full = make_error(ErrorCode::retry_later, "too many connections");
        send_to(incoming.routing_id, {0, contract::to_contract(full)});
        return;
    }
    if (peer->nonsense >= kNonsensePerPeerMax) {
        ++counters_.ignored;
        return;
    }
    auto value = read_payload(incoming);
    if (!value) {
        refuse(*peer, 0, value.error());
        return;
    }
    const auto request = contract::read_request(std::move(*value));
    if (const auto* bad = std::get_if<contract::BadRequest>(&request)) {
        refuse(*peer, bad->id, bad->error);
        return;
    }
    ++counters_.requests;
    handler.on_request(peer->id, peer->identity, std::get<contract::Request>(request));
}

void ZmqEndpoint::refuse(Peer& peer, std::int64_t id, const base::Error& error) {
    ++counters_.bad_requests;
    // A newer client may ask what is not known here; only what is no request at all is nonsense.
    if (error.code == ErrorCode::malformed || error.code == ErrorCode::too_large) {
        ++peer.nonsense;
    }
    send(peer.id, {id, contract::to_contract(error)});
}

bool ZmqEndpoint::send(PeerId peer, const contract::Reply& reply) {
    const auto found = by_id_.find(peer);
    if (found == by_id_.end()) {
        ++counters_.replies_unroutable;
        return false;
    }
    return send_to(std::as_bytes(std::span(found->second->routing_id)), reply);
}

bool ZmqEndpoint::send_to(base::ByteView routing_id, const contract::Reply& reply) {
    base::Bytes bytes = encode_reply(reply);
    if (bytes.size() > contract::kFrameBytesMax) {
        ++counters_.replies_too_large;
        const auto error =
            make_error(ErrorCode::too_large,
                       fmt::format("the answer has {} bytes; ask for less", bytes.size()));
        bytes = encode_msgpack(
            contract::to_value(contract::Reply{reply.id, contract::to_contract(error)}));
    }
    replied_ = true;
    switch (socket_->send(routing_id, bytes)) {
        case ZmqSocket::Sent::sent: ++counters_.replies; return true;
        case ZmqSocket::Sent::full: ++counters_.replies_full; return false;
        case ZmqSocket::Sent::unroutable: ++counters_.replies_unroutable; return false;
    }
    return false;
}

}  // namespace tillhost::ipc
