#include "hal/base/text.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tillhost::base {
namespace {

constexpr int kDigitsMax = 18;  // 10^18 still fits 64 bits

struct Lead {
    std::size_t length;
    char32_t bits;
    char32_t smallest;  // a smaller value would be an overlong form
};

std::optional<Lead> lead_of(unsigned char c) {
    if (c < 0x80) {
        return Lead{1, c, 0};
    }
    if ((c & 0xE0U) == 0xC0) {
        return Lead{2, c & 0x1FU, 0x80};
    }
    if ((c & 0xF0U) == 0xE0) {
        return Lead{3, c & 0x0FU, 0x800};
    }
    if ((c & 0xF8U) == 0xF0) {
        return Lead{4, c & 0x07U, 0x10000};
    }
    return std::nullopt;
}

/// Bytes below 80h at the front: most texts are nothing else.
std::size_t ascii_length(std::string_view text) {
    constexpr std::uint64_t kHighBits = 0x8080'8080'8080'8080;
    std::size_t length = 0;
    for (std::uint64_t word = 0; text.size() - length >= sizeof word; length += sizeof word) {
        std::memcpy(&word, text.data() + length, sizeof word);
        if ((word & kHighBits) != 0) {
            break;
        }
    }
    while (length < text.size() && static_cast<unsigned char>(text[length]) < 0x80) {
        ++length;
    }
    return length;
}

}  // namespace

std::optional<Decimal> parse_decimal(std::string_view text) {
    const bool negative = !text.empty() && text.front() == '-';
    if (negative) {
        text.remove_prefix(1);
    }
    Decimal value;
    int digits = 0;
    bool point = false;
    for (char c : text) {
        if (c == '.' && !point && digits > 0) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9' || ++digits > kDigitsMax) {
            return std::nullopt;
        }
        value.units = value.units * 10 + (c - '0');
        value.scale += point ? 1 : 0;
    }
    if (digits == 0 || (point && value.scale == 0)) {
        return std::nullopt;
    }
    value.units = negative ? -value.units : value.units;
    return value;
}

std::string decimal_to_text(std::int64_t units, int scale) {
    std::string digits = fmt::format("{:0{}}", units < 0 ? -units : units, scale + 1);
    if (scale > 0) {
        digits.insert(digits.size() - static_cast<std::size_t>(scale), ".");
    }
    return units < 0 ? "-" + digits : digits;
}

std::optional<char32_t> take_code_point(std::string_view& text) {
    if (text.empty()) {
        return std::nullopt;
    }
    const auto lead = lead_of(static_cast<unsigned char>(text.front()));
    if (!lead || text.size() < lead->length) {
        return std::nullopt;
    }
    char32_t value = lead->bits;
    for (std::size_t i = 1; i < lead->length; ++i) {
        const auto next = static_cast<unsigned char>(text[i]);
        if ((next & 0xC0U) != 0x80) {
            return std::nullopt;
        }
        value = value << 6 | (next & 0x3FU);
    }
    if (value < lead->smallest || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
        return std::nullopt;
    }
    text.remove_prefix(lead->length);
    return value;
}

bool is_utf8(std::string_view text) {
    text.remove_prefix(ascii_length(text));
    while (!text.empty()) {
        if (!take_code_point(text)) {
            return false;
        }
    }
    return true;
}

std::size_t utf8_length(std::string_view text) {
    std::size_t count = ascii_length(text);
    text.remove_prefix(count);
    for (char c : text) {
        count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80 ? 1 : 0;
    }
    return count;
}

void append_utf8(std::string& text, char32_t code_point) {
    const auto put = [&text](char32_t value) { text += static_cast<char>(value); };
    if (code_point < 0x80) {
        put(code_point);
    } else if (code_point < 0x800) {
        put(0xC0 | code_point >> 6);
        put(0x80 | (code_point & 0x3F));
    } else if (code_point < 0x10000) {
        put(0xE0 | code_point >> 12);
        put(0x80 | (code_point >> 6 & 0x3F));
        put(0x80 | (code_point & 0x3F));
    } else {
        put(0xF0 | code_point >> 18);
        put(0x80 | (code_point >> 12 & 0x3F));
        put(0x80 | (code_point >> 6 & 0x3F));
        put(0x80 | (code_point & 0x3F));
    }
}

std::string_view cut_utf8(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) {
        return text;
    }
    std::size_t end = bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
        --end;  // a byte that goes on with a character
    }
    return text.substr(0, end);
}

}  // namespace tillhost::base
