#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "hal/base/bytes.h"
#include "hal/base/result.h"
#include "ipc/contract/messages.h"

// CTAP2: a byte of command and a map of CBOR, answered by a byte of status and a map (FIDO, CTAP
// 2.1, section 6). Bytes only.
namespace tillhost::drivers::fido2 {

base::Bytes get_info();
/// Without a touch: option up is false. The texts and lengths are within the contract's bounds.
base::Bytes get_assertion(const contract::DongleProofQuery& query);

struct NewCredential {
    base::Bytes client_data_hash;
    std::string rp;
    std::string rp_name;
    base::Bytes user;  ///< its id, at most 64 bytes
    std::string user_name;
    bool hmac_secret = false;  ///< it can also make a secret out of a salt
    bool resident = false;     ///< it is found without its id, and takes one of few places
};
base::Bytes make_credential(const NewCredential& wanted);

/// What getInfo answers, as far as it matters here.
struct Info {
    std::vector<std::string> versions;
    base::Bytes aaguid;
    bool pin_set = false;
    bool always_verifies = false;          ///< alwaysUv: a touch or PIN for each signature
    std::size_t message_bytes_max = 1024;  ///< of a request, its command among them
    bool speaks_fido2() const;
};

// The answers behind the byte of status. Unknown entries are passed over.
// Errors: frame_damaged (no CBOR), unexpected_answer (an entry is missing, of another type, or
// beyond the contract's bounds).
base::Result<Info> read_info(base::ByteView answer);
/// The answer may leave the credential out; another one than was asked for is none.
base::Result<contract::DongleProof> read_assertion(base::ByteView answer,
                                                   base::ByteView credential);
base::Result<contract::DongleEnrolment> read_credential(base::ByteView answer);

}  // namespace tillhost::drivers::fido2
