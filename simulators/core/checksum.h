#pragma once

#include <cstdint>

#include "hal/base/bytes.h"

namespace tillhost::simulators {

/// Exclusive or of all bytes.
std::byte xor_of(base::ByteView bytes);
/// CRC-32 of ISO-HDLC (polynomial 04C11DB7 reflected, start and final FFFFFFFF).
std::uint32_t crc32_of(base::ByteView bytes);

}  // namespace tillhost::simulators
