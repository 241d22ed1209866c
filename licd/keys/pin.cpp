#include "licd/keys/pin.h"

#include <fmt/format.h>

#include <optional>

#include "hal/os/digest.h"

namespace tillhost::licd::keys {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr unsigned kDigitBits = 5;
constexpr std::size_t kContentCharacters = 14;
constexpr std::size_t kCheckCharacters = 2;
constexpr std::size_t kCharacters = kContentCharacters + kCheckCharacters;
constexpr std::size_t kGroupCharacters = 4;
// A prime below 32²: no other digit in one place and no two exchanged digits leave the remainder.
constexpr std::size_t kCheckPrime = 1021;
constexpr int kRounds = 65'536;

std::optional<std::size_t> digit_of(char c) {
    const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    const char meant = upper == 'O' ? '0' : (upper == 'I' || upper == 'L' ? '1' : upper);
    const std::size_t digit = kDigits.find(meant);
    return digit == std::string_view::npos ? std::nullopt : std::optional(digit);
}

std::string check_of(std::string_view content) {
    std::size_t rest = 0;
    for (const char c : content) {
        rest = (rest * kDigits.size() + digit_of(c).value_or(0)) % kCheckPrime;
    }
    return {kDigits[rest / kDigits.size()], kDigits[rest % kDigits.size()]};
}

}  // namespace

Pin Pin::make(std::uint64_t random_high, std::uint64_t random_low) {
    std::string content;
    for (std::size_t at = 0; at < kContentCharacters; ++at) {
        std::uint64_t& from = at < kContentCharacters / 2 ? random_high : random_low;
        content += kDigits[from & 31U];
        from >>= kDigitBits;
    }
    return Pin(std::move(content));
}

base::Result<Pin> Pin::read(std::string_view text) {
    std::string plain;
    for (const char c : text) {
        if (c == '-' || c == ' ') {
            continue;
        }
        const auto digit = digit_of(c);
        if (!digit) {
            return base::bad_field("pin", "letters without U, digits, and dashes between groups");
        }
        plain += kDigits[*digit];
        if (plain.size() > kCharacters) {
            return base::bad_field("pin", "16 letters and digits; there are more");
        }
    }
    if (plain.size() != kCharacters) {
        return base::bad_field("pin",
                               fmt::format("16 letters and digits; there are {}", plain.size()));
    }
    std::string content = plain.substr(0, kContentCharacters);
    if (check_of(content) != plain.substr(kContentCharacters)) {
        return base::bad_field("pin", "as the vendor gave it; it has a typing error");
    }
    return Pin(std::move(content));
}

std::string Pin::reveal() const {
    std::string text = content_ + check_of(content_);
    for (std::size_t at = kCharacters - kGroupCharacters; at > 0; at -= kGroupCharacters) {
        text.insert(at, "-");
    }
    return text;
}

os::SigningKey Pin::key_for(std::string_view serial, int slot) const {
    os::Sha256 sum = os::sha256(
        base::bytes_of(fmt::format("licd-pin-key-1\n{}\n{}\n{}", serial, slot, content_)));
    for (int round = 0; round < kRounds; ++round) {
        sum = os::sha256(sum);
    }
    const os::SecretBytes seed(base::Bytes(sum.begin(), sum.end()));
    return MUST(os::SigningKey::from_secret(seed));  // of the right length
}

}  // namespace tillhost::licd::keys
