#pragma once

#include "ipc/client/tillctl/verbs.h"

// Devices that several share: who has one for himself; and the audit of who did what.
namespace tillhost::tillctl {

/// How long a lease is taken for at a time while `tillctl lease --hold` keeps it.
inline constexpr os::Duration kHoldTime = std::chrono::seconds(30);
/// How often its holder looks whether somebody asks for the device, and is interrupted.
inline constexpr os::Duration kHoldLook = std::chrono::milliseconds(500);
/// Records of the audit that are asked for at once.
inline constexpr std::int64_t kAuditPage = 500;

/// Errors: devd's.
base::Result<Exit> run_lease(const LeaseVerb& verb, const Invocation& how, client::Client& devd,
                             os::Clock& clock, Console& console);
base::Result<Exit> run_audit(const AuditVerb& verb, const Invocation& how, client::Client& devd,
                             os::Clock& clock, Console& console);
/// The chain in a file that --export wrote; asks no devd. Errors: bad_field (FILE).
base::Result<Exit> verify_audit_file(const std::string& path, Language language, Console& console);

/// Goes along a chain of records.
class AuditChain final {
public:
    /// False at the first record that does not follow the one before it; broken_at() names it.
    bool take(const contract::AuditLine& line);
    std::int64_t records() const { return number_; }
    std::int64_t broken_at() const { return number_ + 1; }
    const std::string& hash() const { return hash_; }

private:
    std::int64_t number_ = 0;
    std::string hash_ = std::string(64, '0');
};

}  // namespace tillhost::tillctl
