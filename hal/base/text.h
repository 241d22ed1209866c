#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tillhost::base {

/// A decimal number as written: "12.50" is {1250, 2}.
struct Decimal {
    std::int64_t units = 0;
    int scale = 0;
};

/// Reads an optional minus, digits, and an optional point with digits; nothing else, at most 18
/// digits.
std::optional<Decimal> parse_decimal(std::string_view text);
std::string decimal_to_text(std::int64_t units, int scale);

/// Whole well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

/// The longest beginning of a text that is at most so many bytes and no half of a character.
std::string_view cut_utf8(std::string_view text, std::size_t bytes_max);
/// Number of code points of well-formed UTF-8.
std::size_t utf8_length(std::string_view text);
/// Takes the next code point off the front; nothing at the end or where the text is not UTF-8.
std::optional<char32_t> take_code_point(std::string_view& text);
void append_utf8(std::string& text, char32_t code_point);

}  // namespace tillhost::base
