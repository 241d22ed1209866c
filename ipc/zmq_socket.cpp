#include "ipc/zmq_socket.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <zmq.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "hal/base/invariant.h"
#include "hal/os/descriptor.h"
#include "ipc/contract/envelope.h"

namespace tillhost::ipc {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;

constexpr mode_t kSocketUmask = 0117;
constexpr const char* kMonitorAddress = "inproc://monitor";

base::Error zmq_error(std::string_view what) {
    return make_error(ErrorCode::system_failed,
                      fmt::format("{}: {}", what, ::zmq_strerror(::zmq_errno())));
}

/// One frame; its content lives as long as it, or until it is filled again.
class Frame final {
public:
    Frame() { ::zmq_msg_init(&message_); }
    explicit Frame(base::ByteView content) {
        // Out of memory ends the process, as everywhere.
        INVARIANT(::zmq_msg_init_size(&message_, content.size()) == 0);
        if (!content.empty()) {
            std::memcpy(::zmq_msg_data(&message_), content.data(), content.size());
        }
    }
    ~Frame() { ::zmq_msg_close(&message_); }
    Frame(const Frame&) = delete;
    Frame& operator=(const Frame&) = delete;

    bool receive(void* socket) {
        int got = -1;
        do {
            got = ::zmq_msg_recv(&message_, socket, ZMQ_DONTWAIT);
        } while (got < 0 && ::zmq_errno() == EINTR);
        return got >= 0;
    }
    /// The library owns the content when this succeeded.
    bool send(void* socket, int flags) {
        int sent = -1;
        do {
            sent = ::zmq_msg_send(&message_, socket, ZMQ_DONTWAIT | flags);
        } while (sent < 0 && ::zmq_errno() == EINTR);
        return sent >= 0;
    }
    bool more() { return ::zmq_msg_more(&message_) != 0; }
    base::ByteView content() {
        return {static_cast<const std::byte*>(::zmq_msg_data(&message_)),
                ::zmq_msg_size(&message_)};
    }
    std::string_view property(const char* name) {
        const char* value = ::zmq_msg_gets(&message_, name);
        return value == nullptr ? std::string_view() : std::string_view(value);
    }

private:
    zmq_msg_t message_;
};

int number_from(std::string_view text) {
    int number = -1;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

struct Option {
    int name;
    int value;
};

Done set_options(void* socket, ZmqKind kind) {
    constexpr std::array kShared{Option{ZMQ_LINGER, 0},
                                 Option{ZMQ_SNDHWM, kQueuedMessagesMax},
                                 Option{ZMQ_RCVHWM, kQueuedMessagesMax},
                                 Option{ZMQ_HEARTBEAT_IVL, kHeartbeatMs},
                                 Option{ZMQ_HEARTBEAT_TIMEOUT, kHeartbeatTimeoutMs},
                                 Option{ZMQ_HANDSHAKE_IVL, kHandshakeMs}};
    constexpr std::array kRouter{Option{ZMQ_ROUTER_MANDATORY, 1}};
    constexpr std::array kDealer{Option{ZMQ_IMMEDIATE, 1}, Option{ZMQ_RECONNECT_IVL, -1}};
    const auto set = [socket](const Option& option) {
        return ::zmq_setsockopt(socket, option.name, &option.value, sizeof option.value) == 0;
    };
    bool good = true;
    for (const Option& option : kShared) {
        good = good && set(option);
    }
    good = good && (kind == ZmqKind::router ? set(kRouter[0]) : set(kDealer[0]) && set(kDealer[1]));
    const std::int64_t bytes_max = contract::kFrameBytesMax;
    good = good && ::zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &bytes_max, sizeof bytes_max) == 0;
    return good ? Done() : Done(zmq_error("zmq_setsockopt"));
}

}  // namespace

struct ZmqSocket::Parts {
    explicit Parts(ZmqKind of_kind) : kind(of_kind) {}

    const ZmqKind kind;
    void* context = nullptr;
    void* socket = nullptr;
    void* monitor = nullptr;
    std::array<int, 2> fds{-1, -1};
    os::Descriptor both;  // an epoll set of the two, once it is asked for
    Frame routing_id;
    Frame payload;

    ~Parts() {
        if (socket != nullptr) {
            ::zmq_socket_monitor(socket, nullptr, 0);
        }
        for (void* one : {monitor, socket}) {
            if (one != nullptr) {
                ::zmq_close(one);
            }
        }
        if (context != nullptr) {
            ::zmq_ctx_term(context);
        }
    }

    Done open_monitor() {
        const int events =
            kind == ZmqKind::router
                ? ZMQ_EVENT_DISCONNECTED
                : ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED | ZMQ_EVENT_CONNECT_RETRIED |
                      ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                      ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
        monitor = ::zmq_socket(context, ZMQ_PAIR);
        // libzmq's thread blocks on a full monitor, so it has no limit: an event is a hundred
        // bytes, and there is one for each connection that ended since the last look.
        const int unlimited = 0;
        if (monitor == nullptr || ::zmq_socket_monitor(socket, kMonitorAddress, events) != 0 ||
            ::zmq_setsockopt(monitor, ZMQ_RCVHWM, &unlimited, sizeof unlimited) != 0 ||
            ::zmq_connect(monitor, kMonitorAddress) != 0) {
            return zmq_error("zmq_socket_monitor");
        }
        return {};
    }

