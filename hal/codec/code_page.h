#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hal/base/bytes.h"
#include "hal/base/result.h"

namespace tillhost::codec {

/// One-byte character sets of devices. Text inside tillhost is UTF-8; code pages end here.
/// Source of both tables: the mappings of the Unicode consortium (VENDORS/MICSFT, CP1251 and
/// CP866).
enum class CodePage : std::uint8_t { cp866, cp1251 };

/// UTF-8 as the device's bytes, one a character. Nothing is replaced, dropped or transliterated: a
/// receipt says what it was asked to say, or is refused before anything is sent.
/// Errors: text_not_printable, beginning with `field` and naming the character and its place
/// (text that is not UTF-8, a control character, or one which the code page lacks).
base::Result<base::Bytes> to_code_page(CodePage page, std::string_view text,
                                       std::string_view field);

/// The device's bytes as UTF-8. Total: a code without a character becomes U+FFFD, a control code
/// stays what it is.
std::string from_code_page(CodePage page, base::ByteView bytes);

}  // namespace tillhost::codec
