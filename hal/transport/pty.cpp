#include <termios.h>

#include <cerrno>
#include <chrono>

#include "hal/transport/connector.h"
#include "hal/transport/fd_stream.h"
#include "hal/transport/tty.h"

namespace tillhost::transport {
namespace {

/// The other side is a program: what it had not read is gone with the flush; what it had read, it
/// may still be working on.
constexpr os::Duration kLateBytes = std::chrono::milliseconds(100);

class PtyTransport final : public Transport {
public:
    explicit PtyTransport(FdStream stream) : stream_(std::move(stream)) {}
    base::Result<std::size_t> read(std::span<std::byte> buffer, os::Deadline deadline) override {
        return stream_.read(buffer, deadline);
    }
    base::Done write(base::ByteView bytes, os::Deadline deadline) override {
        return stream_.write(bytes, deadline);
    }
    base::Done flush() override { return flush_tty(stream_.fd()); }
    int input_fd() const override { return stream_.fd(); }
    os::Duration late_bytes_max() const override { return kLateBytes; }

private:
    FdStream stream_;
};

base::Done make_raw(int fd) {
    termios mode{};
    if (::tcgetattr(fd, &mode) != 0) {
        return base::make_error(base::ErrorCode::port_failed, os::errno_text(errno));
    }
    ::cfmakeraw(&mode);
    if (::tcsetattr(fd, TCSANOW, &mode) != 0) {
        return base::make_error(base::ErrorCode::port_failed, os::errno_text(errno));
    }
    return {};
}

class PtyConnector final : public Connector {
public:
    PtyConnector(PtyAddress address, const os::Clock& clock, int cancel_fd)
        : address_(std::move(address)), clock_(clock), cancel_fd_(cancel_fd) {}

    base::Result<std::unique_ptr<Transport>> connect(os::Deadline) override {
        Tty tty = TRY(open_tty(address_.path));
        TRY(make_raw(tty.fd.get()));
        TRY(flush_tty(tty.fd.get()));
        return std::unique_ptr<Transport>(
            std::make_unique<PtyTransport>(FdStream(std::move(tty.fd), clock_, cancel_fd_)));
    }

private:
    PtyAddress address_;
    const os::Clock& clock_;
    int cancel_fd_;
};

}  // namespace

std::unique_ptr<Connector> make_pty(PtyAddress address, const os::Clock& clock, int cancel_fd) {
    return std::make_unique<PtyConnector>(std::move(address), clock, cancel_fd);
}

}  // namespace tillhost::transport
