#include "sumpd/runtime/device_side.h"

namespace tillhost::sumpd::runtime {

base::Result<std::unique_ptr<DeviceSide>> DeviceSide::start(const Config& config,
                                                            store::Store& store, os::Clock& clock,
                                                            const os::Logger& logger) {
    std::unique_ptr<DeviceSide> side(new DeviceSide(config, store, clock));
    side->choice_ = TRY(gateway::DeviceChoice::open(store.transactions(), store.audit()));
    side->rules_ = TRY(gateway::DefaultRules::open(store.transactions(), store.audit()));
    side->gateway_ = TRY(gateway::Gateway::start(
        {.book = side->book_,
         .port = side->port_,
         .asked_port = side->asked_port_,
         .clock = clock,
         .logger = logger,
         .defaults = {.registrar = config.registrar, .terminal = config.terminal},
         .choice = side->choice_.get(),
         .rules = side->rules_.get(),
         .audit = &store.audit()}));
    return side;
}

}  // namespace tillhost::sumpd::runtime
