#pragma once

#include <cstdint>

#include "hal/base/bytes.h"

namespace tillhost::codec {

/// Longitudinal redundancy check: exclusive or of all bytes; 0 of none.
std::byte lrc_of(base::ByteView bytes);

/// CRC-16/CCITT-FALSE: polynomial 1021h, begins with FFFFh, not reflected, not inverted.
std::uint16_t crc16_ccitt_of(base::ByteView bytes);

}  // namespace tillhost::codec
