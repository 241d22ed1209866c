#include "hal/transport/tty.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "hal/os/process.h"
#include "hal/transport/follow_links.h"

namespace tillhost::transport {
namespace {

using base::ErrorCode;
using base::make_error;

base::Error busy(const std::string& real_path) {
    const std::string holder = os::holder_of(real_path);
    return make_error(ErrorCode::port_busy,
                      fmt::format("{} is held by {}", real_path,
                                  holder.empty() ? "a process that /proc does not show" : holder));
}

}  // namespace

base::Error open_error(const std::string& path, int number) {
    const std::string detail = fmt::format("{}: {}", path, os::errno_text(number));
    if (number == ENOENT || number == ENXIO || number == ENODEV || number == EIO ||
        number == ENOTDIR) {
        return make_error(ErrorCode::port_missing, detail);
    }
    if (number == EACCES || number == EPERM) {
        return make_error(ErrorCode::port_denied, detail);
    }
    return make_error(ErrorCode::port_failed, detail);
}

base::Result<Tty> open_tty(const std::string& path) {
    Tty tty;
    tty.real_path = follow_links(path);
    if (tty.real_path.empty()) {
        return open_error(path, errno);
    }
    tty.fd =
        os::Descriptor(::open(tty.real_path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
    if (!tty.fd.valid()) {
        return errno == EBUSY ? busy(tty.real_path) : open_error(path, errno);
    }
    if (::isatty(tty.fd.get()) == 0) {
        return make_error(ErrorCode::port_failed, path + ": not a terminal");
    }
    if (::flock(tty.fd.get(), LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? busy(tty.real_path) : open_error(path, errno);
    }
    return tty;
}

base::Done flush_tty(int fd) {
    if (::tcflush(fd, TCIOFLUSH) != 0) {
        return make_error(ErrorCode::link_lost, os::errno_text(errno));
    }
    return {};
}

}  // namespace tillhost::transport
