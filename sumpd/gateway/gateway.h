#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "hal/os/clock.h"
#include "hal/os/log.h"
#include "hal/os/thread.h"
#include "sumpd/gateway/carrier.h"
#include "sumpd/gateway/device_choice.h"

namespace tillhost::sumpd::gateway {

/// Calls that may wait for a command at one time, each on a thread of its caller's; one more is
/// answered at once.
inline constexpr std::size_t kCommandWaitersMax = 12;

/// Devices that commands without a device go to; empty: none.
struct DefaultDevices {
    std::string registrar{};
    std::string terminal{};
};

/// Commands of apps: taken, told, and carried out by a thread of its own (carrier.h).
class Gateway final {
public:
    struct Parts {
        CommandBook& book;
        DevicePort& port;        ///< the gateway's thread's
        DevicePort& asked_port;  ///< for GetDevices, under a lock of the gateway
        const os::Clock& clock;
        os::Logger logger;
        DefaultDevices defaults;
        /// What apps may see and use; nullptr: everything. Outlives the gateway.
        const DeviceChoice* choice = nullptr;
    };
    /// Takes up what is not finished. Errors: storage_failed.
    static base::Result<std::unique_ptr<Gateway>> start(Parts parts);
    ~Gateway();

    /// Any thread. Faults: schema_invalid (commandId, op, payload and its fields, deviceRef),
    /// forbidden (the command is not a cashier's, the device is hidden), and those of
    /// CommandBook::add(). `highest`: commands that need a higher role are forbidden; who may more
    /// than a cashier is no app, and hidden devices are his too.
    exchange::Outcome<exchange::StartCommandResponse> start_command(
        const std::string& app_device, const exchange::StartCommand& request,
        contract::Role highest = contract::Role::cashier);
    /// Waits up to wait_ms for its end. Faults: not_found.
    exchange::Outcome<exchange::StartCommandResponse> get_command(
        const std::string& app_device, const exchange::GetCommand& request);
    /// Faults: device_unavailable (devd does not answer, or somebody else asks it just now).
    exchange::Outcome<exchange::GetDevicesResponse> get_devices();
    /// From now on; commands that were taken keep their device.
    void set_defaults(DefaultDevices defaults);
    /// See CommandBook::decide().
    exchange::Outcome<exchange::StartCommandResponse> decide(const CommandBook::Decision& decision,
                                                             const store::Audit& audit);
    /// Ends all waits, now and later ones.
    void stop();

private:
    explicit Gateway(Parts parts)
        : parts_(std::move(parts)),
          carrier_({parts_.book, parts_.port, parts_.clock, parts_.logger}),
          defaults_(parts_.defaults) {}

    void run();
    bool take_new();
    bool is_stopping();
    bool may_use(const std::string& device, contract::Role highest) const;
    DefaultDevices defaults();
    exchange::Outcome<exchange::StartCommandResponse> tell(const CommandRow& row);

    const Parts parts_;
    std::mutex asking_;  ///< of asked_port
    Carrier carrier_;    ///< the thread's

    std::mutex mutex_;
    std::condition_variable changed_;     ///< new commands, for the thread
    std::condition_variable finished_;    ///< for those who wait
    DefaultDevices defaults_;             // guarded by mutex_
    std::vector<CommandRow> fresh_;       // guarded by mutex_
    std::vector<std::string> decided_;    ///< ids, for the thread to forget; guarded by mutex_
    std::size_t waiters_ = 0;             // guarded by mutex_
    bool stop_ = false;                   // guarded by mutex_
    std::unique_ptr<os::Thread> thread_;  ///< last: it uses the others
};

}  // namespace tillhost::sumpd::gateway
