#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "devd/core/host_port.h"
#include "devd/runtime/host_channel.h"
#include "hal/os/clock.h"
#include "hal/os/event_loop.h"
#include "hal/os/files.h"
#include "hal/os/log.h"
#include "hal/os/process.h"

namespace tillhost::devd::runtime {

/// What comes of hosts; the core's side of HostPort.
class HostHandler {
public:
    virtual ~HostHandler() = default;
    virtual void on_host_message(const std::string& device, base::HostEpoch epoch,
                                 const contract::FromHost& message) = 0;
    virtual void on_host_gone(const std::string& device, base::HostEpoch epoch,
                              const std::string& reason) = 0;
    /// The host was killed and does not die, or its lock is still held: no successor may start.
    /// on_host_gone follows if it goes after all. `reason` says what is seen, for people.
    virtual void on_host_stuck(const std::string& device, base::HostEpoch epoch,
                               const std::string& reason) = 0;
};

struct SpawnerOptions {
    std::string program;      ///< path of devd-driver
    std::string lock_folder;  ///< holds a lock file for each device
    int nice = 5;             ///< hosts are less urgent than devd
    /// A killed process that is not gone after this, or a lock not free, is reported as stuck.
    os::Duration stuck_after = std::chrono::seconds(5);
};

/// How often a lock that is still held is tried again.
inline constexpr os::Duration kLockRetry = std::chrono::milliseconds(50);

/// Starts driver hosts, carries their messages and sees to it that a device has one master: a host
/// inherits the lock of its device, and is reported gone only when its pidfd says so, everything it
/// said has been handed over, and its lock is free (which this then holds for the successor).
///
/// Everything happens on the loop's thread. No handler is called from within spawn, kill or send.
class HostSpawner final : public core::HostPort {
public:
    /// `drivers` names the driver of each device; assign() adds and changes. All outlive the
    /// spawner.
    HostSpawner(SpawnerOptions options, std::map<std::string, std::string> drivers,
                os::EventLoop& loop, const os::Clock& clock, const os::Logger& logger);
    /// Kills the hosts that live and waits for them, a second at most each.
    ~HostSpawner() override;

    /// Before the first spawn.
    void set_handler(HostHandler& handler) { handler_ = &handler; }

    void assign(const std::string& device, const std::string& driver) override;
    void spawn(const std::string& device, base::HostEpoch epoch) override;
    void kill(const std::string& device) override;
    void send(const std::string& device, const contract::ToHost& message) override;
    void abort(const std::string& device) override;

private:
    struct Host;

    base::Done start(Host& host);
    void watch(Host& host);
    void on_link(Host& host, os::Readiness ready);
    void read_link(Host& host, std::size_t messages_max);
    void write_link(Host& host);
    void drop_link(Host& host);
    void on_process_gone(Host& host);
    void finish(Host& host);
    void end_deserter(Host& host);
    void end(Host& host, const std::string& reason);
    void report_stuck(Host& host, const std::string& reason);
    void later(Host& host, os::Duration delay, void (HostSpawner::*step)(Host&));

    SpawnerOptions options_;
    os::EventLoop& loop_;
    const os::Clock& clock_;
    os::Logger logger_;
    HostHandler* handler_ = nullptr;
    std::map<std::string, std::unique_ptr<Host>> hosts_;  ///< one slot a device, for good
};

}  // namespace tillhost::devd::runtime
