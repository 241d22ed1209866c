#pragma once

#include <string>

#include "hal/base/bytes.h"

namespace tillhost::os {

/// SHA-256 (FIPS 180-4) of the bytes as 64 lower-case hex digits. Pure: same bytes, same text.
/// The only place that links a cryptographic library.
std::string sha256_hex(base::ByteView bytes);

}  // namespace tillhost::os
