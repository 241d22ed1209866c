#include <fmt/format.h>
#include <libusb.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include "hal/os/descriptor.h"
#include "hal/transport/connector.h"
#include "hal/transport/usb_adapter.h"

namespace tillhost::transport {
namespace {

using base::Done;
using base::Effect;
using base::ErrorCode;
using base::make_error;
using base::Result;

/// What was handed over is in the device when its transfer ends; a cancelled one adds nothing.
constexpr os::Duration kLateBytes = std::chrono::milliseconds(50);
/// A transfer that was cancelled ends in milliseconds, or the kernel is broken.
constexpr os::Duration kCancelTime = std::chrono::seconds(2);
/// A device that answers each reading with nothing is asked again after so long.
constexpr os::Duration kEmptyPause = std::chrono::milliseconds(10);
/// Stalls of its way back, with nothing read in between, that are taken back.
constexpr int kStallsMax = 3;
constexpr std::size_t kReadBytes = 4096;  // a multiple of every packet's size
constexpr std::size_t kWriteBytes = 16 * 1024;
constexpr std::size_t kDescriptorsMax = 64;

base::Error usb_error(ErrorCode code, const std::string& what, int number) {
    return make_error(code, fmt::format("{}: {}", what, ::libusb_strerror(number)));
}

base::Error open_error(const std::string& what, int number) {
    switch (number) {
        case LIBUSB_ERROR_ACCESS: return usb_error(ErrorCode::port_denied, what, number);
        case LIBUSB_ERROR_BUSY: return usb_error(ErrorCode::port_busy, what, number);
        case LIBUSB_ERROR_NO_DEVICE: return usb_error(ErrorCode::port_missing, what, number);
        default: return usb_error(ErrorCode::port_failed, what, number);
    }
}

struct ContextEnd {
    void operator()(libusb_context* context) const { ::libusb_exit(context); }
};
struct HandleEnd {
    void operator()(libusb_device_handle* handle) const { ::libusb_close(handle); }
};
struct TransferEnd {
    void operator()(libusb_transfer* transfer) const { ::libusb_free_transfer(transfer); }
};
struct DeviceEnd {
    void operator()(libusb_device* device) const { ::libusb_unref_device(device); }
};
using Context = std::unique_ptr<libusb_context, ContextEnd>;
using Handle = std::unique_ptr<libusb_device_handle, HandleEnd>;
using Device = std::unique_ptr<libusb_device, DeviceEnd>;

/// Its node: /dev/bus/usb/001/004.
std::string node_of(libusb_device* device) {
    return fmt::format("/dev/bus/usb/{:03}/{:03}", ::libusb_get_bus_number(device),
                       ::libusb_get_device_address(device));
}

bool fits(libusb_device* device, const UsbAddress& address) {
    libusb_device_descriptor what{};
    if (::libusb_get_device_descriptor(device, &what) != LIBUSB_SUCCESS ||
        what.idVendor != address.vendor || what.idProduct != address.product) {
        return false;
    }
    if (address.serial.empty() && address.place.empty()) {
        return true;
    }
    const auto adapter = adapter_behind(node_of(device));
    return adapter && is_meant(address, *adapter);
}

Result<Device> find_device(libusb_context* context, const UsbAddress& address) {
    libusb_device** list = nullptr;
    const ssize_t count = ::libusb_get_device_list(context, &list);
    std::vector<libusb_device*> fitting;
    for (ssize_t i = 0; i < count; ++i) {
        if (fits(list[i], address)) {
            fitting.push_back(list[i]);
        }
    }
    const std::string name = to_text(Address(address));
    Result<Device> found = make_error(ErrorCode::port_missing, name + ": no such device is there");
    if (fitting.size() == 1) {
        found = Device(::libusb_ref_device(fitting.front()));
    } else if (fitting.size() > 1) {
        found =
            make_error(ErrorCode::port_failed,
                       fmt::format("{}: {} devices fit, such as {} and {}; name one by its "
                                   "serial number or its place: tillctl scan shows them",
                                   name, fitting.size(), node_of(fitting[0]), node_of(fitting[1])));
    }
    if (count >= 0) {
        ::libusb_free_device_list(list, 1);
    }
    return found;
}

/// The interface that is spoken over.
struct Endpoints {
    int interface = 0;
    int setting = 0;
    std::uint8_t out = 0;
    std::uint8_t in = 0;  ///< 0: there is no way back
};

std::optional<Endpoints> endpoints_of(const libusb_interface_descriptor& of, std::uint8_t wanted) {
    Endpoints found;
    found.interface = of.bInterfaceNumber;
    found.setting = of.bAlternateSetting;
    for (int i = 0; i < of.bNumEndpoints; ++i) {
        const libusb_endpoint_descriptor& endpoint = of.endpoint[i];
        if ((endpoint.bmAttributes & LIBUSB_TRANSFER_TYPE_MASK) != LIBUSB_TRANSFER_TYPE_BULK) {
            continue;
        }
        const bool in = (endpoint.bEndpointAddress & LIBUSB_ENDPOINT_IN) != 0;
        std::uint8_t& place = in ? found.in : found.out;
        place = place == 0 ? endpoint.bEndpointAddress : place;
    }
    return of.bInterfaceClass == wanted && found.out != 0 ? std::optional(found) : std::nullopt;
}

/// Of the class printers, else of a class of the maker's; rather one with a way back.
Result<Endpoints> find_endpoints(libusb_device* device, const std::string& name) {
    libusb_config_descriptor* config = nullptr;
    if (const int number = ::libusb_get_active_config_descriptor(device, &config);
        number != LIBUSB_SUCCESS) {
        return open_error(name, number);
    }
    std::optional<Endpoints> best;
    for (const std::uint8_t wanted : {static_cast<std::uint8_t>(LIBUSB_CLASS_PRINTER),
                                      static_cast<std::uint8_t>(LIBUSB_CLASS_VENDOR_SPEC)}) {
        for (int i = 0; i < config->bNumInterfaces; ++i) {
            const libusb_interface& settings = config->interface[i];
            for (int k = 0; k < settings.num_altsetting; ++k) {
                const auto found = endpoints_of(settings.altsetting[k], wanted);
                const bool better = found && (!best || (best->in == 0 && found->in != 0));
                best = better ? found : best;
            }
        }
        if (best) {
            break;
        }
    }
    ::libusb_free_config_descriptor(config);
    if (!best) {
        return make_error(ErrorCode::port_failed, name + ": it is no printer");
    }
    return *best;
}

/// One transfer and its bytes, under way at most once. Outlives what the kernel does with it.
class Transfer final {
public:
    explicit Transfer(std::size_t bytes) : transfer_(::libusb_alloc_transfer(0)), bytes_(bytes) {
        INVARIANT(transfer_ != nullptr);
    }

