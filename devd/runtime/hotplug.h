#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "devd/core/core.h"
#include "hal/os/event_loop.h"
#include "hal/os/hotplug.h"
#include "hal/os/log.h"

namespace tillhost::devd::runtime {

/// How long a device's node must have been quiet before the core hears of it: a plug that goes in
/// makes and breaks contact, and firmware needs its time.
inline constexpr os::Duration kHotplugSettle = std::chrono::milliseconds(300);
inline constexpr os::Duration kHotplugSettleMax = std::chrono::seconds(5);  ///< of the setting
/// A line that never comes to rest is looked at all the same after this.
inline constexpr os::Duration kHotplugPatience = std::chrono::seconds(10);

/// Where a device's line is, and what it was found behind.
struct DeviceLine {
    std::string device;
    std::string port;    ///< transport/address.h
    std::string node{};  ///< empty: not found yet
};

struct HotplugParts {
    os::EventLoop& loop;
    const os::Clock& clock;
    core::Core& core;
    os::Logger logger;
    std::function<std::vector<DeviceLine>()> lines;  ///< of the devices as they are now
    os::Duration settle = kHotplugSettle;
};

/// Tells the core which devices were plugged in and pulled out. Only lines of devices that are set
/// up are looked at; whatever else is plugged in is nobody's business, and nothing is opened here.
///
/// Of each device one change at most waits, whatever its line does meanwhile. When the source says
/// that events were lost, every line is looked at. A source that ends is let go of, and said so.
class Hotplug final {
public:
    /// Errors: system_failed.
    static base::Result<std::unique_ptr<Hotplug>> start(std::unique_ptr<os::HotplugSource> source,
                                                        HotplugParts parts);
    ~Hotplug();
    Hotplug(const Hotplug&) = delete;
    Hotplug& operator=(const Hotplug&) = delete;

private:
    struct Change {
        bool left = false;  ///< the node was gone at some time
        bool came = false;  ///< and is there now
        os::Instant until;  ///< settled by then, at rest or not
        std::optional<os::TimerId> timer;
    };
    Hotplug(std::unique_ptr<os::HotplugSource> source, HotplugParts parts)
        : source_(std::move(source)), parts_(std::move(parts)) {}

    void on_ready(os::Readiness ready);
    bool take();
    void note(const os::HotplugEvent& event, const std::vector<DeviceLine>& lines);
    void note(const std::string& device, bool left, bool came);
    void settled(const std::string& device);

    std::unique_ptr<os::HotplugSource> source_;
    HotplugParts parts_;
    std::optional<os::WatchId> watch_;
    std::map<std::string, Change> changes_;
};

}  // namespace tillhost::devd::runtime
