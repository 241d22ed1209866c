#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

#include "hal/os/clock.h"
#include "ipc/http/password.h"
#include "sumpd/apps/enrolment.h"
#include "sumpd/apps/seat_port.h"
#include "sumpd/exchange/operations.h"
#include "sumpd/store/audit.h"
#include "sumpd/store/server_key.h"

namespace tillhost::sumpd::apps {

inline constexpr std::size_t kDevicesMax = 10'000;
inline constexpr std::size_t kTokensMax = 1000;
inline constexpr std::size_t kSessionsMax = 20'000;
/// Of a session: without use, and at all; neither is made longer by anything.
inline constexpr std::int64_t kSessionIdleS = 12 * 3600;
inline constexpr std::int64_t kSessionLifeS = 24 * 3600;
/// A session's use is written when the written one is that old.
inline constexpr std::int64_t kSeenWrittenEveryS = 15 * 60;
/// How long the former key of a device is good after a new one was made, unless the new one is used
/// before.
inline constexpr std::int64_t kFormerKeyLifeS = 3600;
/// How long an invitation and a rescue may be good.
inline constexpr std::int64_t kInvitationLifeSMin = 60;
inline constexpr std::int64_t kInvitationLifeSMax = 24 * 3600;
inline constexpr std::int64_t kRescueLifeSMin = 60;
inline constexpr std::int64_t kRescueLifeSMax = 24 * 3600;
inline constexpr std::size_t kDeviceNameMax = 64;  ///< bytes
/// Commands that wait for one device; one more is refused.
inline constexpr std::size_t kCommandsPerDeviceMax = 16;
/// What is seen of devices is written so often at most; a kill forgets less than that.
inline constexpr std::int64_t kSightWrittenEveryS = 60;

enum class DeviceState : std::uint8_t { active = 1, revoked = 2 };
/// Of an invitation: `unspecified` = for both.
using AppKind = exchange::AppKind;

/// One app on one phone. It keeps its card, and its documents' numbers, over enrolments.
struct DeviceRow {
    std::string id{};          ///< UUID
    std::string install_id{};  ///< as the app says; one card each
    std::string model{};
    std::string os{};
    std::string app_name{};
    std::string app_version{};
    std::string key{};         ///< digest
    std::string former_key{};  ///< digest; empty: none
    std::int64_t former_key_until_s = 0;
    DeviceState state = DeviceState::active;
    std::int64_t enrolled_s = 0;
    std::string name{};  ///< as the administrator calls it; empty: nothing yet
    AppKind kind = AppKind::cashier;
    std::string store_id{};  ///< the only one that its users may log in to; empty: any of theirs
    std::string role_id{};   ///< the only one whose users may log in; empty: any
    std::int64_t packet_bytes = 0;  ///< the largest packet for it; 0: the server's
    /// Until then a revoked one may deliver what it still has, into quarantine; 0: it may not.
    std::int64_t rescue_until_s = 0;
    friend bool operator==(const DeviceRow&, const DeviceRow&) = default;
};

/// What is seen of a device. It is kept over a restart, but for what came in the last
/// kSightWrittenEveryS before a kill.
struct DeviceSight {
    std::int64_t last_try_ms = 0;  ///< Unix time of the last request that named it
    std::int64_t last_ok_ms = 0;   ///< of the last one that was admitted
    std::string address{};         ///< where the last one came from
    std::optional<exchange::Heartbeat> heartbeat{};
    std::int64_t heartbeat_ms = 0;  ///< when that came; 0: never
    std::int64_t skew_ms = 0;       ///< its clock against the server's
    std::string cursor{};           ///< up to where it has the objects: of its last GetChanges
    friend bool operator==(const DeviceSight&, const DeviceSight&) = default;
};

/// What an app is to be told at its next heartbeats, until it says that it has taken it.
struct CommandRow {
    std::int64_t number = 0;  ///< 0: a new one
    std::string device_id{};
    exchange::CommandKind kind = exchange::CommandKind::unspecified;
    std::string text{};  ///< of `message`; the least version of `min_version`
    std::string made_by{};
    std::int64_t made_s = 0;
    friend bool operator==(const CommandRow&, const CommandRow&) = default;
};

/// An administrator, for the audit.
struct Actor {
    std::string login{};
    std::string address{};  ///< empty: this machine
};

struct TokenRow {
    std::string digest{};
    std::string made_by{};
    std::int64_t expires_s = 0;
    std::string used_by{};  ///< install_id; empty: by nobody yet
    // What the device is to become; see DeviceRow.
    std::string name{};
    AppKind kind = AppKind::unspecified;
    std::string store_id{};
    std::string role_id{};
    friend bool operator==(const TokenRow&, const TokenRow&) = default;
};

struct SessionRow {
    std::string digest{};
    std::string device_id{};
    std::string user_id{};
    std::string store_id{};
    std::int64_t created_s = 0;
    std::int64_t seen_s = 0;
    std::string lease_id{};  ///< of its licence; empty: none was needed
    friend bool operator==(const SessionRow&, const SessionRow&) = default;
};

/// A person who may log in to apps, as the accounting system said.
struct AccountRow {
    std::string id{};
    std::string login{};  ///< compared without regard to the case of ASCII letters
    std::string name{};
    std::string role_id{};
    bool enabled = true;
    std::vector<std::string> stores{};  ///< none: all
    std::int64_t valid_to_s = 0;        ///< 0: for ever
    std::string password{};             ///< as os::password_hash() makes it; empty: none
    std::string pin{};                  ///< the same of the peppered PIN
    bool pin_is_peppered = true;        ///< false: kept by an older version, as it is typed
    std::int64_t pin_tries = 0;         ///< wrong ones since the last login by password
    std::string badge{};                ///< digest; empty: none
    friend bool operator==(const AccountRow&, const AccountRow&) = default;
};

/// Whether a user may work in a store.
bool admits(const AccountRow& account, const std::string& store_id);

/// One change, atomic: whole rows that replace those of the same key.
struct RegistryChange {
    std::vector<DeviceRow> devices{};
    std::vector<TokenRow> tokens{};
    std::vector<SessionRow> sessions{};
    std::vector<std::string> ended_sessions{};
    std::vector<std::string> forgotten_tokens{};
    std::map<std::string, std::int64_t> pin_tries{};  ///< by user
    std::vector<CommandRow> commands{};
    std::vector<std::int64_t> taken_commands{};
    std::vector<std::pair<std::string, DeviceSight>> sights{};  ///< by device
    std::vector<store::Act> acts{};
};

struct RegistryImage {
    std::vector<DeviceRow> devices{};
    std::vector<TokenRow> tokens{};
    std::vector<SessionRow> sessions{};
    std::vector<AccountRow> accounts{};
    std::vector<CommandRow> commands{};
    std::vector<std::pair<std::string, DeviceSight>> sights{};
};

/// What an invitation is to be.
struct InvitationWish {
    Actor by{};
    std::int64_t life_s = kInvitationLifeS;  ///< kInvitationLifeSMin … kInvitationLifeSMax
    std::string name{};                      ///< of the device; empty: it keeps the one it has
    AppKind kind = AppKind::unspecified;     ///< unspecified: whatever the app is
    std::string store_id{};                  ///< its users log in to this store only; empty: any
    std::string role_id{};                   ///< only users of this role log in; empty: any
};
/// One that was made: the token is told once and never again.
struct MadeInvitation {
    std::string token{};
    std::int64_t expires_s = 0;
};

/// What an administrator can change of a device.
struct DeviceChange {
    std::optional<std::string> name{};  ///< 1 to kDeviceNameMax bytes
    std::optional<std::string> store_id{};
    std::optional<std::string> role_id{};
    std::optional<std::int64_t> packet_bytes{};  ///< 0, or kPacketBytesMin … kPacketBytesMax
};

/// Where the registry is kept.
class RegistryStore {
public:
    virtual ~RegistryStore() = default;
    /// Durable when it returns. Faults: too_many, disk_full.
    virtual exchange::Outcome<bool> write(const RegistryChange& change) = 0;
    /// The highest DeviceSeq of the device's documents, those aside too; 0: none. Blocks for the
    /// disk. Faults: too_many, internal.
    virtual exchange::Outcome<std::int64_t> last_seq(const std::string& device_id) = 0;
};

/// What a login may ask of outside.
struct RegistryParts {
    RegistryStore& store;
    const os::Clock& clock;
    http::Passwords& passwords;
    std::string server_name{};
    std::string server_id{};  ///< UUID
    std::string pin{};        ///< of the certificate, for EnrollResponse
    /// What a role may in a store, all leaves of the tree; nothing allowed if there is none.
    std::function<exchange::Outcome<std::vector<exchange::Permission>>(const std::string& role_id,
                                                                       const std::string& store_id)>
        permissions;
    store::ServerKey key{};  ///< of PINs and badges
    std::int64_t packet_bytes_max = exchange::kPacketBytesMax / 4;
    SeatPort& seats;
};

/// A device, as an administrator sees it.
struct DeviceCard {
    DeviceRow row{};
    DeviceSight sight{};
    std::size_t sessions = 0;
    std::vector<CommandRow> commands{};  ///< that wait for it
};

/// Devices, enrolment tokens, sessions and accounts. All of it is in memory; what changes is on
/// disk before it holds. Any thread; lookups never wait for the disk.
class Registry final {
public:
    Registry(RegistryParts parts, RegistryImage image);

