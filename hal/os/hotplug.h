#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tillhost::os {

/// Events taken at once; the rest stays readable.
inline constexpr std::size_t kHotplugEventsMax = 64;
/// Links of one device; more are left out.
inline constexpr std::size_t kHotplugLinksMax = 32;

enum class HotplugAction : std::uint8_t {
    added,
    removed,
    lost,  ///< more happened than could be kept: look at everything anew. Names no node
};

struct HotplugEvent {
    HotplugAction action = HotplugAction::lost;
    std::string subsystem{};           ///< "tty", "hidraw", "usb", "usbmisc"
    std::string node{};                ///< "/dev/ttyUSB0"
    std::vector<std::string> links{};  ///< to it, "/dev/serial/by-id/…"; set when they are there
};

/// Says which device nodes come and go; the real one is hal/transport/udev_monitor.h.
class HotplugSource {
public:
    virtual ~HotplugSource() = default;
    /// Readable when take() has something.
    virtual int fd() const = 0;
    /// What has happened, oldest first, at most kHotplugEventsMax. Never waits.
    virtual std::vector<HotplugEvent> take() = 0;
};

}  // namespace tillhost::os
