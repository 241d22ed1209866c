#pragma once

#include <string>

#include "hal/base/bytes.h"

namespace tillhost::simulators::zvt {

/// How a terminal writes text: code page 437 unless something else was agreed (tag 14).
enum class Charset : std::uint8_t { cp437, latin1, utf8 };

/// UTF-8 in the charset; a character that it lacks becomes '?'. Of code page 437 the letters that
/// German, French and the Nordic languages need are known.
base::Bytes encode_text(std::string_view text, Charset charset);

}  // namespace tillhost::simulators::zvt
