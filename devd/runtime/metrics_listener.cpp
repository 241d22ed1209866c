#include "devd/runtime/metrics_listener.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace tillhost::devd::runtime {
namespace {

constexpr int kBacklog = 8;

}  // namespace

base::Result<std::unique_ptr<MetricsListener>> MetricsListener::open(std::uint16_t port,
                                                                     os::EventLoop& loop,
                                                                     const os::Clock& clock) {
    os::Descriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.valid()) {
        return os::system_error("socket", errno);
    }
    const int yes = 1;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const at = reinterpret_cast<sockaddr*>(&address);
    if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        ::bind(fd.get(), at, size) != 0 || ::listen(fd.get(), kBacklog) != 0 ||
        ::getsockname(fd.get(), at, &size) != 0) {
        const int number = errno;
        const std::string what = fmt::format("metrics.listen: 127.0.0.1:{}", port);
        return number == EADDRINUSE
                   ? base::make_error(base::ErrorCode::port_busy, what + " is taken")
                   : os::system_error(what, number);
    }
    std::unique_ptr<MetricsListener> listener(
        new MetricsListener(std::move(fd), ntohs(address.sin_port), loop, clock));
    listener->watch_ = TRY(loop.watch(listener->fd_.get(),
                                      [to = listener.get()](os::Readiness) { to->accept_one(); }));
    return listener;
}

MetricsListener::~MetricsListener() {
    while (!scrapes_.empty()) {
        end(scrapes_.begin()->first, false);
    }
    loop_.unwatch(watch_);
}

void MetricsListener::accept_one() {
    os::Descriptor fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.valid()) {
        return;  // it went away, or there are too many files: it comes again
    }
    if (scrapes_.size() >= kScrapesMax) {
        ++refused_;
        return;
    }
    const std::uint64_t number = ++last_;
    const auto watch =
        loop_.watch(fd.get(), [this, number](os::Readiness ready) { on_ready(number, ready); });
    if (!watch) {
        ++refused_;
        return;
    }
    Scrape& scrape = scrapes_[number];
    scrape.fd = std::move(fd);
    scrape.watch = *watch;
    scrape.timer =
        loop_.call_at(clock_.now() + kScrapeTimeMax, [this, number] { end(number, false); });
}

void MetricsListener::on_ready(std::uint64_t number, os::Readiness ready) {
    const auto found = scrapes_.find(number);
    if (found == scrapes_.end()) {
        return;
    }
    Scrape& scrape = found->second;
    bool open = true;
    if (scrape.answer.empty() && (ready.readable || ready.closed)) {
        open = read(scrape);
    }
    if (open && !scrape.answer.empty()) {
        open = write(scrape);
    }
    if (!open) {
        end(number, !scrape.answer.empty() && scrape.sent == scrape.answer.size());
    }
}

bool MetricsListener::read(Scrape& scrape) {
    char block[1024];
    while (scrape.answer.empty()) {
        const ssize_t count = ::recv(scrape.fd.get(), block, sizeof block, 0);
        if (count <= 0) {
            return count < 0 && (errno == EAGAIN || errno == EINTR);
        }
        scrape.request.append(block, static_cast<std::size_t>(count));
        const MetricsRequest asked = read_metrics_request(scrape.request);
        if (asked != MetricsRequest::incomplete) {
            const bool wanted = asked == MetricsRequest::figures && figures_ != nullptr;
            scrape.answer = metrics_answer(asked, wanted ? figures_() : "");
        }
    }
    return true;
}

bool MetricsListener::write(Scrape& scrape) {
    while (scrape.sent < scrape.answer.size()) {
        const ssize_t count = ::send(scrape.fd.get(), scrape.answer.data() + scrape.sent,
                                     scrape.answer.size() - scrape.sent, MSG_NOSIGNAL);
        if (count < 0) {
            const bool later = errno == EAGAIN || errno == EINTR;
            loop_.want_writable(scrape.watch, later);
            return later;
        }
        scrape.sent += static_cast<std::size_t>(count);
    }
    // Bytes that came behind the request would turn the close into a reset of the answer.
    ::shutdown(scrape.fd.get(), SHUT_WR);
    char rest[kMetricsRequestBytesMax];
    [[maybe_unused]] const ssize_t thrown_away = ::recv(scrape.fd.get(), rest, sizeof rest, 0);
    return false;
}

void MetricsListener::end(std::uint64_t number, bool answered) {
    const auto found = scrapes_.find(number);
    if (found == scrapes_.end()) {
        return;
    }
    ++(answered ? answered_ : refused_);
    loop_.cancel(found->second.timer);
    loop_.unwatch(found->second.watch);
    scrapes_.erase(found);
}

}  // namespace tillhost::devd::runtime
