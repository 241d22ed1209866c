#include "sumpd/maintained.h"

#include <utility>

namespace tillhost::sumpd {
namespace {

constexpr std::size_t kFiguresConnectionsMax = 8;

}  // namespace

Maintained::Maintained(std::unique_ptr<maintenance::Maintenance> maintenance,
                       const os::Clock& clock)
    : maintenance_(std::move(maintenance)), page_(*maintenance_, clock, TILLHOST_VERSION) {}

base::Result<std::unique_ptr<Maintained>> Maintained::start(const runtime::Config& config,
                                                            const Parts& parts) {
    maintenance::Settings settings = config.maintenance;
    settings.folder = parts.folder;
    settings.server_name = parts.server_name;
    const auto forget = [&invitations = parts.invitations, &clock = parts.clock] {
        invitations.forget_expired(clock.unix_ms() / 1000);
    };
    auto maintenance = TRY(maintenance::Maintenance::start({.store = parts.store,
                                                            .clock = parts.clock,
                                                            .logger = parts.logger,
                                                            .settings = std::move(settings),
                                                            .forget_logins = forget}));
    std::unique_ptr<Maintained> made(new Maintained(std::move(maintenance), parts.clock));
    if (config.metrics_port != 0) {
        http::Options options{.port = config.metrics_port,
                              .hosts = {"localhost", "127.0.0.1"},
                              .connections_max = kFiguresConnectionsMax,
                              .connections_per_address_max = kFiguresConnectionsMax,
                              .log = &parts.logger};
        made->figures_ = TRY(http::HttpServer::start(
            std::move(options),
            [to = made.get()](const http::Request& request) { return to->page_.answer(request); }));
    }
    return made;
}

}  // namespace tillhost::sumpd
