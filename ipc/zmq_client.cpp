#include "ipc/zmq_client.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <limits>
#include <utility>

#include "ipc/msgpack.h"
#include "ipc/tcp_talk.h"
#include "ipc/zmq_link.h"

namespace tillhost::ipc {
namespace {

using base::Effect;
using base::ErrorCode;
using base::make_error;
using contract::Value;

base::Error connection_lost() {
    return make_error(ErrorCode::link_lost, "the connection to devd ended");
}

/// The request has left; unless the server itself answered, nobody knows what it did.
base::Error after_sending(base::Error error) {
    error.effect = Effect::unknown;
    return error;
}

/// A server answers the handshake at once.
constexpr int kNetworkHandshakeMs = 2'000;

constexpr os::Duration kGreetingTimeMax = std::chrono::seconds(1);

std::string not_tillhost(const std::string& address) {
    return "what answers at " + address + " is no encrypted tillhost";
}

base::Error nobody_at(const std::string& address) {
    return make_error(ErrorCode::no_daemon, fmt::format("nobody answers at {}", address));
}

/// Whether the other end would speak CurveZMQ: what its greeting says (ZeroMQ RFC 23).
bool speaks_curve(const std::string& address, const os::Clock& clock, os::Deadline deadline) {
    constexpr std::string_view kPrefix = "tcp://";
    constexpr std::size_t kGreetingBytes = 64;
    constexpr std::size_t kMechanismAt = 12;
    std::string greeting("\xFF\0\0\0\0\0\0\0\1\x7F\3\0CURVE", kMechanismAt + 5);
    greeting.resize(kGreetingBytes);
    const auto to = parse_tcp_address(std::string_view(address).substr(kPrefix.size()), 0);
    const auto heard = to ? talk_over_tcp(*to, {greeting, kGreetingBytes}, clock, deadline)
                          : base::Result<std::string>(to.error());
    return heard && heard->size() >= kMechanismAt + 6 && heard->front() == '\xFF' &&
           heard->compare(kMechanismAt, 6, std::string("CURVE\0", 6)) == 0;
}

}  // namespace

base::Result<std::unique_ptr<ZmqClient>> ZmqClient::connect(const std::string& address,
                                                            const os::Clock& clock,
                                                            os::Deadline deadline) {
    auto socket = TRY(ZmqSocket::create(ZmqKind::dealer));
    TRY(socket->connect(address));
    std::unique_ptr<ZmqClient> client(new ZmqClient(std::move(socket), clock));
    TRY(client->wait_connected(address, false, deadline));
    return client;
}

base::Result<std::unique_ptr<ZmqClient>> ZmqClient::connect(const std::string& address,
                                                            const CurveClient& keys,
                                                            const os::Clock& clock,
                                                            os::Deadline deadline) {
    if (!is_key(keys.server_key) || !is_key(keys.own.public_key)) {
        return base::bad_field("key", "40 characters of Z85");
    }
    auto socket = TRY(ZmqSocket::create(
        ZmqKind::dealer,
        {.heartbeat_ms = kTillHeartbeatMs, .handshake_ms = kNetworkHandshakeMs, .client = keys}));
    if (!socket->connect(address)) {
        return base::bad_field("address", "tcp://HOST:PORT");
    }
    std::unique_ptr<ZmqClient> client(new ZmqClient(std::move(socket), clock));
    TRY(client->wait_connected(address, true,
                               std::min(deadline, clock.now() + kNetworkConnectMax)));
    return client;
}

base::Done ZmqClient::wait_connected(const std::string& address, bool encrypted,
                                     os::Deadline deadline) {
    while (true) {
        if (const auto event = socket_->next_event()) {
            if (event->what == ZmqSocket::Happened::connected) {
                return {};
            }
            if (!encrypted) {
                return nobody_at(address);
            }
            auto error = ZmqLink::why_not_in(*event, address);
            // A server that cannot read our first command closes without a word (ZeroMQ RFC 26),
            // and so may one that does not encrypt.
            if (error.code == ErrorCode::wrong_host_key &&
                !speaks_curve(address, clock_, clock_.now() + kGreetingTimeMax)) {
                error = make_error(ErrorCode::not_encrypted, not_tillhost(address));
            }
            return error;
        }
        if (!wait(deadline)) {
            return make_error(ErrorCode::no_daemon,
                              fmt::format("no answer at {} within the time limit", address));
        }
    }
}

bool ZmqClient::wait(os::Deadline deadline) const {
    const std::vector<int>& fds = socket_->fds();  // of messages and of connections
    std::array<pollfd, 2> both{pollfd{.fd = fds[0], .events = POLLIN, .revents = 0},
                               pollfd{.fd = fds[1], .events = POLLIN, .revents = 0}};
    int timeout_ms = -1;
    if (deadline != os::Deadline::max()) {
        const os::Instant now = clock_.now();
        if (deadline <= now) {
            return false;
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now).count();
        timeout_ms =
            static_cast<int>(std::min<std::int64_t>(left, std::numeric_limits<int>::max()));
    }
    // A signal ends the wait early; the caller looks and waits again.
    ::poll(both.data(), both.size(), timeout_ms);
    return true;
}

bool ZmqClient::lost() {
    while (const auto event = socket_->next_event()) {
        lost_ = lost_ || event->what != ZmqSocket::Happened::connected;
    }
    return lost_;
}

base::Result<std::int64_t> ZmqClient::send(contract::RequestKind kind, Value body,
                                           std::int64_t deadline_ms) {
    if (lost_) {
        return connection_lost();
    }
    const std::int64_t id = ++last_id_;
    const base::Bytes bytes = encode_msgpack(
        contract::to_value(contract::Request{kind, id, deadline_ms, std::move(body)}));
    if (bytes.size() > contract::kFrameBytesMax) {
        return make_error(ErrorCode::too_large,
                          fmt::format("the request has {} bytes; at most {}", bytes.size(),
                                      contract::kFrameBytesMax));
    }
    switch (socket_->send({}, bytes)) {
        case ZmqSocket::Sent::sent: return id;
        case ZmqSocket::Sent::full:
            if (!lost()) {
                return make_error(ErrorCode::retry_later, "devd does not take requests");
            }
            break;
        case ZmqSocket::Sent::unroutable: lost_ = true; break;
    }
    return connection_lost();
}

base::Result<contract::Reply> ZmqClient::receive(os::Deadline deadline) {
    while (true) {
        // Replies that came before the end are still handed over.
        if (const auto incoming = socket_->receive()) {
            return contract::read_reply(TRY(decode_msgpack(incoming->payload)));
        }
        if (lost()) {
            return connection_lost();
        }
        if (!wait(deadline)) {
            return make_error(ErrorCode::deadline_passed, "devd has not answered");
        }
    }
}

base::Result<Value> ZmqClient::call(contract::RequestKind kind, Value body, os::Deadline deadline) {
    if (lost()) {
        return connection_lost();
    }
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock_.now()).count();
    const std::int64_t deadline_ms =
        std::clamp<std::int64_t>(left, 1, contract::kRequestDeadlineMsMax);
    const std::int64_t id = TRY(send(kind, std::move(body), deadline_ms));
    const os::Deadline until = clock_.now() + std::chrono::milliseconds(deadline_ms) + kReplyGrace;
    while (true) {
        auto reply = receive(until);
        if (!reply) {
            return after_sending(std::move(reply).error());
        }
        if (reply->is_event) {
            if (events_.size() >= kEventsWaitingMax) {
                lost_ = true;
                return after_sending(make_error(ErrorCode::malformed, "events without credit"));
            }
            events_.push_back(std::get<Value>(std::move(reply->outcome)));
            continue;
        }
        if (reply->id != id) {
            // The answer to a request that was given up; or the server could not even read the
            // number of ours.
            const auto* error = std::get_if<contract::Error>(&reply->outcome);
            if (reply->id == 0 && error != nullptr) {
                return contract::to_base(*error);
            }
            continue;
        }
        if (const auto* error = std::get_if<contract::Error>(&reply->outcome)) {
            return contract::to_base(*error);
        }
        return std::get<Value>(std::move(reply->outcome));
    }
}

base::Result<std::optional<Value>> ZmqClient::next_event(os::Deadline deadline) {
    if (!events_.empty()) {
        std::optional<Value> first(std::move(events_.front()));
        events_.pop_front();
        return first;
    }
    while (true) {
        auto reply = receive(deadline);
        if (!reply) {
            if (reply.error().code == ErrorCode::deadline_passed) {
                return std::optional<Value>();
            }
            return std::move(reply).error();
        }
        if (reply->is_event) {
            return std::optional(std::get<Value>(std::move(reply->outcome)));
        }
    }
}

}  // namespace tillhost::ipc
