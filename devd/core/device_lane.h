#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "devd/core/core.h"
#include "devd/core/events.h"
#include "devd/core/leases.h"
#include "devd/core/operation_book.h"
#include "devd/core/outbox.h"
#include "devd/core/shift_keeper.h"
#include "devd/core/timers.h"
#include "devd/core/waiters.h"

namespace tillhost::devd::core {

/// Time a new host has to say hello; for its work see WorkBudgets.
inline constexpr os::Duration kHelloBudget = std::chrono::seconds(10);
/// Past its deadline and this a host is killed.
inline constexpr os::Duration kKillGrace = std::chrono::seconds(2);
/// A waiting host says something every two seconds; one that is silent for this long is killed.
inline constexpr os::Duration kSilenceMax = std::chrono::seconds(10);
/// A device that is ready and has not answered for so long is asked for its status, so that its
/// health is true while nothing is sold.
inline constexpr os::Duration kIdleAskAfter = std::chrono::seconds(30);
/// A host that lived so long is restarted at once.
inline constexpr os::Duration kHealthyAfter = std::chrono::minutes(1);
/// How often one operation is handed out; after that it fails (it certainly did not happen).
inline constexpr int kTriesMax = 10;
inline constexpr std::size_t kQueriesWaitingMax = 1024;
/// Questions a host has in its socket at once; it answers them one by one.
inline constexpr std::size_t kQueriesAtHostMax = 64;
/// After a device in doubt moved to another port: what the kernel may still send on the old one
/// when its owner is gone (closing_wait of a serial port, 30 s) is over.
inline constexpr os::Duration kOldLineQuiet = std::chrono::seconds(35);
/// Longest reason kept for people.
inline constexpr std::size_t kReasonBytesMax = 500;

inline std::int64_t ms(os::Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

/// What lanes share.
struct LaneContext {
    const os::Clock& clock;
    Timers& timers;
    OperationBook& book;
    Audit& audit;
    Outbox& outbox;
    HostPort& hosts;
    Waiters& waiters;
    Events& events;
    const Leases& leases;
    ipc::ReplySink& replies;
    const KnownBugs& bugs;
    const bool& stopping;
    const std::function<std::uint64_t()>& random;
    const CoreOptions& options;
};

/// One device: its host's lives, its queue, and what is under way.
///
///     offline ─spawn─► starting ─hello─► opening ─opened─► ready ⇄ executing | resolving
///        ▲                                 ▲  └─open_failed─► closed ─after a while─┘
///        └────────── host gone ────────────┴────── link lost ────────┘
///
/// While an operation is in doubt no money operation starts, and before the first verdict nothing
/// does: open() hands the operation to the driver, which asks the device before it does anything.
class DeviceLane final {
public:
    DeviceLane(DeviceConfig config, const LaneContext& context);

    void start();
    /// Something may be ready to begin: an operation was accepted, a doubt was settled by a person.
    void wake() { next(); }
    /// A person has settled the doubt.
    void decided();
    /// Asks the device once more about its operation in doubt, as soon as it can be asked.
    void resolve_now();
    /// Has the operation broken off, if it is being carried out.
    void abort(const base::OperationId& id);
    /// Hands a question on. Errors: retry_later, device_not_ready, shutting_down.
    base::Done ask(const contract::Query& query, ipc::PeerId peer, std::int64_t request_id,
                   os::Instant deadline);
    /// The same for the core itself; called once, in the middle of the lane's work.
    using Inform = std::function<void(const base::Result<contract::ClassStatus>&)>;
    base::Done ask(const contract::Query& query, os::Instant deadline, Inform inform);
    void forget(ipc::PeerId peer);

    void on_message(base::HostEpoch epoch, const contract::FromHost& message);
    void on_gone(base::HostEpoch epoch, const std::string& reason);
    void on_stuck(base::HostEpoch epoch, const std::string& reason);

    // lane_changes.cpp: another configuration, and the end
    base::Done may_become(const DeviceConfig& next) const;
    /// may_become(next) has said yes.
    void become(DeviceConfig next);
    base::Done may_retire() const;
    /// may_retire() has said yes. Nothing is started any more.
    void retire();
    bool is_retired() const { return retired_; }
    /// Retired, and no host of it lives.
    bool is_finished() const { return retired_ && !host_lives_; }
    /// Opens the device now if it waits for that; true if it is open.
    bool connect_now();
    /// Its node has come: it is opened now if it waits for that, and once more if the attempt that
    /// is under way began too early.
    void plugged();
    /// Its node has gone. A host at work notices by itself; one that waits looks now.
    void unplugged();
    /// Settings that say which device is the right one, seen at the device as it is connected now:
    /// the host goes on, the next opening has them.
    void remember(DeviceConfig next);

    /// As it will be, if a change waits for the present host's end.
    const DeviceConfig& config() const { return next_config_ ? *next_config_ : config_; }
    contract::Device describe() const;
    DeviceFigures figures() const;
    /// Its owner says something else of it.
    void mirrored();
    /// An operation of this device came into another state.
    void moved(const OperationRow& row);
    /// What describe() says is true once this is durable.
    Position position() const { return position_; }
    /// Not at work on anything that devd waits for when it stops.
    bool at_rest() const;
    /// Being carried out right now by a host that may act without asking again.
    bool is_executing(const base::OperationId& id) const { return current_ == id; }

private:
    enum class Phase : std::uint8_t {
        offline,
        starting,
        opening,
        closed,
        ready,
        executing,
        resolving,
    };
    struct WaitingQuery {
        ipc::PeerId peer;
        std::int64_t request_id = 0;
        contract::Query query;
        TimerKey timer;
        Inform inform{};  ///< null: the peer is answered
    };
    using Ticket = std::int64_t;

    // the host's life
    void spawn();
    void send_open();
    void end_host(const std::string& reason);
    void restart_later();
    void reopen_later();
    void take(const contract::HostHello& hello);
    void take(const contract::Opened& opened);
    void take(const contract::OpenFailed& failed);
    void take(const contract::Announce& announce);
    void take(const contract::Beat&);
    void take(const contract::PromptShown& shown);
    void take(const contract::Scanned& scanned);
    void take(const contract::LineLost& lost);
    bool expects(bool right, std::string_view message);

    // operations
    void next();
    const OperationBook::Entry* startable() const;
    bool owner_takes(const OperationRow& row) const;
    const contract::Device* seen_by_owner() const;
    /// What is to begin now, devd's own operations for the shift included.
    const OperationBook::Entry* next_operation();
    void set_status(const contract::ClassStatus& status);
    void look_at_time();
    void execute(const OperationBook::Entry& entry);
    void send_resolve(const OperationBook::Entry& entry);
    void take(const contract::Persist& persist);
    void persist(const contract::Marker& marker, const OperationBook::Entry& entry);
    void persist(const contract::Evidence& evidence, const OperationBook::Entry& entry);
    void persist(const contract::OperationResult& result, const OperationBook::Entry& entry);
    /// Answers the persist of that attempt.
    void refuse(const OperationBook::Entry& entry, std::int64_t attempt, base::ErrorCode code,
                const std::string& why);
    void take(const contract::Finished& finished);
    void settle(const contract::Finished& finished, const OperationBook::Entry& entry);
    void take_error(const OperationBook::Entry& entry, const contract::Error& error);
    void not_executed(const OperationBook::Entry& entry, const contract::Error& why);
    void take(const contract::Resolved& resolved);
    void apply(const contract::Resolution& resolution, const OperationBook::Entry& entry);
    void abandon_current(const std::string& reason);
    void mark_doubt(const OperationBook::Entry& entry, contract::Error error);

    // questions
    void send_queries();
    void ask_when_idle();
    void on_idle();
    void take(const contract::Queried& queried);
    base::Done enqueue(WaitingQuery query, os::Instant deadline);
    void answer(const WaitingQuery& query, const contract::Reply& reply);
    void fail_queries(const base::Error& error, bool waiting_too);
    void time_out(Ticket ticket);

    // time
    void watch_for(os::Duration budget);
    void pause_watch();
    void resume_watch();
    void arm_watch();
    void on_watch();

    /// Sends when `after` is durable, if this very host still lives.
    void send(Position after, contract::ToHost message);
    void touched(const OperationBook::Entry& entry);
    /// describe() may say something else now, and not because of a host's message or an operation.
    void changed() { context_.events.mark(config_.id); }
    void take_from_owner(contract::Device& device) const;

    // lane_changes.cpp
    bool has_open_operation() const;
    void take_next_config();
    contract::DeviceState state() const;
    void tell(DeviceEvent event);
    void reset_timer(std::optional<TimerKey>& timer);
    os::Instant now() const { return context_.clock.now(); }

    DeviceConfig config_;
    std::optional<DeviceConfig> next_config_;  ///< taken when no host lives
    bool retired_ = false;
    bool line_changes_ = false;  ///< the next host gets another line than the last one had
    std::optional<contract::Error> open_error_;
    bool came_while_opening_ = false;
    std::string node_;                                    ///< that the device was found behind
    std::string adapter_;                                 ///< and the USB device of that node
    std::pair<contract::DeviceState, std::string> told_;  ///< to the observer
    const LaneContext context_;
    Phase phase_ = Phase::offline;
    base::HostEpoch epoch_;
    Position epoch_position_ = 0;
    bool host_lives_ = false;
    bool ending_ = false;  ///< killed; only facts that it still tells are taken
    bool quarantined_ = false;
    std::string reason_;
    std::optional<contract::ClassStatus> status_;
    std::optional<ShiftKeeper> keeper_;
    std::uint64_t host_starts_ = 0;
    std::optional<os::Instant> last_ok_;
    Position position_ = 0;

    os::Instant spawned_at_{};
    std::optional<os::Instant> line_free_since_;  ///< when the last host was certainly gone
    std::size_t restarts_ = 0;
    std::size_t open_failures_ = 0;
    std::optional<TimerKey> later_;  ///< the restart, the next open, or the next resolve

    std::optional<base::OperationId> current_;  ///< in phase executing
    std::optional<base::OperationId> asked_;    ///< the doubt handed to open() or resolve()
    bool resolve_wanted_ = false;
    std::size_t resolve_failures_ = 0;
    std::unordered_map<base::OperationId, int> tries_;  ///< of operations that wait

    std::deque<Ticket> query_order_;
    std::map<Ticket, WaitingQuery> queries_;  ///< not answered yet, waiting or at the host
    std::size_t queries_at_host_ = 0;         ///< answers the host owes, timed out ones included
    Ticket last_ticket_ = 0;
    bool queries_turn_ = true;

    os::Instant watch_{};
    std::optional<os::Duration> watch_left_;  ///< while the host waits for our word
    std::optional<TimerKey> watch_timer_;
    std::optional<TimerKey> idle_timer_;  ///< runs while a host lives that has opened the device
    os::Instant watch_timer_at_{};
};

}  // namespace tillhost::devd::core
