#include "hal/transport/udev_monitor.h"

#include <libudev.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "hal/os/descriptor.h"

namespace tillhost::transport {
namespace {

using os::HotplugAction;
using os::HotplugEvent;
using os::HotplugSource;
using os::kHotplugEventsMax;
using os::kHotplugLinksMax;

/// What a shop's devices are: serial lines, HID, devices that are driven whole, printers.
constexpr std::array<const char*, 4> kSubsystems{"tty", "hidraw", "usb", "usbmisc"};
/// Where udev listens to its own tools (libudev asks the same).
constexpr const char* kUdevSocket = "/run/udev/control";
/// Events waiting in the kernel; a hub full of devices makes some hundred of about 1 KiB.
constexpr int kReceiveBytes = 1024 * 1024;

struct Unref {
    void operator()(udev* one) const { ::udev_unref(one); }
    void operator()(udev_monitor* one) const { ::udev_monitor_unref(one); }
    void operator()(udev_device* one) const { ::udev_device_unref(one); }
};
template <class T>
using Handle = std::unique_ptr<T, Unref>;

std::string text_of(const char* text) { return text == nullptr ? std::string() : text; }

/// False for what is neither coming nor going, and for what has no node.
bool read_event(udev_device* device, HotplugEvent& event) {
    const std::string action = text_of(::udev_device_get_action(device));
    event.node = text_of(::udev_device_get_devnode(device));
    event.subsystem = text_of(::udev_device_get_subsystem(device));
    if (event.node.empty() || (action != "add" && action != "remove")) {
        return false;
    }
    event.action = action == "add" ? HotplugAction::added : HotplugAction::removed;
    for (udev_list_entry* link = ::udev_device_get_devlinks_list_entry(device);
         link != nullptr && event.links.size() < kHotplugLinksMax;
         link = ::udev_list_entry_get_next(link)) {
        event.links.push_back(text_of(::udev_list_entry_get_name(link)));
    }
    return true;
}

class UdevMonitor final : public HotplugSource {
public:
    UdevMonitor(Handle<udev> library, Handle<udev_monitor> monitor)
        : library_(std::move(library)), monitor_(std::move(monitor)) {}

    int fd() const override { return ::udev_monitor_get_fd(monitor_.get()); }

    std::vector<HotplugEvent> take() override {
        std::vector<HotplugEvent> events;
        for (std::size_t i = 0; i < kHotplugEventsMax; ++i) {
            errno = 0;
            const Handle<udev_device> device(::udev_monitor_receive_device(monitor_.get()));
            if (device) {
                HotplugEvent event;
                if (read_event(device.get(), event)) {
                    events.push_back(std::move(event));
                }
            } else if (errno == ENOBUFS) {
                events.push_back({HotplugAction::lost});
            } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
                break;
            }  // else one that the filter keeps away
        }
        return events;
    }

private:
    Handle<udev> library_;
    Handle<udev_monitor> monitor_;
};

}  // namespace

base::Result<std::unique_ptr<HotplugSource>> open_udev_monitor() {
    Handle<udev> library(::udev_new());
    if (!library) {
        return os::system_error("udev_new", errno);
    }
    Handle<udev_monitor> monitor(::udev_monitor_new_from_netlink(library.get(), "udev"));
    if (!monitor) {
        return os::system_error("udev_monitor_new_from_netlink", errno);
    }
    for (const char* const subsystem : kSubsystems) {
        ::udev_monitor_filter_add_match_subsystem_devtype(monitor.get(), subsystem, nullptr);
    }
    ::udev_monitor_set_receive_buffer_size(monitor.get(), kReceiveBytes);  // or the usual size
    if (const int failed = ::udev_monitor_enable_receiving(monitor.get()); failed < 0) {
        return os::system_error("udev_monitor_enable_receiving", -failed);
    }
    return std::unique_ptr<HotplugSource>(
        std::make_unique<UdevMonitor>(std::move(library), std::move(monitor)));
}

bool udev_runs() { return ::access(kUdevSocket, F_OK) == 0; }

}  // namespace tillhost::transport
