#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "devd/core/host_port.h"
#include "devd/host/host.h"
#include "tests/simulation/chance.h"
#include "tests/simulation/findings.h"
#include "tests/simulation/scheduler.h"
#include "tests/simulation/sim_line.h"
#include "tests/simulation/watch.h"

namespace tillhost::simulation {

/// What devd hears of its hosts: a message, or (without one) that the host is gone, or stuck.
struct HostNews {
    std::string device;
    base::HostEpoch epoch;
    std::optional<contract::FromHost> message;
    bool stuck = false;
};

/// A driver for the settings, on this line.
using MakeDriver = std::function<base::Result<std::unique_ptr<device::Driver>>(
    const std::vector<contract::Setting>& settings, std::unique_ptr<transport::Connector> line)>;

/// Driver hosts as processes of the simulation, each with the product's own loop and driver, and
/// what the operating system does for them: links, signals, the lock of a device, and reporting a
/// host gone only when nothing of it is left.
class SimHosts final : public devd::core::HostPort {
public:
    struct Options {
        /// A known bug: a host is reported gone when it is killed, not when it is gone, and no lock
        /// keeps its successor from starting.
        bool two_hosts = false;
        /// Messages go through their bytes, as on the real link.
        bool through_bytes = false;
    };
    struct Device {
        std::string id;
        std::string driver;
        SimLine& line;
        Watch& watch;
        MakeDriver make;
    };

    SimHosts(Scheduler& scheduler, const os::Clock& clock, Findings& findings, Options options,
             Chance chance);
    ~SimHosts() override;

    void add(Device device);
    /// Who hears the news, from the next devd on.
    void set_listener(std::function<void(HostNews)> listener) { listener_ = std::move(listener); }

    void spawn(const std::string& device, base::HostEpoch epoch) override;
    void kill(const std::string& device) override;
    void send(const std::string& device, const contract::ToHost& message) override;
    void abort(const std::string& device) override;

    /// The hosts of a dead devd die with it; a successor waits for the lock of its device.
    void devd_died();
    /// Somebody kills the device's host at its n-th point from now. False if none runs. It goes
    /// when the kernel lets it: after `linger`, if given.
    bool kill_at_point(const std::string& device, std::uint32_t points,
                       std::optional<os::Duration> linger = {});

private:
    class Link;
    struct Host;
    struct Slot {
        Device device;
        std::vector<std::shared_ptr<Host>> hosts;  ///< those that are not gone, oldest first
    };

    void start(const std::shared_ptr<Host>& host);
    void run(const std::shared_ptr<Host>& host);
    void deliver(const std::shared_ptr<Host>& host);
    void on_ended(const std::shared_ptr<Host>& host, bool killed);
    void on_gone(const std::shared_ptr<Host>& host);
    void tell_gone(const std::shared_ptr<Host>& host);
    os::Duration lingering(bool killed);
    Slot& slot(const std::string& device);

    Scheduler& scheduler_;
    const os::Clock& clock_;
    Findings& findings_;
    const Options options_;
    Chance chance_;
    std::function<void(HostNews)> listener_;
    std::map<std::string, Slot> slots_;
    std::uint64_t life_ = 0;  ///< of devd
};

}  // namespace tillhost::simulation