    bool under_way() const { return under_way_; }
    int status() const { return transfer_->status; }
    base::ByteView moved() const {
        return base::ByteView(bytes_).first(static_cast<std::size_t>(transfer_->actual_length));
    }
    /// A libusb error, or 0.
    int submit(libusb_device_handle* handle, std::uint8_t endpoint, std::size_t bytes) {
        ::libusb_fill_bulk_transfer(
            transfer_.get(), handle, endpoint, reinterpret_cast<unsigned char*>(bytes_.data()),
            static_cast<int>(bytes),
            [](libusb_transfer* done) {
                static_cast<Transfer*>(done->user_data)->under_way_ = false;
            },
            this, 0);
        const int number = ::libusb_submit_transfer(transfer_.get());
        under_way_ = number == LIBUSB_SUCCESS;
        return number;
    }
    int submit(libusb_device_handle* handle, std::uint8_t endpoint, base::ByteView bytes) {
        std::copy(bytes.begin(), bytes.end(), bytes_.begin());
        return submit(handle, endpoint, bytes.size());
    }
    void cancel() { ::libusb_cancel_transfer(transfer_.get()); }

private:
    std::unique_ptr<libusb_transfer, TransferEnd> transfer_;
    base::Bytes bytes_;
    bool under_way_ = false;
};

class UsbTransport final : public Transport {
public:
    UsbTransport(Context context, Handle handle, Endpoints endpoints, const os::Clock& clock,
                 int cancel_fd)
        : context_(std::move(context)),
          handle_(std::move(handle)),
          endpoints_(endpoints),
          clock_(clock),
          cancel_fd_(cancel_fd) {}
    ~UsbTransport() override {
        const bool read_ended = end(in_);
        const bool write_ended = end(out_);
        if (!read_ended || !write_ended) {
            // The kernel may still write there: what it has is never given back.
            static_cast<void>(handle_.release());
            static_cast<void>(context_.release());
            static_cast<void>(in_.release());
            static_cast<void>(out_.release());
            return;
        }
        ::libusb_release_interface(handle_.get(), endpoints_.interface);
    }
    UsbTransport(const UsbTransport&) = delete;
    UsbTransport& operator=(const UsbTransport&) = delete;

