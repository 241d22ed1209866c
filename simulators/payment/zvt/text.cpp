#include "simulators/payment/zvt/text.h"

#include <array>
#include <utility>

#include "hal/base/text.h"

namespace tillhost::simulators::zvt {
namespace {

constexpr std::array<std::pair<char32_t, std::uint8_t>, 22> kCp437{
    {{U'Ç', 0x80}, {U'ü', 0x81}, {U'é', 0x82}, {U'â', 0x83}, {U'ä', 0x84}, {U'à', 0x85},
     {U'å', 0x86}, {U'ç', 0x87}, {U'ê', 0x88}, {U'ë', 0x89}, {U'è', 0x8A}, {U'ï', 0x8B},
     {U'î', 0x8C}, {U'Ä', 0x8E}, {U'Å', 0x8F}, {U'É', 0x90}, {U'æ', 0x91}, {U'Æ', 0x92},
     {U'ô', 0x93}, {U'ö', 0x94}, {U'Ö', 0x99}, {U'Ü', 0x9A}}};
constexpr std::uint8_t kSharpS = 0xE1;

unsigned cp437_of(char32_t letter) {
    if (letter < 0x80) {
        return static_cast<unsigned>(letter);
    }
    if (letter == U'ß') {
        return kSharpS;
    }
    for (const auto& [known, code] : kCp437) {
        if (known == letter) {
            return code;
        }
    }
    return '?';
}

}  // namespace

base::Bytes encode_text(std::string_view text, Charset charset) {
    if (charset == Charset::utf8) {
        return base::bytes_of(text);
    }
    base::Bytes bytes;
    while (const auto letter = base::take_code_point(text)) {
        const unsigned latin = *letter < 0x100 ? static_cast<unsigned>(*letter) : '?';
        bytes.push_back(base::byte(charset == Charset::latin1 ? latin : cp437_of(*letter)));
    }
    return bytes;
}

}  // namespace tillhost::simulators::zvt
