#include "licd/web/web_server.h"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "hal/os/files.h"
#include "hal/os/server_certificate.h"

namespace tillhost::licd::web {

using base::Done;
using base::Result;

namespace {

constexpr std::size_t kPemBytesMax = 64 * 1024;
constexpr unsigned kSecretMode = 0600;

Result<std::string> text_of_file(const std::string& path) {
    return base::string_of(TRY(os::read_file(path, kPemBytesMax)));
}

/// The pair that licd made for itself once. The key is written first: a certificate without one
/// would be of no use.
Result<os::ServerCertificate> own_certificate(const std::string& state,
                                              const std::vector<std::string>& names,
                                              const os::Clock& clock) {
    const std::string certificate = state + "/web.crt";
    const std::string key = state + "/web.key";
    if (::access(certificate.c_str(), F_OK) == 0) {
        return os::ServerCertificate{TRY(text_of_file(certificate)), TRY(text_of_file(key))};
    }
    auto made = TRY(os::make_server_certificate(names, clock.unix_ms() / 1000));
    TRY(os::write_atomically(key, base::bytes_of(made.key_pem), kSecretMode));
    TRY(os::write_atomically(certificate, base::bytes_of(made.certificate_pem)));
    return made;
}

/// Says how the first login is made, while there is none.
Done invite(const LoginFile& login, const os::Logger& logger) {
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
    const auto certificate = options.certificate.empty()
                                 ? TRY(own_certificate(options.state, options.hosts, clock))
                                 : os::ServerCertificate{TRY(text_of_file(options.certificate)),
                                                         TRY(text_of_file(options.key))};
    std::unique_ptr<WebServer> web(new WebServer(options, clock));
    TRY(invite(web->login_, logger));
    web->passwords_ = TRY(http::Passwords::create());
    web->panel_ = std::make_unique<Panel>(Panel::Parts{web->door_, web->login_, web->sessions_,
                                                       *web->passwords_, web->guard_, logger});
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
