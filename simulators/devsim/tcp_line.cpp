#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <utility>

#include "simulators/devsim/line.h"

namespace tillhost::devsim {
namespace {

constexpr std::size_t kReadBytes = 4096;
constexpr int kBacklog = 4;

class TcpLine final : public Line {
public:
    TcpLine(os::EventLoop& loop, Received received) : loop_(loop), received_(std::move(received)) {}
    ~TcpLine() override;
    TcpLine(const TcpLine&) = delete;
    TcpLine& operator=(const TcpLine&) = delete;

    base::Done open(const std::string& address);
    void write(base::ByteView bytes) override;
    std::string address() const override { return address_; }
    base::Done second_client(std::string_view mode) override;
    void watch_host(Watched watched) override { watched_ = std::move(watched); }
    void hang_up() override;
    void hold_back(Room room) override { room_ = std::move(room); }
    void go_on() override;

private:
    enum class Second { refuse, wait, steal };
    base::Done bind_to(const std::string& host, const std::string& port);
    void accept_one();
    void read_some();
    bool client_gone() const;
    void stop_reading();
    void drop_client();
    void lose_client();
    void serve(os::Descriptor client);

    os::EventLoop& loop_;
    Received received_;
    Watched watched_;
    std::string address_;
    os::Descriptor listener_;
    os::Descriptor client_;
    os::WatchId listening_{};
    std::optional<os::WatchId> reading_;  ///< none without a client, and while it is held back
    Room room_;
    os::Descriptor waiting_;  ///< the second one, in its mode
    Second second_ = Second::refuse;
};

TcpLine::~TcpLine() {
    drop_client();
    if (listening_.value != 0) {
        loop_.unwatch(listening_);
    }
}

base::Done TcpLine::open(const std::string& address) {
    const auto colon = address.rfind(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == address.size()) {
        return base::bad_field("--tcp", "HOST:PORT, as in 127.0.0.1:7778");
    }
    const std::string host = address.substr(0, colon);
    TRY(bind_to(host, address.substr(colon + 1)));
    sockaddr_storage bound{};
    socklen_t length = sizeof bound;
    std::array<char, NI_MAXSERV> port{};
    if (::listen(listener_.get(), kBacklog) != 0 ||
        ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&bound), &length) != 0 ||
        ::getnameinfo(reinterpret_cast<sockaddr*>(&bound), length, nullptr, 0, port.data(),
                      port.size(), NI_NUMERICSERV) != 0) {
        return os::system_error(address, errno);
    }
    address_ = host + ":" + port.data();
    listening_ = TRY(loop_.watch(listener_.get(), [this](os::Readiness) { accept_one(); }));
    return {};
}

base::Done TcpLine::bind_to(const std::string& host, const std::string& port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (const int why = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found); why != 0) {
        return base::bad_field("--tcp", std::string("HOST:PORT: ") + ::gai_strerror(why));
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, &::freeaddrinfo);
    listener_ =
        os::Descriptor(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int yes = 1;
    if (!listener_.valid() ||
        ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        ::bind(listener_.get(), found->ai_addr, found->ai_addrlen) != 0) {
        return os::system_error(host + ":" + port, errno);
    }
    return {};
}

bool TcpLine::client_gone() const {
    std::byte byte{};
    const ssize_t got = ::recv(client_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

void TcpLine::stop_reading() {
    if (const auto watch = std::exchange(reading_, std::nullopt)) {
        loop_.unwatch(*watch);
    }
}

void TcpLine::go_on() {
    if (!client_.valid() || reading_ || !room_ || room_() == 0) {
        return;
    }
    const auto watch = loop_.watch(client_.get(), [this](os::Readiness) { read_some(); });
    reading_ = watch ? std::optional(*watch) : std::nullopt;
}

void TcpLine::drop_client() {
    if (client_.valid()) {
        stop_reading();
        client_.reset();
    }
}

void TcpLine::lose_client() {
    const bool was = client_.valid();
    drop_client();
    if (was && watched_) {
        watched_(false);
    }
}

void TcpLine::hang_up() {
    drop_client();
    if (waiting_.valid()) {
        serve(std::move(waiting_));
        waiting_.reset();
    }
}

void TcpLine::accept_one() {
    os::Descriptor next(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!next.valid()) {
        return;
    }
    // A successor may knock before the news that its predecessor is gone.
    if (client_.valid() && !client_gone() && second_ != Second::steal) {
        if (second_ == Second::wait) {
            waiting_ = std::move(next);
        }
        return;
    }
    lose_client();
    serve(std::move(next));
}

void TcpLine::serve(os::Descriptor client) {
    const int yes = 1;
    ::setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    const auto watch = loop_.watch(client.get(), [this](os::Readiness) { read_some(); });
    if (watch) {
        client_ = std::move(client);
        reading_ = *watch;
        if (watched_) {
            watched_(true);
        }
    }
}

base::Done TcpLine::second_client(std::string_view mode) {
    second_ = mode == "wait" ? Second::wait : mode == "steal" ? Second::steal : Second::refuse;
    return {};
}

void TcpLine::read_some() {
    std::array<std::byte, kReadBytes> buffer{};
    const std::size_t room = room_ ? std::min(room_(), buffer.size()) : buffer.size();
    if (room == 0) {
        stop_reading();
        return;
    }
    const ssize_t got = ::recv(client_.get(), buffer.data(), room, 0);
    if (got > 0) {
        received_({buffer.data(), static_cast<std::size_t>(got)});
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        lose_client();
        if (waiting_.valid()) {
            serve(std::move(waiting_));
            waiting_.reset();
        }
    }
}

void TcpLine::write(base::ByteView bytes) {
    while (client_.valid() && !bytes.empty()) {
        const ssize_t wrote = ::send(client_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            return;
        }
        bytes = bytes.subspan(static_cast<std::size_t>(wrote));
    }
}

}  // namespace

base::Done Line::second_client(std::string_view /*mode*/) {
    return base::make_error(base::ErrorCode::not_supported, "only a TCP line has clients");
}

base::Result<std::unique_ptr<Line>> open_tcp_line(os::EventLoop& loop, const std::string& address,
                                                  Line::Received received) {
    auto line = std::make_unique<TcpLine>(loop, std::move(received));
    TRY(line->open(address));
    return std::unique_ptr<Line>(std::move(line));
}

}  // namespace tillhost::devsim
