#include "ipc/handshakes.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace tillhost::ipc {
namespace {

constexpr int kTooManyStatus = 500;  // see ZmqSocket::admit()

/// For people: a connection that is over already may have given its number away.
std::string address_of(int connection) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (::getpeername(connection, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        return "";
    }
    const void* const number =
        address.ss_family == AF_INET6
            ? static_cast<const void*>(&reinterpret_cast<sockaddr_in6*>(&address)->sin6_addr)
            : static_cast<const void*>(&reinterpret_cast<sockaddr_in*>(&address)->sin_addr);
    const bool internet = address.ss_family == AF_INET || address.ss_family == AF_INET6;
    return internet && ::inet_ntop(address.ss_family, number, text.data(), text.size()) != nullptr
               ? std::string(text.data())
               : std::string();
}

std::optional<HandshakeFailure> failure_of(const ZmqSocket::Event& event) {
    switch (event.what) {
        case ZmqSocket::Happened::failed_silently:
            return event.detail == EAGAIN || event.detail == ETIMEDOUT
                       ? HandshakeFailure::timed_out
                       : HandshakeFailure::broken_off;
        case ZmqSocket::Happened::failed_mechanism: return HandshakeFailure::not_encrypted;
        case ZmqSocket::Happened::failed_cipher: return HandshakeFailure::wrong_server_key;
        case ZmqSocket::Happened::failed_protocol: return HandshakeFailure::not_zmq;
        case ZmqSocket::Happened::failed_admission:
            return event.detail == kTooManyStatus ? HandshakeFailure::too_many
                                                  : HandshakeFailure::unknown_key;
        case ZmqSocket::Happened::accepted:
        case ZmqSocket::Happened::connected:
        case ZmqSocket::Happened::ended:
        case ZmqSocket::Happened::unreachable: break;
    }
    return std::nullopt;
}

void decrease(std::size_t& count) { count -= count > 0 ? 1 : 0; }

}  // namespace

std::string_view name_of(HandshakeFailure failure) {
    switch (failure) {
        case HandshakeFailure::unknown_key: return "unknown_key";
        case HandshakeFailure::too_many: return "too_many";
        case HandshakeFailure::wrong_server_key: return "wrong_server_key";
        case HandshakeFailure::not_encrypted: return "not_encrypted";
        case HandshakeFailure::timed_out: return "timed_out";
        case HandshakeFailure::broken_off: return "broken_off";
        case HandshakeFailure::not_zmq: return "not_zmq";
    }
    return "";
}

std::optional<FailedHandshake> Handshakes::take(const ZmqSocket::Event& event, bool known) {
    if (const auto failure = failure_of(event)) {
        failing_ = failure;
    } else if (event.what == ZmqSocket::Happened::accepted) {
        ++accepted_;
        ++pending_;
        addresses_.insert_or_assign(event.connection, address_of(event.connection));
    } else if (event.what == ZmqSocket::Happened::connected) {
        decrease(pending_);
        ++silent_;
    } else if (event.what == ZmqSocket::Happened::ended) {
        std::string address = take_address(event.connection);
        if (const auto why = why_ended(known)) {
            ++failed_.at(static_cast<std::size_t>(*why));
            return FailedHandshake{*why, std::move(address)};
        }
    }
    return std::nullopt;
}

std::optional<HandshakeFailure> Handshakes::why_ended(bool known) {
    const auto failure = std::exchange(failing_, std::nullopt);
    if (failure) {
        decrease(pending_);
        return failure;
    }
    if (known) {
        return std::nullopt;
    }
    if (silent_ > 0) {
        --silent_;
        return std::nullopt;
    }
    decrease(pending_);
    return HandshakeFailure::not_zmq;
}

std::string Handshakes::take_address(int connection) {
    auto node = addresses_.extract(connection);
    return node.empty() ? std::string() : std::move(node.mapped());
}

void Handshakes::seen() { decrease(silent_ > 0 ? silent_ : pending_); }

}  // namespace tillhost::ipc
