#include "ipc/pairing.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "hal/os/digest.h"
#include "ipc/curve_keys.h"

namespace tillhost::ipc {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kDigitBits = 5;
constexpr std::size_t kCodeCharacters = 20;
constexpr std::size_t kGroupCharacters = 5;
constexpr std::size_t kKeyBits = 66;
constexpr std::size_t kSecretBits = 30;
constexpr std::size_t kCheckBits = 4;
static_assert(kKeyBits + kSecretBits + kCheckBits == kCodeCharacters * kDigitBits);
constexpr std::string_view kGreeting = "tillhost-pairing ";
constexpr std::string_view kGreetingVersion = "1";

// Texts of '0' and '1': a hundred bits do not fit any number.
std::string bits_of(std::uint64_t value, std::size_t count) {
    std::string bits;
    while (count-- > 0) {
        bits += ((value >> count) & 1U) != 0 ? '1' : '0';
    }
    return bits;
}

std::string digits_of(std::string_view bits) {
    std::string text;
    for (std::size_t at = 0; at < bits.size(); at += kDigitBits) {
        std::size_t digit = 0;
        for (const char bit : bits.substr(at, kDigitBits)) {
            digit = digit * 2 + (bit == '1' ? 1 : 0);
        }
        text += kDigits[digit];
    }
    return text;
}

/// The remainder of the bits, as a polynomial, by x^4 + x + 1: it sees every change of up to four
/// neighbouring bits.
std::string check_of(std::string_view bits) {
    unsigned rest = 0;
    for (const char bit : std::string(bits) + "0000") {
        rest = (rest << 1U) | (bit == '1' ? 1U : 0U);
        rest ^= (rest & 0x10U) != 0 ? 0x13U : 0U;
    }
    return bits_of(rest, kCheckBits);
}

std::optional<std::string> key_bits(std::string_view host_key) {
    const auto bytes = key_bytes(host_key);
    if (!bytes) {
        return std::nullopt;
    }
    std::string bits;
    for (const char digit : os::sha256_hex(*bytes)) {
        bits +=
            bits_of(static_cast<std::uint64_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10), 4);
    }
    return bits.substr(0, kKeyBits);
}

std::optional<std::size_t> digit_of(char c) {
    const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    const char meant = upper == 'O' ? '0' : (upper == 'I' || upper == 'L' ? '1' : upper);
    const std::size_t digit = kDigits.find(meant);
    return digit == std::string_view::npos ? std::nullopt : std::optional(digit);
}

}  // namespace

base::Result<PairingCode> PairingCode::make(std::string_view host_key, std::uint64_t random) {
    auto bits = key_bits(host_key);
    if (!bits) {
        return base::bad_field("key", "40 characters of Z85");
    }
    return PairingCode{std::move(*bits),
                       digits_of(bits_of(random & ((1U << kSecretBits) - 1), kSecretBits))};
}

base::Result<PairingCode> PairingCode::read(std::string_view text) {
    std::string bits;
    for (const char c : text) {
        if (c == '-' || c == ' ') {
            continue;
        }
        const auto digit = digit_of(c);
        if (!digit) {
            return base::bad_field("code", "letters without U, digits, and dashes between groups");
        }
        if (bits.size() >= kCodeCharacters * kDigitBits) {
            return base::bad_field("code", "20 letters and digits; there are more");
        }
        bits += bits_of(*digit, kDigitBits);
    }
    if (bits.size() != kCodeCharacters * kDigitBits) {
        return base::bad_field(
            "code", fmt::format("20 letters and digits; there are {}", bits.size() / kDigitBits));
    }
    const std::string_view content = std::string_view(bits).substr(0, kKeyBits + kSecretBits);
    if (check_of(content) != bits.substr(content.size())) {
        return base::bad_field("code", "as it is shown on the host; it has a typing error");
    }
    return PairingCode{bits.substr(0, kKeyBits), digits_of(content.substr(kKeyBits))};
}

std::string PairingCode::text() const {
    std::string bits = key_part;
    for (const char c : secret) {
        bits += bits_of(digit_of(c).value_or(0), kDigitBits);
    }
    std::string code = digits_of(bits + check_of(bits));
    for (std::size_t at = kCodeCharacters - kGroupCharacters; at > 0; at -= kGroupCharacters) {
        code.insert(at, "-");
    }
    return code;
}

bool PairingCode::is_of(std::string_view host_key) const { return key_bits(host_key) == key_part; }

std::string PairingGreeting::line() const {
    return fmt::format("{}{} {} {}\n", kGreeting, kGreetingVersion, host_key, port);
}

base::Result<PairingGreeting> PairingGreeting::read(std::string_view line) {
    const auto malformed = [] {
        return base::make_error(base::ErrorCode::malformed, "what answers there is no tillhost");
    };
    if (!line.starts_with(kGreeting) || !line.ends_with('\n')) {
        return malformed();
    }
    line = line.substr(kGreeting.size(), line.size() - kGreeting.size() - 1);
    const std::size_t key_at = line.find(' ');
    if (line.substr(0, key_at) != kGreetingVersion) {
        return base::make_error(base::ErrorCode::wrong_version,
                                "that host pairs by another version of tillhost");
    }
    PairingGreeting greeting;
    line.remove_prefix(std::min(key_at + 1, line.size()));
    greeting.host_key = std::string(line.substr(0, kKeyCharacters));
    line.remove_prefix(greeting.host_key.size());
    const char* const end = line.data() + line.size();
    const auto [next, error] =
        line.size() < 2 || line.front() != ' '
            ? std::from_chars_result{line.data(), std::errc::invalid_argument}
            : std::from_chars(line.data() + 1, end, greeting.port);
    if (error != std::errc() || next != end || greeting.port == 0 || !is_key(greeting.host_key)) {
        return malformed();
    }
    return greeting;
}

}  // namespace tillhost::ipc
