#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hal/base/bytes.h"
#include "hal/base/result.h"

namespace tillhost::codec {

/// One-byte character sets of devices. Text inside tillhost is UTF-8; code pages end here.
/// Source of the tables: the mappings of the Unicode consortium (code_page_tables.h).
enum class CodePage : std::uint8_t {
    cp437,
    cp850,
    cp852,
    cp858,
    cp866,
    cp1250,
    cp1251,
    cp1252,
};
inline constexpr std::array kCodePages{CodePage::cp437,  CodePage::cp850, CodePage::cp852,
                                       CodePage::cp858,  CodePage::cp866, CodePage::cp1250,
                                       CodePage::cp1251, CodePage::cp1252};

/// "437".
std::string_view number_of(CodePage page);

/// The byte of one character; nothing for a control character and for one that the page lacks.
std::optional<std::byte> code_of(CodePage page, char32_t point);

/// UTF-8 as the device's bytes, one a character. Nothing is replaced, dropped or transliterated: a
/// receipt says what it was asked to say, or is refused before anything is sent.
/// Errors: text_not_printable, beginning with `field` and naming the character and its place
/// (text that is not UTF-8, a control character, or one which the code page lacks).
base::Result<base::Bytes> to_code_page(CodePage page, std::string_view text,
                                       std::string_view field);

/// The text with ? for whatever to_code_page() would refuse. For paper that is better with a wrong
/// letter than lost, such as a terminal's slip; never for a document.
std::string with_substitutes(CodePage page, std::string_view text);

/// The device's bytes as UTF-8. Total: a code without a character becomes U+FFFD, a control code
/// stays what it is.
std::string from_code_page(CodePage page, base::ByteView bytes);

}  // namespace tillhost::codec
