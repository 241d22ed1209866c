#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "devd/core/access.h"
#include "devd/core/book_store.h"
#include "devd/core/device_mirror.h"
#include "devd/core/figures.h"
#include "devd/core/host_port.h"
#include "devd/core/operator_port.h"
#include "devd/core/shift_policy.h"
#include "devd/core/shop.h"
#include "hal/os/clock.h"
#include "ipc/endpoint.h"

namespace tillhost::devd::core {

/// How long each kind of work of a device may take unless its driver announces a step of its own;
/// from the driver's manifest.
struct WorkBudgets {
    os::Duration open = std::chrono::minutes(2);
    os::Duration execute = std::chrono::minutes(5);
    os::Duration resolve = std::chrono::minutes(2);
    os::Duration query = std::chrono::minutes(1);
    friend bool operator==(const WorkBudgets&, const WorkBudgets&) = default;
};

/// One device as configured.
struct DeviceConfig {
    std::string id;      ///< what programs name; not the display name
    std::string driver;  ///< "fiscal/shtrih"
    std::vector<contract::Setting> settings;
    std::optional<ShiftPolicy> shift{};  ///< a registrar's; nothing: programs keep the shift
    std::string name{};                  ///< for people
    /// While anything stands here no money operation is accepted.
    std::vector<contract::SetupStep> setup_missing{};
    WorkBudgets budgets{};
    /// Another host that owns it, as it is named here; empty = this one.
    std::string host{};

    friend bool operator==(const DeviceConfig&, const DeviceConfig&) = default;
};

/// The setting that says which device is the right one. It changes only between operations.
inline constexpr std::string_view kIdentitySetting = "serial";

/// What has just happened to a device.
enum class DeviceEvent : std::uint8_t {
    changed,      ///< its state, or the reason of it
    opened,       ///< it was connected
    open_failed,  ///< it could not be; device.error says why
    host_gone,    ///< its driver's process ended
};

/// Who hears of devices: the log, and connection checks. Called in the middle of the core's work;
/// it may ask the core nothing from within.
class DeviceObserver {
public:
    virtual ~DeviceObserver() = default;
    virtual void on_device(const contract::Device& device, DeviceEvent event) = 0;
};

/// Whether a device of that driver can carry out a command as written: what the contract cannot
/// know and the catalogue of drivers does. Errors: text_not_printable, not_supported, bad_field.
using CommandCheck = std::function<base::Done(const std::string& driver, const contract::Command&)>;

struct CoreOptions {
    std::string program_version{};
    os::Duration retention = std::chrono::hours(24 * 30);  ///< of settled, acknowledged operations
    std::size_t device_queue_max = 300;    ///< accepted operations of one device; more: retry_later
    std::size_t operations_max = 200'000;  ///< rows held; the oldest settled ones go first
    std::int64_t own_uid = -1;  ///< of devd's user, who may copy the book; -1: only root may
    /// Seconds that local time is ahead of UTC at that Unix time in ms; empty = UTC.
    std::function<std::int64_t(std::int64_t unix_ms)> utc_offset_s{};
    ShopDefaults shop{};
    CommandCheck check_command{};          ///< before acceptance; nothing = every command passes
    DeviceObserver* observer = nullptr;    ///< nothing, or it outlives the core
    const AccessPort* access = nullptr;    ///< nothing: every peer is an administrator
    const DeviceMirror* mirror = nullptr;  ///< of devices with a host; outlives the core
};

/// Bugs that the simulation must find, each behind its own switch; all off everywhere else.
struct KnownBugs {
    bool skip_marker = false;           ///< go is said without the marker being written
    bool timeout_is_failed = false;     ///< a lost host fails its prepared operation
    bool reply_before_commit = false;   ///< replies leave before their position is durable
    bool two_hosts = false;             ///< a successor starts before its predecessor is gone
    bool verdict_on_swapped = false;    ///< a verdict counts whatever device gave it
    bool accept_stale_session = false;  ///< money of a client's old session is taken
    bool skip_preflight = false;        ///< a card is charged before the registrar was asked
    bool reverse_in_doubt = false;      ///< a payment is taken back while its receipt is in doubt
};

/// devd's heart: the operation book, the device table and the way of every operation through a
/// driver host. Pure: no thread, no descriptor, no clock of its own; every call returns within
/// microseconds and is made by one thread.
class Core final : public ipc::RequestHandler {
public:
    /// `random` gives 64 random bits a call (session numbers). The image is what the store read
    /// back. Everything handed in outlives the core.
    Core(CoreOptions options, std::vector<DeviceConfig> devices, BookImage image,
         const os::Clock& clock, BookStore& store, HostPort& hosts, ipc::ReplySink& replies,
         std::function<std::uint64_t()> random, KnownBugs bugs = {});
    ~Core() override;

