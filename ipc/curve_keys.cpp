#include "ipc/curve_keys.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "hal/base/invariant.h"
#include "hal/os/digest.h"
#include "hal/os/files.h"

namespace tillhost::ipc {
namespace {

constexpr std::string_view kAlphabet =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
constexpr std::size_t kGroupCharacters = 5;
constexpr std::size_t kGroupBytes = 4;
constexpr std::size_t kFileBytesMax = 1024;
constexpr unsigned kFileMode = 0600;
constexpr std::size_t kFingerprintDigits = 16;

}  // namespace

Secret::~Secret() { ::explicit_bzero(text_.data(), text_.size()); }

base::Result<base::Bytes> key_bytes(std::string_view text) {
    const auto wrong = [] { return base::bad_field("key", "40 characters of Z85"); };
    if (text.size() != kKeyCharacters) {
        return wrong();
    }
    base::ByteWriter bytes;
    for (std::size_t at = 0; at < text.size(); at += kGroupCharacters) {
        std::uint64_t value = 0;
        for (const char c : text.substr(at, kGroupCharacters)) {
            const std::size_t digit = kAlphabet.find(c);
            if (digit == std::string_view::npos) {
                return wrong();
            }
            value = value * kAlphabet.size() + digit;
        }
        if (value > 0xFFFFFFFFU) {
            return wrong();
        }
        bytes.uint_be(value, kGroupBytes);
    }
    return bytes.take();
}

bool is_key(std::string_view text) { return key_bytes(text).has_value(); }

std::string key_text(base::ByteView bytes) {
    INVARIANT(bytes.size() == kKeyBytes);
    base::ByteReader reader(bytes);
    std::string text;
    while (reader.left() != 0) {
        std::uint64_t value = reader.uint_be(kGroupBytes);
        std::string group(kGroupCharacters, '0');
        for (std::size_t i = group.size(); i-- > 0; value /= kAlphabet.size()) {
            group[i] = kAlphabet[value % kAlphabet.size()];
        }
        text += group;
    }
    return text;
}

std::string fingerprint(std::string_view public_key) {
    const auto bytes = key_bytes(public_key);
    if (!bytes) {
        return "";
    }
    std::string text = os::sha256_hex(*bytes).substr(0, kFingerprintDigits);
    for (const std::size_t at : {std::size_t{12}, std::size_t{8}, std::size_t{4}}) {
        text.insert(at, " ");
    }
    return text;
}

base::Result<KeyPair> load_or_make_key(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        KeyPair pair = TRY(KeyPair::make());
        const std::string text =
            "# Secret key of this host; whoever has it can pretend to be it.\n" +
            pair.secret_key.reveal() + "\n";
        TRY(os::write_atomically(path, base::bytes_of(text), kFileMode));
        return pair;
    }
    if ((status.st_mode & 0077U) != 0) {
        return base::bad_field("key file", path + " must not be readable by others: chmod 600");
    }
    const std::string text = base::string_of(TRY(os::read_file(path, kFileBytesMax)));
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string line = text.substr(at, end - at);
        at = end + 1;
        // A key may begin with "#" too: a comment is told by its length.
        if (line.size() == kKeyCharacters) {
            return KeyPair::from_secret(Secret(line));
        }
    }
    return base::bad_field("key file", path + " holds no key; remove it, and pair anew");
}

}  // namespace tillhost::ipc
