#include <fcntl.h>
#include <fmt/format.h>
#include <hidapi.h>
#include <linux/hidraw.h>
#include <sys/file.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cwchar>
#include <utility>
#include <vector>

#include "hal/base/text.h"
#include "hal/os/process.h"
#include "hal/transport/connector.h"
#include "hal/transport/fd_stream.h"
#include "hal/transport/follow_links.h"
#include "hal/transport/tty.h"
#include "hal/transport/usb_adapter.h"

// hidapi finds the device; its reports are read from the node that it names, because hidapi has no
// descriptor that can be waited on beside others.
namespace tillhost::transport {
namespace {

using base::ErrorCode;
using base::make_error;
using base::Result;

/// The kernel hands a report to the device before write() returns, and waits for it.
constexpr os::Duration kLateBytes = std::chrono::milliseconds(50);
/// Of its nodes, a device with several is known by the one with a collection of these pages: point
/// of sale scanners, FIDO tokens. Beside it there may be a keyboard.
constexpr unsigned short kScannerPage = 0x8C;
constexpr unsigned short kTokenPage = 0xF1D0;
constexpr std::size_t kDevicesMax = 256;

std::string utf8_of(const wchar_t* text) {
    std::string utf8;
    for (; text != nullptr && *text != L'\0'; ++text) {
        base::append_utf8(utf8, static_cast<char32_t>(*text));
    }
    return utf8;
}

struct Found {
    std::string path;
    bool known = false;  ///< by one of the pages above
    HidDescription what{};
};

/// Every node once, of this vendor and product (0: any).
std::vector<Found> enumerate(std::uint16_t vendor, std::uint16_t product) {
    std::vector<Found> all;
    hid_device_info* const list = ::hid_enumerate(vendor, product);
    for (const hid_device_info* one = list; one != nullptr && all.size() < kDevicesMax;
         one = one->next) {
        const bool known = one->usage_page == kScannerPage || one->usage_page == kTokenPage;
        if (!all.empty() && all.back().path == one->path) {  // one row a collection
            all.back().known = all.back().known || known;
            continue;
        }
        Found& found = all.emplace_back(Found{one->path, known, {}});
        found.what.vendor = one->vendor_id;
        found.what.product = one->product_id;
        found.what.serial = utf8_of(one->serial_number);
        found.what.name = utf8_of(one->product_string);
    }
    ::hid_free_enumeration(list);
    return all;
}

Result<Found> find_by_path(const std::string& path) {
    const std::string real = follow_links(path);
    if (real.empty()) {
        return open_error(path, errno);
    }
    for (Found& found : enumerate(0, 0)) {
        if (found.path == real) {
            return std::move(found);
        }
    }
    return Found{real, false, {}};  // it is there; what it is, its descriptor tells
}

bool is_at(const std::string& place, const std::string& node) {
    const auto adapter = place.empty() ? std::nullopt : adapter_behind(node);
    return place.empty() || (adapter && adapter->place == place);
}

Result<Found> find_by_ids(const HidAddress& address) {
    std::vector<Found> fitting;
    bool known = false;
    for (Found& found : enumerate(address.vendor, address.product)) {
        if ((address.serial.empty() || found.what.serial == address.serial) &&
            is_at(address.place, found.path)) {
            known = known || found.known;
            fitting.push_back(std::move(found));
        }
    }
    // A device with a keyboard beside it has a node for each.
    std::erase_if(fitting, [known](const Found& found) { return known && !found.known; });
    if (fitting.empty()) {
        return make_error(ErrorCode::port_missing,
                          to_text(address) + ": no such device is plugged in");
    }
    if (fitting.size() > 1) {
        return make_error(
            ErrorCode::port_failed,
            fmt::format("{}: {} devices fit, such as {} and {}; name one by its "
                        "serial number, its place or its node: tillctl scan shows them",
                        to_text(address), fitting.size(), fitting[0].path, fitting[1].path));
    }
    return std::move(fitting.front());
}

Result<base::Bytes> read_descriptor(int fd, const std::string& path) {
    int size = 0;
    hidraw_report_descriptor descriptor{};
    if (::ioctl(fd, HIDIOCGRDESCSIZE, &size) < 0 || size < 0 || size > HID_MAX_DESCRIPTOR_SIZE) {
        return make_error(ErrorCode::port_failed, path + ": no HID device");
    }
    descriptor.size = static_cast<__u32>(size);
    if (::ioctl(fd, HIDIOCGRDESC, &descriptor) < 0) {
        return make_error(ErrorCode::port_failed, path + ": " + os::errno_text(errno));
    }
    const auto* bytes = reinterpret_cast<const std::byte*>(descriptor.value);
    return base::Bytes(bytes, bytes + size);
}

Result<os::Descriptor> open_node(const std::string& path) {
    os::Descriptor fd(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
    if (!fd.valid()) {
        return open_error(path, errno);
    }
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        const std::string holder = os::holder_of(path);
        return make_error(
            ErrorCode::port_busy,
            fmt::format("{} is held by {}", path, holder.empty() ? "another process" : holder));
    }
    return fd;
}

class HidTransport final : public Transport {
public:
    HidTransport(FdStream stream, std::string node, HidDescription what)
        : stream_(std::move(stream)), node_(std::move(node)), what_(std::move(what)) {}
    Result<std::size_t> read(std::span<std::byte> buffer, os::Deadline deadline) override {
        return stream_.read(buffer, deadline);
    }
    base::Done write(base::ByteView bytes, os::Deadline deadline) override {
        return stream_.write(bytes, deadline);
    }
    base::Done flush() override { return stream_.drop_received(); }
    int input_fd() const override { return stream_.fd(); }
    std::string node() const override { return node_; }
    os::Duration late_bytes_max() const override { return kLateBytes; }
    const HidDescription* hid() const override { return &what_; }

private:
    FdStream stream_;
    std::string node_;
    HidDescription what_;
};

class HidConnector final : public Connector {
public:
    HidConnector(HidAddress address, const os::Clock& clock, int cancel_fd)
        : address_(std::move(address)), clock_(clock), cancel_fd_(cancel_fd) {}

    Result<std::unique_ptr<Transport>> connect(os::Deadline) override {
        Found found =
            TRY(address_.path.empty() ? find_by_ids(address_) : find_by_path(address_.path));
        os::Descriptor fd = TRY(open_node(found.path));
        found.what.report_descriptor = TRY(read_descriptor(fd.get(), found.path));
        auto line = std::make_unique<HidTransport>(FdStream(std::move(fd), clock_, cancel_fd_),
                                                   found.path, std::move(found.what));
        TRY(line->flush());
        return std::unique_ptr<Transport>(std::move(line));
    }

private:
    HidAddress address_;
    const os::Clock& clock_;
    int cancel_fd_;
};

}  // namespace

std::unique_ptr<Connector> make_usb_hid(HidAddress address, const os::Clock& clock, int cancel_fd) {
    return std::make_unique<HidConnector>(std::move(address), clock, cancel_fd);
}

}  // namespace tillhost::transport