    /// Whom the requests metrics and backup go to, and who hears of operations. Before start().
    void set_operator(OperatorPort& port);
    /// Starts the hosts of all devices. Once, before anything else.
    void start();
    /// devd in numbers.
    Figures figures() const;

    void on_request(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                    const contract::Request& request) override;
    /// The connection ended; its session is void.
    void on_peer_gone(ipc::PeerId peer) override;

    void on_host_message(const std::string& device, base::HostEpoch epoch,
                         const contract::FromHost& message);
    /// The host of that epoch is certainly gone: reaped, its lock free. `reason` is for people.
    void on_host_gone(const std::string& device, base::HostEpoch epoch, const std::string& reason);
    /// The host was killed and does not end: its device is quarantined until on_host_gone comes.
    void on_host_stuck(const std::string& device, base::HostEpoch epoch, const std::string& reason);

    // --- devices come, change and go. Nothing of this touches an operation: what would, is
    // refused.

    /// Starts the device's lane. Errors: conflict (the id is taken), retry_later (its former lane
    /// has not ended yet).
    base::Done add_device(DeviceConfig device);
    base::Done may_add(const std::string& device) const;
    /// Gives a device another configuration. If driver or settings differ its host is ended and the
    /// next one gets the new ones; name and set-up change at once.
    /// Errors: unknown_device; wrong_state (another driver or identity while an operation is open);
    /// retry_later (an operation is being carried out).
    base::Done configure_device(DeviceConfig device);
    /// Whether configure_device would be done; changes nothing.
    base::Done may_configure(const DeviceConfig& device) const;
    /// Ends the device's host and forgets the lane when it is gone. The book keeps its operations.
    /// Errors: unknown_device; wrong_state (an operation is open); device_leased.
    base::Done remove_device(const std::string& device);
    base::Done may_remove(const std::string& device) const;
    /// The device as `status` shows it; nothing if there is none.
    std::optional<contract::Device> device(const std::string& device) const;
    /// Connects to the device now instead of after a pause. True if it is connected already.
    bool connect_now(const std::string& device);
    /// The node of the device's line has come, or gone. Nothing for a device that is not there.
    void on_plugged(const std::string& device);
    void on_unplugged(const std::string& device);
    /// As configure_device, for settings that were just seen at the device itself: its host is not
    /// ended. Errors: unknown_device.
    base::Done remember(DeviceConfig device);
    /// Errors: no_session; stale_session if `session` is not the one of this peer.
    base::Done check_session(ipc::PeerId peer, std::optional<std::int64_t> session) const;
    /// What a peer may, as every request is checked. Errors: not_paired.
    base::Result<Rights> rights_of(const ipc::PeerIdentity& identity) const;
    /// The same of a peer that has said hello, with what it said there. Errors: no_session,
    /// not_paired.
    base::Result<Rights> rights_of(ipc::PeerId peer) const;
    /// Somebody's rights are others than before. What they do not give any more ends now and not
    /// with the next request: subscriptions, leases, places in line, answers that are waited for.
    void look_at_rights();
    /// Whether a peer may make a request that the runtime answers, of that device if it names one;
    /// a refusal stands in the audit. Errors: not_paired, no_session, not_permitted.
    base::Done admit(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                     const contract::Request& request, const std::string& device = {});
    /// What its owner says of a remote device is another than before.
    void on_mirrored(const std::string& device);
    /// The device of an operation that the book has, empty of a sale; nothing if it has none.
    std::optional<std::string> device_of(const base::OperationId& operation) const;
    /// As rights_of, less what the peer's session has given up.
    base::Result<Rights> rights_of(ipc::PeerId peer, const ipc::PeerIdentity& identity) const;
    /// What a peer has called itself, with its workstation; empty before hello.
    std::string client_of(ipc::PeerId peer) const;
    /// Adds a record to the audit, which is written at once; number and time are filled in.
    void audit(contract::AuditRecord record);
    /// What a peer is called there: its program, and the user or the workstation behind it.
    std::string name_of(ipc::PeerId peer, const ipc::PeerIdentity& identity) const;

    /// The store's durable position has moved: what waited for it leaves now.
    void on_durable();

    /// When on_timer() is wanted next; nothing = no timer runs.
    std::optional<os::Instant> next_timer() const;
    void on_timer();

    /// Takes no more work (shutting_down); prepared operations go on until their hosts answer.
    void stop();
    /// After stop(): true when no operation is prepared and everything written is durable.
    bool at_rest() const;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace tillhost::devd::core
