#pragma once

#include <string>
#include <string_view>

#include "hal/base/bytes.h"
#include "hal/base/result.h"

namespace tillhost::ipc {

// Keys of CurveZMQ (ZeroMQ RFC 26): 32 bytes, written in 40 characters of Z85 (ZeroMQ RFC 32).
inline constexpr std::size_t kKeyBytes = 32;
inline constexpr std::size_t kKeyCharacters = 40;

/// The text of a key nobody else may know. It has no way into a log or an error: no operator<<, no
/// formatter, no conversion; reveal() stands where it is written to its file or given to libzmq,
/// and nowhere else. Overwritten when it goes.
class Secret final {
public:
    Secret() = default;
    explicit Secret(std::string text) : text_(std::move(text)) {}
    Secret(const Secret&) = default;
    Secret(Secret&&) = default;
    Secret& operator=(const Secret&) = default;
    Secret& operator=(Secret&&) = default;
    ~Secret();

    const std::string& reveal() const { return text_; }
    bool empty() const { return text_.empty(); }

private:
    std::string text_;
};

struct KeyPair {
    std::string public_key;
    Secret secret_key;

    /// From the kernel's generator. Errors: system_failed.
    static base::Result<KeyPair> make();
    /// Errors: bad_field(secret_key).
    static base::Result<KeyPair> from_secret(Secret secret);
};

/// Whether the text is a key: 40 characters that stand for 32 bytes.
bool is_key(std::string_view text);
/// Errors: bad_field(key).
base::Result<base::Bytes> key_bytes(std::string_view text);
/// 32 bytes as text.
std::string key_text(base::ByteView bytes);

/// What people compare: the first 64 bits of SHA-256 over a public key's bytes, "3f2a 91bc 07de
/// 5512".
/// Nothing for what is no key.
std::string fingerprint(std::string_view public_key);

/// The pair kept in a file of mode 0600, which is made with a new pair if it is not there.
/// Errors: bad_field (the file holds no key, or others may read it), system_failed, storage_full.
base::Result<KeyPair> load_or_make_key(const std::string& path);

}  // namespace tillhost::ipc
