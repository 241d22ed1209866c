#pragma once

#include <string>
#include <string_view>

#include "ipc/http/html.h"

namespace tillhost::licd::web {

/// Longer texts make a symbol that nobody can hold before a scanner.
inline constexpr std::size_t kBarcodeCharactersMax = 40;

/// The text as Code 128 in code set B (ISO/IEC 15417): '1' for a dark module and '0' for a light
/// one, from the start pattern to the stop pattern, check character included. Empty if the text is
/// empty, too long, or has a character that the set does not (all but ASCII 32 to 127).
std::string code128_modules(std::string_view text);

/// The same as an SVG within a page, dark on light in every scheme of colours, with its quiet
/// zones, and the text as its name. Empty if there is no symbol.
http::Markup barcode(std::string_view text);

}  // namespace tillhost::licd::web
