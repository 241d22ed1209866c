#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "licd/keys/key_file.h"

namespace tillhost::licd::keys {

/// A key that is over.
struct RevokedSerial {
    std::string serial;
    std::int64_t at_s = 0;      ///< when the vendor said so
    std::int64_t notice_s = 0;  ///< how long it still works from then on
};

/// An issuer whose word is over: all that it signed, or what it signed after an instant. The
/// instant is the file's own word: against a thief of the issuer's key only the first helps.
struct RevokedIssuer {
    std::string key_id;  ///< os::key_id_of its key
    std::optional<std::int64_t> after_s;
};

/// A revocation list (.lrev). Signed by the root itself, so that whoever has stolen an issuer's key
/// can neither make one nor hide from one. Its number only grows. docs/formats/
/// licence-revocations.md tells the format.
struct Revocations {
    std::int64_t number = 0;  ///< 0: no list was ever seen
    std::int64_t issued_s = 0;
    std::string id;
    std::vector<RevokedSerial> serials;
    std::vector<RevokedIssuer> issuers;
    std::string text;  ///< the whole file, to be handed on

    const RevokedSerial* find(std::string_view serial) const;
    /// By any certificate of its chain.
    const RevokedIssuer* find(const KeyFile& key) const;
};

/// Errors: too_large, wrong_version, key_damaged, key_foreign (not signed by this root).
base::Result<Revocations> read_revocations(std::string_view text, const os::Certificate& root);
/// Errors: too_large; bad_field.
base::Result<std::string> write_revocations(const Revocations& list, const os::SigningKey& root);

/// Whether `fresh` may take the place of `old`: a greater number, or the same file again.
/// Errors: key_foreign (an older list).
base::Done check_newer(const Revocations& old, const Revocations& fresh);

/// Whether the key may be used at this instant. Errors: key_revoked, saying what was revoked, when,
/// and what to do.
base::Done check_not_revoked(const KeyFile& key, const Revocations& list, std::int64_t now_s);

}  // namespace tillhost::licd::keys
