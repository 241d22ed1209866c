#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hal/os/clock.h"
#include "ipc/client/cpp/client.h"
#include "ipc/zmq_client.h"
#include "tests/bench/machine.h"
#include "tests/support/shop.h"

namespace tillhost::bench {

/// What every group of measurements needs.
struct Bench {
    os::SystemClock clock{};
    Processors processors;

    os::Deadline soon() const { return clock.now() + std::chrono::seconds(30); }
};

/// A fresh devd with its hosts on the service's processor, and one raw connection to it.
class Counter final {
public:
    struct Device {
        std::string id;
        std::string body = "driver = \"test/echo\"\n";
    };
    /// Makes the folder and the devices' files; starts nothing. Errors: system_failed.
    static base::Result<std::unique_ptr<Counter>> create(const Bench& bench,
                                                         const std::vector<Device>& devices);
    /// Starts devd and connects; returns when it has answered hello. Errors: no_daemon.
    base::Done start();
    /// Asks the echo device until it answers. Errors: the last one after 30 s.
    base::Done wait_ready(const std::string& device);

    /// The device answers with 64 bytes of its own host.
    base::Done echo(const std::string& device);
    /// devd's own last word on the device.
    base::Done status(const std::string& device);
    static contract::Value echo_body(const std::string& device);
    static contract::Value status_body(const std::string& device);

    support::Shop& shop() { return *shop_; }
    ipc::ZmqClient& raw() { return *raw_; }

private:
    Counter(const Bench& bench, std::unique_ptr<support::Shop> shop)
        : bench_(bench), shop_(std::move(shop)) {}

    const Bench& bench_;
    std::unique_ptr<support::Shop> shop_;
    std::unique_ptr<ipc::ZmqClient> raw_;
};

}  // namespace tillhost::bench
