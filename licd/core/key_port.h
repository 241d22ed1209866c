#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/bytes.h"
#include "hal/base/ids.h"
#include "hal/base/result.h"
#include "ipc/contract/licence.h"

namespace tillhost::licd::core {

/// What a key says of one of its licences.
struct Terms {
    std::string key;  ///< serial
    std::string licence;
    contract::LicenceCounting counting = contract::LicenceCounting::counted;
    std::int64_t count = 0;  ///< seats; 0 with uncounted
    contract::SeatMode mode = contract::SeatMode::instance;
    std::int64_t grace_ms = 0;
    bool has_code = false;  ///< only for programs that know the key's access code
};

/// A lease as it is signed (docs/formats/licence-lease.md).
struct LeaseFacts {
    std::uint64_t number = 0;
    std::string licence;
    std::string key;
    std::int64_t seat = 0;
    std::uint64_t generation = 0;
    std::string instance;
    base::OperationId request_id;
    std::int64_t renewal = 0;
    std::int64_t time_ms = 0;
    std::int64_t grace_ms = 0;
};

/// The keys, as the leases need them. What it says may change at any time; then the desk is told.
class KeyPort {
public:
    virtual ~KeyPort() = default;
    /// Every licence of that name, by serial of its key. Valid until the keys change.
    virtual std::vector<const Terms*> licences(std::string_view name) const = 0;
    /// nullptr if the key is gone or has no such licence.
    virtual const Terms* find(const std::string& key, const std::string& licence) const = 0;
    /// Whether the licence is given now, to that version of a program. Errors: key_off,
    /// key_other_machine, key_revoked, dongle_missing, licence_expired, clock_suspect,
    /// not_supported (another version), each with a sentence for people.
    virtual base::Done gives(const Terms& terms, std::string_view program_version) const = 0;
    /// The same of a lease that is held: a key whose dongle is gone gives nothing new, and what it
    /// gave goes on for the grace of the key. Errors: as above, dongle_missing.
    virtual base::Done renews(const Terms& terms, std::string_view program_version) const = 0;
    /// Whether `proof` shows the key's access code for that nonce.
    virtual bool knows_code(const std::string& key, base::ByteView nonce,
                            base::ByteView proof) const = 0;
    /// That this server may lend it.
    virtual contract::LicenceProof proof(const Terms& terms) const = 0;
    virtual contract::SignedLicenceLease sign(const LeaseFacts& facts) const = 0;
};

}  // namespace tillhost::licd::core
