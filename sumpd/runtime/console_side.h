#pragma once

#include <memory>
#include <string>

#include "sumpd/console/console.h"
#include "sumpd/runtime/device_side.h"
#include "sumpd/runtime/settings.h"

namespace tillhost::sumpd::runtime {

/// The console with what it alone needs, served by HTTPS until it is destroyed.
class ConsoleSide final {
public:
    struct Parts {
        store::Store& store;
        apps::Registry& registry;
        DeviceSide& devices;
        people::People& people;
        maintenance::Maintenance& maintenance;
        seats::Seats& seats;
        Settings& settings;
        http::Passwords& passwords;
        os::Clock& clock;
        const os::Logger& logger;
        console::ServerFacts facts;
        std::string folder;  ///< of the state
    };
    /// All outlive it. Where it is switched off nothing listens; where it cannot be served, the log
    /// says why, and the exchange goes on without it.
    explicit ConsoleSide(Parts parts);

private:
    console::DevdDevices devices_;
    console::Console console_;
    std::unique_ptr<http::HttpServer> server_;  ///< ends before what its threads use
};

}  // namespace tillhost::sumpd::runtime
