#include "devd/runtime/hotplug.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "hal/transport/address.h"
#include "hal/transport/follow_links.h"

namespace tillhost::devd::runtime {
namespace {

using os::HotplugAction;
using os::HotplugEvent;

/// The node that a line's address names.
struct Wanted {
    std::string path{};
    std::string_view subsystem{};  ///< of its node, where the address names no path
};

/// Nothing where the line is none of this machine.
std::optional<Wanted> wanted_by(const std::string& port) {
    const auto address = transport::parse_address(port);
    if (!address) {
        return std::nullopt;
    }
    if (const auto* serial = std::get_if<transport::SerialAddress>(&*address)) {
        return Wanted{serial->path};
    }
    if (const auto* hid = std::get_if<transport::HidAddress>(&*address)) {
        return Wanted{hid->path, "hidraw"};
    }
    if (std::holds_alternative<transport::UsbAddress>(*address)) {
        return Wanted{"", "usb"};
    }
    return std::nullopt;
}

bool has(const std::vector<std::string>& links, const std::string& path) {
    return std::find(links.begin(), links.end(), path) != links.end();
}

/// Whether the node that came can be the line's. A device that is named by its ids may be behind
/// any node of its kind; its host looks which.
bool may_be(const HotplugEvent& event, const Wanted& wanted) {
    if (wanted.path.empty()) {
        return event.subsystem == wanted.subsystem;
    }
    return event.node == wanted.path || has(event.links, wanted.path) ||
           transport::follow_links(wanted.path) == event.node;
}

}  // namespace

base::Result<std::unique_ptr<Hotplug>> Hotplug::start(std::unique_ptr<os::HotplugSource> source,
                                                      HotplugParts parts) {
    std::unique_ptr<Hotplug> hotplug(new Hotplug(std::move(source), std::move(parts)));
    const auto ready = [self = hotplug.get()](os::Readiness seen) { self->on_ready(seen); };
    hotplug->watch_ = TRY(hotplug->parts_.loop.watch(hotplug->source_->fd(), ready));
    return hotplug;
}

Hotplug::~Hotplug() {
    if (watch_) {
        parts_.loop.unwatch(*watch_);
    }
    for (const auto& [device, change] : changes_) {
        if (change.timer) {
            parts_.loop.cancel(*change.timer);
        }
    }
}

void Hotplug::on_ready(os::Readiness ready) {
    if (!take() && ready.closed) {  // an overflow is an error too, and has an event
        parts_.logger.error("hotplug ended; what is plugged in is found by trying again");
        parts_.loop.unwatch(*watch_);
        watch_.reset();
    }
}

/// False if nothing was there.
bool Hotplug::take() {
    const std::vector<HotplugEvent> events = source_->take();
    const std::vector<DeviceLine> lines =
        events.empty() ? std::vector<DeviceLine>() : parts_.lines();
    for (const HotplugEvent& event : events) {
        note(event, lines);
    }
    return !events.empty();
}

void Hotplug::note(const HotplugEvent& event, const std::vector<DeviceLine>& lines) {
    if (event.action == HotplugAction::lost) {
        parts_.logger.warning("hotplug events were lost; every line is looked at");
    }
    for (const DeviceLine& line : lines) {
        const auto wanted = wanted_by(line.port);
        if (!wanted) {
            continue;
        }
        const std::string& node = line.node.empty() ? wanted->path : line.node;
        if (event.action == HotplugAction::lost) {
            note(line.device, !node.empty() && ::access(node.c_str(), F_OK) != 0, true);
        } else if (event.action == HotplugAction::removed && event.node == node) {
            note(line.device, true, false);
        } else if (event.action == HotplugAction::added && may_be(event, *wanted)) {
            note(line.device, false, true);
        }
    }
}

void Hotplug::note(const std::string& device, bool left, bool came) {
    const os::Instant now = parts_.clock.now();
    const auto [found, is_new] = changes_.try_emplace(device);
    Change& change = found->second;
    if (is_new) {
        change.until = now + std::max(kHotplugPatience, parts_.settle);
    }
    change.left = change.left || left;
    change.came = came;
    if (change.timer) {
        parts_.loop.cancel(*change.timer);
    }
    change.timer = parts_.loop.call_at(std::min(now + parts_.settle, change.until),
                                       [this, device] { settled(device); });
}

void Hotplug::settled(const std::string& device) {
    const auto found = changes_.find(device);
    const Change change = found->second;
    changes_.erase(found);
    parts_.logger.info(change.came ? "plugged in" : "unplugged", {{"device", device}});
    if (change.left) {
        parts_.core.on_unplugged(device);
    }
    if (change.came) {
        parts_.core.on_plugged(device);
    }
}

}  // namespace tillhost::devd::runtime
