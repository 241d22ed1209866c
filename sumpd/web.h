#pragma once

#include <memory>
#include <utility>

#include "hal/os/clock.h"
#include "hal/os/log.h"
#include "sumpd/runtime/config.h"
#include "sumpd/webpos/web_tills.h"

namespace tillhost::sumpd {

/// What web tills need, in the order of its making.
struct Web {
    Web(std::unique_ptr<webpos::WebTokens> good, const runtime::Config& config, os::Clock& clock,
        const os::Logger& logger)
        : tokens(std::move(good)),
          lines(webpos::connect_to_devd(config.devices_endpoint, clock)),
          tills({*tokens, lines, clock, logger}) {}

    const std::unique_ptr<webpos::WebTokens> tokens;
    webpos::DeviceLines lines;
    webpos::WebTills tills;
};

}  // namespace tillhost::sumpd
