#include "tests/bench/hostile_peer.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <deque>
#include <functional>
#include <vector>

#include "hal/base/invariant.h"
#include "hal/os/clock.h"
#include "hal/os/descriptor.h"
#include "ipc/contract/envelope.h"
#include "ipc/host_file.h"
#include "ipc/msgpack.h"
#include "ipc/zmq_socket.h"
#include "tests/bench/counter.h"

namespace tillhost::bench {
namespace {

constexpr os::Duration kPace = std::chrono::milliseconds(10);
constexpr int kHandshakesAtOnce = 20;
constexpr std::size_t kHandshakesOpen = 32;  ///< fewer than shut the door
constexpr std::size_t kSlowOpen = 60;
constexpr int kLookMs = 10;
constexpr int kEndLooks = 100;

std::uint16_t port_of(const std::string& text) {
    return static_cast<std::uint16_t>(std::stoi(text));
}

/// A connection that has begun; whether it is taken is not waited for.
os::Descriptor knock(std::uint16_t port) {
    os::Descriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    static_cast<void>(::connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to));
    return fd;
}

void say(const os::Descriptor& to, std::string_view words) {
    static_cast<void>(::send(to.get(), words.data(), words.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
}

/// The greeting and a HELLO that costs the other end a box that does not open (RFC 26).
std::string false_hello() {
    constexpr std::size_t kGreetingBytes = 64;
    constexpr std::size_t kHelloBytes = 200;
    std::string words("\xFF\0\0\0\0\0\0\0\1\x7F\3\0CURVE", 17);
    words.resize(kGreetingBytes);
    words += '\4';
    words += static_cast<char>(kHelloBytes);
    words += "\5HELLO";
    words += std::string("\1\0", 2);
    const std::size_t end = kGreetingBytes + 2 + kHelloBytes;
    words.resize(words.size() + 72);
    words.resize(end, '\x5A');
    return words;
}

int shake_hands(std::uint16_t port, os::Clock& clock) {
    const std::string words = false_hello();
    std::deque<os::Descriptor> open;
    while (true) {
        for (int i = 0; i < kHandshakesAtOnce; ++i) {
            open.push_back(knock(port));
            say(open.back(), words);
            if (open.size() > kHandshakesOpen) {
                open.pop_front();
            }
        }
        clock.sleep_until(clock.now() + kPace);
    }
}

int dribble(std::uint16_t port, os::Clock& clock) {
    std::vector<os::Descriptor> open;
    while (true) {
        while (open.size() < kSlowOpen) {
            open.push_back(knock(port));
        }
        for (os::Descriptor& one : open) {
            char c = 0;
            if (::recv(one.get(), &c, 1, MSG_DONTWAIT) == 0) {
                one = knock(port);  // it was ended
            }
            say(one, "\xFF");
        }
        clock.sleep_until(clock.now() + std::chrono::milliseconds(500));
    }
}

std::unique_ptr<ipc::ZmqSocket> dial(const ipc::HostFile& file, std::uint16_t port) {
    auto socket = MUST(ipc::ZmqSocket::create(ipc::ZmqKind::dealer, {.client = file.keys()}));
    MUST(socket->connect("tcp://127.0.0.1:" + std::to_string(port)));
    return socket;
}

void look(const ipc::ZmqSocket& socket) {
    pollfd one{socket.fd(), POLLIN, 0};
    ::poll(&one, 1, kLookMs);
}

int send_oversize(const ipc::HostFile& file, std::uint16_t port, os::Clock& clock) {
    const base::Bytes large(contract::kFrameBytesMax + 1);
    while (true) {
        const auto socket = dial(file, port);
        bool sent = false;
        bool ended = false;
        for (int i = 0; i < kEndLooks && !ended; ++i) {
            sent = sent || socket->send({}, large) == ipc::ZmqSocket::Sent::sent;
            look(*socket);
            while (const auto event = socket->next_event()) {
                ended = ended || event->what == ipc::ZmqSocket::Happened::ended;
            }
        }
        clock.sleep_until(clock.now() + kPace);
    }
}

int flood(const ipc::HostFile& file, std::uint16_t port) {
    const auto socket = dial(file, port);
    const base::Bytes request = ipc::encode_msgpack(contract::to_value(
        contract::Request{contract::RequestKind::status, 1, 0, Counter::status_body("echo")}));
    while (true) {
        if (socket->send({}, request) == ipc::ZmqSocket::Sent::full) {
            look(*socket);
        }
        while (socket->receive()) {
        }
    }
}

class Everybody final : public ipc::Admission {
public:
    Verdict admits(std::string_view /*key*/, std::string_view /*address*/) override {
        return Verdict::admitted;
    }
};

}  // namespace

int HostilePeer::act(const std::string& deed, const std::string& keys, const std::string& port) {
    os::SystemClock clock;
    const ipc::HostFile file = MUST(ipc::read_host_file_at(keys));
    if (deed == "handshakes") {
        return shake_hands(port_of(port), clock);
    }
    if (deed == "slow") {
        return dribble(port_of(port), clock);
    }
    return deed == "flood" ? flood(file, port_of(port)) : send_oversize(file, port_of(port), clock);
}

int HostilePeer::serve(const std::string& key, const std::string& port) {
    Everybody everybody;
    const ipc::KeyPair pair = MUST(ipc::load_or_make_key(key));
    const auto socket = MUST(ipc::ZmqSocket::create(
        ipc::ZmqKind::router, {.server = ipc::CurveServer{pair.secret_key, 0, &everybody}}));
    MUST(socket->bind("tcp://127.0.0.1:" + port));
    while (true) {
        look(*socket);
        socket->admit();
        while (socket->next_event()) {
        }
        while (const auto incoming = socket->receive()) {
            socket->send(incoming->routing_id, incoming->payload);
        }
    }
}

}  // namespace tillhost::bench
