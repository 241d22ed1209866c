#include "ipc/zmq_link.h"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

#include "ipc/msgpack.h"

namespace tillhost::ipc {
namespace {

using base::ErrorCode;
using base::make_error;

/// A server answers the handshake at once.
constexpr int kLinkHandshakeMs = 2'000;
constexpr int kTooManyStatus = 500;  // see ZmqSocket::admit()

}  // namespace

base::Error ZmqLink::why_not_in(const ZmqSocket::Event& event, const std::string& address) {
    using Happened = ZmqSocket::Happened;
    switch (event.what) {
        case Happened::failed_admission:
            return event.detail == kTooManyStatus
                       ? make_error(ErrorCode::retry_later,
                                    "this machine has too many connections to " + address)
                       : make_error(ErrorCode::not_paired,
                                    address + " does not admit this machine's key");
        case Happened::failed_silently:
            if (event.detail == EAGAIN || event.detail == ETIMEDOUT) {
                return make_error(ErrorCode::no_daemon,
                                  address + " takes the connection and says nothing");
            }
            [[fallthrough]];
        case Happened::failed_cipher:
            return make_error(ErrorCode::wrong_host_key,
                              address + " has another key than when this machine was paired");
        case Happened::failed_mechanism:
        case Happened::failed_protocol:
        case Happened::ended:
            return make_error(ErrorCode::not_encrypted,
                              "what answers at " + address + " is no encrypted tillhost");
        case Happened::accepted:
        case Happened::connected:
        case Happened::unreachable: break;
    }
    return make_error(ErrorCode::no_daemon, fmt::format("nobody answers at {}", address));
}

base::Result<std::unique_ptr<ZmqLink>> ZmqLink::open(const std::string& address,
                                                     const CurveClient& keys) {
    if (!is_key(keys.server_key) || !is_key(keys.own.public_key)) {
        return base::bad_field("key", "40 characters of Z85");
    }
    auto socket =
        TRY(ZmqSocket::create(ZmqKind::dealer, {.handshake_ms = kLinkHandshakeMs, .client = keys}));
    if (!socket->connect(address)) {
        return base::bad_field("address", "tcp://HOST:PORT");
    }
    return std::unique_ptr<ZmqLink>(new ZmqLink(std::move(socket), address));
}

void ZmqLink::lose(base::Error why) {
    if (state_ != State::lost) {
        state_ = State::lost;
        why_ = std::move(why);
    }
}

ZmqLink::State ZmqLink::state() {
    while (const auto event = socket_->next_event()) {
        if (event->what == ZmqSocket::Happened::connected) {
            state_ = state_ == State::connecting ? State::up : state_;
        } else if (state_ == State::connecting) {
            lose(why_not_in(*event, address_));
        } else {
            lose(make_error(ErrorCode::link_lost, "the connection to " + address_ + " ended"));
        }
    }
    return state_;
}

base::Done ZmqLink::send(contract::Request request) {
    if (state() != State::up) {
        return make_error(ErrorCode::link_lost, "there is no connection to " + address_);
    }
    const base::Bytes bytes = encode_msgpack(contract::to_value(std::move(request)));
    if (bytes.size() > contract::kFrameBytesMax) {
        return make_error(ErrorCode::too_large,
                          fmt::format("the request has {} bytes; at most {}", bytes.size(),
                                      contract::kFrameBytesMax));
    }
    switch (socket_->send({}, bytes)) {
        case ZmqSocket::Sent::sent: return {};
        case ZmqSocket::Sent::full:
            if (state() == State::up) {
                return make_error(ErrorCode::retry_later, address_ + " does not take requests");
            }
            break;
        case ZmqSocket::Sent::unroutable: break;
    }
    lose(make_error(ErrorCode::link_lost, "the connection to " + address_ + " ended"));
    return make_error(ErrorCode::link_lost, why_.detail);
}

std::optional<contract::Reply> ZmqLink::receive() {
    while (const auto incoming = socket_->receive()) {
        auto value = decode_msgpack(incoming->payload);
        auto reply = value ? contract::read_reply(std::move(*value))
                           : base::Result<contract::Reply>(value.error());
        if (reply) {
            return std::move(*reply);
        }
        lose(reply.error());
        return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace tillhost::ipc
