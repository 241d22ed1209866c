#include "licd/keys/base64.h"

#include <algorithm>

namespace tillhost::licd::keys {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kGroupBytes = 3;
constexpr std::size_t kGroupCharacters = 4;
constexpr unsigned kDigitBits = 6;

void append_group(std::string& text, base::ByteView group) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < kGroupBytes; ++i) {
        value = value << 8U | (i < group.size() ? base::to_unsigned(group[i]) : 0U);
    }
    for (std::size_t i = 0; i < kGroupCharacters; ++i) {
        const std::size_t digit = value >> (kDigitBits * (kGroupCharacters - 1 - i)) & 63U;
        text += i <= group.size() ? kAlphabet[digit] : '=';
    }
}

}  // namespace

std::string to_base64(base::ByteView bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / kGroupBytes * kGroupCharacters);
    while (!bytes.empty()) {
        const std::size_t length = std::min(bytes.size(), kGroupBytes);
        append_group(text, bytes.first(length));
        bytes = bytes.subspan(length);
    }
    return text;
}

base::Result<base::Bytes> from_base64(std::string_view text) {
    const auto wrong = [] { return base::bad_field("base64", "groups of four characters"); };
    base::ByteWriter bytes;
    for (std::size_t at = 0; at < text.size(); at += kGroupCharacters) {
        const std::string_view group = text.substr(at, kGroupCharacters);
        const std::size_t length = std::min(group.find('='), group.size());
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < kGroupCharacters; ++i) {
            const std::size_t digit = i < length ? kAlphabet.find(group[i]) : 0;
            if (digit == std::string_view::npos) {
                return wrong();
            }
            value = value << kDigitBits | digit;
        }
        for (std::size_t i = 1; i < length; ++i) {
            bytes.u8(value >> (8U * (kGroupBytes - i)) & 0xFFU);
        }
    }
    base::Bytes read = bytes.take();
    if (to_base64(read) != text) {
        return wrong();
    }
    return read;
}

}  // namespace tillhost::licd::keys