    /// A new enrolment token, good once. Faults: schema_invalid naming the field; too_many
    /// (kTokensMax), disk_full.
    exchange::Outcome<MadeInvitation> invite(const InvitationWish& wish);
    /// One that was made elsewhere; a token that is known already stays as it is. Faults: too_many.
    exchange::Outcome<exchange::Empty> add_invitation(TokenRow row);
    /// The same token with the same InstallId again gives another key for the same device: the
    /// answer may have been lost. An InstallId that is known keeps its card, its name and what is
    /// known of its documents' numbers. Faults: unauthorized (no such token, over, used by another
    /// app), forbidden (the code is for the other kind of app), too_many.
    exchange::Outcome<exchange::EnrollResponse> enroll(const exchange::Enroll& request);
    /// By exactly one of password, PIN and badge; five wrong PINs lock a user's PIN until a login
    /// by password, over restarts too. Takes a seat where licences are needed. Faults: unauthorized
    /// (device, name, password, PIN or badge), device_revoked, pin_locked, too_many (wait before
    /// another try; the licence server is away), role_denied (the store is not one of the user's or
    /// not the device's, the role is not the device's, the user is disabled), licence_denied.
    exchange::Outcome<exchange::LoginResponse> login(const exchange::Login& request,
                                                     const std::string& address);
    exchange::Outcome<exchange::Empty> logout(const std::string& session);
    exchange::Outcome<exchange::RollResponse> roll(const exchange::Roll& request);
    /// By the device itself.
    exchange::Outcome<exchange::Empty> revoke(const exchange::Revoke& request);
    /// By an administrator: its sessions, commands and an open rescue end with it, and it is
    /// refused from now on. Faults: not_found, disk_full.
    exchange::Outcome<exchange::Empty> revoke_device(const std::string& device_id, const Actor& by);
    /// A revoked device may deliver what it still has, for so long, into quarantine
    /// (store/quarantine.h); 0 ends that. Faults: not_found; forbidden (it is not revoked);
    /// schema_invalid (life_s: 0, or kRescueLifeSMin … kRescueLifeSMax).
    exchange::Outcome<exchange::Empty> open_rescue(const std::string& device_id,
                                                   std::int64_t life_s, const Actor& by);
    /// Faults: not_found, schema_invalid naming the field.
    exchange::Outcome<exchange::Empty> change_device(const std::string& device_id,
                                                     const DeviceChange& change, const Actor& by);
    /// Of kinds resync, wipe, message, min_version and revoke (the app gives itself back). Faults:
    /// not_found, forbidden (the device is revoked), schema_invalid, too_many
    /// (kCommandsPerDeviceMax).
    exchange::Outcome<exchange::Empty> command(const std::string& device_id,
                                               exchange::CommandKind kind, const std::string& text,
                                               const Actor& by);
    /// Takes a command back that the app has not taken. Faults: not_found.
    exchange::Outcome<exchange::Empty> forget_command(std::int64_t number, const Actor& by);

