#include "simulators/devsim/control_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "simulators/devsim/control_protocol.h"

namespace tillhost::devsim {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr int kBacklog = 8;

base::Result<sockaddr_un> address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path) {
        return base::bad_field("control", "a path of at most 107 bytes");
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

base::Result<os::Descriptor> connect_to(const std::string& path) {
    const sockaddr_un address = TRY(address_of(path));
    os::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket.valid()) {
        return os::system_error("socket", errno);
    }
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return base::make_error(base::ErrorCode::no_daemon, path + ": " + os::errno_text(errno));
    }
    return socket;
}

}  // namespace

base::Result<std::unique_ptr<ControlServer>> ControlServer::open(os::EventLoop& loop,
                                                                 const std::string& path,
                                                                 Answerer answer) {
    std::unique_ptr<ControlServer> server(new ControlServer(loop, path, std::move(answer)));
    TRY(server->listen());
    return server;
}

base::Done ControlServer::listen() {
    const sockaddr_un address = TRY(address_of(path_));
    if (connect_to(path_)) {
        return base::make_error(base::ErrorCode::already_running, path_ + " is answered");
    }
    ::unlink(path_.c_str());
    listener_ = os::Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!listener_.valid() ||
        ::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_.get(), kBacklog) != 0) {
        return os::system_error(path_, errno);
    }
    watch_ = TRY(loop_.watch(listener_.get(), [this](os::Readiness) { accept_one(); }));
    return {};
}

ControlServer::~ControlServer() {
    for (auto& [fd, client] : clients_) {
        loop_.unwatch(client.watch);
    }
    if (watch_.value != 0) {
        loop_.unwatch(watch_);
        ::unlink(path_.c_str());
    }
}

void ControlServer::accept_one() {
    os::Descriptor next(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!next.valid() || clients_.size() >= kControlClientsMax) {
        return;
    }
    const int fd = next.get();
    const auto watch = loop_.watch(fd, [this, fd](os::Readiness ready) { serve(fd, ready); });
    if (watch) {
        clients_.emplace(fd, Client{.socket = std::move(next), .watch = *watch});
    }
}

void ControlServer::serve(int fd, os::Readiness ready) {
    Client& client = clients_.at(fd);
    bool alive = true;
    if (ready.readable || ready.closed) {
        alive = read_some(client);
        answer_lines(client);
    }
    alive = write_some(client) && alive && client.input.size() <= kRequestBytesMax &&
            client.output.size() <= kControlAnswerBytesMax;
    if (!alive) {
        loop_.unwatch(client.watch);
        clients_.erase(fd);
        return;
    }
    loop_.want_writable(client.watch, !client.output.empty());
}

bool ControlServer::read_some(Client& client) {
    std::array<char, kReadBytes> buffer{};
    const ssize_t got = ::recv(client.socket.get(), buffer.data(), buffer.size(), 0);
    if (got > 0) {
        client.input.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

void ControlServer::answer_lines(Client& client) {
    for (auto end = client.input.find('\n'); end != std::string::npos;
         end = client.input.find('\n')) {
        client.output += answer_(std::string_view(client.input).substr(0, end)) + "\n";
        client.input.erase(0, end + 1);
    }
}

bool ControlServer::write_some(Client& client) {
    while (!client.output.empty()) {
        const ssize_t wrote =
            ::send(client.socket.get(), client.output.data(), client.output.size(), MSG_NOSIGNAL);
        if (wrote < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        client.output.erase(0, static_cast<std::size_t>(wrote));
    }
    return true;
}

base::Result<std::string> ask_control(const std::string& path, const std::string& line,
                                      const os::Clock& clock, os::Deadline deadline) {
    const os::Descriptor socket = TRY(connect_to(path));
    const std::string request = line + "\n";
    if (::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size())) {
        return base::make_error(base::ErrorCode::link_lost, path);
    }
    std::string answer;
    while (!answer.ends_with('\n')) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - clock.now()).count();
        pollfd waiting{.fd = socket.get(), .events = POLLIN, .revents = 0};
        if (left <= 0 || ::poll(&waiting, 1, static_cast<int>(left)) == 0) {
            return base::make_error(base::ErrorCode::deadline_passed, path);
        }
        std::array<char, kReadBytes> buffer{};
        const ssize_t got = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
        if (got <= 0) {
            return base::make_error(base::ErrorCode::link_lost, path);
        }
        answer.append(buffer.data(), static_cast<std::size_t>(got));
    }
    answer.pop_back();
    return answer;
}

}  // namespace tillhost::devsim
