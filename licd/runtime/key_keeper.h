#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hal/os/certificate.h"
#include "hal/os/clock.h"
#include "hal/os/log.h"
#include "licd/core/key_port.h"
#include "licd/devices/dongle_port.h"
#include "licd/keys/activation.h"
#include "licd/keys/clock_guard.h"
#include "licd/keys/machine_traits.h"
#include "licd/keys/proof.h"
#include "licd/runtime/licence_store.h"
#include "licd/wire/access_code.h"

namespace tillhost::licd::runtime {

inline constexpr std::size_t kKeysMax = 100;
/// So long a key works on after its machine has changed beyond what it bears.
inline constexpr std::int64_t kUnboundGraceS = 72 * 3600;
/// So long after somebody looked at a key its dongle is asked each minute.
inline constexpr os::Duration kShown = std::chrono::minutes(2);

/// A file of a vendor's root certificate that the administrator trusts.
struct VendorRoot {
    std::string file;
    os::Certificate certificate;
};
/// Reads roots/*.crt and *.pem of the configuration folder. Errors: bad_field (no certificate, or
/// no root of licences), system_failed; none there is fine.
base::Result<std::vector<VendorRoot>> read_roots(const std::string& folder);

struct KeyKeeperParts {
    std::string folder;  ///< of the state; keys/*.dongle are in it
    std::vector<VendorRoot> roots;
    const os::Clock& clock;
    os::Logger logger;
    LicenceStore& store;
    os::SigningKey identity;  ///< by which leases are signed
    base::Bytes code_salt;
    std::function<keys::Traits()> traits;  ///< of this machine; some milliseconds
    devices::DonglePort& dongles;          ///< and what devd reads of the machine
    std::function<base::Bytes(std::size_t)> random;
    std::string software;  ///< "licd-0.1.0", for requests
};

/// The keys of this server: their files, whether each may be used now and why, and what an
/// administrator decided. Files are verified before anything of them is believed, and kept as they
/// came. For the loop's thread; what it does for an administrator may take up to a second or two
/// (PINs and access codes are slow to try on purpose).
class KeyKeeper final : public core::KeyPort {
public:
    /// Reads what is there. A file that is no good stays where it is, is not used, and is logged.
    /// Errors: system_failed.
    static base::Result<std::unique_ptr<KeyKeeper>> open(KeyKeeperParts parts);

    // What leases need.
    std::vector<const core::Terms*> licences(std::string_view name) const override;
    const core::Terms* find(const std::string& key, const std::string& licence) const override;
    base::Done gives(const core::Terms& terms, std::string_view program_version) const override;
    base::Done renews(const core::Terms& terms, std::string_view program_version) const override;
    bool knows_code(const std::string& key, base::ByteView nonce,
                    base::ByteView proof) const override;
    contract::LicenceProof proof(const core::Terms& terms) const override;
    contract::SignedLicenceLease sign(const core::LeaseFacts& facts) const override;

    // What an administrator does.
    std::vector<contract::LicenceKey> all() const;
    base::Result<contract::LicenceKey> told(const std::string& serial) const;
    /// A key, an answer or a list of revocations. Errors: those of licd/keys, not_permitted (no
    /// vendor's root is there), wrong_state, retry_later (kKeysMax), storage_full, system_failed.
    base::Result<contract::LicenceKey> load(const std::string& text);
    /// Errors: licence_unknown, system_failed.
    base::Done remove(const std::string& serial);
    /// Errors: licence_unknown, bad_field.
    base::Done set(const contract::SetLicenceKeyRequest& request);
    /// Errors: licence_unknown, pin_wrong, bad_field(pin), wrong_state, key_other_machine.
    base::Result<contract::ActivateLicenceReply> activate(
        const contract::ActivateLicenceRequest& request);
    contract::LicenceTraitsReply traits() const;

    /// The machine is looked at again, and the clock; once a minute is meant.
    void look();
    /// A dongle came, went or spoke, or devd told something of the machine; or next_time() is over.
    void on_devices();
    /// When the grace of a key whose dongle is gone ends; nothing: none is.
    std::optional<os::Instant> next_time() const;

private:
    struct Key {
        keys::KeyFile file;
        KeyRow row;
        std::optional<wire::CodeKey> code;
        std::optional<keys::RequestContent> request;  ///< the open activation
        contract::LicenceKeyState state = contract::LicenceKeyState::unbound;
        std::string text;
        contract::LicenceKeyReason reason = contract::LicenceKeyReason::none;
        std::int64_t left_s = 0;
        base::Done usable;     ///< whether leases that are held go on
        base::Done grantable;  ///< whether new ones are given, if it is usable
        int score = 0;
        // Of a key of a dongle.
        std::string device;
        std::optional<os::Instant> counted_from;  ///< the grace that is not written down yet
        bool was_there = false;                   ///< before a restart; licd has to find it again
        std::uint32_t counter = 0;                ///< as it is written down
        std::size_t root = 0;
        std::vector<core::Terms> terms;
        /// By licence, made once of the file: a proof is in each grant. Not of a dongle's key,
        /// whose word changes.
        std::map<std::string, contract::LicenceProof> proofs;
    };
    explicit KeyKeeper(KeyKeeperParts parts);

    base::Done read();
    base::Done read_key_file(const std::string& name);
    void read_lists();
    void read_list(std::size_t root);
    base::Result<std::pair<keys::KeyFile, std::size_t>> verified(const std::string& text) const;
    base::Result<contract::LicenceKey> install(keys::KeyFile file, std::size_t root);
    base::Result<contract::LicenceKey> answer(keys::KeyFile file, std::size_t root);
    base::Result<contract::LicenceKey> put_back(keys::KeyFile file, std::size_t root);
    std::int64_t newest_revision(const std::string& serial) const;
    base::Result<contract::LicenceKey> take_list(const std::string& text);
    base::Result<contract::LicenceKey> take_list(keys::Revocations fresh, std::size_t root);
    base::Done keep(const keys::KeyFile& file);
    void adopt(keys::KeyFile file, std::size_t root);
    contract::LicenceProof make_proof(const Key& key, const std::string& licence) const;
    void judge(Key& key);
    void judge_machine(Key& key);
    void judge_dongle(Key& key);
    void dongle_is_there(Key& key, const devices::DongleState& dongle);
    void dongle_is_gone(Key& key, const devices::DongleState& dongle);
    void count_grace(Key& key);
    void recall_dongle(Key& key) const;
    void wish_for_dongles() const;
    keys::Traits machine() const;
    void refuse(Key& key, contract::LicenceKeyState state, contract::LicenceKeyReason reason,
                base::Error why);
    bool is_dongle(const std::string& serial) const;
    base::Done check_line(const Key& key, const core::Terms& terms,
                          std::string_view program_version) const;
    base::Result<Key*> key_of(const std::string& serial);
    const Key* find_key(const std::string& serial) const;
    contract::LicenceKey told(const Key& key) const;
    std::int64_t now_s() const;
    std::int64_t grace_used_s(const std::string& serial) const;
    void spend_grace(std::int64_t elapsed_s);
    void end_grace(const std::string& serial);
    base::Done check_not_of_the_future(std::int64_t issued_s) const;

    KeyKeeperParts parts_;
    keys::Traits traits_;
    keys::ClockGuard guard_;
    std::optional<os::Instant> looked_at_;
    std::map<std::string, Key> keys_;  ///< by serial
    /// A vendor's list of revocations; with a fault its keys give nothing.
    struct List {
        std::optional<keys::Revocations> list{};
        std::string fault{};
    };
    std::vector<List> lists_;  ///< by root
};

}  // namespace tillhost::licd::runtime
