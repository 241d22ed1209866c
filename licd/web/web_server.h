#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hal/os/clock.h"
#include "hal/os/log.h"
#include "ipc/http/server.h"
#include "licd/web/panel.h"

namespace tillhost::licd::web {

/// A form with the largest file that licd takes. Uploads are held in memory, also of those who have
/// not signed in; with the connections below that is 32 MiB at most.
inline constexpr std::size_t kFormBytesMax = 1024 * 1024;
inline constexpr std::size_t kConnectionsMax = 32;
inline constexpr std::size_t kConnectionsPerAddressMax = 16;

/// The panel with everything that it needs, served by HTTPS. Serves until it is destroyed.
class WebServer final {
public:
    struct Options {
        std::string address;
        std::uint16_t port = 0;
        std::vector<std::string> hosts;  ///< by which browsers call it
        std::string certificate;         ///< PEM files; empty = one of its own in `state`
        std::string key;
        std::string state;            ///< licd's folder
        std::string endpoint;         ///< licd's local socket
        SignIns* sign_ins = nullptr;  ///< told of who comes in
    };

    /// Listens when it returns. While there is no login, makes the one-time token and says in the
    /// log where it is. Errors: the port cannot be had, a certificate that is none, a file of the
    /// state that cannot be read or written.
    static base::Result<std::unique_ptr<WebServer>> start(Options options, const os::Clock& clock,
                                                          const os::Logger& logger);
    std::uint16_t port() const { return server_->port(); }

private:
    WebServer(const Options& options, const os::Clock& clock)
        : door_(options.endpoint, clock),
          login_(options.state, kResetLogin),
          sessions_(clock, {.cookie = "licd"}),
          guard_(clock) {}

    LocalDoor door_;
    panel::LoginFile login_;
    http::Sessions sessions_;
    http::LoginGuard guard_;
    std::unique_ptr<http::Passwords> passwords_;
    std::unique_ptr<Panel> panel_;
    std::unique_ptr<http::HttpServer> server_;  ///< ends before what its threads use
};

}  // namespace tillhost::licd::web
