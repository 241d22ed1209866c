#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "hal/base/result.h"
#include "hal/os/certificate.h"
#include "ipc/contract/licence.h"
#include "licd/wire/lease_text.h"

// Whether what a server says it lends is lent: docs/formats/licence-lease.md, "What a program
// checks". Pure.
namespace tillhost::licd::client {

/// Whose word a program believes, and about what.
struct Trust {
    os::Certificate root;  ///< the vendor's, built into the program
    std::string product;   ///< the vendor's code for this program
};

/// What a program has asked for.
struct Asked {
    std::string licence{};
    std::string key{};  ///< serial; empty: any
    std::string instance{};
    base::OperationId request{};
};

/// A lease that was checked, and the key by which its renewals are.
struct CheckedLease {
    wire::LeaseText text;
    os::PublicKey server_key;
};

/// Checks a grant: root, issuer, seal (or dongle and its word), licence line, then the lease by the
/// key of the server that they name, and that it is the one that was asked for. `wall_s`, Unix
/// time, matters for keys of dongles only: their word must be young. Errors: key_foreign (not of
/// this vendor or product, a server that is not the key's, another licence, instance or request, an
/// old word of the dongle), key_damaged, malformed, bad_field.
base::Result<CheckedLease> check_grant(const Trust& trust, const contract::LicenceGranted& granted,
                                       const Asked& asked, std::int64_t wall_s);

/// Checks a renewal of `held`: the same lease, signed by the same key, with a larger `renewal`.
/// Errors: as above.
base::Result<wire::LeaseText> check_renewal(const CheckedLease& held,
                                            const contract::LicenceLease& renewed);

/// The newest generation of each seat that this program was lent; an older one is an answer of
/// before, played again.
class Generations final {
public:
    /// Errors: key_foreign (the seat was lent with a newer generation already).
    base::Done take(const wire::LeaseText& lease);

private:
    std::map<std::pair<std::string, std::string>, std::map<std::int64_t, std::int64_t>> newest_;
};

}  // namespace tillhost::licd::client
