#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "devd/core/core.h"
#include "devd/runtime/host_spawner.h"
#include "devd/runtime/latency_histogram.h"
#include "devd/runtime/metrics_listener.h"
#include "devd/runtime/network.h"
#include "devd/runtime/sqlite_store.h"
#include "hal/os/event_loop.h"
#include "hal/os/log.h"
#include "hal/os/service_manager.h"
#include "hal/os/stop_signals.h"
#include "ipc/endpoints.h"

namespace tillhost::devd::runtime {

/// After SIGTERM, how long operations that are prepared may go on. What is not finished then is in
/// doubt at the next start, and asked of the device.
inline constexpr os::Duration kStopTimeMax = std::chrono::seconds(10);

/// What a running devd is made of. Everything outlives the service.
struct ServiceParts {
    os::EventLoop& loop;
    os::StopSignals& signals;
    const os::Clock& clock;
    ipc::Endpoints& endpoints;
    SqliteStore& store;
    HostSpawner& hosts;
    core::Core& core;
    ipc::RequestHandler& requests;  ///< who takes them; in the end the core
    const os::ServiceManager& manager;
    os::Logger logger;
    std::function<NetworkFigures()> network;
    MetricsListener* metrics = nullptr;  ///< nothing: not configured
};

/// The one place where loop, endpoint, book, hosts and the core meet. The loop sleeps unless there
/// is something to do: no tick runs, the core's next timer is the only one, and systemd's watchdog
/// if it is asked for.
///
/// Before a sleep the endpoints are drained if one was readable, or if something was sent, which
/// may have consumed its signal; and the timer is set anew if the core wants another.
class Service final : public HostHandler, public core::OperatorPort {
public:
    explicit Service(ServiceParts parts)
        : parts_(std::move(parts)), watchdog_(parts_.loop, parts_.clock, parts_.manager) {}

    /// Starts the hosts and serves until SIGTERM or SIGINT; then takes no more work, waits until
    /// the core is at rest or kStopTimeMax has passed, and returns. A second signal ends it at
    /// once. Errors: system_failed, before anything was served.
    base::Done run();

    void on_host_message(const std::string& device, base::HostEpoch epoch,
                         const contract::FromHost& message) override;
    void on_host_gone(const std::string& device, base::HostEpoch epoch,
                      const std::string& reason) override;
    void on_host_stuck(const std::string& device, base::HostEpoch epoch,
                       const std::string& reason) override;

    std::string metrics_text() override;
    base::Done back_up(const std::string& path, Copied done) override;
    void on_operation(const core::OperationNote& note) override;
    base::Done read_audit(std::uint64_t first, std::size_t limit, Read done) override;

private:
    base::Done watch();
    void on_store_moved();
    void on_signal(int signal);
    bool before_sleep();
    void set_timer();
    void say_operations();
    void say(const core::OperationNote& note);

    ServiceParts parts_;
    os::Watchdog watchdog_;
    bool stopping_ = false;
    bool endpoint_ready_ = true;  ///< something may have come in
    std::optional<os::TimerId> timer_;
    std::optional<os::Instant> timer_at_;
    LatencyHistogram lag_;
    Copied backup_asked_;
    std::string backup_path_;
    /// For the log, behind the answers and commands that wait for the same record. No more than one
    /// turn of the loop has made durable.
    std::vector<core::OperationNote> unsaid_;
};

}  // namespace tillhost::devd::runtime
