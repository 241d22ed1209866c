#include <sys/ioctl.h>

#include <cerrno>
#include <chrono>

#include "hal/transport/connector.h"
#include "hal/transport/fd_stream.h"
#include "hal/transport/serial_port.h"
#include "hal/transport/tty.h"

namespace tillhost::transport {
namespace {

/// What a flush does not reach: the write queue of the kernel's usb-serial core (one page) and the
/// transmit buffer of the adapter (at most 1 KiB in FT232H, less in CP210x and PL2303: their data
/// sheets, section on FIFOs).
constexpr std::int64_t kLateBytesMax = 4096 + 1024;
constexpr std::int64_t kBitsPerByte = 10;  // start, eight, stop
constexpr os::Duration kUsbDelay = std::chrono::milliseconds(50);

class SerialTransport final : public Transport {
public:
    SerialTransport(FdStream stream, std::int64_t baud, std::string node)
        : stream_(std::move(stream)), baud_(baud), node_(std::move(node)) {}
    base::Result<std::size_t> read(std::span<std::byte> buffer, os::Deadline deadline) override {
        return stream_.read(buffer, deadline);
    }
    /// The kernel would wait up to 30 s in close() for a device that takes nothing. What a device
    /// that does take its bytes was given before is left to it.
    ~SerialTransport() override {
        if (stalled_) {
            static_cast<void>(flush_tty(stream_.fd()));
        }
    }
    SerialTransport(const SerialTransport&) = delete;
    SerialTransport& operator=(const SerialTransport&) = delete;

    base::Done write(base::ByteView bytes, os::Deadline deadline) override {
        auto written = stream_.write(bytes, deadline);
        stalled_ = !written;
        return written;
    }
    base::Done flush() override { return flush_tty(stream_.fd()); }
    int input_fd() const override { return stream_.fd(); }
    std::string node() const override { return node_; }
    os::Duration late_bytes_max() const override {
        constexpr std::int64_t kMsPerSecond = 1000;
        return std::chrono::milliseconds(kLateBytesMax * kBitsPerByte * kMsPerSecond / baud_) +
               kUsbDelay;
    }

private:
    FdStream stream_;
    std::int64_t baud_;
    std::string node_;
    bool stalled_ = false;  ///< the last write found no room
};

class SerialConnector final : public Connector {
public:
    SerialConnector(SerialAddress address, const os::Clock& clock, int cancel_fd)
        : address_(std::move(address)), clock_(clock), cancel_fd_(cancel_fd) {}

    /// The lock comes first: a port that another program uses is not reconfigured under it.
    base::Result<std::unique_ptr<Transport>> connect(os::Deadline) override {
        Tty tty = TRY(open_tty(address_.path));
        TRY(configure_serial_port(tty.real_path, address_.baud, address_.flow));
        if (::ioctl(tty.fd.get(), TIOCEXCL) != 0) {
            return open_error(address_.path, errno);
        }
        TRY(flush_tty(tty.fd.get()));
        return std::unique_ptr<Transport>(std::make_unique<SerialTransport>(
            FdStream(std::move(tty.fd), clock_, cancel_fd_), address_.baud, tty.real_path));
    }

private:
    SerialAddress address_;
    const os::Clock& clock_;
    int cancel_fd_;
};

}  // namespace

std::unique_ptr<Connector> make_serial(SerialAddress address, const os::Clock& clock,
                                       int cancel_fd) {
    return std::make_unique<SerialConnector>(std::move(address), clock, cancel_fd);
}

}  // namespace tillhost::transport