    Result<std::size_t> read(std::span<std::byte> buffer, os::Deadline deadline) override {
        while (inbox_.empty()) {
            TRY(begin_reading());
            const bool rests = !reading_ && endpoints_.in != 0;
            TRY(step(rests ? std::min(deadline, read_again_at_) : deadline));
            TRY(take_read());
            if (inbox_.empty() && clock_.now() >= deadline) {
                return make_error(ErrorCode::deadline_passed, "the line was silent");
            }
        }
        const std::size_t count = std::min(buffer.size(), inbox_.size());
        std::copy_n(inbox_.begin(), count, buffer.begin());
        inbox_.erase(inbox_.begin(), inbox_.begin() + static_cast<std::ptrdiff_t>(count));
        return count;
    }

    Done write(base::ByteView bytes, os::Deadline deadline) override {
        std::size_t sent = 0;
        while (sent < bytes.size()) {
            const base::ByteView piece =
                bytes.subspan(sent, std::min(kWriteBytes, bytes.size() - sent));
            Done written = write_piece(piece, deadline);
            sent += out_->under_way() ? piece.size() : out_->moved().size();
            if (!written) {
                written.error().effect = sent > 0 ? Effect::unknown : Effect::none;
                return written;
            }
        }
        return {};
    }

    Done flush() override {
        TRY(begin_reading());
        TRY(step(clock_.now()));
        TRY(take_read());
        inbox_.clear();
        return {};
    }
    os::Duration late_bytes_max() const override { return kLateBytes; }
    std::string node() const override { return node_of(::libusb_get_device(handle_.get())); }

private:
    static base::Error link_lost(const char* why) { return make_error(ErrorCode::link_lost, why); }

    Done begin_reading() {
        if (endpoints_.in == 0 || reading_ || clock_.now() < read_again_at_) {
            return {};
        }
        const int number = in_->submit(handle_.get(), endpoints_.in, kReadBytes);
        reading_ = number == LIBUSB_SUCCESS;
        return reading_ ? Done() : link_lost(::libusb_strerror(number));
    }
    /// What the last reading brought, if it is over.
    Done take_read() {
        if (!reading_ || in_->under_way()) {
            return {};
        }
        reading_ = false;
        const base::ByteView moved = in_->moved();
        inbox_.insert(inbox_.end(), moved.begin(), moved.end());
        if (moved.empty()) {
            read_again_at_ = clock_.now() + kEmptyPause;
        } else {
            stalls_ = 0;
        }
        if (in_->status() == LIBUSB_TRANSFER_STALL && stalls_++ < kStallsMax &&
            ::libusb_clear_halt(handle_.get(), endpoints_.in) == LIBUSB_SUCCESS) {
            return {};
        }
        return in_->status() == LIBUSB_TRANSFER_COMPLETED ? Done() : link_lost("hang-up");
    }

    Done write_piece(base::ByteView piece, os::Deadline deadline) {
        if (const int number = out_->submit(handle_.get(), endpoints_.out, piece);
            number != LIBUSB_SUCCESS) {
            return link_lost(::libusb_strerror(number));
        }
        Done waited;
        while (out_->under_way() && waited) {
            waited = step(deadline);
            if (waited && out_->under_way() && clock_.now() >= deadline) {
                waited = make_error(ErrorCode::deadline_passed, "the device takes no data");
            }
        }
        if (!waited) {
            end(out_);
            return waited;
        }
        if (out_->status() == LIBUSB_TRANSFER_STALL) {
            // Taken back for whoever opens it next; what became of these bytes is not known.
            ::libusb_clear_halt(handle_.get(), endpoints_.out);
            return link_lost("the device stalled");
        }
        return out_->status() == LIBUSB_TRANSFER_COMPLETED ? Done() : link_lost("hang-up");
    }

