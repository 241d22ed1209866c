#pragma once

#include <memory>
#include <optional>

#include "hal/os/event_loop.h"
#include "hal/os/log.h"
#include "hal/os/service_manager.h"
#include "hal/os/stop_signals.h"
#include "ipc/endpoints.h"
#include "licd/devices/devd_link.h"
#include "licd/runtime/gate.h"
#include "licd/runtime/licence_store.h"
#include "licd/runtime/promise.h"
#include "licd/wire/discovery_responder.h"

namespace tillhost::licd::runtime {

/// How often keys, machine and clock are looked at.
inline constexpr os::Duration kLookAtKeysEvery = std::chrono::minutes(1);
/// After SIGTERM, how long answers may wait for the disk.
inline constexpr os::Duration kStopTimeMax = std::chrono::seconds(5);

/// Requests of the network that are taken in one turn of the loop: enough for programs that ask at
/// once to share a commit. Answers that are ready leave after it, so that it is some 3 ms at most.
inline constexpr std::size_t kProgramRequestsPerTurnMax = 64;
/// While a commit runs, requests of the network gather for the next one, for so long at most: some
/// need no disk, and a disk may hang.
inline constexpr os::Duration kGatherTimeMax = std::chrono::milliseconds(5);

/// What a running licd is made of. Everything outlives the service.
struct ServiceParts {
    os::EventLoop& loop;
    os::StopSignals& signals;
    const os::Clock& clock;
    ipc::Endpoints& endpoints;
    LicenceStore& store;
    core::LicenceDesk& desk;
    KeyKeeper& keys;
    ActLog& acts;
    Gate& gate;
    Promise& promise;
    const devices::DevdLink* devices = nullptr;  ///< nothing: no devices are used
    wire::DiscoveryResponder* search = nullptr;  ///< nothing: not on the network, or not wanted
    const os::ServiceManager& manager;
    os::Logger logger;
};

/// The one place where loop, endpoints, store and the desk meet.
class Service final {
public:
    explicit Service(ServiceParts parts)
        : parts_(std::move(parts)), watchdog_(parts_.loop, parts_.clock, parts_.manager) {}

    /// Serves until SIGTERM or SIGINT; what waits for the disk is answered first. Leases stay: they
    /// are taken up at the next start. Errors: system_failed, before anything was served.
    base::Done run();

private:
    base::Done watch();
    bool before_sleep();
    void note_sent();
    void receive();
    bool gathers() const;
    void set_timer();
    void look_at_keys();
    void look_at_devices();
    void on_signal(int signal);

    ServiceParts parts_;
    os::Watchdog watchdog_;
    bool stopping_ = false;
    bool local_ready_ = true;
    bool network_ready_ = true;
    bool answers_ready_ = false;  ///< what they wait for is on disk
    os::Instant gathers_until_{};
    std::optional<os::TimerId> timer_;
    std::optional<os::Instant> timer_at_;
};

}  // namespace tillhost::licd::runtime
