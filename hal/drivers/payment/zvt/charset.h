#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "hal/base/bytes.h"

namespace tillhost::drivers::zvt {

/// The characters of a terminal's texts. By the protocol they are code page 437; in the field they
/// are Latin-1 as often, announced or not (PA00P015 9.3, tag 14).
enum class Charset : std::uint8_t { automatic, cp437, latin1, utf8 };

/// What the number of tag 14 means; nothing for one that this driver has no table of.
std::optional<Charset> charset_of_tag(std::uint8_t number);

/// A terminal's text as UTF-8 without control characters. Total: a byte without a character becomes
/// U+FFFD. `automatic` takes well-formed UTF-8 for that, a text with a byte from 80 to 9F for code
/// page 437 (its German letters but one are there, and Latin-1 has no letters there), and any other
/// for Latin-1.
std::string to_utf8(Charset charset, base::ByteView text);

}  // namespace tillhost::drivers::zvt
