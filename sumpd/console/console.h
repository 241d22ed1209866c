#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ipc/http/server.h"
#include "sumpd/console/pages.h"

namespace tillhost::sumpd::console {

/// A form with the header and footer of a receipt is small; uploads there are none.
inline constexpr std::size_t kFormBytesMax = 256 * 1024;
inline constexpr std::size_t kConnectionsMax = 32;
inline constexpr std::size_t kConnectionsPerAddressMax = 16;
/// A connection check holds up one of them for kCheckTimeMax.
inline constexpr std::size_t kWorkers = 4;

/// What takes the login away.
inline constexpr const char* kResetLogin = "sumpd --reset-web-login";

/// What the console is made of, beside what it needs for itself.
struct ConsoleParts {
    store::Store& store;
    apps::Registry& registry;
    gateway::Gateway& gateway;
    gateway::DeviceChoice& device_choice;
    gateway::DefaultRules& default_rules;
    people::People& people;
    maintenance::Maintenance& maintenance;
    seats::Seats& seats;
    Devices& devices;
    Settings& settings;
    http::Passwords& passwords;
    const os::Clock& clock;
    const os::Logger& logger;
    ServerFacts facts;
    std::string state;  ///< folder of the login and its one-time token
};

/// The administrator's console: pages and forms over the parts of sumpd, for one login of its own.
/// Its pages are called on the threads of the HTTP server, several at a time. Every act is logged
/// with who did it and from where, and noted in the audit.
class Console final {
public:
    explicit Console(ConsoleParts parts);

    http::Response answer(const http::Request& request) const { return router_.answer(request); }
    /// All of them; a test calls each without a login.
    std::vector<http::Router::Route> routes() const { return router_.routes(); }
    /// While there is no login: makes the one-time token, and says in the log where it is. Errors:
    /// a file of the state that cannot be read or written.
    base::Done invite() const;

private:
    const os::Logger& logger_;
    panel::LoginFile login_;
    http::Sessions sessions_;
    http::LoginGuard guard_;
    panel::Entrance entrance_;
    const Parts parts_;
    http::Router router_;
};

/// Where it listens.
struct ConsolePlace {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;
    std::vector<std::string> hosts{};  ///< by which browsers call it
    std::string certificate{};         ///< PEM files; empty = one of its own in the state folder
    std::string key{};
};

/// Serves until it is destroyed; `console` outlives it. Errors: the port cannot be had, a
/// certificate that is none, a file of the state.
base::Result<std::unique_ptr<http::HttpServer>> serve(const Console& console,
                                                      const ConsolePlace& place,
                                                      const std::string& state,
                                                      const os::Clock& clock,
                                                      const os::Logger& logger);

}  // namespace tillhost::sumpd::console
