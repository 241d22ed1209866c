#pragma once

#include <functional>
#include <memory>

#include "hal/os/event_loop.h"

namespace tillhost::os {

/// SIGTERM and SIGINT, taken away from every thread that is started later. So it is made before the
/// store and the endpoint, which have threads: a signal that one of them gets would end the
/// process.
class StopSignals final {
public:
    /// Errors: system_failed.
    static base::Result<std::unique_ptr<StopSignals>> take(EventLoop& loop);
    void set_handler(std::function<void(int)> handler);

private:
    StopSignals() = default;
    std::function<void(int)> handler_;
};

}  // namespace tillhost::os
