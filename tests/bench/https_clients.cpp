#include "tests/bench/https_clients.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "hal/os/descriptor.h"
#include "tests/bench/figures.h"

namespace tillhost::bench {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr int kWaitMsMax = 10'000;
constexpr os::Duration kPatience = std::chrono::seconds(60);  ///< for one answer
constexpr std::size_t kReadBytes = 16 * 1024;                 ///< what a record of TLS holds
constexpr int kEventsMax = 64;

base::Error ended(const char* how) {
    return make_error(ErrorCode::system_failed, fmt::format("a connection of the load {}", how));
}

}  // namespace

struct HttpsClients::Tls {
    SSL_CTX* context = ::SSL_CTX_new(::TLS_client_method());
    ~Tls() { ::SSL_CTX_free(context); }
};

class HttpsClients::Connection final {
public:
    ~Connection() { ::SSL_free(ssl_); }

    Done open(SSL_CTX* context, std::uint16_t port) {
        fd_ = os::Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const int on = 1;
        ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd_.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
            return os::system_error("connecting the load", errno);
        }
        ssl_ = ::SSL_new(context);
        ::SSL_set_fd(ssl_, fd_.get());
        if (::SSL_connect(ssl_) != 1) {
            return ended("gets no TLS");
        }
        return ::fcntl(fd_.get(), F_SETFL, O_NONBLOCK) == 0 ? Done()
                                                            : os::system_error("fcntl", errno);
    }

    int fd() const { return fd_.get(); }
    std::string cipher() const {
        return fmt::format("{} {}", ::SSL_get_version(ssl_), ::SSL_get_cipher_name(ssl_));
    }
    bool is_asking() const { return asking_; }
    os::Instant asked_at() const { return asked_at_; }

    Done ask(std::string_view request, os::Instant now) {
        asking_ = true;
        asked_at_ = now;
        kept_.clear();
        head_bytes_ = 0;
        return say(request);
    }

    /// Waits where the socket's buffer is full.
    Done say(std::string_view text) {
        const auto size = static_cast<int>(text.size());
        int sent = 0;
        while ((sent = ::SSL_write(ssl_, text.data(), size)) != size) {
            pollfd writable{fd_.get(), POLLOUT, 0};
            if (::SSL_get_error(ssl_, sent) != SSL_ERROR_WANT_WRITE ||
                ::poll(&writable, 1, kWaitMsMax) <= 0) {
                return ended("is not read");
            }
        }
        return {};
    }

    /// Reads what is there; whether the answer is whole.
    Result<bool> read_on() {
        std::array<char, kReadBytes> piece;
        while (true) {
            const int count = ::SSL_read(ssl_, piece.data(), static_cast<int>(piece.size()));
            if (count <= 0 && ::SSL_get_error(ssl_, count) == SSL_ERROR_WANT_READ) {
                return false;  // also where it was TLS's own: a ticket for a session
            }
            if (count <= 0) {
                return ended("was closed");
            }
            kept_.append(piece.data(), static_cast<std::size_t>(count));
            if (TRY(is_whole())) {
                asking_ = false;
                return true;
            }
        }
    }

    HttpsAnswer answer() const {
        return {status_, std::string_view(kept_).substr(head_bytes_, body_bytes_)};
    }

private:
    Result<bool> is_whole() {
        if (head_bytes_ == 0) {
            const std::size_t end = kept_.find("\r\n\r\n");
            if (end == std::string::npos) {
                return false;
            }
            TRY(read_head(std::string_view(kept_).substr(0, end + 2)));
            head_bytes_ = end + 4;
            kept_.reserve(head_bytes_ + body_bytes_);
        }
        return kept_.size() >= head_bytes_ + body_bytes_;
    }

    Done read_head(std::string_view head) {
        constexpr std::string_view kLength = "\r\nContent-Length: ";
        constexpr std::size_t kStatusAt = sizeof "HTTP/1.1" - 1 + 1;
        const char* end = head.data() + head.size();
        body_bytes_ = 0;
        const std::size_t at = head.find(kLength);
        if (at != std::string_view::npos) {
            std::from_chars(head.data() + at + kLength.size(), end, body_bytes_);
        }
        const bool good = head.size() > kStatusAt &&
                          std::from_chars(head.data() + kStatusAt, end, status_).ec == std::errc();
        return good ? Done() : Done(ended("hears no HTTP"));
    }

    os::Descriptor fd_;
    SSL* ssl_ = nullptr;
    bool asking_ = false;
    os::Instant asked_at_{};
    std::string kept_;
    std::size_t head_bytes_ = 0;
    std::size_t body_bytes_ = 0;
    int status_ = 0;
};

