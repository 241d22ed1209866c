#pragma once

#include <string>

#include "hal/base/bytes.h"

namespace tillhost::simulators {

/// UTF-8 of a device's text; a code without a character becomes U+FFFD. Code pages 1251 and 866.
std::string utf8_from_cp1251(base::ByteView bytes);
std::string utf8_from_cp866(base::ByteView bytes);
/// The device's bytes of UTF-8; a character that the code page lacks becomes '?'.
base::Bytes cp1251_from_utf8(std::string_view text);
base::Bytes cp866_from_utf8(std::string_view text);

}  // namespace tillhost::simulators
