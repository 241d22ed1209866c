#include "ipc/zmq_endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <limits>
#include <utility>

#include "hal/base/invariant.h"
#include "ipc/msgpack.h"

namespace tillhost::ipc {
namespace {

using base::ErrorCode;
using base::make_error;

constexpr std::string_view kIpcPrefix = "ipc://";
constexpr std::string_view kTcpPrefix = "tcp://";
constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

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

base::Result<std::unique_ptr<ZmqEndpoint>> ZmqEndpoint::bind(const std::string& address,
                                                             contract::Daemon daemon) {
    if (!address.starts_with(kIpcPrefix) || address.size() == kIpcPrefix.size()) {
        return base::bad_field("endpoint", "ipc://PATH");
    }
    std::unique_ptr<ZmqEndpoint> endpoint(new ZmqEndpoint(NetworkOptions{}, daemon));
    endpoint->lock_ = TRY(os::FileLock::take(address.substr(kIpcPrefix.size()) + ".lock"));
    endpoint->socket_ = TRY(ZmqSocket::create(ZmqKind::router));
    TRY(endpoint->socket_->bind(address));
    return endpoint;
}

base::Result<std::unique_ptr<ZmqEndpoint>> ZmqEndpoint::bind(const std::string& address,
                                                             NetworkOptions options,
                                                             contract::Daemon daemon) {
    if (!address.starts_with(kTcpPrefix) || address.rfind(':') < kTcpPrefix.size()) {
        return base::bad_field("endpoint", "tcp://HOST:PORT");
    }
    INVARIANT(options.admission != nullptr && options.clock != nullptr);
    std::unique_ptr<ZmqEndpoint> endpoint(new ZmqEndpoint(std::move(options), daemon));
    const NetworkOptions& network = endpoint->network_;
    endpoint->last_peer_ = network.first_peer;
    endpoint->socket_ = TRY(ZmqSocket::create(
        ZmqKind::router,
        {.heartbeat_ms = network.heartbeat_ms,
         .heartbeat_timeout_ms = network.heartbeat_timeout_ms,
         .heartbeat_ttl_ms = network.silence_ms,
         .handshake_ms = network.handshake_ms,
         .keepalive = network.keepalive,
         .server = CurveServer{network.secret_key, network.nice, endpoint.get()}}));
    TRY(endpoint->socket_->bind(address));
    return endpoint;
}

ZmqEndpoint::~ZmqEndpoint() = default;

bool ZmqEndpoint::receive(RequestHandler& handler, std::size_t requests_max) {
    const bool network = network_.admission != nullptr;
    bool more = false;
    if (network) {
        // First: while its handshake waits, a connection's address is there.
        more = take_ends(handler, kEventsPerTurnMax);
        socket_->admit();
    }
    for (std::size_t count = 0; count < requests_max; ++count) {
        const auto incoming = socket_->receive();
        if (!incoming) {
            // Looking costs a system call: done when there is nothing else to do, and before a
            // connection is first seen. After a reply this is only the look that libzmq asks for;
            // an end that waits makes fd() readable again.
            if (count == 0 && !replied_ && !network) {
                take_ends(handler, kAll);
            }
            replied_ = false;
            return more;
        }
        take(*incoming, handler);
    }
    return true;
}

/// True if there may be more.
bool ZmqEndpoint::take_ends(RequestHandler& handler, std::size_t most) {
    std::size_t count = 0;
    std::optional<ZmqSocket::Event> event;
    while (count++ < most && (event = socket_->next_event())) {
        const auto found = by_connection_.find(event->connection);
        const bool known = found != by_connection_.end();
        if (network_.admission != nullptr) {
            const auto failed = handshakes_.take(*event, known);
            if (failed && network_.on_failure) {
                network_.on_failure(*failed);
            }
        }
        if (event->what == ZmqSocket::Happened::ended && known) {
            forget(*found->second, handler);
        }
    }
    mind_the_door();
    return event.has_value();
}

/// Each connection costs a descriptor, of which devd needs some for the devices.
void ZmqEndpoint::mind_the_door() {
    const PeerLimits& limits = network_.limits;
    const bool full = network_.admission != nullptr &&
                      ((limits.connections != 0 && handshakes_.open() >= limits.connections) ||
                       (limits.half_open != 0 && handshakes_.half_open() >= limits.half_open));
    if (full != shut_) {
        shut_ = full;
        counters_.door_shut += full ? 1 : 0;
        socket_->pause_accepting(full);
    }
}

void ZmqEndpoint::tell_gone(Peer& peer, RequestHandler& handler) {
    const auto of_key = by_key_.find(peer.identity.key);
    if (of_key != by_key_.end() && --of_key->second == 0) {
        by_key_.erase(of_key);
    }
    ++counters_.peers_gone;
    handler.on_peer_gone(peer.id);
}

void ZmqEndpoint::forget(Peer& peer, RequestHandler& handler) {
    const auto node = by_routing_id_.extract(std::string(peer.routing_id));
    by_connection_.erase(peer.connection);
    by_id_.erase(peer.id);
    if (!peer.dropped) {
        tell_gone(peer, handler);
    }
}

void ZmqEndpoint::drop(std::string_view key, RequestHandler& handler) {
    for (const auto& [routing_id, peer] : by_routing_id_) {
        if (peer->identity.key == key && !peer->dropped) {
            peer->dropped = true;
            by_id_.erase(peer->id);  // no reply and no event reaches it any more
            tell_gone(*peer, handler);
        }
    }
}

std::size_t ZmqEndpoint::peers_of(std::string_view key) const {
    const auto found = by_key_.find(std::string(key));
    return found == by_key_.end() ? 0 : found->second;
}

bool ZmqEndpoint::takes_connection(const std::string& key) const {
    const bool many = !key.empty() && network_.admission->has_many_programs(key);
    const std::uint32_t most =
        many ? network_.limits.connections_per_host : network_.limits.connections_per_key;
    return key.empty() || most == 0 || peers_of(key) < most;
}

Admission::Verdict ZmqEndpoint::admits(std::string_view key, std::string_view address) {
    if (!takes_connection(std::string(key))) {
        ++counters_.over_connections;
        return Verdict::too_many;
    }
    return network_.admission->admits(key, address);
}

ZmqEndpoint::Peer* ZmqEndpoint::peer_of(const ZmqSocket::Incoming& incoming,
                                        RequestHandler& handler) {
    const std::string routing_id = base::string_of(incoming.routing_id);
    auto found = by_routing_id_.find(routing_id);
    if (found == by_routing_id_.end() || chosen_by_client(incoming.routing_id)) {
        take_ends(handler, kAll);  // the former owner of this descriptor or routing id
        found = by_routing_id_.find(routing_id);
    }
    return found != by_routing_id_.end() ? found->second.get() : make_peer(routing_id);
}

ZmqEndpoint::Peer* ZmqEndpoint::make_peer(const std::string& routing_id) {
    const ZmqSocket::Origin origin = socket_->origin();
    const std::string key(origin.key);
    if (by_id_.size() >= kPeersMax || !takes_connection(key)) {
        ++counters_.over_connections;
        return nullptr;
    }
    auto peer = std::make_unique<Peer>();
    peer->id = PeerId{++last_peer_};
    peer->identity = key.empty()
                         ? identity_from(origin.peer_address)
                         : PeerIdentity{.key = key, .address = std::string(origin.peer_address)};
    peer->routing_id = routing_id;
    peer->connection = origin.connection;
    if (!key.empty()) {
        ++by_key_[key];
        handshakes_.seen();
        peer->saved = network_.limits.burst;
        peer->saved_at = network_.clock->now();
    }
    Peer* const known = peer.get();
    by_id_.emplace(known->id, known);
    by_connection_.insert_or_assign(known->connection, known);
    by_routing_id_.emplace(routing_id, std::move(peer));
    return known;
}

bool ZmqEndpoint::is_within_rate(Peer& peer) {
    const PeerLimits& limits = network_.limits;
    if (peer.identity.key.empty() || limits.requests_per_second == 0) {
        return true;
    }
    const os::Instant now = network_.clock->now();
    const double seconds = std::chrono::duration<double>(now - peer.saved_at).count();
    peer.saved_at = now;
    peer.saved = std::min<double>(limits.burst, peer.saved + seconds * limits.requests_per_second);
    peer.tellable =
        std::min<double>(kRefusalsToldPerSecond, peer.tellable + seconds * kRefusalsToldPerSecond);
    if (peer.saved < 1) {
        ++counters_.over_rate;
        return false;
    }
    peer.saved -= 1;
    return true;
}

base::Done ZmqEndpoint::check_limits(const Peer& peer, bool within_rate) {
    const PeerLimits& limits = network_.limits;
    if (peer.identity.key.empty()) {
        return {};
    }
    if (peer.dropped) {
        ++counters_.after_drop;
        return make_error(ErrorCode::not_paired, "this workstation's key was revoked or replaced");
    }
    if (!within_rate) {
        return make_error(ErrorCode::retry_later, fmt::format("more than {} requests a second",
                                                              limits.requests_per_second));
    }
    if (limits.outstanding != 0 && peer.outstanding >= limits.outstanding) {
        ++counters_.over_outstanding;
        return make_error(ErrorCode::retry_later,
                          fmt::format("{} requests are unanswered yet", peer.outstanding));
    }
    return {};
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
    const bool within_rate = is_within_rate(*peer);
    if (!within_rate) {
        if (peer->tellable < 1) {
            ++counters_.ignored;
            return;
        }
        peer->tellable -= 1;
    }
    auto value = read_payload(incoming);
    if (!value) {
        refuse(*peer, 0, value.error());
        return;
    }
    const auto request = contract::read_request(std::move(*value), daemon_);
    if (const auto* bad = std::get_if<contract::BadRequest>(&request)) {
        refuse(*peer, bad->id, bad->error);
        return;
    }
    const auto& good = std::get<contract::Request>(request);
    if (const auto allowed = check_limits(*peer, within_rate); !allowed) {
        answer(*peer, good.id, allowed.error());
        return;
    }
    ++counters_.requests;
    ++peer->outstanding;
    handler.on_request(peer->id, peer->identity, good);
}

void ZmqEndpoint::refuse(Peer& peer, std::int64_t id, const base::Error& error) {
    ++counters_.bad_requests;
    // A newer client may ask what is not known here; only what is no request at all is nonsense.
    if (error.code == ErrorCode::malformed || error.code == ErrorCode::too_large) {
        ++peer.nonsense;
    }
    answer(peer, id, error);
}

void ZmqEndpoint::answer(Peer& peer, std::int64_t id, const base::Error& error) {
    send_to(std::as_bytes(std::span(peer.routing_id)), {id, contract::to_contract(error)});
}

bool ZmqEndpoint::send(PeerId peer, const contract::Reply& reply) {
    const auto found = by_id_.find(peer);
    if (found == by_id_.end()) {
        ++counters_.replies_unroutable;
        return false;
    }
    Peer& known = *found->second;
    known.outstanding -= !reply.is_event && known.outstanding > 0 ? 1 : 0;
    return send_to(std::as_bytes(std::span(known.routing_id)), reply);
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