    /// Faults: session_expired (also: its licence is gone, or the store is no longer the user's),
    /// device_revoked.
    exchange::Outcome<SessionRow> session_of(const std::string& token,
                                             const std::string& address = {});
    /// The same at once, without waiting for a disk: nothing where the use of the session has to be
    /// written, which session_of() does.
    std::optional<SessionRow> session_at_once(const std::string& token, const std::string& address);
    /// Faults: unauthorized, device_revoked.
    exchange::Outcome<DeviceRow> device_of(const std::string& key, const std::string& address = {});
    /// The revoked device of this key whose rescue is open; else nothing.
    std::optional<DeviceRow> rescued_of(const std::string& key) const;
    /// Whether the device may still be answered: a long wait looks again at its end. Faults:
    /// device_revoked.
    exchange::Outcome<exchange::Empty> check_device(const std::string& device_id) const;
    /// Commands for the device; those that it says it has taken are forgotten, durably.
    std::vector<exchange::AppCommand> on_heartbeat(const std::string& device_id,
                                                   const exchange::Heartbeat& heartbeat);
    /// Up to where it has the objects.
    void saw_cursor(const std::string& device_id, const std::string& cursor);
    /// The largest packet for it: the least of the request's, the server's and its own.
    std::int64_t packet_bytes_for(const std::string& device_id, std::int64_t asked) const;
    /// What is seen of devices and is not on the disk yet goes there; sessions that are over end,
    /// and their seats are given back. Blocks for the disk. The keeper calls it.
    void keep();
    /// The accounts as they are now; sessions of those who are gone, disabled, or not admitted to
    /// the session's store any more, are good no more.
    void set_accounts(std::vector<AccountRow> accounts);

