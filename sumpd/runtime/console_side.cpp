#include "sumpd/runtime/console_side.h"

#include "hal/base/error.h"

namespace tillhost::sumpd::runtime {

ConsoleSide::ConsoleSide(Parts parts)
    : devices_(parts.settings.config().devices_endpoint, parts.clock),
      console_({.store = parts.store,
                .registry = parts.registry,
                .gateway = parts.devices.gateway(),
                .device_choice = parts.devices.choice(),
                .default_rules = parts.devices.rules(),
                .people = parts.people,
                .maintenance = parts.maintenance,
                .seats = parts.seats,
                .devices = devices_,
                .settings = parts.settings,
                .passwords = parts.passwords,
                .clock = parts.clock,
                .logger = parts.logger,
                .facts = std::move(parts.facts),
                .state = parts.folder}) {
    gateway::Gateway& gateway = parts.devices.gateway();
    parts.settings.attach(parts.store, parts.clock, [&gateway](const Config& wanted) {
        gateway.set_defaults({.registrar = wanted.registrar, .terminal = wanted.terminal});
    });
    const Config& config = parts.settings.config();
    if (!config.console_on) {
        return;
    }
    auto server = console::serve(console_, config.console, parts.folder, parts.clock, parts.logger);
    if (server) {
        server_ = std::move(*server);
    } else {
        parts.logger.error("the console is not served", {{"error", base::to_text(server.error())}});
    }
}

}  // namespace tillhost::sumpd::runtime
