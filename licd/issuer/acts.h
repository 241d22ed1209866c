#pragma once

#include <optional>
#include <string>
#include <vector>

#include "licd/issuer/enrolment.h"
#include "licd/issuer/vendor_folder.h"
#include "licd/keys/activation.h"

// What the vendor's tool does. Each act keeps the file that it gives out, then records the act,
// then returns the file: one that was given out is always in the journal, and an act that was cut
// off in between gives the same file when it is done again.
namespace tillhost::licd::issuer {

inline constexpr int kIssuerYears = 3;
inline constexpr int kRootYears = 20;

/// A root and a first issuing authority.
struct NewVendor {
    std::string name;
    std::vector<std::string> products;
};
struct MadeVendor {
    os::Certificate root;
    os::Certificate issuer;
    bool is_protected = false;  ///< the secret keys have a passphrase
};
/// Errors: bad_field; those of VendorFolder::make and PassphraseSource.
base::Result<MadeVendor> make_vendor(const std::string& path, const NewVendor& wanted,
                                     const Means& means);

/// A new issuing authority, in use from now on. `root_key` is the path of the root's secret key;
/// empty products: those of the one before.
/// Errors: bad_field, not_permitted, system_failed.
base::Result<os::Certificate> renew_issuer(VendorFolder& folder, const std::string& root_key,
                                           std::vector<std::string> products, const Means& means);

struct NewKey {
    std::string serial;  ///< empty: made up
    std::string head;
    std::string product;
    keys::KeyKind kind = keys::KeyKind::soft;
    std::optional<Attested> dongle;  ///< of kind token: such a key has no slots
    keys::BindingPolicy policy;
    keys::Terms terms;
    std::vector<keys::LicenceLine> lines;
    int slots = 1;
};
struct MadeKey {
    std::string serial;
    std::string text;               ///< the file
    std::vector<std::string> pins;  ///< told once and kept nowhere
};
/// Errors: bad_field (also a product that the issuer may not sign, a last day that is over, and
/// no slot for a key of a machine), conflict (the serial is taken), not_permitted.
base::Result<MadeKey> make_key(VendorFolder& folder, const NewKey& wanted, const Means& means);

/// The next revision of a key of a dongle, with these licences in place of the former. Its server
/// takes it without a restart. A key that is bound to a machine gets its revisions by answers.
/// Errors: key_foreign (none of that serial was made here), key_revoked, wrong_state (it is of no
/// dongle), bad_field (no licence), not_permitted.
base::Result<MadeKey> revise_key(VendorFolder& folder, const std::string& serial,
                                 const std::vector<keys::LicenceLine>& lines, const Means& means);

struct Answer {
    std::string text;  ///< the file
    keys::KeyFile key;
    bool is_repeated = false;  ///< this request was answered before: the same file
};
/// Same request: the same file for ever. Same machine and slot: answered again, with the next
/// revision. Another machine with a spent slot: pin_spent, saying which traits differ.
/// Errors: those of keys::read_request and keys::check_request, key_foreign (no key of that serial
/// was made here), key_revoked, conflict (another request of the same id).
base::Result<Answer> answer_request(VendorFolder& folder, std::string_view request,
                                    const Means& means);

struct NewRevocation {
    std::string serial;  ///< or
    std::string issuer_id;
    std::optional<std::int64_t> after_s;  ///< of an issuer: files issued after
    std::int64_t notice_s = 0;            ///< of a serial
};
/// The new list, with all earlier ones in it. Signed by the root.
/// Errors: bad_field, key_foreign (nothing of that name was made here), not_permitted.
base::Result<keys::Revocations> revoke(VendorFolder& folder, const NewRevocation& wanted,
                                       const std::string& root_key, const Means& means);
/// The newest list, if there is one. Errors: storage_failed.
base::Result<std::optional<keys::Revocations>> newest_list(const VendorFolder& folder);

}  // namespace tillhost::licd::issuer