    std::vector<DeviceCard> devices() const;
    /// Nothing if there is none.
    std::optional<DeviceCard> device(const std::string& device_id) const;

private:
    using Digests = std::map<std::string, std::string>;  ///< digest of a key → device
    struct Sight {
        DeviceSight seen;
        bool is_written = true;
    };
    static std::string login_key(std::string login);
    std::int64_t now_s() const { return parts_.clock.unix_ms() / 1000; }
    exchange::Outcome<bool> write(const RegistryChange& change);
    void hold(const RegistryChange& change);
    void hold_device(const DeviceRow& row);
    exchange::Outcome<DeviceRow> find_device(const std::string& key) const;
    std::optional<DeviceRow> row_of(const std::string& device_id) const;
    void saw(const std::string& device_id, const std::string& address, bool is_admitted);
    exchange::Outcome<AccountRow> check_account(const exchange::Login& request,
                                                const std::string& device_id);
    exchange::Outcome<AccountRow> by_password(const exchange::Login& request,
                                              const std::string& device_id);
    exchange::Outcome<AccountRow> by_pin(const exchange::Login& request,
                                         const std::string& device_id);
    exchange::Outcome<AccountRow> by_badge(const exchange::Login& request,
                                           const std::string& device_id);
    std::optional<AccountRow> account_of(const std::string& login) const;
    std::optional<exchange::Fault> refused_try(const std::string& account,
                                               const std::string& device);
    /// Counts a PIN as wrong before it is looked at; false: it is locked.
    exchange::Outcome<bool> take_pin_try(const std::string& user_id);
    void forget_pin_tries(const std::string& user_id);
    exchange::Outcome<std::vector<exchange::OfflineUser>> offline_users(
        const DeviceRow& device, const std::string& store_id);
    exchange::Outcome<exchange::LoginResponse> begin_session(const exchange::Login& request,
                                                             const DeviceRow& device,
                                                             const AccountRow& account);
    std::optional<exchange::Fault> write_session(const SessionRow& session);
    exchange::Outcome<exchange::Empty> change_row(
        const std::string& device_id, const store::Act& act,
        const std::function<std::optional<exchange::Fault>(DeviceRow&)>& change);
    exchange::Outcome<exchange::Empty> revoke_row(const std::string& device_id, store::Act act);
    bool is_good(const SessionRow& row) const;
    exchange::Outcome<SessionRow> find_session(const std::string& token,
                                               const std::string& address);
    /// Whether the use of a session that was found is to be written.
    bool is_use_due(const SessionRow& row) const {
        return now_s() >= row.seen_s + kSeenWrittenEveryS;
    }
    bool has_store(const SessionRow& row, const AccountRow& account) const;
    RegistryChange sessions_of(const std::string& device_id) const;
    DeviceCard card_of(const DeviceRow& row) const;
    std::vector<CommandRow> commands_for(const std::string& device_id) const;
    std::vector<std::string> sessions_over() const;
    void end_sessions();
    void write_sights();
    SeatWish wish_of(const SessionRow& row) const;

    const RegistryParts parts_;
    http::LoginGuard guard_;
    std::mutex writing_;                        ///< one change at a time, held until it is on disk
    std::int64_t last_command_ = 0;             // guarded by writing_
    mutable std::shared_mutex held_;            ///< of what follows; never held over the disk
    std::map<std::string, DeviceRow> devices_;  ///< by id
    Digests keys_;
    std::map<std::string, TokenRow> tokens_;      ///< by digest
    std::map<std::string, SessionRow> sessions_;  ///< by digest
    std::map<std::string, AccountRow> accounts_;  ///< by login in lower case
    std::map<std::string, std::string> logins_;   ///< login by user's id
    std::map<std::string, std::string> badges_;   ///< login by digest; empty: of more than one
    struct PinState {
        std::string pin{};
        std::int64_t tries = 0;
    };
    std::map<std::string, PinState> pins_;         ///< by user's id
    std::map<std::int64_t, CommandRow> commands_;  ///< by number
    bool accounts_known_ = false;                  ///< else nobody's session is judged by them
    mutable std::mutex sights_mutex_;
    std::map<std::string, Sight> sights_;  // guarded by sights_mutex_; by device
};

}  // namespace tillhost::sumpd::apps
