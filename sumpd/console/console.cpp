#include "sumpd/console/console.h"

#include <fmt/format.h>

#include <utility>

#include "hal/os/server_certificate.h"

namespace tillhost::sumpd::console {

Console::Console(ConsoleParts parts)
    : logger_(parts.logger),
      login_(parts.state, kResetLogin),
      sessions_(parts.clock, {.cookie = "sumpd"}),
      guard_(parts.clock),
      entrance_({.login = login_,
                 .sessions = sessions_,
                 .passwords = parts.passwords,
                 .guard = guard_,
                 .logger = parts.logger,
                 .title = [](http::Language language) { return text(language, Text::title); },
                 .home = "/settings"}),
      parts_{.store = parts.store,
             .registry = parts.registry,
             .gateway = parts.gateway,
             .device_choice = parts.device_choice,
             .default_rules = parts.default_rules,
             .people = parts.people,
             .maintenance = parts.maintenance,
             .seats = parts.seats,
             .devices = parts.devices,
             .settings = parts.settings,
             .guard = guard_,
             .entrance = entrance_,
             .clock = parts.clock,
             .logger = parts.logger,
             .facts = std::move(parts.facts)},
      router_(sessions_) {
    entrance_.add_to(router_);
    add_general(router_, parts_);
    add_exchange(router_, parts_);
    add_protection(router_, parts_);
    add_security(router_, parts_);
    add_maintenance(router_, parts_);
    add_documents(router_, parts_);
    add_commands(router_, parts_);
    add_audit(router_, parts_);
    add_users(router_, parts_);
    add_roles(router_, parts_);
    add_apps(router_, parts_);
    add_devices(router_, parts_);
    add_defaults(router_, parts_);
}

base::Done Console::invite() const {
    if (!TRY(login_.read()).has_value()) {
        static_cast<void>(TRY(login_.token()));
        logger_.notice("the console has no login yet; its one-time token is in a file",
                       {{"file", login_.token_path()}});
    }
    return {};
}

base::Result<std::unique_ptr<http::HttpServer>> serve(const Console& console,
                                                      const ConsolePlace& place,
                                                      const std::string& state,
                                                      const os::Clock& clock,
                                                      const os::Logger& logger) {
    std::vector<std::string> hosts{"localhost", "127.0.0.1"};
    hosts.insert(hosts.end(), place.hosts.begin(), place.hosts.end());
    if (place.address != "127.0.0.1") {
        hosts.push_back(place.address);
    }
    const auto certificate = TRY(os::load_server_certificate(
        {.certificate = place.certificate, .key = place.key, .folder = state, .name = "console"},
        hosts, clock.unix_ms() / 1000));
    TRY(console.invite());
    auto server = TRY(http::HttpServer::start(
        {.address = place.address,
         .port = place.port,
         .certificate_pem = certificate.certificate_pem,
         .key_pem = certificate.key_pem,
         .hosts = hosts,
         .body_max = kFormBytesMax,
         .connections_max = kConnectionsMax,
         .connections_per_address_max = kConnectionsPerAddressMax,
         .workers = kWorkers,
         .log = &logger},
        [&console](const http::Request& request) { return console.answer(request); }));
    logger.notice("console",
                  {{"address", fmt::format("https://{}:{}", place.address, server->port())}});
    return server;
}

}  // namespace tillhost::sumpd::console
