#include "hal/transport/fd_stream.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace tillhost::transport {
namespace {

using base::Done;
using base::Effect;
using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr std::size_t kDropBytesMax = 1024 * 1024;  // a device that never stops talking is broken

base::Error link_lost(int number) {
    return make_error(ErrorCode::link_lost, number == 0 ? "hang-up" : os::errno_text(number));
}

timespec time_left(os::Deadline deadline, os::Instant now) {
    constexpr std::int64_t kNsPerSecond = 1'000'000'000;
    const std::int64_t ns = deadline > now ? (deadline - now).count() : 0;
    return {ns / kNsPerSecond, ns % kNsPerSecond};
}

bool is_socket(int fd) {
    struct stat state {};
    return ::fstat(fd, &state) == 0 && S_ISSOCK(state.st_mode);
}

}  // namespace

FdStream::FdStream(os::Descriptor fd, const os::Clock& clock, int cancel_fd)
    : fd_(std::move(fd)), clock_(clock), cancel_fd_(cancel_fd), is_socket_(is_socket(fd_.get())) {}

Done FdStream::wait_for(short events, os::Deadline deadline) {
    while (true) {
        std::array<pollfd, 2> fds{{{fd_.get(), events, 0}, {cancel_fd_, POLLIN, 0}}};
        const timespec left = time_left(deadline, clock_.now());
        const int count = ::ppoll(fds.data(), fds.size(), &left, nullptr);
        if (count < 0 && errno != EINTR) {
            return os::system_error("poll", errno);
        }
        if (count > 0 && fds[1].revents != 0) {
            return make_error(ErrorCode::cancelled, "the wait was cancelled");
        }
        if (count > 0 && (fds[0].revents & events) != 0) {
            return {};  // with a hang-up beside it: what was received before it is still there
        }
        if (count > 0) {
            return link_lost(0);
        }
        if (clock_.now() >= deadline) {
            return make_error(ErrorCode::deadline_passed, "the line was silent");
        }
    }
}

Result<std::size_t> FdStream::read(std::span<std::byte> buffer, os::Deadline deadline) {
    while (true) {
        TRY(wait_for(POLLIN, deadline));
        const ssize_t taken = ::read(fd_.get(), buffer.data(), buffer.size());
        if (taken > 0) {
            return static_cast<std::size_t>(taken);
        }
        if (taken == 0) {
            return link_lost(0);
        }
        if (errno != EAGAIN && errno != EINTR) {
            return link_lost(errno);
        }
    }
}

Done FdStream::write(base::ByteView bytes, os::Deadline deadline) {
    const std::size_t whole = bytes.size();
    while (!bytes.empty()) {
        auto ready = wait_for(POLLOUT, deadline);
        if (!ready) {
            ready.error().effect = bytes.size() < whole ? Effect::unknown : Effect::none;
            return std::move(ready).error();
        }
        const ssize_t written = is_socket_
                                    ? ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL)
                                    : ::write(fd_.get(), bytes.data(), bytes.size());
        if (written >= 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(written));
        } else if (errno != EAGAIN && errno != EINTR) {
            base::Error lost = link_lost(errno);
            lost.effect = bytes.size() < whole ? Effect::unknown : Effect::none;
            return lost;
        }
    }
    return {};
}

Done FdStream::wait_writable(os::Deadline deadline) { return wait_for(POLLOUT, deadline); }

Done FdStream::drop_received() {
    std::array<std::byte, 4096> buffer;
    for (std::size_t dropped = 0; dropped < kDropBytesMax;) {
        const ssize_t taken = ::read(fd_.get(), buffer.data(), buffer.size());
        if (taken > 0) {
            dropped += static_cast<std::size_t>(taken);
            continue;
        }
        if (taken == 0) {
            // A raw terminal and a socket read nothing only at their end.
            return link_lost(0);
        }
        if (errno != EINTR) {
            return errno == EAGAIN ? Done{} : Done{link_lost(errno)};
        }
    }
    return {};
}

}  // namespace tillhost::transport
