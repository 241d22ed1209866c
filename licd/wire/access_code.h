#pragma once

#include <string_view>
#include <utility>

#include "hal/base/bytes.h"
#include "hal/base/result.h"
#include "hal/os/signature.h"

// How a program shows that it knows a key's access code without sending it (contract: licence_hello
// and acquire_licence). Both ends use this.
namespace tillhost::licd::wire {

inline constexpr std::size_t kCodeBytesMax = 64;
inline constexpr std::size_t kCodeSaltBytes = 16;
inline constexpr std::size_t kCodeNonceBytes = 32;
inline constexpr std::size_t kCodeProofBytes = 32;

/// What an access code becomes: argon2id (RFC 9106) of the code and a server's salt. A server keeps
/// this and not the code. Overwritten when it goes; it has no way into a log.
class CodeKey final {
public:
    static constexpr std::size_t kBytes = 32;

    /// Takes some 60 ms and 64 MiB, so that trying codes is dear (libsodium's interactive limits);
    /// a server does it once a code, never for a request. Errors: bad_field (code: 1 to 64 bytes of
    /// text; salt: 16 bytes), system_failed (no memory).
    static base::Result<CodeKey> derive(std::string_view code, base::ByteView salt);
    /// As a server has kept it. Errors: bad_field(code_key), not 32 bytes.
    static base::Result<CodeKey> from_bytes(base::ByteView bytes);

    /// To be kept in a file of mode 0600: whoever has it can prove the code.
    base::ByteView reveal() const { return bytes_.reveal(); }
    /// HMAC-SHA-256 of a connection's nonce: acquire_licence's code_proof. Errors:
    /// bad_field(nonce), not 32 bytes.
    base::Result<base::Bytes> proof(base::ByteView nonce) const;
    /// Whether it is that proof, in a time that does not tell how much of it is right. False for
    /// whatever is no proof.
    bool is_proved_by(base::ByteView given, base::ByteView nonce) const;

private:
    explicit CodeKey(os::SecretBytes bytes) : bytes_(std::move(bytes)) {}
    os::SecretBytes bytes_;
};

}  // namespace tillhost::licd::wire
