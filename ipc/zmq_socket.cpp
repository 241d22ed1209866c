#include "ipc/zmq_socket.h"

#include <fmt/format.h>
#include <linux/filter.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <zmq.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <span>
#include <utility>

#include "hal/base/invariant.h"
#include "hal/os/descriptor.h"
#include "hal/os/scheduling.h"
#include "ipc/contract/envelope.h"

namespace tillhost::ipc {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;

constexpr mode_t kSocketUmask = 0117;
constexpr const char* kMonitorAddress = "inproc://monitor";
// ZeroMQ RFC 27: where libzmq asks whether a key may come in.
constexpr const char* kAdmissionAddress = "inproc://zeromq.zap.01";
constexpr const char* kAdmissionDomain = "tillhost";
constexpr std::size_t kAdmissionFrames = 7;

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

/// A message of several frames as texts; nothing if there is none.
std::optional<std::vector<std::string>> receive_frames(void* socket) {
    std::vector<std::string> texts;
    Frame frame;
    do {
        if (!frame.receive(socket)) {
            return std::nullopt;  // a message arrives whole, so that this is the first frame
        }
        texts.push_back(base::string_of(frame.content()));
    } while (frame.more());
    return texts;
}

void send_frames(void* socket, const std::vector<std::string_view>& texts) {
    for (std::size_t i = 0; i < texts.size(); ++i) {
        Frame frame(std::as_bytes(std::span(texts[i])));
        frame.send(socket, i + 1 < texts.size() ? ZMQ_SNDMORE : 0);
    }
}

int number_from(std::string_view text) {
    int number = -1;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

struct Option {
    int name;
    int value;
};

bool set(void* socket, const Option& option) {
    return ::zmq_setsockopt(socket, option.name, &option.value, sizeof option.value) == 0;
}

bool set(void* socket, int name, const std::string& text) {
    return ::zmq_setsockopt(socket, name, text.c_str(), text.size()) == 0;
}

bool set_keys(void* socket, const SocketOptions& options) {
    if (const auto& server = options.server) {
        return set(socket, {ZMQ_CURVE_SERVER, 1}) && set(socket, {ZMQ_BACKLOG, kBacklog}) &&
               set(socket, ZMQ_CURVE_SECRETKEY, server->secret_key.reveal()) &&
               set(socket, ZMQ_ZAP_DOMAIN, kAdmissionDomain);
    }
    if (const auto& client = options.client) {
        return set(socket, ZMQ_CURVE_SERVERKEY, client->server_key) &&
               set(socket, ZMQ_CURVE_PUBLICKEY, client->own.public_key) &&
               set(socket, ZMQ_CURVE_SECRETKEY, client->own.secret_key.reveal());
    }
    return true;
}

bool set_keepalive(void* socket, const Keepalive& keepalive) {
    return set(socket, {ZMQ_TCP_KEEPALIVE, 1}) &&
           set(socket, {ZMQ_TCP_KEEPALIVE_IDLE, keepalive.idle_s}) &&
           set(socket, {ZMQ_TCP_KEEPALIVE_INTVL, keepalive.every_s}) &&
           set(socket, {ZMQ_TCP_KEEPALIVE_CNT, keepalive.times}) &&
           set(socket, {ZMQ_TCP_MAXRT, keepalive.unread_ms});
}

Done set_options(void* socket, ZmqKind kind, const SocketOptions& options) {
    const std::array shared{Option{ZMQ_LINGER, 0},
                            Option{ZMQ_SNDHWM, kQueuedMessagesMax},
                            Option{ZMQ_RCVHWM, kQueuedMessagesMax},
                            Option{ZMQ_HEARTBEAT_IVL, options.heartbeat_ms},
                            Option{ZMQ_HEARTBEAT_TIMEOUT, options.heartbeat_timeout_ms},
                            Option{ZMQ_HEARTBEAT_TTL, options.heartbeat_ttl_ms},
                            Option{ZMQ_HANDSHAKE_IVL, options.handshake_ms}};
    bool good = true;
    for (const Option& option : shared) {
        good = good && set(socket, option);
    }
    good = good && (kind == ZmqKind::router
                        ? set(socket, {ZMQ_ROUTER_MANDATORY, 1})
                        : set(socket, {ZMQ_IMMEDIATE, 1}) && set(socket, {ZMQ_RECONNECT_IVL, -1}));
    const std::int64_t bytes_max = contract::kFrameBytesMax;
    good = good && ::zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &bytes_max, sizeof bytes_max) == 0 &&
           set_keys(socket, options);
    if (options.server || options.client) {
        good = good && set_keepalive(socket, options.keepalive);
    }
    return good ? Done() : Done(zmq_error("zmq_setsockopt"));
}

ZmqSocket::Happened what_failed(int protocol_error) {
    switch (protocol_error) {
        case ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH:
            return ZmqSocket::Happened::failed_mechanism;
        case ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC: return ZmqSocket::Happened::failed_cipher;
        default: return ZmqSocket::Happened::failed_protocol;  // the numbers of a library
    }
}

/// Nothing: an event that is of the socket and of no connection.
std::optional<ZmqSocket::Event> event_from(std::uint16_t event, std::int32_t value) {
    using Happened = ZmqSocket::Happened;
    switch (event) {
        case ZMQ_EVENT_ACCEPTED: return {{Happened::accepted, value, 0}};
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return {{Happened::connected, -1, 0}};
        case ZMQ_EVENT_DISCONNECTED: return {{Happened::ended, value, 0}};
        case ZMQ_EVENT_CLOSED:
        case ZMQ_EVENT_CONNECT_RETRIED: return {{Happened::unreachable, -1, 0}};
        case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: return {{Happened::failed_silently, -1, value}};
        case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: return {{what_failed(value), -1, value}};
        case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: return {{Happened::failed_admission, -1, value}};
        default: return std::nullopt;
    }
}

}  // namespace