    /// Waits for something to happen and lets libusb look at it. Errors: cancelled.
    Done step(os::Deadline deadline) {
        std::array<pollfd, kDescriptorsMax + 1> fds{};
        std::size_t count = 0;
        fds.at(count++) = {cancel_fd_, POLLIN, 0};
        const libusb_pollfd** const list = ::libusb_get_pollfds(context_.get());
        for (std::size_t i = 0; list != nullptr && list[i] != nullptr && count < fds.size(); ++i) {
            fds.at(count++) = {list[i]->fd, list[i]->events, 0};
        }
        ::libusb_free_pollfds(list);
        constexpr std::int64_t kNsPerSecond = 1'000'000'000;
        const os::Instant now = clock_.now();
        const std::int64_t ns = deadline > now ? (deadline - now).count() : 0;
        const timespec left{ns / kNsPerSecond, ns % kNsPerSecond};
        if (::ppoll(fds.data(), count, &left, nullptr) < 0 && errno != EINTR) {
            return os::system_error("poll", errno);
        }
        timeval none{};
        ::libusb_handle_events_timeout_completed(context_.get(), &none, nullptr);
        if (fds.front().revents != 0) {
            return make_error(ErrorCode::cancelled, "the wait was cancelled");
        }
        return {};
    }

    /// False: it could not be ended in its time.
    bool end(const std::unique_ptr<Transfer>& transfer) {
        if (transfer->under_way()) {
            transfer->cancel();
        }
        const os::Deadline until = clock_.now() + kCancelTime;
        while (transfer->under_way() && clock_.now() < until) {
            timeval shortly{.tv_sec = 0, .tv_usec = 10'000};
            ::libusb_handle_events_timeout_completed(context_.get(), &shortly, nullptr);
        }
        return !transfer->under_way();
    }

    Context context_;
    Handle handle_;
    Endpoints endpoints_;
    const os::Clock& clock_;
    int cancel_fd_;
    std::unique_ptr<Transfer> in_ = std::make_unique<Transfer>(kReadBytes);
    std::unique_ptr<Transfer> out_ = std::make_unique<Transfer>(kWriteBytes);
    os::Instant read_again_at_{};
    int stalls_ = 0;
    bool reading_ = false;  ///< what in_ brings, or has brought, was not taken yet
    base::Bytes inbox_;
};

class UsbConnector final : public Connector {
public:
    UsbConnector(UsbAddress address, const os::Clock& clock, int cancel_fd)
        : address_(std::move(address)), clock_(clock), cancel_fd_(cancel_fd) {}

    Result<std::unique_ptr<Transport>> connect(os::Deadline) override {
        const std::string name = to_text(Address(address_));
        libusb_context* made = nullptr;
        if (const int number = ::libusb_init(&made); number != LIBUSB_SUCCESS) {
            return open_error("libusb", number);
        }
        Context context(made);
        Device device = TRY(find_device(context.get(), address_));
        const Endpoints endpoints = TRY(find_endpoints(device.get(), name));
        libusb_device_handle* opened = nullptr;
        if (const int number = ::libusb_open(device.get(), &opened); number != LIBUSB_SUCCESS) {
            return open_error(name, number);
        }
        Handle handle(opened);
        ::libusb_set_auto_detach_kernel_driver(handle.get(), 1);
        if (const int number = ::libusb_claim_interface(handle.get(), endpoints.interface);
            number != LIBUSB_SUCCESS) {
            return open_error(name, number);
        }
        if (endpoints.setting != 0) {
            if (const int number = ::libusb_set_interface_alt_setting(
                    handle.get(), endpoints.interface, endpoints.setting);
                number != LIBUSB_SUCCESS) {
                return open_error(name, number);
            }
        }
        device.reset();  // the handle holds it
        auto line = std::make_unique<UsbTransport>(std::move(context), std::move(handle), endpoints,
                                                   clock_, cancel_fd_);
        TRY(line->flush());
        return std::unique_ptr<Transport>(std::move(line));
    }

private:
    UsbAddress address_;
    const os::Clock& clock_;
    int cancel_fd_;
};

}  // namespace

std::unique_ptr<Connector> make_usb_bulk(UsbAddress address, const os::Clock& clock,
                                         int cancel_fd) {
    return std::make_unique<UsbConnector>(std::move(address), clock, cancel_fd);
}

}  // namespace tillhost::transport
