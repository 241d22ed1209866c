#pragma once

#include <optional>
#include <string>
#include <vector>

#include "licd/keys/revocations.h"

namespace tillhost::licd::keys {

/// What a licence server shows a program to prove one licence: parts of a bound key that stand on
/// their own. The customer's name, the other licences and the machine's traits stay on the server.
struct Proof {
    std::vector<std::string> chain;  ///< certificates in base64 of their DER, the issuer first
    std::string file_id;
    std::string serial;
    /// The line "S …" with its signature; of a key of a dongle "T …" with its signature and, on a
    /// line of its own, the dongle's word "D …" on this server.
    std::string seal;
    std::string licence;  ///< the line "L …" with its signature
};

/// What was proven.
struct ProvenLicence {
    std::string serial;
    std::string product;
    LicenceLine line;
    std::int64_t issued_s = 0;
    os::PublicKey server;  ///< by which leases of this licence must be signed
    /// When the dongle said so, of a key of one: whether that is young enough is the caller's to
    /// ask (check_word_age).
    std::optional<std::int64_t> word_at_s;
};

/// The parts of a key that prove its licence of that name; of a key of a dongle with the dongle's
/// word, its line "D …".
/// Errors: licence_unknown; key_foreign (the key is not bound, or its dongle has said nothing).
base::Result<Proof> proof_of(const KeyFile& key, std::string_view licence,
                             std::string_view word = {});

/// The client's side, with nothing but the vendor's pinned root: chain, then seal or dongle and its
/// word, then licence. A
/// server that has no such key proves nothing. `product` is the caller's own.
/// It does not look at the clock: whether the licence is over is in the line.
/// Errors: key_damaged, wrong_version; key_foreign (of another root, another product, or parts of
/// different keys); key_revoked only if a list is given.
base::Result<ProvenLicence> check_proof(const os::Certificate& root, const Proof& proof,
                                        std::string_view product,
                                        const Revocations* list = nullptr);

}  // namespace tillhost::licd::keys
