#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "hal/os/descriptor.h"
#include "hal/os/log.h"
#include "hal/os/thread.h"
#include "ipc/client/cpp/client.h"
#include "licd/devices/dongle_watch.h"

namespace tillhost::licd::devices {

/// One attempt to reach devd.
inline constexpr os::Duration kConnectTimeMax = std::chrono::seconds(2);
/// One question to a dongle. The driver's own bound is shorter: three seconds, once more after an
/// INIT, and four for another program that has it.
inline constexpr os::Duration kProofTimeMax = std::chrono::seconds(12);
/// Between two attempts to reach devd: the first pause, doubled up to the longest. A devd that was
/// started again is found within kRestartPatience.
inline constexpr os::Duration kReconnectFirst = std::chrono::milliseconds(200);
inline constexpr os::Duration kReconnectLongest = std::chrono::seconds(2);
/// The same where no key wants a dongle: then only what devd can read of the machine is asked.
inline constexpr os::Duration kReconnectIdle = std::chrono::seconds(30);
/// How long an event of devd may be waited for before it is looked whether something was asked of
/// this thread.
inline constexpr os::Duration kEventSlice = std::chrono::milliseconds(250);
/// The longest wait for devd when licd starts, and the steps in which it is waited.
inline constexpr os::Duration kFirstLookMax = std::chrono::seconds(2);
inline constexpr os::Duration kFirstLookStep = std::chrono::milliseconds(5);
/// What devd can read of the machine is asked again.
inline constexpr os::Duration kFactsEvery = std::chrono::minutes(10);

/// The connection to devd, for ever and in a thread of its own: it follows the dongles, puts the
/// questions of a DongleWatch to them, and asks what devd can read of the machine.
///
/// All calls are for one thread, the loop's; none but the one that says so waits.
class DevdLink final : public DonglePort {
public:
    struct Options {
        std::string endpoint;  ///< "ipc://PATH"
        os::PublicKey server;  ///< by whose key leases are signed
        DongleWatch::Random random;
        std::string program_version;
    };
    /// `clock` outlives it. Errors: system_failed. That devd is not there is none.
    static base::Result<std::unique_ptr<DevdLink>> start(Options options, os::Clock& clock,
                                                         const os::Logger& logger);
    /// Waits for what is under way: kProofTimeMax and some seconds at most.
    ~DevdLink() override;

    DongleState of(const std::string& serial) const override;
    void want(std::vector<WantedDongle> dongles) override;
    void in_use(const std::string& serial, os::Instant until) override;
    std::vector<contract::MachineFact> facts() const override;

    /// Returns once devd was asked for the first time, or is not there; then facts() are all that
    /// there are. A key is weighed by them, so that this comes first.
    void wait_for_first_look(os::Deadline deadline) const;

    /// Readable when of() or facts() says something new; clear it, then look.
    const os::Wakeup& moved() const { return moved_; }

private:
    DevdLink(Options options, os::Clock& clock, const os::Logger& logger, os::Wakeup moved,
             os::Wakeup asked)
        : options_(std::move(options)),
          clock_(clock),
          logger_(logger),
          moved_(std::move(moved)),
          asked_(std::move(asked)),
          watch_(options_.server, clock, options_.random) {}

    void run();
    void take_wishes();
    bool be_connected();
    base::Done greet();
    void serve();
    base::Done read_devices();
    void ask_facts();
    void put_questions();
    void follow();
    void on_event(const contract::EventBody& body);
    void lost(const base::Error& why);
    void publish();
    void rest(os::Instant until) const;
    os::Instant wake_at() const;

    const Options options_;
    os::Clock& clock_;
    os::Logger logger_;
    const os::Wakeup moved_;
    const os::Wakeup asked_;
    std::atomic<bool> stopping_{false};
    std::atomic<bool> has_looked_{false};

    mutable std::mutex mutex_;
    std::optional<std::vector<WantedDongle>> wanted_;  // guarded by mutex_
    std::map<std::string, os::Instant> uses_;          // guarded by mutex_
    std::map<std::string, DongleState> states_;        // guarded by mutex_
    std::vector<contract::MachineFact> facts_;         // guarded by mutex_

    // The thread's own.
    DongleWatch watch_;
    std::unique_ptr<client::Client> client_;
    bool has_wishes_ = false;
    bool said_lost_ = false;
    os::Duration pause_ = kReconnectFirst;
    os::Instant connect_at_{};
    os::Instant facts_at_{};
    std::unique_ptr<os::Thread> thread_;  ///< last: it uses all the others
};

}  // namespace tillhost::licd::devices
