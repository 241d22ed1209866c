#include "licd/wire/access_code.h"

#include <fmt/format.h>

#include "hal/base/text.h"
#include "hal/os/digest.h"
#include "hal/os/password_hash.h"

namespace tillhost::licd::wire {
namespace {

static_assert(kCodeSaltBytes == os::kArgon2SaltBytes);
static_assert(kCodeProofBytes == os::kSha256Bytes);
/// For ever: keys that servers have kept were made at this cost.
constexpr os::Argon2Cost kCost{2, 64U * 1024U * 1024U};

}  // namespace

base::Result<CodeKey> CodeKey::derive(std::string_view code, base::ByteView salt) {
    if (code.empty() || code.size() > kCodeBytesMax || !base::is_utf8(code)) {
        return base::bad_field("code", fmt::format("1 to {} bytes of text", kCodeBytesMax));
    }
    return CodeKey(os::SecretBytes(TRY(os::argon2id(code, salt, kCost))));
}

base::Result<CodeKey> CodeKey::from_bytes(base::ByteView bytes) {
    if (bytes.size() != kBytes) {
        return base::bad_field("code_key", fmt::format("{} bytes", kBytes));
    }
    return CodeKey(os::SecretBytes({bytes.begin(), bytes.end()}));
}

base::Result<base::Bytes> CodeKey::proof(base::ByteView nonce) const {
    if (nonce.size() != kCodeNonceBytes) {
        return base::bad_field("nonce", fmt::format("{} bytes", kCodeNonceBytes));
    }
    const os::Sha256 made = os::hmac_sha256(reveal(), nonce);
    return base::Bytes(made.begin(), made.end());
}

bool CodeKey::is_proved_by(base::ByteView given, base::ByteView nonce) const {
    return nonce.size() == kCodeNonceBytes &&
           os::same_secret(given, os::hmac_sha256(reveal(), nonce));
}

}  // namespace tillhost::licd::wire
