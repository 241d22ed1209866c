#pragma once

#include <string>
#include <string_view>

#include "licd/keys/revocations.h"

// Activation by file: a licence server writes a request (.lreq), the vendor's tool turns it and the
// blank key into an answer (.lact), and the server takes the answer. The formats are told in
// docs/formats/licence-request.md and licence-answer.md. Pure.
namespace tillhost::licd::keys {

/// What a request says. No names, no addresses: traits are digests, the customer is known by the
/// serial.
struct RequestContent {
    std::string id;      ///< 32 hex digits, random
    std::string serial;  ///< of the key
    std::string key_id;  ///< the id of the key's file that is installed
    std::int64_t revision = 0;
    int slot = 0;
    std::int64_t made_s = 0;
    std::string software;  ///< "licd-1.4.0"
    std::string nonce;     ///< 32 hex digits, random
    TraitDigests traits;
    os::PublicKey server;
};

/// A request whose own signature holds. The signature is the server's, which nobody vouches for: it
/// says that the request is whole and that whoever made it has the server's secret key.
struct RequestFile {
    RequestContent content;
    std::string pin_line;  ///< the server's key, signed by the PIN's
    std::string text;
};

/// The slot whose PIN this is. Tries every slot, 30 ms each. Errors: pin_wrong.
base::Result<int> slot_of(const KeyFile& key, const Pin& pin);

/// `pin` is Pin::key_for the serial and the slot. Errors: bad_field, too_large.
base::Result<std::string> write_request(const RequestContent& content, const os::SigningKey& pin,
                                        const os::SigningKey& server);
/// Errors: too_large, wrong_version, key_damaged, key_foreign (another kind of file).
base::Result<RequestFile> read_request(std::string_view text);

/// The vendor's side: whether this request may be answered with this key, if its slot is free.
/// Errors: key_foreign (of another key), pin_wrong, key_other_machine (too little to be known by).
base::Done check_request(const RequestFile& request, const KeyFile& key);

/// The answer's content: the key, bound. `id` is the new file's.
KeyContent bind(const KeyContent& key, const RequestContent& request, std::string_view id,
                std::int64_t revision, std::int64_t issued_s);

/// The server's side: whether the answer may take the place of the installed key.
/// Errors: those of read_key; key_foreign (a blank key, another key, another request, an older
/// revision), key_other_machine (another server's, or the traits differ; the detail tells which),
/// key_revoked.
base::Result<KeyFile> apply_answer(const RequestContent& request, const KeyFile& installed,
                                   std::string_view answer, const Traits& own,
                                   const os::Certificate& root, const Revocations& list,
                                   std::int64_t now_s);

/// Whether a bound key belongs to this machine and this server, at each start and once a day.
/// Errors: key_foreign (not bound), key_other_machine (the detail tells which traits differ).
base::Result<BindingVerdict> check_bound_here(const KeyFile& key, const Traits& own,
                                              const os::PublicKey& server);

}  // namespace tillhost::licd::keys
