#pragma once

#include <memory>

#include "hal/os/clock.h"
#include "hal/os/log.h"
#include "sumpd/gateway/gateway.h"
#include "sumpd/runtime/config.h"
#include "sumpd/store/store.h"

namespace tillhost::sumpd::runtime {

/// The gateway to the shop's devices with all that it stands on.
class DeviceSide final {
public:
    /// All outlive it. Errors: storage_failed.
    static base::Result<std::unique_ptr<DeviceSide>> start(const Config& config,
                                                           store::Store& store, os::Clock& clock,
                                                           const os::Logger& logger);
    gateway::Gateway& gateway() { return *gateway_; }
    gateway::DeviceChoice& choice() { return *choice_; }
    gateway::DefaultRules& rules() { return *rules_; }

private:
    DeviceSide(const Config& config, store::Store& store, os::Clock& clock)
        : book_(store.transactions()),
          port_(config.devices_endpoint, clock),
          asked_port_(config.devices_endpoint, clock) {}

    gateway::CommandBook book_;
    gateway::DevdPort port_;
    gateway::DevdPort asked_port_;
    std::unique_ptr<gateway::DeviceChoice> choice_;
    std::unique_ptr<gateway::DefaultRules> rules_;
    std::unique_ptr<gateway::Gateway> gateway_;  ///< last: its thread uses the others
};

}  // namespace tillhost::sumpd::runtime
