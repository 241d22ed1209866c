#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "hal/os/clock.h"
#include "hal/os/log.h"
#include "hal/os/thread.h"
#include "sumpd/gateway/carrier.h"
#include "sumpd/gateway/default_rules.h"
#include "sumpd/gateway/device_choice.h"

namespace tillhost::sumpd::gateway {

/// Calls that may wait for a command at one time, each on a thread of its caller's; one more is
/// answered at once.
inline constexpr std::size_t kCommandWaitersMax = 12;

/// How long a default device may be asked for; who does not answer then is asked by the command.
inline constexpr os::Duration kDefaultLookMax = std::chrono::seconds(1);
/// An operation changes by itself shortly after it began to wait for a person: decided again.
inline constexpr int kDecideTriesMax = 3;
/// How long a person's answer waits until the command's end is written here, too.
inline constexpr std::int64_t kEndWaitMs = 5000;

/// Commands of apps: taken, told, and carried out by a thread of its own (carrier.h).
class Gateway final {
public:
    struct Parts {
        CommandBook& book;
        DevicePort& port;        ///< the gateway's thread's
        DevicePort& asked_port;  ///< for GetDevices, under a lock of the gateway
        const os::Clock& clock;
        os::Logger logger;
        DefaultDevices defaults;  ///< the server's
        /// What apps may see and use; nullptr: everything. Outlives the gateway.
        const DeviceChoice* choice = nullptr;
        /// Defaults of users, apps and stores; nullptr: none. Outlives the gateway.
        const DefaultRules* rules = nullptr;
        /// Where it is noted that a device says otherwise than a person has decided; nullptr:
        /// nowhere. Outlives the gateway.
        const store::Audit* audit = nullptr;
    };
    /// Takes up what is not finished. Errors: storage_failed.
    static base::Result<std::unique_ptr<Gateway>> start(Parts parts);
    ~Gateway();

    /// Any thread. A command that names no device goes to the default of who asks: the first that
    /// is set of the user's, the app's, the store's and the server's. That is chosen once, when the
    /// command is taken; a repeat is the same command, whatever was set or hidden since.
    ///
    /// Faults: schema_invalid (commandId, op, payload and its fields, deviceRef: no default is
    /// set), forbidden (the command is not a cashier's, the device is hidden), default_unusable
    /// (the device of the rule that it names is hidden, not there or of another kind), and those of
    /// CommandBook::add(). `highest`: commands that need a higher role are forbidden; who may more
    /// than a cashier is no app, and hidden devices are his too.
    exchange::Outcome<exchange::StartCommandResponse> start_command(
        const Asker& from, const exchange::StartCommand& request,
        contract::Role highest = contract::Role::cashier);
    /// Waits up to wait_ms for its end. Faults: not_found.
    exchange::Outcome<exchange::StartCommandResponse> get_command(
        const std::string& app_device, const exchange::GetCommand& request);
    /// What a person read at a terminal without a link goes to devd, which keeps it and judges it
    /// (its `decide`); the answer says what became of the command. The same answer again is the
    /// same answer, also behind a kill: it may be repeated until it is answered.
    /// Faults: not_found; schema_invalid naming the field (amountMinor: not what was asked for;
    /// amountAgainMinor: wanted above the terminal's limit; outcome, receiptNumber); doc_conflict
    /// (the command came to another end, or the slip settled another payment); bad_request (nobody
    /// is asked anything); device_unavailable (devd does not answer: repeat it).
    exchange::Outcome<exchange::StartCommandResponse> answer_command(
        const Asker& from, const exchange::AnswerCommand& request);
    /// Those that apps may see, with the mark at which the asker's defaults are. Faults:
    /// device_unavailable (devd does not answer, or somebody else asks it just now).
    exchange::Outcome<exchange::GetDevicesResponse> get_devices(const Asker& from);
    /// What commands of who asks go to; empty: to nothing.
    DefaultChoice default_for(const Asker& from, DefaultKind kind);
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
          carrier_({parts_.book, parts_.port, parts_.clock, parts_.logger, parts_.audit}),
          defaults_(parts_.defaults) {}

    void run();
    bool take_new();
    bool is_stopping();
    bool may_use(const std::string& device, contract::Role highest) const;
    exchange::Outcome<CommandBook::Added> take(const Asker& from,
                                               const exchange::StartCommand& request,
                                               const contract::Command& command,
                                               contract::Role highest);
    exchange::Outcome<DefaultChoice> device_for(const Asker& from, const contract::Command& command,
                                                contract::Role highest);
    exchange::Outcome<contract::Operation> decide_there(const CommandRow& row,
                                                        const exchange::AnswerCommand& request,
                                                        const Asker& from);
    std::optional<exchange::Fault> unusable(const DefaultChoice& choice, DefaultKind kind,
                                            contract::Role highest);
    exchange::Outcome<exchange::StartCommandResponse> tell(const CommandRow& row);

    const Parts parts_;
    std::mutex asking_;  ///< of asked_port
    Carrier carrier_;    ///< the thread's

    std::mutex mutex_;
    std::condition_variable changed_;     ///< new commands, for the thread
    std::condition_variable finished_;    ///< for those who wait
    DefaultDevices defaults_;             // guarded by mutex_
    std::vector<CommandRow> fresh_;       // guarded by mutex_
    std::vector<CommandRow> decided_;     ///< by a person, for the thread; guarded by mutex_
    std::size_t waiters_ = 0;             // guarded by mutex_
    bool stop_ = false;                   // guarded by mutex_
    std::unique_ptr<os::Thread> thread_;  ///< last: it uses the others
};

}  // namespace tillhost::sumpd::gateway
