#pragma once

#include "hal/base/bytes.h"

namespace tillhost::codec {

/// Longitudinal redundancy check: exclusive or of all bytes; 0 of none.
std::byte lrc_of(base::ByteView bytes);

}  // namespace tillhost::codec