    Done find_descriptors() {
        const std::array<void*, 2> sockets{socket, monitor};
        for (std::size_t i = 0; i < sockets.size(); ++i) {
            std::size_t size = sizeof fds[i];
            if (::zmq_getsockopt(sockets[i], ZMQ_FD, &fds[i], &size) != 0) {
                return zmq_error("zmq_getsockopt");
            }
        }
        return {};
    }

    /// Only a system without memory or descriptors refuses these.
    void join_descriptors() {
        both = os::Descriptor(::epoll_create1(EPOLL_CLOEXEC));
        INVARIANT(both.valid());
        for (const int fd : fds) {
            epoll_event event{};
            event.events = EPOLLIN;
            INVARIANT(::epoll_ctl(both.get(), EPOLL_CTL_ADD, fd, &event) == 0);
        }
    }
};

base::Result<std::unique_ptr<ZmqSocket>> ZmqSocket::create(ZmqKind kind) {
    auto parts = std::make_unique<Parts>(kind);
    parts->context = ::zmq_ctx_new();
    if (parts->context == nullptr) {
        return zmq_error("zmq_ctx_new");
    }
    parts->socket = ::zmq_socket(parts->context, kind == ZmqKind::router ? ZMQ_ROUTER : ZMQ_DEALER);
    if (parts->socket == nullptr) {
        return zmq_error("zmq_socket");
    }
    TRY(set_options(parts->socket, kind));
    TRY(parts->open_monitor());
    TRY(parts->find_descriptors());
    return std::unique_ptr<ZmqSocket>(new ZmqSocket(std::move(parts)));
}

ZmqSocket::ZmqSocket(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ZmqSocket::~ZmqSocket() = default;

Done ZmqSocket::bind(const std::string& address) {
    const mode_t before = ::umask(kSocketUmask);
    const int bound = ::zmq_bind(parts_->socket, address.c_str());
    ::umask(before);
    return bound == 0 ? Done() : Done(zmq_error(address));
}

Done ZmqSocket::connect(const std::string& address) {
    return ::zmq_connect(parts_->socket, address.c_str()) == 0 ? Done() : Done(zmq_error(address));
}

int ZmqSocket::fd() const {
    if (!parts_->both.valid()) {
        parts_->join_descriptors();
    }
    return parts_->both.get();
}

std::array<int, 2> ZmqSocket::fds() const { return parts_->fds; }

std::optional<ZmqSocket::Incoming> ZmqSocket::receive() {
    Frame& payload = parts_->payload;
    Incoming incoming;
    if (parts_->kind == ZmqKind::router) {
        if (!parts_->routing_id.receive(parts_->socket)) {
            return std::nullopt;
        }
        incoming.routing_id = parts_->routing_id.content();
    }
    // A message arrives whole, so that behind a routing id its content is there.
    if (!payload.receive(parts_->socket)) {
        return std::nullopt;
    }
    incoming.payload = payload.content();
    if (payload.more()) {
        incoming.more_frames = true;
        Frame dropped;
        do {
        } while (dropped.receive(parts_->socket) && dropped.more());
    }
    return incoming;
}

ZmqSocket::Origin ZmqSocket::origin() const {
    Frame& payload = parts_->payload;
    return {.connection = number_from(payload.property("__fd")),
            .peer_address = payload.property("Peer-Address")};
}

ZmqSocket::Sent ZmqSocket::send(base::ByteView routing_id, base::ByteView payload) {
    Frame content(payload);
    if (!routing_id.empty()) {
        Frame to(routing_id);
        if (!to.send(parts_->socket, ZMQ_SNDMORE)) {
            return ::zmq_errno() == EHOSTUNREACH ? Sent::unroutable : Sent::full;
        }
    }
    return content.send(parts_->socket, 0) ? Sent::sent : Sent::full;
}

std::optional<ZmqSocket::Event> ZmqSocket::next_event() {
    // Two frames: 16 bits event and 32 bits value in the machine's order, then an address
    // (zmq_socket_monitor(3)).
    constexpr std::size_t kEventBytes = 6;
    Frame numbers;
    Frame address;
    if (!numbers.receive(parts_->monitor)) {
        return std::nullopt;
    }
    INVARIANT(numbers.content().size() == kEventBytes && numbers.more());
    address.receive(parts_->monitor);
    std::uint16_t event = 0;
    std::int32_t value = -1;
    std::memcpy(&event, numbers.content().data(), sizeof event);
    std::memcpy(&value, numbers.content().data() + sizeof event, sizeof value);
    return Event{.connected = event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED, .connection = value};
}

}  // namespace tillhost::ipc