HttpsClients::HttpsClients(const os::Clock& clock) : clock_(clock), tls_(std::make_unique<Tls>()) {}

HttpsClients::~HttpsClients() {
    const os::Descriptor closes(poll_);
    connections_.clear();
}

Result<std::unique_ptr<HttpsClients>> HttpsClients::connect(const os::Clock& clock,
                                                            std::uint16_t port, std::size_t count) {
    ::signal(SIGPIPE, SIG_IGN);  // the library writes without MSG_NOSIGNAL
    std::unique_ptr<HttpsClients> clients(new HttpsClients(clock));
    clients->poll_ = ::epoll_create1(EPOLL_CLOEXEC);
    for (std::size_t i = 0; i < count; ++i) {
        auto one = std::make_unique<Connection>();
        TRY(one->open(clients->tls_->context, port));
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = i;
        if (::epoll_ctl(clients->poll_, EPOLL_CTL_ADD, one->fd(), &event) != 0) {
            return os::system_error("epoll_ctl", errno);
        }
        clients->connections_.push_back(std::move(one));
    }
    return clients;
}

std::size_t HttpsClients::count() const { return connections_.size(); }
std::string HttpsClients::cipher() const { return connections_.front()->cipher(); }

/// Fills ready_.
Done HttpsClients::wait(os::Deadline patience) {
    std::array<epoll_event, kEventsMax> events{};
    const int count = ::epoll_wait(poll_, events.data(), kEventsMax, kWaitMsMax);
    if (count <= 0 && clock_.now() > patience) {
        return make_error(ErrorCode::deadline_passed, "no answer comes");
    }
    ready_.clear();
    for (int i = 0; i < count; ++i) {
        ready_.push_back(events[static_cast<std::size_t>(i)].data.u64);
    }
    return {};
}

Result<HttpsLoad> HttpsClients::put_load(const Next& next, const Take& take, os::Duration time) {
    const os::Instant start = clock_.now();
    std::vector<double> each;
    std::size_t asking = 0;
    const auto ask_next = [&](std::size_t client) -> Done {
        const os::Instant now = clock_.now();
        const std::string request = now - start < time ? next(client) : std::string();
        if (request.empty()) {
            return {};
        }
        ++asking;
        return connections_[client]->ask(request, now);
    };
    for (std::size_t i = 0; i < connections_.size(); ++i) {
        TRY(ask_next(i));
    }
    while (asking > 0) {
        TRY(wait(clock_.now() + kPatience));
        for (const std::size_t i : ready_) {
            Connection& one = *connections_[i];
            const bool was_asking = one.is_asking();
            if (!TRY(one.read_on()) || !was_asking) {
                continue;
            }
            --asking;
            each.push_back(microseconds(clock_.now() - one.asked_at()) / 1e3);
            TRY(take(i, one.answer()));
            TRY(ask_next(i));
        }
    }
    if (each.empty()) {
        return make_error(ErrorCode::wrong_state, "nothing was asked");
    }
    const double seconds = microseconds(clock_.now() - start) / 1e6;
    return HttpsLoad{.answers = each.size(),
                     .per_second = static_cast<double>(each.size()) / seconds,
                     .p99_ms = percentile(std::move(each), 0.99)};
}

Result<std::string> HttpsClients::ask(std::string request) {
    std::string body;
    const auto next = [&](std::size_t client) {
        return client == 0 ? std::exchange(request, std::string()) : std::string();
    };
    const auto take = [&](std::size_t, const HttpsAnswer& answer) -> Done {
        body = std::string(answer.body);
        const bool good = answer.status == 200 || answer.status == 204;
        return good ? Done()
                    : Done(make_error(ErrorCode::wrong_state,
                                      fmt::format("{} {}", answer.status, body)));
    };
    TRY(put_load(next, take, kPatience));
    return body;
}

Done HttpsClients::say(std::size_t client, std::string_view text) {
    return connections_[client]->say(text);
}

std::string https_request(std::string_view method, std::string_view path,
                          std::string_view authorization, std::string_view body,
                          std::string_view content_type) {
    std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\n", method, path);
    if (!authorization.empty()) {
        text += fmt::format("Authorization: {}\r\n", authorization);
    }
    if (!body.empty()) {
        text +=
            fmt::format("Content-Type: {}\r\nContent-Length: {}\r\n", content_type, body.size());
    }
    return text.append("\r\n").append(body);
}

}  // namespace tillhost::bench