struct ZmqSocket::Parts {
    Parts(ZmqKind of_kind, const SocketOptions& with) : kind(of_kind), options(with) {}

    const ZmqKind kind;
    const SocketOptions options;
    void* context = nullptr;
    void* socket = nullptr;
    void* monitor = nullptr;
    void* admission = nullptr;  // only of an encrypted server
    int listening = -1;         // its descriptor; libzmq's own
    std::vector<int> fds;
    os::Descriptor joined;  // an epoll set of them, once it is asked for
    Frame routing_id;
    Frame payload;

    ~Parts() {
        if (socket != nullptr) {
            ::zmq_socket_monitor(socket, nullptr, 0);
        }
        for (void* one : {monitor, admission, socket}) {
            if (one != nullptr) {
                ::zmq_close(one);
            }
        }
        if (context != nullptr) {
            ::zmq_ctx_term(context);
        }
    }

    /// A handshake that nobody answers is refused by libzmq, so that it must be there first.
    Done open_admission() {
        if (!options.server) {
            return {};
        }
        admission = ::zmq_socket(context, ZMQ_REP);
        const bool good = admission != nullptr && set(admission, {ZMQ_LINGER, 0}) &&
                          ::zmq_bind(admission, kAdmissionAddress) == 0;
        return good ? Done() : Done(zmq_error(kAdmissionAddress));
    }

    int wanted_events() const {
        constexpr int kHandshake =
            ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
            ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
        if (kind == ZmqKind::dealer) {
            return ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED | ZMQ_EVENT_CONNECT_RETRIED |
                   kHandshake;
        }
        return options.server
                   ? ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_LISTENING | kHandshake
                   : ZMQ_EVENT_DISCONNECTED;
    }

    Done open_monitor() {
        const int events = wanted_events();
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
        for (void* one : {socket, monitor, admission}) {
            int fd = -1;
            std::size_t size = sizeof fd;
            if (one != nullptr && ::zmq_getsockopt(one, ZMQ_FD, &fd, &size) != 0) {
                return zmq_error("zmq_getsockopt");
            }
            if (one != nullptr) {
                fds.push_back(fd);
            }
        }
        return {};
    }

    /// Only a system without memory or descriptors refuses these.
    void join_descriptors() {
        joined = os::Descriptor(::epoll_create1(EPOLL_CLOEXEC));
        INVARIANT(joined.valid());
        for (const int fd : fds) {
            epoll_event event{};
            event.events = EPOLLIN;
            INVARIANT(::epoll_ctl(joined.get(), EPOLL_CTL_ADD, fd, &event) == 0);
        }
    }
};

