#include "hal/drivers/payment/zvt/charset.h"

#include <algorithm>
#include <string_view>

#include "hal/base/text.h"

namespace tillhost::drivers::zvt {
namespace {

constexpr unsigned kAsciiMax = 0x7F;
constexpr unsigned kControlMax = 0x1F;
constexpr char32_t kNoCharacter = 0xFFFD;

// Code page 437 from 80h (Unicode consortium, VENDORS/MICSFT/PC/CP437.TXT).
constexpr std::u32string_view kCp437 =
    U"ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄"
    U"▌▐▀"
    U"αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00A0";
static_assert(kCp437.size() == 128);

bool is_of_cp437(base::ByteView text) {
    constexpr unsigned kLatinLettersFrom = 0xA0;
    return std::any_of(text.begin(), text.end(), [](std::byte byte) {
        const unsigned value = base::to_unsigned(byte);
        return value > kAsciiMax && value < kLatinLettersFrom;
    });
}

Charset chosen(Charset charset, base::ByteView text) {
    if (charset != Charset::automatic) {
        return charset;
    }
    if (base::is_utf8(base::string_of(text))) {
        return Charset::utf8;
    }
    return is_of_cp437(text) ? Charset::cp437 : Charset::latin1;
}

std::string from_utf8(const std::string& text) {
    std::string clean;
    std::string_view rest = text;
    while (!rest.empty()) {
        const auto point = base::take_code_point(rest);
        if (!point) {
            base::append_utf8(clean, kNoCharacter);
            rest.remove_prefix(1);
        } else if (*point > kControlMax && *point != kAsciiMax) {
            base::append_utf8(clean, *point);
        } else if (*point == '\n') {
            clean += ' ';
        }
    }
    return clean;
}

}  // namespace

std::optional<Charset> charset_of_tag(std::uint8_t number) {
    constexpr std::uint8_t kIso8859Last = 0x10;
    constexpr std::uint8_t kUtf8 = 0xFE;
    constexpr std::uint8_t kCp437Number = 0xFF;
    if (number == kUtf8) {
        return Charset::utf8;
    }
    if (number == kCp437Number) {
        return Charset::cp437;
    }
    // Part 2 is announced by terminals that mean German, whose letters are the same in both.
    return number >= 1 && number <= kIso8859Last ? std::optional(Charset::latin1) : std::nullopt;
}

std::string to_utf8(Charset charset, base::ByteView text) {
    const Charset use = chosen(charset, text);
    if (use == Charset::utf8) {
        return from_utf8(base::string_of(text));
    }
    std::string out;
    for (const std::byte byte : text) {
        const unsigned value = base::to_unsigned(byte);
        if (value > kAsciiMax) {
            base::append_utf8(out, use == Charset::cp437 ? kCp437[value - kAsciiMax - 1] : value);
        } else if (value == '\n') {
            out += ' ';
        } else if (value > kControlMax && value != kAsciiMax) {
            out += static_cast<char>(value);
        }
    }
    return out;
}

}  // namespace tillhost::drivers::zvt
