#pragma once

#include <algorithm>
#include <optional>
#include <string_view>

#include "hal/os/digest.h"
#include "hal/os/p256.h"
#include "ipc/contract/messages.h"

// What a licence server does with a dongle's answers, as far as tests need it.
namespace tillhost::support {

/// The public key in an enrolment's authenticator data (WebAuthn 2, section 6.5.1), of the form
/// that every token with ES256 writes; nothing if it has another one.
inline std::optional<os::P256PublicKey> dongle_key(base::ByteView data) {
    constexpr std::size_t kLengthAt = 53;
    constexpr std::size_t kBytes = os::kP256Bytes;
    base::ByteReader rest(data);
    rest.take(kLengthAt);
    rest.take(static_cast<std::size_t>(rest.uint_be(2)));
    const base::ByteView head = rest.take(10);
    os::P256PublicKey key;
    const base::ByteView x = rest.take(kBytes);
    const base::ByteView between = rest.take(3);
    const base::ByteView y = rest.take(kBytes);
    if (rest.failed() || base::to_hex(head) != "A5 01 02 03 26 20 01 21 58 20" ||
        base::to_hex(between) != "22 58 20") {
        return std::nullopt;
    }
    std::copy(x.begin(), x.end(), key.x.begin());
    std::copy(y.begin(), y.end(), key.y.begin());
    return key;
}

/// Whether the proof is this key's, for this relying party and challenge.
inline bool is_signed(const contract::DongleProof& proof, const os::P256PublicKey& key,
                      std::string_view rp, base::ByteView challenge_hash) {
    const os::Sha256 rp_hash = os::sha256(base::bytes_of(rp));
    const base::Bytes& data = proof.authenticator_data;
    base::Bytes message = data;
    message.insert(message.end(), challenge_hash.begin(), challenge_hash.end());
    return data.size() >= rp_hash.size() &&
           std::equal(rp_hash.begin(), rp_hash.end(), data.begin()) &&
           key.verifies(message, proof.signature);
}

}  // namespace tillhost::support
