#include "licd/web/web_server.h"

#include <fmt/format.h>

#include <utility>

#include "hal/os/server_certificate.h"

namespace tillhost::licd::web {

using base::Done;
using base::Result;

namespace {

/// Says how the first login is made, while there is none.
Done invite(const panel::LoginFile& login, const os::Logger& logger) {
    if (!TRY(login.read()).has_value()) {
        static_cast<void>(TRY(login.token()));
        logger.notice("the panel has no login yet; its one-time token is in a file",
                      {{"file", login.token_path()}});
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<WebServer>> WebServer::start(Options options, const os::Clock& clock,
                                                    const os::Logger& logger) {
    const auto certificate = TRY(os::load_server_certificate(
        {.certificate = options.certificate, .key = options.key, .folder = options.state},
        options.hosts, clock.unix_ms() / 1000));
    std::unique_ptr<WebServer> web(new WebServer(options, clock));
    TRY(invite(web->login_, logger));
    web->passwords_ = TRY(http::Passwords::create());
    web->panel_ = std::make_unique<Panel>(Panel::Parts{web->door_, web->login_, web->sessions_,
                                                       *web->passwords_, web->guard_, logger,
                                                       options.sign_ins});
    web->server_ =
        TRY(http::HttpServer::start({.address = options.address,
                                     .port = options.port,
                                     .certificate_pem = certificate.certificate_pem,
                                     .key_pem = certificate.key_pem,
                                     .hosts = options.hosts,
                                     .body_max = kFormBytesMax,
                                     .connections_max = kConnectionsMax,
                                     .connections_per_address_max = kConnectionsPerAddressMax,
                                     .log = &logger},
                                    [panel = web->panel_.get()](const http::Request& request) {
                                        return panel->answer(request);
                                    }));
    logger.notice("panel", {{"address",
                             fmt::format("https://{}:{}", options.address, web->server_->port())}});
    return web;
}

}  // namespace tillhost::licd::web
