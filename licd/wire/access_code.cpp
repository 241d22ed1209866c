#include "licd/wire/access_code.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>

#include "hal/base/text.h"

namespace tillhost::licd::wire {
namespace {

static_assert(kCodeSaltBytes == crypto_pwhash_SALTBYTES);
static_assert(kCodeProofBytes == crypto_auth_hmacsha256_BYTES);
static_assert(CodeKey::kBytes == crypto_auth_hmacsha256_KEYBYTES);

const unsigned char* octets(base::ByteView bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

CodeKey::~CodeKey() { ::sodium_memzero(bytes_.data(), bytes_.size()); }

base::Result<CodeKey> CodeKey::derive(std::string_view code, base::ByteView salt) {
    if (code.empty() || code.size() > kCodeBytesMax || !base::is_utf8(code)) {
        return base::bad_field("code", fmt::format("1 to {} bytes of text", kCodeBytesMax));
    }
    if (salt.size() != kCodeSaltBytes) {
        return base::bad_field("salt", fmt::format("{} bytes", kCodeSaltBytes));
    }
    CodeKey key;
    // May be called as often as wanted, and by several threads.
    if (::sodium_init() < 0 ||
        ::crypto_pwhash(key.bytes_.data(), key.bytes_.size(), code.data(), code.size(),
                        octets(salt), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                        crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13) != 0) {
        return base::make_error(base::ErrorCode::system_failed,
                                "no memory for the key of an access code (64 MiB)");
    }
    return key;
}

base::Result<CodeKey> CodeKey::from_bytes(base::ByteView bytes) {
    if (bytes.size() != kBytes) {
        return base::bad_field("code_key", fmt::format("{} bytes", kBytes));
    }
    CodeKey key;
    std::copy_n(octets(bytes), kBytes, key.bytes_.begin());
    return key;
}

base::Result<base::Bytes> CodeKey::proof(base::ByteView nonce) const {
    if (nonce.size() != kCodeNonceBytes) {
        return base::bad_field("nonce", fmt::format("{} bytes", kCodeNonceBytes));
    }
    base::Bytes made(kCodeProofBytes);
    ::crypto_auth_hmacsha256(reinterpret_cast<unsigned char*>(made.data()), octets(nonce),
                             nonce.size(), bytes_.data());
    return made;
}

bool CodeKey::is_proved_by(base::ByteView given, base::ByteView nonce) const {
    return given.size() == kCodeProofBytes && nonce.size() == kCodeNonceBytes &&
           ::crypto_auth_hmacsha256_verify(octets(given), octets(nonce), nonce.size(),
                                           bytes_.data()) == 0;
}

}  // namespace tillhost::licd::wire
