#pragma once

#include <algorithm>
#include <deque>
#include <utility>

#include "hal/os/descriptor.h"
#include "hal/os/hotplug.h"

namespace tillhost::os {

/// A source that a test plugs devices into. Holds as many events as a kernel's socket would; one
/// more and, as from a socket, the next thing read says that events were lost.
class FakeHotplug final : public HotplugSource {
public:
    explicit FakeHotplug(std::size_t room = 1000) : room_(room), wakeup_(MUST(Wakeup::create())) {}

    void push(HotplugEvent event) {
        if (waiting_.size() < room_) {
            waiting_.push_back(std::move(event));
        } else {
            overflowed_ = true;
        }
        wakeup_.signal();
    }
    void plug(const std::string& node, std::vector<std::string> links = {},
              const std::string& subsystem = "tty") {
        push({HotplugAction::added, subsystem, node, std::move(links)});
    }
    void unplug(const std::string& node, const std::string& subsystem = "tty") {
        push({HotplugAction::removed, subsystem, node});
    }

    int fd() const override { return wakeup_.fd(); }
    std::vector<HotplugEvent> take() override {
        wakeup_.clear();
        std::vector<HotplugEvent> events;
        if (std::exchange(overflowed_, false)) {
            events.push_back({HotplugAction::lost});
        }
        while (!waiting_.empty() && events.size() < kHotplugEventsMax) {
            events.push_back(std::move(waiting_.front()));
            waiting_.pop_front();
        }
        if (!waiting_.empty()) {
            wakeup_.signal();
        }
        return events;
    }

private:
    std::size_t room_;
    std::deque<HotplugEvent> waiting_;
    bool overflowed_ = false;
    Wakeup wakeup_;
};

}  // namespace tillhost::os
