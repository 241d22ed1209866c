#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "hal/os/clock.h"
#include "ipc/http/password.h"
#include "sumpd/exchange/operations.h"
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

enum class DeviceState : std::uint8_t { active = 1, revoked = 2 };

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
    friend bool operator==(const DeviceRow&, const DeviceRow&) = default;
};

/// What is seen of a device; in memory only, a restart forgets it.
struct DeviceSight {
    std::int64_t last_try_ms = 0;  ///< Unix time of the last request that named it
    std::string address{};
    std::optional<exchange::Heartbeat> heartbeat{};
    std::int64_t skew_ms = 0;  ///< its clock against the server's
};

struct TokenRow {
    std::string digest{};
    std::string made_by{};
    std::int64_t expires_s = 0;
    std::string used_by{};  ///< install_id; empty: by nobody yet
    friend bool operator==(const TokenRow&, const TokenRow&) = default;
};

struct SessionRow {
    std::string digest{};
    std::string device_id{};
    std::string user_id{};
    std::string store_id{};
    std::int64_t created_s = 0;
    std::int64_t seen_s = 0;
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
};

struct RegistryImage {
    std::vector<DeviceRow> devices{};
    std::vector<TokenRow> tokens{};
    std::vector<SessionRow> sessions{};
    std::vector<AccountRow> accounts{};
};

/// Where the registry is kept.
class RegistryStore {
public:
    virtual ~RegistryStore() = default;
    /// Durable when it returns. Faults: too_many, disk_full.
    virtual exchange::Outcome<bool> write(const RegistryChange& change) = 0;
};

/// What a login may ask of outside.
struct RegistryParts {
    RegistryStore& store;
    const os::Clock& clock;
    http::Passwords& passwords;
    std::string server_name;
    std::string server_id;  ///< UUID
    std::string pin;        ///< of the certificate, for EnrollResponse
    /// What a role may in a store, all leaves of the tree; nothing allowed if there is none.
    std::function<exchange::Outcome<std::vector<exchange::Permission>>(const std::string& role_id,
                                                                       const std::string& store_id)>
        permissions;
    store::ServerKey key{};  ///< of PINs and badges
};

/// Devices, enrolment tokens, sessions and accounts. All of it is in memory; what changes is on
/// disk before it holds. Any thread; lookups never wait for the disk.
class Registry final {
public:
    Registry(RegistryParts parts, RegistryImage image);

    /// A new enrolment token, good once and for kInvitationLifeS. Faults: too_many (kTokensMax).
    exchange::Outcome<std::string> invite(const std::string& by);
    /// One that was made elsewhere; a token that is known already stays as it is. Faults: too_many.
    exchange::Outcome<exchange::Empty> add_invitation(TokenRow row);
    /// The same token with the same InstallId again gives another key for the same device: the
    /// answer may have been lost. Faults: unauthorized (no such token, over, used by another app),
    /// too_many.
    exchange::Outcome<exchange::EnrollResponse> enroll(const exchange::Enroll& request);
    /// By exactly one of password, PIN and badge. Five wrong PINs lock a user's PIN until a login
    /// by password, over restarts too. Faults: unauthorized (device, name, password, PIN or badge),
    /// device_revoked, pin_locked, too_many (wait before another try), role_denied (the store is
    /// not one of the user's, or the user is disabled).
    exchange::Outcome<exchange::LoginResponse> login(const exchange::Login& request,
                                                     const std::string& address);
    exchange::Outcome<exchange::Empty> logout(const std::string& session);
    exchange::Outcome<exchange::RollResponse> roll(const exchange::Roll& request);
    /// By the device itself.
    exchange::Outcome<exchange::Empty> revoke(const exchange::Revoke& request);
    /// By an administrator: its sessions end with it. Faults: not_found.
    exchange::Outcome<exchange::Empty> revoke_device(const std::string& device_id);

    /// Faults: session_expired, device_revoked.
    exchange::Outcome<SessionRow> session_of(const std::string& token);
    /// Faults: unauthorized, device_revoked.
    exchange::Outcome<DeviceRow> device_of(const std::string& key);
    void saw(const std::string& device_id, const std::string& address,
             const exchange::Heartbeat* heartbeat);
    /// The accounts as they are now; sessions of those who are gone, disabled, or not admitted to
    /// the session's store any more, are good no more.
    void set_accounts(std::vector<AccountRow> accounts);

    struct DeviceCard {
        DeviceRow row;
        DeviceSight sight;
        std::size_t sessions = 0;
    };
    std::vector<DeviceCard> devices() const;

private:
    using Digests = std::map<std::string, std::string>;  ///< digest of a key → device
    static std::string login_key(std::string login);
    std::int64_t now_s() const { return parts_.clock.unix_ms() / 1000; }
    exchange::Outcome<bool> write(const RegistryChange& change);
    void hold(const RegistryChange& change);
    exchange::Outcome<DeviceRow> find_device(const std::string& key) const;
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
        const std::string& store_id);
    exchange::Outcome<std::string> open_session(const std::string& device_id,
                                                const AccountRow& account,
                                                const std::string& store_id);
    bool is_good(const SessionRow& row) const;
    RegistryChange sessions_of(const std::string& device_id) const;

    const RegistryParts parts_;
    http::LoginGuard guard_;
    std::mutex writing_;                        ///< one change at a time, held until it is on disk
    mutable std::shared_mutex held_;            ///< of what follows; never held over the disk
    std::map<std::string, DeviceRow> devices_;  ///< by id
    std::map<std::string, DeviceSight> sights_;
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
    std::map<std::string, PinState> pins_;  ///< by user's id
};

}  // namespace tillhost::sumpd::apps