base::Result<std::unique_ptr<ZmqSocket>> ZmqSocket::create(ZmqKind kind,
                                                           const SocketOptions& options) {
    auto parts = std::make_unique<Parts>(kind, options);
    parts->context = ::zmq_ctx_new();
    if (parts->context == nullptr) {
        return zmq_error("zmq_ctx_new");
    }
    const int nice = options.server ? options.server->nice : 0;
    const std::set<pid_t> before = nice == 0 ? std::set<pid_t>() : os::own_threads();
    parts->socket = ::zmq_socket(parts->context, kind == ZmqKind::router ? ZMQ_ROUTER : ZMQ_DEALER);
    if (parts->socket == nullptr) {
        return zmq_error("zmq_socket");
    }
    if (nice != 0) {
        for (const pid_t one : os::own_threads()) {
            if (!before.contains(one)) {  // started with the first socket
                os::give_way(one, nice);
            }
        }
    }
    TRY(set_options(parts->socket, kind, options));
    TRY(parts->open_admission());
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

std::string ZmqSocket::bound_to() const {
    std::array<char, 256> text{};
    std::size_t size = text.size();
    return ::zmq_getsockopt(parts_->socket, ZMQ_LAST_ENDPOINT, text.data(), &size) == 0
               ? std::string(text.data())
               : std::string();
}

Done ZmqSocket::connect(const std::string& address) {
    return ::zmq_connect(parts_->socket, address.c_str()) == 0 ? Done() : Done(zmq_error(address));
}

int ZmqSocket::fd() const {
    if (!parts_->joined.valid()) {
        parts_->join_descriptors();
    }
    return parts_->joined.get();
}

const std::vector<int>& ZmqSocket::fds() const { return parts_->fds; }

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
            .peer_address = payload.property("Peer-Address"),
            .key = payload.property("User-Id")};
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

void ZmqSocket::admit() {
    // RFC 27: version, request, domain, address, routing id, mechanism, credentials; the answer is
    // version, request, status, text, user id, metadata.
    while (parts_->admission != nullptr) {
        const auto asked = receive_frames(parts_->admission);
        if (!asked) {
            return;
        }
        auto verdict = Admission::Verdict::unknown;
        std::string key;
        if (asked->size() == kAdmissionFrames && (*asked)[5] == "CURVE" &&
            (*asked)[6].size() == kKeyBytes) {
            key = key_text(base::bytes_of((*asked)[6]));
            verdict = parts_->options.server->admission->admits(key, (*asked)[3]);
        }
        const bool good = verdict == Admission::Verdict::admitted;
        // Of 300, "come again", libzmq tells the other end nothing.
        const std::string_view refusal = verdict == Admission::Verdict::too_many ? "500" : "400";
        send_frames(parts_->admission,
                    {"1.0", asked->size() > 1 ? std::string_view((*asked)[1]) : "",
                     good ? "200" : refusal, "", good ? std::string_view(key) : "", ""});
    }
}

std::optional<ZmqSocket::Event> ZmqSocket::next_event() {
    // Two frames: 16 bits event and 32 bits value in the machine's order, then an address
    // (zmq_socket_monitor(3)).
    constexpr std::size_t kEventBytes = 6;
    while (const auto frames = receive_frames(parts_->monitor)) {
        const std::string& numbers = frames->front();
        INVARIANT(numbers.size() == kEventBytes);
        std::uint16_t event = 0;
        std::int32_t value = -1;
        std::memcpy(&event, numbers.data(), sizeof event);
        std::memcpy(&value, numbers.data() + sizeof event, sizeof value);
        if (event == ZMQ_EVENT_LISTENING) {
            parts_->listening = value;
        } else if (const auto told = event_from(event, value)) {
            return told;
        }
    }
    return std::nullopt;
}

void ZmqSocket::pause_accepting(bool paused) {
    if (parts_->listening < 0) {
        return;
    }
    // libzmq cannot stop accepting but by ending every connection. A filter that drops what comes
    // to the listening socket does it: connections that are there have sockets of their own.
    sock_filter drop_all = BPF_STMT(BPF_RET | BPF_K, 0);
    const sock_fprog program{.len = 1, .filter = &drop_all};
    const int ignored = 0;
    if (paused) {
        ::setsockopt(parts_->listening, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
    } else {
        ::setsockopt(parts_->listening, SOL_SOCKET, SO_DETACH_FILTER, &ignored, sizeof ignored);
    }
}

// --- keys (curve_keys.h), made by the same library

base::Result<KeyPair> KeyPair::make() {
    std::array<char, kKeyCharacters + 1> open{};
    std::array<char, kKeyCharacters + 1> secret{};
    if (::zmq_curve_keypair(open.data(), secret.data()) != 0) {
        return zmq_error("zmq_curve_keypair");
    }
    KeyPair pair{open.data(), Secret(secret.data())};
    ::explicit_bzero(secret.data(), secret.size());
    return pair;
}

base::Result<KeyPair> KeyPair::from_secret(Secret secret) {
    std::array<char, kKeyCharacters + 1> open{};
    if (!is_key(secret.reveal()) || ::zmq_curve_public(open.data(), secret.reveal().c_str()) != 0) {
        return base::bad_field("secret_key", "40 characters of Z85");
    }
    return KeyPair{open.data(), std::move(secret)};
}

}  // namespace tillhost::ipc
